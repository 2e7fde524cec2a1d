package coord

import (
	_ "embed"
	"strings"
)

// wordList is the English list of BIP-39 (MIT License): 2048 words that differ in their first four letters.
//
//go:embed words.txt
var wordList string

// wordCount words of 11 bits make 66 bits (design 0.1).
const wordCount = 6

// words are the first 66 bits of a digest, most significant first.
func words(digest [32]byte) []string {
	list := strings.Fields(wordList)
	out := make([]string, wordCount)
	for i := range out {
		index := 0
		for bit := 11 * i; bit < 11*(i+1); bit++ {
			index = index<<1 | int(digest[bit/8]>>(7-bit%8)&1)
		}
		out[i] = list[index]
	}
	return out
}
