// Package check turns a parsed program into a typed tree: names are resolved, types inferred, patterns proved exhaustive,
// constants understood. It decides everything about meaning that can be decided without wires; what is left for lowering is
// to walk the tree.
//
// # What lowering finds
//
// Source gives a Program; Program.Instantiate picks an entry function and takes the parties' constants, and gives an
// Instance. Lowering gets the Instance and nothing else:
//
//   - Instance.Entry is the function to compile, Instance.Parties the input types in seat order. Whether a program gives one
//     parameter or one element of its only parameter to each party, the input bits are those of the parameters in order.
//   - Types are concrete. Instance.Len is the number of elements of an array type, Instance.Bits the width of any type,
//     Instance.Const the value of a constant. No reachable type is wider than MaxValueBits.
//   - An unsuffixed immutable binding (let i = 3; for i in 0..4) has 32 bits of its own: u32, or i32 if a negative literal is
//     involved (64 if it is bound to a literal that needs them). Each use that needs another type is a Convert around the VarRef (or around the Index or Select that reads
//     from it), which truncates or extends by the signedness of its operand. Lowering needs no inference and sees no open
//     type. Unsuffixed literals and operators over them have the type of their context already.
//   - Operands are evaluated in field order, each exactly once (B7): compound assignment is one Assign, <= and >= are
//     operators. && and || are Ifs, whose branches have effects and panics only when selected (B14).
//   - Each binding is its own Var (B8, B9); constants are ConstRefs, never found by name.
//   - Calls form no cycle, so they can be inlined; their number after inlining and the turns of loops are not bounded here.
//   - A panic is reported at the Span of its node; Assign.Span for the bounds checks of a store.
//   - Bit layout is spec section 12: numbers most significant bit first, parts in order, struct fields in name order, an enum
//     as tag, fields, zeros. The first 161 output bits are the panic record of section 9.
package check
