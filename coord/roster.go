package coord

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"github.com/tacit-mpc/tacit/identity"
)

// A Field is a name with a value: something that all parties must agree on (program, version, a parameter), or a constant that
// one party supplies. Both are printable text. Names differ within a list.
type Field struct{ Name, Value string }

// A Member is the party in one seat, as the roster fixes it for the whole session.
type Member struct {
	Seat       int
	Key        identity.ID      // the only key that may speak for the seat
	Name       string           // as the party calls itself; may be empty, is not unique
	Consts     []Field          // the constants it supplies: name and literal
	Addrs      []netip.AddrPort // where it may be reached, with the address at which the coordinator saw it
	PunchKey   [32]byte         // its X25519 public key for pings, fresh in every session; zero if it has none
	commitment [32]byte         // to its nonce
}

// A Roster is who takes part and what was agreed. All parties that show the same Words have the same roster, whatever the
// coordinator does; only addresses may differ.
type Roster struct {
	Session     SessionID
	Coordinator identity.ID
	Evaluator   int      // the seat that evaluates
	Outputs     []int    // the seats that learn the result, ascending
	Fields      []Field  // agreed by all
	Members     []Member // by seat
	Words       []string // six, for people to compare
	Digest      [32]byte // of everything above but the addresses, and of the nonces; Words are its beginning
}

// commitmentTo binds a nonce to the key of its party, before any other nonce is known. Each nonce is committed to once.
func commitmentTo(key identity.ID, nonce [32]byte) [32]byte {
	h := sha256.New()
	h.Write([]byte("tacit coord nonce commitment v1\x00"))
	h.Write(key[:])
	h.Write(nonce[:])
	return [32]byte(h.Sum(nil))
}

// seal checks the nonces against the commitments and fills in Digest and Words.
func (r *Roster) seal(nonces [][32]byte) error {
	if len(nonces) != len(r.Members) {
		return fmt.Errorf("%w: %d nonces for %d parties", ErrInconsistent, len(nonces), len(r.Members))
	}
	h := sha256.New()
	h.Write([]byte("tacit coord roster v2\x00"))
	h.Write(r.Coordinator[:])
	b := cryptobyte.NewBuilder(nil)
	r.appendFixed(b)
	fixed, err := b.Bytes()
	if err != nil {
		return err
	}
	h.Write(fixed)
	for i, m := range r.Members {
		want := commitmentTo(m.Key, nonces[i])
		if subtle.ConstantTimeCompare(want[:], m.commitment[:]) != 1 {
			return fmt.Errorf("%w: the nonce of party %d is not the one committed to", ErrInconsistent, i)
		}
		h.Write(nonces[i][:])
	}
	r.Digest = [32]byte(h.Sum(nil))
	r.Words = words(r.Digest)
	return nil
}

// mismatch returns the first difference between the fields of two seats, or nil.
func mismatch(seatA int, a []Field, seatB int, b []Field) error {
	for _, list := range [2][]Field{a, b} {
		for _, f := range list {
			va, vb := value(a, f.Name), value(b, f.Name)
			if va != vb {
				return &MismatchError{Field: f.Name, Seats: [2]int{seatA, seatB}, Values: [2]string{va, vb}}
			}
		}
	}
	return nil
}

func value(list []Field, name string) string {
	if i := slices.IndexFunc(list, func(f Field) bool { return f.Name == name }); i >= 0 {
		return list[i].Value
	}
	return "(none)"
}

// mismatchOutputs compares who is to learn the result, where the party in seat cares.
func mismatchOutputs(outputs []int, seat int, wanted []int) error {
	if wanted == nil || slices.Equal(outputs, wanted) {
		return nil
	}
	return &MismatchError{Field: "outputs", Seats: [2]int{Coordinator, seat},
		Values: [2]string{fmt.Sprint(outputs), fmt.Sprint(wanted)}}
}
