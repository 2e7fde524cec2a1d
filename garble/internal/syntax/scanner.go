package syntax

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits on a source text and on what is said about it.
const (
	MaxSource = 1 << 20 // bytes
	MaxErrors = 30      // after that many, the rest is left unsaid
	MaxDepth  = 2000    // levels of nested expressions, blocks, types or patterns
)

// Scan splits a source text into tokens, the last of them EOF. All scan errors are found; with any, there are no tokens.
//
// A minus directly before a digit belongs to the number, as in the reference, unless an operand stands before it: `x-1` is a
// subtraction here (D1).
func Scan(src string) ([]Token, ErrorList) { return scan(src, MaxSource) }

func scan(src string, limit int) ([]Token, ErrorList) {
	if len(src) > limit {
		return nil, ErrorList{{Phase: PhaseScan, Kind: "TooLarge", Msg: fmt.Sprintf("the text has %d bytes, the limit is %d", len(src), limit)}}
	}
	s := scanner{src: src}
	if at := notText(src); at >= 0 {
		s.advance(at)
		start := s.pos
		s.advance(1)
		s.fail(start, "UnexpectedCharacter", "the source must be UTF-8 text", "unexpected byte %#02x: this is no program", src[at])
		return nil, s.errs
	}
	for s.next() {
	}
	if len(s.errs) > 0 {
		return nil, s.errs
	}
	return s.tokens, nil
}

// notText is the offset of the first byte that no text has, -1 if there is none. A binary file is refused with one error.
func notText(src string) int {
	for at, r := range src {
		if r == 0 || r == utf8.RuneError && !strings.HasPrefix(src[at:], string(utf8.RuneError)) {
			return at
		}
	}
	return -1
}

type scanner struct {
	src    string
	off    int // bytes read
	pos    Pos // of src[off]
	tokens []Token
	errs   ErrorList
}

// advance reads n bytes.
func (s *scanner) advance(n int) {
	for end := s.off + n; s.off < end; {
		r, size := utf8.DecodeRuneInString(s.src[s.off:])
		s.off += size
		if r == '\n' {
			s.pos = Pos{s.pos.Line + 1, 0}
		} else {
			s.pos.Col++
		}
	}
}

func (s *scanner) fail(start Pos, kind, hint, format string, args ...any) {
	if len(s.errs) < MaxErrors {
		s.errs = append(s.errs, &Error{Phase: PhaseScan, Kind: kind, Pos: start, End: s.pos, Msg: fmt.Sprintf(format, args...), Hint: hint})
	}
}

// next reads one token or one piece of space; it reports whether there may be more.
func (s *scanner) next() bool {
	rest := s.src[s.off:]
	start := s.pos
	if rest == "" {
		s.emit(EOF, start, "")
		return false
	}
	switch c := rest[0]; {
	case strings.IndexByte(" \t\r\n", c) >= 0:
		s.advance(1)
	case strings.HasPrefix(rest, "//"):
		if n := strings.IndexByte(rest, '\n'); n >= 0 {
			rest = rest[:n]
		}
		s.advance(len(rest))
	case strings.HasPrefix(rest, "/*"):
		s.blockComment(start)
	case isLetter(c):
		word := rest[:prefixLen(rest, isWord)]
		s.advance(len(word))
		if isKeyword(word) {
			s.emit(Kind(word), start, word)
		} else {
			s.emit(IDENT, start, word)
		}
	case isDigit(c), c == '-' && len(rest) > 1 && isDigit(rest[1]) && !s.afterOperand():
		s.number(rest, start)
	default:
		s.operator(rest, start)
	}
	return true
}

func (s *scanner) emit(k Kind, start Pos, text string) {
	s.tokens = append(s.tokens, Token{Kind: k, Span: Span{start, s.pos}, Text: text})
}

// afterOperand reports whether the last token can end an expression.
func (s *scanner) afterOperand() bool {
	if len(s.tokens) == 0 {
		return false
	}
	switch s.tokens[len(s.tokens)-1].Kind {
	case IDENT, NUMBER, ")", "]":
		return true
	}
	return false
}

// blockComment skips a comment that may contain others.
func (s *scanner) blockComment(start Pos) {
	depth := 0
	for s.off < len(s.src) {
		switch {
		case strings.HasPrefix(s.src[s.off:], "/*"):
			depth++
			s.advance(2)
		case strings.HasPrefix(s.src[s.off:], "*/"):
			depth--
			s.advance(2)
			if depth == 0 {
				return
			}
		default:
			s.advance(1)
		}
	}
	s.fail(start, "UnterminatedComment", "close it with `*/`; comments nest", "this block comment never ends")
}

func (s *scanner) number(rest string, start Pos) {
	n := Number{Neg: rest[0] == '-'}
	sign := 0
	if n.Neg {
		sign = 1
	}
	text := rest[:sign+prefixLen(rest[sign:], isWord)]
	digits := text[sign:]
	d := prefixLen(digits, isDigit)
	n.Suffix = digits[d:]
	s.advance(len(text))
	largest, ok := literalMax(n.Suffix, n.Neg)
	v, err := strconv.ParseUint(digits[:d], 10, 64)
	n.Value = v
	switch {
	case !ok:
		hint := "numbers are decimal, with one of the suffixes u8 u16 u32 u64 usize i8 i16 i32 i64"
		if n.Neg {
			hint = "a negative number has one of the suffixes i8 i16 i32 i64, or none"
		}
		s.fail(start, "InvalidUnsignedNum", hint, "`%s` is not a number", text)
	case (err != nil || v > largest) && n.Neg && n.Suffix == "":
		s.fail(start, "InvalidSignedNum", "the least is -9223372036854775808", "`%s` does not fit 64 bits", text)
	case (err != nil || v > largest) && n.Suffix == "":
		s.fail(start, "InvalidUnsignedNum", "the greatest is 18446744073709551615", "`%s` does not fit 64 bits", text)
	case err != nil || v > largest:
		s.fail(start, "InvalidUnsignedNum", fmt.Sprintf("the limit is %s%d", text[:sign], largest), "`%s` does not fit %s", text, n.Suffix)
	default:
		s.emit(NUMBER, start, text)
		s.tokens[len(s.tokens)-1].Num = n
	}
}

func (s *scanner) operator(rest string, start Pos) {
	for _, ops := range operators {
		for _, op := range ops {
			if strings.HasPrefix(rest, op) {
				s.advance(len(op))
				s.emit(Kind(op), start, op)
				return
			}
		}
	}
	r, size := utf8.DecodeRuneInString(rest)
	s.advance(size)
	hint := ""
	if r == '\ufeff' {
		hint = "save the file without a byte order mark"
	}
	s.fail(start, "UnexpectedCharacter", hint, "unexpected character %q", r)
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' }
func isWord(c byte) bool   { return isLetter(c) || isDigit(c) }

// prefixLen is the length of the longest prefix of bytes for which is holds.
func prefixLen(s string, is func(byte) bool) int {
	n := 0
	for n < len(s) && is(s[n]) {
		n++
	}
	return n
}
