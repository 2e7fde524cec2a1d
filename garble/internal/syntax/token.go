package syntax

// A Kind tells tokens apart; operators and keywords are their own text.
type Kind string

// The kinds of tokens that are not written one way only.
const (
	EOF    Kind = "end of file"
	IDENT  Kind = "identifier"
	NUMBER Kind = "number"
)

// A Token is a word of the source.
type Token struct {
	Kind Kind
	Span Span
	Text string // as written
	Num  Number // of a NUMBER
}

// A Number is an integer literal.
type Number struct {
	Value  uint64 // magnitude
	Neg    bool
	Suffix string // a type name or empty
}

// SignedSuffix reports whether the literal is written with a signed type.
func (n Number) SignedSuffix() bool { return n.Suffix != "" && n.Suffix[0] == 'i' }

func (t Token) describe() string {
	switch t.Kind {
	case EOF:
		return string(EOF)
	case IDENT, NUMBER:
		return string(t.Kind) + " `" + t.Text + "`"
	}
	return "`" + t.Text + "`"
}

func isKeyword(s string) bool {
	switch s {
	case "const", "struct", "enum", "fn", "let", "if", "else", "match", "mut", "as", "pub", "for", "in":
		return true
	}
	return false
}

// operators by length, longest first.
var operators = [...][]string{
	{"<<=", ">>=", "..="},
	{"..", "::", "->", "=>", "&&", "||", "==", "!=", "<=", ">=", "<<", ">>", "+=", "-=", "*=", "/=", "%=", "^=", "&=", "|="},
	{"(", ")", "{", "}", "[", "]", ",", ";", ".", ":", "+", "-", "*", "/", "%", "&", "|", "^", "!", "=", "<", ">"},
}

// literalMax is the largest magnitude that a suffix allows, without and with a minus sign; false if there is no such suffix.
func literalMax(suffix string, neg bool) (uint64, bool) {
	bits := map[string]int{"u8": 8, "u16": 16, "u32": 32, "u64": 64, "usize": 64, "i8": 8, "i16": 16, "i32": 32, "i64": 64, "": 64}
	n, ok := bits[suffix]
	signed := suffix != "" && suffix[0] == 'i'
	switch {
	case !ok || neg && suffix != "" && !signed:
		return 0, false
	case neg:
		return 1 << (n - 1), true
	case signed:
		return 1<<(n-1) - 1, true
	}
	return ^uint64(0) >> (64 - n), true
}
