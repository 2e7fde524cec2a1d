// Package syntax turns Garble source text into a tree: Scan makes tokens, Parse a File, ParseExpr a single expression. Every
// node knows its exact span; positions count from 0, columns in code points.
//
// The grammar is that of spec section 3, with what section 18 allows to accept. All errors of scanning are found before parsing;
// the parser goes on behind a broken statement or definition, and nothing nests deeper than MaxDepth.
package syntax
