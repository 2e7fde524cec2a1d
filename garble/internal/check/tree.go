package check

import "github.com/tacit-mpc/tacit/garble/internal/syntax"

// A Program is a checked source text: every pub fn and every function they call.
type Program struct {
	Consts  []*Const // in file order
	Structs []*Struct
	Enums   []*Enum
	Funcs   []*Func // in file order
	// Supplies are the constants that the parties must supply, by party and name.
	Supplies []Supply
}

// A Func is a checked function. No function reaches itself through calls.
type Func struct {
	Name   string
	Pub    bool
	Params []*Var
	Result Type
	Body   *Block // its type is Result
	Span   syntax.Span
	// EachElement: as an entry point, the elements of the one parameter, an array, belong to one party each (D13).
	EachElement bool
}

// A Var is a parameter, a let or a pattern variable. Every binding is its own Var, so shadowing needs no care.
type Var struct {
	Name string
	Type Type
	Mut  bool
	Span syntax.Span
	open Type // the type each use starts from, if it was left open: polymorphic (spec 6.3)
	// known are the least and the greatest value of an open variable, if it stands for a literal or runs over a range: uses
	// have to hold them.
	known []syntax.Number
}

// An Expr is a typed expression. Operands are evaluated in the order of the fields, each exactly once, unless the node's
// comment says otherwise. Types are concrete.
type Expr interface {
	Type() Type
	Span() syntax.Span // where a panic of this very node is reported
}

type node struct {
	typ  Type
	span syntax.Span
}

func (n *node) Type() Type        { return n.typ }
func (n *node) Span() syntax.Span { return n.span }

// A Lit is a bool or an integer; Type is a Basic. Value holds the two's complement bits, zero above the width of the type.
type Lit struct {
	node
	Value uint64
}

// A VarRef reads a variable.
type VarRef struct {
	node
	Var *Var
}

// A ConstRef reads a constant: Instance.Const gives its bits. Type is a Basic.
type ConstRef struct {
	node
	Const *Const
}

// A Convert is a cast, or one use of an unsuffixed binding at the width that the use needs. A scalar is truncated, extended
// with zeros (source unsigned or bool) or extended with its sign; to bool it keeps the lowest bit. Tuples and arrays are
// converted element by element: both types have the same shape. It never panics.
type Convert struct {
	node
	X Expr
}

// A Composite builds a tuple, a struct (Elems in field name order) or an array with one Elem each.
type Composite struct {
	node
	Elems []Expr
}

// A Repeat is an array of Instance.Len copies of Elem, which is evaluated once, also if the length is 0.
type Repeat struct {
	node
	Elem Expr
}

// A Range is the array From, From+1, ..., with Instance.Len elements of the Basic element type. From holds the two's
// complement bits; all elements fit the type.
type Range struct {
	node
	From uint64
}

// A VariantLit builds the variant of an enum.
type VariantLit struct {
	node
	Variant int // index in the Enum
	Fields  []Expr
}

// A Select reads component N of a tuple or of a struct (in name order).
type Select struct {
	node
	X Expr
	N int
}

// An Index reads an element; Index has type usize. It panics with OutOfBounds, after X and Index are evaluated.
type Index struct {
	node
	X, Index Expr
}

// A UnaryOp is the operator of a Unary.
type UnaryOp uint8

// The unary operators. Neg panics with Overflow on the minimum; Not is bitwise.
const (
	Neg UnaryOp = iota
	Not
)

// A Unary applies an operator to an operand of the same type.
type Unary struct {
	node
	Op UnaryOp
	X  Expr
}

// A BinaryOp is the operator of a Binary or of a compound assignment.
type BinaryOp uint8

// The binary operators. The operands have one type and the result has it too, except: Shl and Shr take a u8 on the right;
// comparisons give bool; Eq and Ne compare any types bit by bit. && and || are Ifs.
const (
	Add BinaryOp = iota // Overflow
	Sub                 // Overflow
	Mul                 // Overflow
	Div                 // DivByZero; Overflow for minimum / -1
	Rem                 // DivByZero; Overflow for minimum % -1
	And
	Or
	Xor
	Shl // Overflow if the amount is not below the width
	Shr // Overflow if the amount is not below the width; arithmetic for signed types
	Lt
	Gt
	Le
	Ge
	Eq
	Ne
)

// A Binary applies an operator.
type Binary struct {
	node
	Op   BinaryOp
	X, Y Expr
}

// An If evaluates Cond, then only the effects and panics of one branch happen. Both branches have the type of the If. A
// missing else is an empty Block. x && y is if x { y } else { false }, x || y is if x { true } else { y }.
type If struct {
	node
	Cond, Then, Else Expr
}

// A Match evaluates X, then the body of the first arm whose pattern matches; only its effects and panics happen. The arms
// are exhaustive.
type Match struct {
	node
	X    Expr
	Arms []Arm
}

// An Arm of a match.
type Arm struct {
	Pattern Pattern
	Body    Expr
}

// A Block runs its statements in a scope of its own and gives the value of Result, or unit if that is nil.
type Block struct {
	node
	Stmts  []Stmt
	Result Expr
}

// A Call runs a function on copies of the arguments.
type Call struct {
	node
	Func *Func
	Args []Expr
}

// A Join is the expression join(A, B) of two arrays sorted by key (spec section 10). Keyed says that the elements are tuples
// whose first component is the key, and the result elements (bool, A, B); otherwise the element is the key and the result
// elements are (bool, A). The result has Len(A)+Len(B)-1 elements; if both are empty it is refused when instantiated.
type Join struct {
	node
	A, B  Expr
	Keyed bool
}

// A Stmt is a *Let, *Assign, *For, *JoinLoop or *ExprStmt.
type Stmt interface{ isStmt() }

// A Let evaluates Value and binds the variables of an irrefutable pattern.
type Let struct {
	Pattern Pattern
	Value   Expr
}

// An ExprStmt evaluates X for its effects and panics.
type ExprStmt struct{ X Expr }

// An Assign is `place = value` or, if Compound, `place op= value`. In this order: every index of Path with its bounds check
// (OutOfBounds at Span), left to right, each once; if Compound the old value of the place is read; Value; if Compound Op
// (its panic is reported at Span); the store, which changes only the addressed part of Var as it is then.
type Assign struct {
	Var      *Var
	Path     []Step
	Compound bool
	Op       BinaryOp // Add to Shr
	Value    Expr
	Span     syntax.Span // the whole statement
}

// A Step goes from a place of type From to a part of it: element Index of an array, or component N if Index is nil.
type Step struct {
	From  Type
	Index Expr // usize
	N     int
}

// A For evaluates Array once, then runs Body for each element in order, each time in a fresh scope with Pattern, which is
// irrefutable, bound to the element.
type For struct {
	Pattern Pattern
	Array   Expr
	Body    *Block
	Span    syntax.Span
}

// A JoinLoop is `for Pattern in join_iter(A, B) Body`: A and B are evaluated once; both are arrays of tuples that begin with
// the key. For every pair with equal keys, in ascending key order, Pattern is bound to (a, b), of type Pair.
type JoinLoop struct {
	Pattern Pattern
	A, B    Expr
	Pair    *Tuple
	Body    *Block
	Span    syntax.Span
}

func (*Let) isStmt()      {}
func (*ExprStmt) isStmt() {}
func (*Assign) isStmt()   {}
func (*For) isStmt()      {}
func (*JoinLoop) isStmt() {}

// A Pattern is a *Bind, *RangePattern, *ProductPattern or *VariantPattern.
type Pattern interface{ isPattern() }

// A Bind matches anything and binds it.
type Bind struct{ Var *Var }

// A RangePattern matches a bool or an integer of type Type from Lo to Hi, both inclusive; a literal has Lo = Hi. The numbers
// are two's complement bits as in Lit, ordered by the signedness of Type.
type RangePattern struct {
	Type   Basic
	Lo, Hi uint64
}

// A ProductPattern matches a tuple or a struct component by component; a nil element matches anything.
type ProductPattern struct{ Elems []Pattern }

// A VariantPattern matches one variant of an enum and its fields; a nil element matches anything.
type VariantPattern struct {
	Enum    *Enum
	Variant int
	Elems   []Pattern
}

func (*Bind) isPattern()           {}
func (*RangePattern) isPattern()   {}
func (*ProductPattern) isPattern() {}
func (*VariantPattern) isPattern() {}
