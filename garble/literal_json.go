package garble

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// suffixTags are the JSON names of types; the empty suffix is Unspecified.
func suffixTag(suffix string) string {
	if suffix == "" {
		return "Unspecified"
	}
	return strings.ToUpper(suffix[:1]) + suffix[1:]
}

func suffixOf(tag string, signed bool) (string, bool) {
	allowed := []string{"", "u8", "u16", "u32", "u64", "usize"}
	if signed {
		allowed = []string{"", "i8", "i16", "i32", "i64"}
	}
	for _, s := range allowed {
		if suffixTag(s) == tag {
			return s, true
		}
	}
	return "", false
}

// MarshalJSON gives the form of spec section 16.2. It never fails.
func (l Literal) MarshalJSON() ([]byte, error) { return l.appendJSON(nil), nil }

func (l Literal) appendJSON(b []byte) []byte {
	switch l.kind {
	case boolean:
		return append(b, map[bool]string{true: `"True"`, false: `"False"`}[l.truth]...)
	case number:
		tag := "NumUnsigned"
		if l.num.Neg || l.num.SignedSuffix() {
			tag = "NumSigned"
		}
		return fmt.Appendf(b, `{%q:[%s,%q]}`, tag, l, suffixTag(l.num.Suffix))
	case rangeOf:
		return fmt.Appendf(b, `{"Range":[%d,%d,%q]}`, l.num.Value, l.end, suffixTag(l.num.Suffix))
	case paren:
		return l.elems[0].appendJSON(b)
	case array:
		return append(l.appendElems(append(b, `{"Array":`...)), '}')
	case tuple:
		return append(l.appendElems(append(b, `{"Tuple":`...)), '}')
	case repeat:
		b = l.elems[0].appendJSON(append(b, `{"ArrayRepeat":[`...))
		return fmt.Appendf(b, `,%d]}`, l.count)
	case structure:
		b = fmt.Appendf(b, `{"Struct":[%q,[`, l.name)
		for i, e := range l.elems {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(e.appendJSON(fmt.Appendf(b, `[%q,`, l.fields[i])), ']')
		}
		return append(b, `]]}`...)
	case unitVariant:
		return fmt.Appendf(b, `{"Enum":[%q,%q,"Unit"]}`, l.name, l.variant)
	}
	b = fmt.Appendf(b, `{"Enum":[%q,%q,{"Tuple":`, l.name, l.variant)
	return append(l.appendElems(b), `}]}`...)
}

func (l Literal) appendElems(b []byte) []byte {
	b = append(b, '[')
	for i, e := range l.elems {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.appendJSON(b)
	}
	return append(b, ']')
}

// UnmarshalJSON reads the form of spec section 16.2; anything else is an error, which quotes nothing of it.
func (l *Literal) UnmarshalJSON(data []byte) error {
	if len(data) > syntax.MaxLiteral {
		return literalError("TooLarge", syntax.Span{}, "", "the literal is longer than %d bytes", syntax.MaxLiteral)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return errJSON()
	}
	if _, err := d.Token(); err != io.EOF {
		return errJSON()
	}
	read, ok := fromJSON(v)
	if !ok {
		return errJSON()
	}
	*l = read
	return nil
}

func errJSON() error {
	return literalError("LiteralParseError", syntax.Span{}, `for example {"NumUnsigned":[5,"U8"]}, "True", {"Array":[...]}`, "the text is not the JSON form of a literal")
}

func fromJSON(v any) (Literal, bool) {
	switch v := v.(type) {
	case string:
		return Literal{kind: boolean, truth: v == "True"}, v == "True" || v == "False"
	case map[string]any:
		if len(v) == 1 {
			for tag, content := range v {
				list, ok := content.([]any)
				if !ok {
					return Literal{}, false
				}
				return fromTagged(tag, list)
			}
		}
	}
	return Literal{}, false
}

func fromTagged(tag string, list []any) (Literal, bool) {
	switch {
	case tag == "Array":
		return withElems(Literal{kind: array}, list)
	case tag == "Tuple":
		return withElems(Literal{kind: tuple}, list)
	case tag == "NumUnsigned" && len(list) == 2, tag == "NumSigned" && len(list) == 2:
		return fromNumber(list, tag == "NumSigned")
	case tag == "ArrayRepeat" && len(list) == 2:
		l, ok := withElems(Literal{kind: repeat}, list[:1])
		count, ok2 := unsigned(list[1])
		l.count = count
		return l, ok && ok2
	case tag == "Range" && len(list) == 3:
		lo, ok1 := unsigned(list[0])
		hi, ok2 := unsigned(list[1])
		t, _ := list[2].(string)
		suffix, ok3 := suffixOf(t, false)
		return Literal{kind: rangeOf, num: syntax.Number{Value: lo, Suffix: suffix}, end: hi}, ok1 && ok2 && ok3 && suffix != ""
	case tag == "Struct" && len(list) == 2:
		return fromStruct(list)
	case tag == "Enum" && len(list) == 3:
		return fromEnum(list)
	}
	return Literal{}, false
}

func withElems(l Literal, list []any) (Literal, bool) {
	l.elems = make([]Literal, len(list))
	for i, v := range list {
		var ok bool
		if l.elems[i], ok = fromJSON(v); !ok {
			return Literal{}, false
		}
	}
	return l, true
}

func unsigned(v any) (uint64, bool) {
	n, _ := v.(json.Number)
	u, err := strconv.ParseUint(string(n), 10, 64)
	return u, err == nil
}

func fromNumber(list []any, signed bool) (Literal, bool) {
	n, _ := list[0].(json.Number)
	text := string(n)
	neg := signed && strings.HasPrefix(text, "-")
	v, err := strconv.ParseUint(strings.TrimPrefix(text, map[bool]string{true: "-"}[neg]), 10, 64)
	t, _ := list[1].(string)
	suffix, ok := suffixOf(t, signed)
	if neg && v > 1<<63 || signed && !neg && v > 1<<63-1 {
		ok = false
	}
	return Literal{kind: number, num: syntax.Number{Value: v, Neg: neg && v > 0, Suffix: suffix}}, ok && err == nil
}

func fromStruct(list []any) (Literal, bool) {
	name, ok1 := identifier(list[0])
	pairs, ok2 := list[1].([]any)
	l := Literal{kind: structure, name: name}
	values := make([]any, len(pairs))
	for i, p := range pairs {
		pair, _ := p.([]any)
		if len(pair) != 2 {
			return Literal{}, false
		}
		field, ok := identifier(pair[0])
		if !ok {
			return Literal{}, false
		}
		l.fields = append(l.fields, field)
		values[i] = pair[1]
	}
	l, ok := withElems(l, values)
	return l, ok && ok1 && ok2
}

// identifier takes a string that can be a name in a program.
func identifier(v any) (string, bool) {
	s, _ := v.(string)
	tokens, errs := syntax.Scan(s)
	return s, len(errs) == 0 && len(tokens) == 2 && tokens[0].Kind == syntax.IDENT && tokens[0].Text == s
}

func fromEnum(list []any) (Literal, bool) {
	name, ok1 := identifier(list[0])
	variant, ok2 := identifier(list[1])
	l := Literal{kind: unitVariant, name: name, variant: variant}
	if content, ok := list[2].(map[string]any); ok && len(content) == 1 {
		elems, isList := content["Tuple"].([]any)
		l.kind = tupleVariant
		l, ok = withElems(l, elems)
		return l, ok && ok1 && ok2 && isList
	}
	return l, ok1 && ok2 && list[2] == "Unit"
}
