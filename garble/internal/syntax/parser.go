package syntax

import "fmt"

// Parse parses a source text (spec section 3, with what section 18 allows to accept). It finds several errors; the File then
// holds what could be understood.
func Parse(src string) (*File, ErrorList) {
	tokens, errs := Scan(src)
	if errs != nil {
		return &File{}, errs
	}
	p := &parser{tokens: tokens}
	f := &File{}
	for p.tok().Kind != EOF && len(p.errs) < MaxErrors {
		from := p.i
		p.item(f)
		if p.lost {
			p.resync(from)
		}
	}
	p.errs.Sort()
	return f, p.errs
}

// A parser reads tokens. After an error it is lost: it reads on without reporting more until a caller that knows where the
// next statement or definition begins finds its place again.
type parser struct {
	tokens   []Token
	i        int
	errs     ErrorList
	lost     bool
	depth    int  // of the recursion
	noStruct bool // in the head of an if, match or for: `x {` is not a struct literal (D6)

	emptyArray bool // `[]` is allowed
}

func (p *parser) tok() Token { return p.tokens[p.i] }

func (p *parser) peek(n int) Token { return p.tokens[min(p.i+n, len(p.tokens)-1)] }

func (p *parser) at(k Kind) bool { return p.tokens[p.i].Kind == k }

// next consumes a token; EOF stays.
func (p *parser) next() Token {
	t := p.tokens[p.i]
	if t.Kind != EOF {
		p.i++
	}
	return t
}

// accept consumes a token if it has the kind.
func (p *parser) accept(k Kind) bool {
	if p.at(k) && !p.lost {
		p.i++
		return true
	}
	return false
}

// last is the span of the token before the current one.
func (p *parser) last() Span {
	if p.i == 0 {
		return Span{}
	}
	return p.tokens[p.i-1].Span
}

// since is the node base of what was read from start on.
func (p *parser) since(start Span) base { return base{span: Span{start.Start, p.last().End}, depth: 1} }

func (p *parser) failAt(at Span, kind, hint, format string, args ...any) {
	if !p.lost && len(p.errs) < MaxErrors {
		p.errs = append(p.errs, &Error{Phase: PhaseParse, Kind: kind, Pos: at.Start, End: at.End, Msg: fmt.Sprintf(format, args...), Hint: hint})
	}
	p.lost = true
}

// fail reports that something else was expected than the current token.
func (p *parser) fail(kind, expected, hint string) {
	p.failAt(p.tok().Span, kind, hint, "expected %s, found %s", expected, p.tok().describe())
}

// expect consumes a token of a kind or fails.
func (p *parser) expect(k Kind, hint string) {
	if !p.accept(k) {
		p.failBehind("`"+string(k)+"`", hint)
	}
}

// failBehind reports that something is missing: behind the last token if that ends an earlier line, else before the next.
func (p *parser) failBehind(expected, hint string) {
	last := p.last().End
	if last.Line == p.tok().Span.Start.Line || p.i == 0 {
		p.fail("Expected", expected, hint)
		return
	}
	behind := Span{last, Pos{last.Line, last.Col + 1}}
	p.failAt(behind, "Expected", hint, "expected %s, found %s on a later line", expected, p.tok().describe())
}

// enter guards the recursion; every call is followed by leave.
func (p *parser) enter() bool {
	p.depth++
	if p.depth > MaxDepth {
		p.tooDeep(p.tok().Span)
		return false
	}
	return true
}

func (p *parser) leave() { p.depth-- }

func (p *parser) tooDeep(at Span) {
	p.failAt(at, "TooDeep", "split it with let or functions", "nested deeper than %d levels", MaxDepth)
}

func (p *parser) name(what string) Name {
	t := p.tok()
	if t.Kind != IDENT || p.lost {
		hint := ""
		if isKeyword(t.Text) {
			hint = "`" + t.Text + "` is a keyword"
		}
		p.fail("ExpectedIdentifier", what, hint)
		return Name{Span: t.Span}
	}
	p.next()
	return Name{t.Text, t.Span}
}

// list reads elements separated by commas up to a closing token, which it consumes. It reports whether a comma came last.
func (p *parser) list(closing Kind, elem func()) (comma bool) {
	for !p.lost && !p.at(closing) {
		elem()
		comma = p.accept(",")
		if !comma {
			break
		}
	}
	if !p.lost && !p.accept(closing) {
		hint := ""
		if p.at(";") && closing == "}" {
			hint = "fields and variants are separated by commas"
		}
		p.failBehind("`,` or `"+string(closing)+"`", hint)
	}
	return comma
}

// resync skips to the next definition after the broken one at token from.
func (p *parser) resync(from int) {
	p.lost = false
	for p.i = max(p.i, from+1); p.i < len(p.tokens)-1; p.i++ {
		switch p.tok().Kind {
		case "fn", "struct", "enum":
			return
		case "const":
			if p.peek(1).Kind == IDENT {
				return
			}
		case "pub":
			return
		}
	}
	p.i = len(p.tokens) - 1
}

func (p *parser) item(f *File) {
	p.noStruct = false
	start := p.tok().Span
	pub := p.accept("pub")
	switch {
	case p.accept("const"):
		c := &ConstDef{Name: p.name("the name of a constant")}
		p.expect(":", "a constant states its type")
		c.Type = p.typ()
		p.expect("=", "")
		c.Value = p.constExpr()
		p.expect(";", "")
		c.Span = p.since(start).span
		if !p.lost {
			f.Consts = append(f.Consts, c)
		}
	case p.accept("struct"):
		s := &StructDef{Name: p.name("the name of a struct")}
		p.expect("{", "fields have names: `struct S { a: u8 }`")
		p.list("}", func() { s.Fields = append(s.Fields, p.field("a field name")) })
		if !p.lost {
			f.Structs = append(f.Structs, s)
		}
	case p.accept("enum"):
		e := &EnumDef{Name: p.name("the name of an enum")}
		p.expect("{", "")
		if p.at("}") {
			p.fail("ExpectedIdentifier", "a variant", "an enum has at least one variant")
		}
		p.list("}", func() { e.Variants = append(e.Variants, p.variant()) })
		if !p.lost {
			f.Enums = append(f.Enums, e)
		}
	case p.accept("fn"):
		fn := &FnDef{Pub: pub, Name: p.name("the name of a function")}
		p.expect("(", "")
		p.list(")", func() {
			mut := p.accept("mut")
			param := p.field("a parameter name")
			param.Mut = mut
			fn.Params = append(fn.Params, param)
		})
		p.expect("->", "a function states the type of its result: `-> u32`, or `-> ()` for none")
		fn.Result = p.typ()
		fn.Span = p.since(start).span
		fn.Body = p.block()
		if fn.Name.Text != "" && fn.Result != nil {
			f.Fns = append(f.Fns, fn)
		}
	default:
		p.fail("InvalidTopLevelDef", "`fn`, `struct`, `enum` or `const`", "")
	}
}

func (p *parser) field(what string) FieldDef {
	f := FieldDef{Name: p.name(what)}
	p.expect(":", "")
	f.Type = p.typ()
	return f
}

func (p *parser) variant() VariantDef {
	v := VariantDef{Name: p.name("a variant")}
	if p.accept("(") {
		v.Tuple = true
		p.list(")", func() { v.Fields = append(v.Fields, p.typ()) })
	}
	return v
}
