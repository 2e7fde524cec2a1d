package coord

import (
	"errors"
	"fmt"
	"strings"
)

// The check word: bytes as one word that survives being read aloud, typed and shouted. It is Bech32m (BIP-350) without its
// limit of 90 characters: a fixed prefix, "1", data in base 32, and 6 characters of a BCH code over GF(32) of length 1023 and
// distance 4. Up to three mistyped characters are always detected, and a single one is located; more slip through with
// probability 2^-30. Letter case does not matter.
const (
	wordPrefix    = "tacit1"
	wordAlphabet  = "qpzry9x8gf2tvdw0s3jn54khce6mua7l" // no 1, b, i, o
	wordChecksum  = 6
	wordConstant  = 0x2bc830a3 // Bech32m
	maxWordLength = 200
)

// wordPolymod is one step of the checksum for each 5-bit value, from BIP-173.
func wordPolymod(chk uint32, values []byte) uint32 {
	for _, v := range values {
		top := chk >> 25
		chk = chk&0x1ffffff<<5 ^ uint32(v)
		for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				chk ^= g
			}
		}
	}
	return chk
}

// wordStart is the state of the checksum after the prefix: its high bits, a zero, its low bits.
func wordStart() uint32 {
	human := wordPrefix[:len(wordPrefix)-1]
	var values []byte
	for _, c := range []byte(human) {
		values = append(values, c>>5)
	}
	values = append(values, 0)
	for _, c := range []byte(human) {
		values = append(values, c&31)
	}
	return wordPolymod(1, values)
}

func encodeWord(data []byte) string {
	var values []byte
	acc, bits := uint32(0), 0
	for _, b := range data {
		acc, bits = acc<<8|uint32(b), bits+8
		for ; bits >= 5; bits -= 5 {
			values = append(values, byte(acc>>(bits-5))&31)
		}
	}
	if bits > 0 {
		values = append(values, byte(acc<<(5-bits))&31)
	}
	chk := wordPolymod(wordStart(), append(values, make([]byte, wordChecksum)...)) ^ wordConstant
	for i := range wordChecksum {
		values = append(values, byte(chk>>(5*(wordChecksum-1-i)))&31)
	}
	var out strings.Builder
	out.WriteString(wordPrefix)
	for _, v := range values {
		out.WriteByte(wordAlphabet[v])
	}
	return out.String()
}

// A MistypedError says that a ticket was not copied exactly.
type MistypedError struct {
	Position int // of the only wrong character, counted from 1; 0 if there are several
}

func (e *MistypedError) Error() string {
	if e.Position == 0 {
		return "mistyped: several characters are wrong or missing"
	}
	return fmt.Sprintf("mistyped: look at character %d", e.Position)
}

// decodeWord is the inverse of encodeWord. Its errors do not quote the word, which holds a secret.
func decodeWord(word string) ([]byte, error) {
	letters := []rune(word)
	if len(letters) > maxWordLength {
		return nil, fmt.Errorf("%d characters, at most %d belong to it", len(letters), maxWordLength)
	}
	if len(letters) < len(wordPrefix) || !strings.EqualFold(string(letters[:len(wordPrefix)]), wordPrefix) {
		return nil, fmt.Errorf("it does not begin with %s", wordPrefix)
	}
	var values []byte
	bad := 0 // the position of the only character that is none of ours
	for i, c := range letters[len(wordPrefix):] {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		v := strings.IndexRune(wordAlphabet, c)
		if v < 0 && bad > 0 {
			return nil, &MistypedError{}
		} else if v < 0 {
			bad = len(wordPrefix) + i + 1
		}
		values = append(values, byte(v))
	}
	if bad > 0 {
		return nil, &MistypedError{Position: bad}
	}
	if len(values) < wordChecksum {
		return nil, &MistypedError{}
	}
	if off := wordPolymod(wordStart(), values) ^ wordConstant; off != 0 {
		return nil, locate(values, off)
	}
	return regroup(values[:len(values)-wordChecksum])
}

// locate finds the only character whose replacement would make the checksum right. The checksum is linear: a character that is
// off by delta with k more behind it changes the result by the checksum of delta and k zeros.
func locate(values []byte, off uint32) error {
	for delta := range uint32(32) {
		for i, change := len(values)-1, delta; i >= 0 && delta > 0; i-- {
			if change == off {
				return &MistypedError{Position: len(wordPrefix) + i + 1}
			}
			change = wordPolymod(change, []byte{0})
		}
	}
	return &MistypedError{}
}

// regroup turns 5-bit values into bytes. The padding must be shorter than a value and zero, so each word has one reading.
func regroup(values []byte) ([]byte, error) {
	var data []byte
	acc, bits := uint32(0), 0
	for _, v := range values {
		acc, bits = acc<<5|uint32(v), bits+5
		if bits >= 8 {
			bits -= 8
			data = append(data, byte(acc>>bits))
		}
	}
	if bits >= 5 || acc&(1<<bits-1) != 0 {
		return nil, errors.New("its length is wrong")
	}
	return data, nil
}
