package syntax

// MaxLiteral is the largest size of a literal in bytes.
const MaxLiteral = 4 << 20

// ParseExpr parses a text that is one expression and nothing else (B22). Unlike in a program, `[]` is an array.
func ParseExpr(src string) (Expr, ErrorList) {
	tokens, errs := scan(src, MaxLiteral)
	if errs != nil {
		return nil, errs
	}
	p := &parser{tokens: tokens, emptyArray: true}
	x := p.expr()
	if !p.at(EOF) {
		p.fail("Expected", "the end of the text", "")
	}
	return x, p.errs
}
