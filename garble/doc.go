// Package garble compiles Garble, a small language without loops at run time, to Boolean circuits: programs whose inputs
// belong to different parties.
//
// Check reads a program, Checked.Compile makes a circuit of one of its pub functions, and Program turns input texts into
// bits and output bits into text. What is wrong with a program is an ErrorList, with positions, hints and several errors at
// once; Render draws it with the source lines.
//
// The phases are the packages below internal: syntax (text to tree), check (names, types, constants), lower (tree to
// circuit). Each knows only those before it. The language is described in docs/garble.md.
package garble
