package syntax

// A File is a parsed source text.
type File struct {
	Consts  []*ConstDef
	Structs []*StructDef
	Enums   []*EnumDef
	Fns     []*FnDef
}

// A Name is an identifier with its place.
type Name struct {
	Text string
	Span Span
}

// A ConstDef is `const Name: Type = Value;`. Value is made of Bool, Num, Ident, Path, Paren, Binary + and -, and Call.
type ConstDef struct {
	Name  Name
	Type  Type
	Value Expr
	Span  Span
}

// A StructDef is `struct Name { Fields }`.
type StructDef struct {
	Name   Name
	Fields []FieldDef
}

// A FieldDef is a field of a struct or a parameter of a function.
type FieldDef struct {
	Mut  bool
	Name Name
	Type Type
}

// An EnumDef is `enum Name { Variants }`.
type EnumDef struct {
	Name     Name
	Variants []VariantDef
}

// A VariantDef is a variant; Tuple tells `A()` from `A`.
type VariantDef struct {
	Name   Name
	Tuple  bool
	Fields []Type
}

// A FnDef is a function.
type FnDef struct {
	Pub    bool
	Name   Name
	Params []FieldDef
	Result Type
	Body   *Block
	Span   Span // up to the result type
}

// A Type is a *NamedType, *TupleType or *ArrayType.
type Type interface{ Span() Span }

// A NamedType is a built-in type, a struct or an enum.
type NamedType struct {
	base
	Name string
}

// A TupleType is `(A, B)`; `(A)` is a tuple of one (D3).
type TupleType struct {
	base
	Elems []Type
}

// An ArrayType is `[Elem; Size]`: Size is a Num, an Ident, or with Const any constant expression.
type ArrayType struct {
	base
	Elem  Type
	Const bool
	Size  Expr
}

// An Expr is an expression.
type Expr interface {
	Span() Span
	levels() int // of nested expressions, itself included
}

type base struct {
	span  Span
	depth int
}

func (b *base) Span() Span  { return b.span }
func (b *base) levels() int { return b.depth }

// The expressions.
type (
	// A Bad stands where an expression could not be parsed.
	Bad struct{ base }
	// A Bool is true or false.
	Bool struct {
		base
		Value bool
	}
	// A Num is an integer literal.
	Num struct {
		base
		Number
	}
	// A Range is `Lo..Hi`; both are unsigned, and Suffix is that of either.
	Range struct {
		base
		Lo, Hi uint64
		Suffix string
	}
	// An Ident is a variable or a constant.
	Ident struct {
		base
		Name string
	}
	// A Path is `Type::Name` or, with Call, `Type::Name(Args)`.
	Path struct {
		base
		Type, Name Name
		Call       bool
		Args       []Expr
	}
	// A Call is `Fn(Args)`.
	Call struct {
		base
		Fn   Name
		Args []Expr
	}
	// A StructLit is `Type { Fields }`; the Value of `a` alone is the Ident a.
	StructLit struct {
		base
		Type   Name
		Fields []FieldInit
	}
	// A Paren is `(X)`.
	Paren struct {
		base
		X Expr
	}
	// A Tuple is `(a, b)`, `(a,)` or `()`.
	Tuple struct {
		base
		Elems []Expr
	}
	// An Array is `[a, b]`.
	Array struct {
		base
		Elems []Expr
	}
	// A Repeat is `[Elem; Size]`; Size is a Num or an Ident.
	Repeat struct {
		base
		Elem, Size Expr
	}
	// An Index is `X[Index]`.
	Index struct {
		base
		X, Index Expr
	}
	// A Field is `X.Name`.
	Field struct {
		base
		X    Expr
		Name Name
	}
	// A TupleField is `X.N`.
	TupleField struct {
		base
		X Expr
		N uint64
	}
	// A Unary is `-X` or `!X`.
	Unary struct {
		base
		Op string
		X  Expr
	}
	// A Binary is `X Op Y`.
	Binary struct {
		base
		Op   string
		X, Y Expr
	}
	// A Cast is `X as Type`.
	Cast struct {
		base
		X    Expr
		Type Type
	}
	// An If is a conditional; Else is nil, a *Block, or an expression that begins with an If.
	If struct {
		base
		Cond Expr
		Then *Block
		Else Expr
	}
	// A Match is `match X { Arms }`.
	Match struct {
		base
		X    Expr
		Arms []Arm
	}
	// A Block is `{ Stmts }`. Its value is that of the last statement, if that is an ExprStmt (D4).
	Block struct {
		base
		Stmts []Stmt
	}
)

// A FieldInit is `Name: Value` in a struct literal.
type FieldInit struct {
	Name  Name
	Value Expr
}

// An Arm is `Pattern => Body`.
type Arm struct {
	Pattern Pattern
	Body    Stmt
}

// A Stmt is a *Let, *Assign, *For or *ExprStmt.
type Stmt interface {
	Span() Span
	levels() int
}

// The statements.
type (
	// A Let is `let Pattern: Type = Value;`, or with Mut `let mut x`; Type may be nil.
	Let struct {
		base
		Mut     bool
		Pattern Pattern
		Type    Type
		Value   Expr
	}
	// An Assign is `Target Op Value`: Target is an Ident under any mix of Index, Field and TupleField.
	Assign struct {
		base
		Target Expr
		Op     string // "=", "+=" and so on
		Value  Expr
	}
	// A For is `for Pattern in X Body`.
	For struct {
		base
		Pattern Pattern
		X       Expr
		Body    *Block
	}
	// An ExprStmt is an expression in the place of a statement. In last position it is the value of its block, whether or not
	// a `;` follows (D4).
	ExprStmt struct {
		base
		X Expr
	}
)

// A Pattern is what a let, for or match takes values apart with.
type Pattern interface{ Span() Span }

// The patterns.
type (
	// A BadPattern stands where a pattern could not be parsed.
	BadPattern struct{ base }
	// A BoolPattern is true or false.
	BoolPattern struct {
		base
		Value bool
	}
	// A NumPattern is `Lo` (Hi equal), `Lo..Hi` (Exclusive) or `Lo..=Hi`.
	NumPattern struct {
		base
		Lo, Hi    Number
		Exclusive bool
	}
	// A VarPattern binds a variable.
	VarPattern struct {
		base
		Name string
	}
	// A TuplePattern is `(a, b)`.
	TuplePattern struct {
		base
		Elems []Pattern
	}
	// A StructPattern is `Type { a, b: p, .. }`, Rest if it ends in `..`.
	StructPattern struct {
		base
		Type   Name
		Fields []FieldPattern
		Rest   bool
	}
	// An EnumPattern is `Type::Name` or, with Tuple, `Type::Name(Elems)`.
	EnumPattern struct {
		base
		Type, Name Name
		Tuple      bool
		Elems      []Pattern
	}
)

// A FieldPattern is `Name: Pattern`; for `a` alone Pattern is the VarPattern a.
type FieldPattern struct {
	Name    Name
	Pattern Pattern
}

// Levels is how deep an expression is nested.
func Levels(e Expr) int { return e.levels() }
