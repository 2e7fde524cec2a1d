package garble

import (
	"errors"

	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// decoder reads values from bits, whose number is known to suffice.
type decoder struct {
	in   *check.Instance
	bits []bool
}

var errBadTag = errors.New("decode the output: a variant number that the enum does not have")

func (d *decoder) number(n int) uint64 {
	v := uint64(0)
	for _, b := range d.bits[:n] {
		v <<= 1
		if b {
			v |= 1
		}
	}
	d.bits = d.bits[n:]
	return v
}

func (d *decoder) value(t check.Type) (Literal, error) {
	switch t := t.(type) {
	case check.Basic:
		return d.basic(t), nil
	case *check.Tuple:
		return d.parts(Literal{kind: tuple}, t.Elems)
	case *check.Array:
		l := Literal{kind: array, elems: make([]Literal, d.in.Len(t))}
		for i := range l.elems {
			var err error
			if l.elems[i], err = d.value(t.Elem); err != nil {
				return Literal{}, err
			}
		}
		return l, nil
	case *check.Struct:
		l := Literal{kind: structure, name: t.Name}
		for _, f := range t.Fields {
			l.fields = append(l.fields, f.Name)
		}
		return d.parts(l, check.Components(t))
	}
	return d.enum(t.(*check.Enum))
}

func (d *decoder) basic(t check.Basic) Literal {
	v := d.number(t.Bits())
	if t == check.Bool {
		return Literal{kind: boolean, truth: v == 1}
	}
	n := syntax.Number{Value: v, Suffix: t.String()}
	if s := 64 - t.Bits(); t.Signed() && int64(v<<s) < 0 {
		n.Neg, n.Value = true, uint64(-(int64(v<<s) >> s))
	}
	return Literal{kind: number, num: n}
}

func (d *decoder) parts(l Literal, types []check.Type) (Literal, error) {
	l.elems = make([]Literal, len(types))
	for i, t := range types {
		var err error
		if l.elems[i], err = d.value(t); err != nil {
			return Literal{}, err
		}
	}
	return l, nil
}

func (d *decoder) enum(t *check.Enum) (Literal, error) {
	rest := d.bits[d.in.Bits(t):]
	tag := d.number(t.TagBits())
	if tag >= uint64(len(t.Variants)) {
		return Literal{}, errBadTag
	}
	v := t.Variants[tag]
	l := Literal{kind: unitVariant, name: t.Name, variant: v.Name}
	if v.Tuple {
		l.kind = tupleVariant
	}
	l, err := d.parts(l, v.Fields)
	d.bits = rest
	return l, err
}
