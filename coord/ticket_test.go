package coord

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func testTicket() Ticket {
	t := Ticket{Session: SessionID{1, 2, 3, 4, 5, 6, 7, 8}, Seat: 2, Addrs: []string{"203.0.113.5:4433", "[2001:db8::1]:4433", "pre.example.org:443"}}
	for i := range t.Secret.b {
		t.Secret.b[i] = byte(0xa0 + i)
	}
	for i := range t.Coordinator {
		t.Coordinator[i] = byte(i * 7)
	}
	return t
}

func mustEncode(t *testing.T, ticket Ticket) string {
	t.Helper()
	word, err := ticket.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return word
}

const goldenTicket = "tacit1qyqsyqcyq5rqwzqz5zs69gay5kn2029f4246etdw4uqqwrs4rs3j5vfc8ary64zmvf5hqam7skxf8x4p4zhmd0wye0fdjpxtqpcs2y23qcsqzrdcqqqqqqqqqqqqqqqqqqq3z5gqpac8yefwv4uxzmtsd3jjummjvuqmk756l54"

func TestTicket(t *testing.T) {
	want := testTicket()
	word := mustEncode(t, want)
	if word != goldenTicket {
		t.Errorf("the format changed:\n got %s\nwant %s", word, goldenTicket)
	}
	for _, spelling := range []string{word, strings.ToUpper(word), strings.ToUpper(word[:50]) + word[50:]} {
		got, err := ParseTicket(spelling)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ParseTicket = %v, %v; want %v", got, err, want)
		}
	}
}

// Every single substitution at every position is detected, and located.
func TestTicketMistyped(t *testing.T) {
	word := mustEncode(t, testTicket())
	others := wordAlphabet + "1bio-_ 0.\xffé\u0130"
	for i := range word {
		for _, c := range others {
			if c == rune(word[i]) {
				continue
			}
			wrong := word[:i] + string(c) + word[i+1:]
			_, err := ParseTicket(wrong)
			if err == nil {
				t.Fatalf("character %d replaced by %q was not detected", i+1, c)
			}
			var m *MistypedError
			if i >= len(wordPrefix) && (!errors.As(err, &m) || m.Position != i+1) {
				t.Fatalf("character %d replaced by %q: %v", i+1, c, err)
			}
			if strings.Contains(err.Error(), word[20:30]) {
				t.Fatalf("the error quotes the ticket: %v", err)
			}
		}
	}
}

func TestTicketDamaged(t *testing.T) {
	word := mustEncode(t, testTicket())
	for i := range word { // two neighbours swapped, two replaced, one missing, one doubled
		if i+1 < len(word) && word[i] != word[i+1] {
			refused(t, word[:i]+string(word[i+1])+string(word[i])+word[i+2:])
		}
		if i+9 < len(word) && i >= len(wordPrefix) {
			refused(t, word[:i]+next(word[i])+word[i+1:i+9]+next(word[i+9])+word[i+10:])
		}
		refused(t, word[:i]+word[i+1:])
		refused(t, word[:i]+word[i:i+1]+word[i:])
		refused(t, word[:i])
	}
	for _, w := range []string{"", "tacit", "tacit1", "x", word + " ", word + word, "tacit1" + strings.Repeat("q", 1000)} {
		refused(t, w)
	}
}

func next(c byte) string {
	return string(wordAlphabet[(strings.IndexByte(wordAlphabet, c)+1)%len(wordAlphabet)])
}

func refused(t *testing.T, word string) {
	t.Helper()
	if got, err := ParseTicket(word); err == nil {
		t.Errorf("accepted %q as %v", word, got)
	}
}

func TestTicketAddresses(t *testing.T) {
	ticket := testTicket()
	var many []string
	for i := range 30 {
		many = append(many, fmt.Sprintf("192.0.2.%d:%d", i, 1000+i))
	}
	many = append(many[:5:5], append([]string{"[2001:db8:1:2:3:4:5:6]:1"}, many[5:]...)...)
	ticket.Addrs = many
	word := mustEncode(t, ticket)
	if len(word) > 200 {
		t.Errorf("%d characters", len(word))
	}
	got, err := ParseTicket(word)
	if err != nil || len(got.Addrs) < 5 || !reflect.DeepEqual(got.Addrs, many[:len(got.Addrs)]) {
		t.Errorf("kept %v, %v", got.Addrs, err)
	}
	ticket.Addrs = []string{"[::ffff:192.0.2.1]:5", "PRE.example.org:65535"}
	got, err = ParseTicket(mustEncode(t, ticket))
	if err != nil || !reflect.DeepEqual(got.Addrs, []string{"192.0.2.1:5", "pre.example.org:65535"}) {
		t.Errorf("normal form %v, %v", got.Addrs, err)
	}
	for _, bad := range [][]string{nil, {"192.0.2.1"}, {"192.0.2.1:0"}, {"192.0.2.1:65536"}, {"192.0.2.1:http"}, {":4433"},
		{"[fe80::1%eth0]:1"}, {"a b:1"}, {"\u212aelvin.org:1"}, {strings.Repeat("a", 70) + ".org:1"}} {
		ticket.Addrs = bad
		if word, err := ticket.Encode(); err == nil {
			t.Errorf("addresses %q made ticket %s", bad, word)
		}
	}
	ticket = testTicket()
	ticket.Seat = MaxSeats
	if _, err := ticket.Encode(); err == nil {
		t.Error("seat 64 made a ticket")
	}
}

// Words with a good checksum whose content is wrong.
func TestParseTicketStrict(t *testing.T) {
	good, err := decodeWord(mustEncode(t, testTicket()))
	if err != nil {
		t.Fatal(err)
	}
	head := good[:58]
	change := func(i int, v byte) []byte { b := bytes.Clone(good); b[i] = v; return b }
	with := func(tail ...byte) []byte { return append(bytes.Clone(head), tail...) }
	for name, data := range map[string][]byte{
		"version 2":        change(0, 2),
		"seat 64":          change(9, 64),
		"no address":       head,
		"half an address":  with(4, 1, 2, 3),
		"no port":          with(4, 1, 2, 3, 4),
		"port 0":           with(4, 1, 2, 3, 4, 0, 0),
		"unknown kind":     with(5, 1, 2, 3, 4, 0, 1),
		"mapped IPv4":      with(append(append([]byte{6}, make([]byte, 10)...), 0xff, 0xff, 1, 2, 3, 4, 0, 1)...),
		"name in capitals": with(0, 1, 'A', 0, 1),
		"name is an IP":    with(0, 7, '1', '.', '2', '.', '3', '.', '4', 0, 1),
		"empty name":       with(0, 0, 0, 1),
		"trailing byte":    append(bytes.Clone(good), 0),
	} {
		if got, err := ParseTicket(encodeWord(data)); err == nil {
			t.Errorf("%s: accepted as %v", name, got)
		}
	}
	for n := range len(good) {
		if got, err := parseTicket(good[:n]); err == nil && n < 58+7 {
			t.Errorf("the first %d bytes: accepted as %v", n, got)
		}
	}
}

func FuzzParseTicket(f *testing.F) {
	word, err := testTicket().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(word)
	f.Add(strings.ToUpper(word))
	f.Fuzz(func(t *testing.T, word string) {
		ticket, err := ParseTicket(word)
		if err != nil {
			return
		}
		if again, err := ticket.Encode(); err != nil || again != strings.ToLower(word) {
			t.Errorf("%q has a second spelling %q, %v", word, again, err)
		}
	})
}

func FuzzParseTicketContent(f *testing.F) {
	data, err := decodeWord(goldenTicket)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		ticket, err := parseTicket(data)
		if err != nil || len(data) > 117 {
			return
		}
		again, err := ticket.Encode()
		if err != nil || again != encodeWord(data) {
			t.Errorf("%x has a second form %q, %v", data, again, err)
		}
	})
}

func TestWordKnownAnswer(t *testing.T) {
	// The checksum of BIP-350 for its own prefix and no data: "a1lqfn3a" is valid Bech32m.
	var values []byte
	for _, c := range "lqfn3a" {
		values = append(values, byte(strings.IndexRune(wordAlphabet, c)))
	}
	if got := wordPolymod(wordPolymod(1, []byte{'a' >> 5, 0, 'a' & 31}), values); got != wordConstant {
		t.Errorf("polymod %#x, want %#x", got, wordConstant)
	}
}

func TestToken(t *testing.T) {
	want := testTicket().Secret
	for _, text := range []string{want.Text(), strings.ToUpper(want.Text())} {
		got, err := ParseToken(text)
		if err != nil || got.b != want.b {
			t.Errorf("ParseToken: %v", err)
		}
	}
	for _, bad := range []string{"", want.Text()[1:], want.Text() + "0", "x" + want.Text()[1:], " " + want.Text()[1:]} {
		if _, err := ParseToken(bad); err == nil || strings.Contains(err.Error(), want.Text()[4:]) {
			t.Errorf("ParseToken(%q): %v", bad, err)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		for _, arg := range []any{want, &want, testTicket()} {
			if out := fmt.Sprintf(verb, arg); strings.Contains(out, "a0a1a2") || strings.Contains(out, "160 161") || strings.Contains(out, "0xa0") {
				t.Errorf("%s of %T shows the secret: %s", verb, arg, out)
			}
		}
	}
}

func TestWords(t *testing.T) {
	list := strings.Fields(wordList)
	prefixes := make(map[string]bool)
	for _, w := range list {
		prefixes[w[:min(4, len(w))]] = true
	}
	if len(list) != 2048 || len(prefixes) != 2048 {
		t.Fatalf("%d words, %d different in the first four letters", len(list), len(prefixes))
	}
	digest := [32]byte{0xff, 0xe0, 0x04, 0, 0, 0, 0, 0, 0x40} // 2047, 1, 0, 0, 0, 1
	if got := strings.Join(words(digest), " "); got != "zoo ability abandon abandon abandon ability" {
		t.Errorf("words = %s", got)
	}
}
