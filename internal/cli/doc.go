// Package cli is what a person sees of Tacit: the commands of pre and party, their flags, streams, errors, progress and exit
// codes. It hides urfave/cli v2, which only parses here: help, completion, man pages, environment variables and usage errors
// are made from its flag values by this package, because the library's own ways with them are surprising (each surprise has
// a test).
//
// The rules of everything it prints: the answer goes to stdout, everything else to stderr; errors are lower case and say what
// was being done, why, and what to run next; private inputs, tokens and keys are never printed.
package cli
