// Package mpc lets n parties, 2 to 64, compute a Boolean circuit on private inputs and learn nothing but the outputs: n-party
// authenticated garbling, version "ag1". "Protocol 13" in a comment means section 13 of its specification.
//
// # Security
//
// Any n-1 of the parties may deviate from the protocol as they like (static corruption, malicious security with abort). An honest
// party gets the right outputs for inputs that were fixed before anything was revealed, or an error; never a wrong output.
// Computational security is 128 bits, statistical security 40 bits by default (Params.Rho).
//
// What leaks, and what is not promised:
//
//   - The circuit, the sizes of all inputs, who learns which output, and the time of everything are public.
//   - There is no fairness: a cheater may see its own output and then make the others abort. A party without outputs does not
//     learn whether the others got theirs.
//   - A cheater is not identified in a way that convinces others. AbortError.Party is what this party alone saw.
//   - A cheater may learn c bits of a global key at the risk of an abort with probability 1 - 2^-c; 2^(127-c) work would remain.
//
// The channel must be authenticated, confidential and ordered, and belong to this one run. TrustDealer is insecure against the
// dealer; it serves tests and benchmarks.
//
// Code that touches secrets is constant time: secret bits are masks, never branches or indices.
//
// # Single use
//
// A Run is one session with fresh keys for one evaluation of one circuit. Its randomness cannot serve another input or circuit;
// nothing can be repeated or resumed. All secrets are overwritten when Run returns, as far as the runtime allows.
//
// # Messages
//
// Everybody sends to everybody, but for arrows: g is every garbler, e the evaluator, o the owner of an input, p a party that learns
// outputs. Steps in brackets exist only for three parties or more.
//
//	setup    S0 configuration, nonce    S1 session id    S2 base OT    S3 punctured trees
//	batch 0  XT1 [XT2e] XT2 XT3 [XT4 XT5]  shares of the input masks     [DC1 DC2 DC3]  one global key for all
//	input    IN1 -> o mask    IN2 masked input    [IN3] echo    IN4 g -> e labels
//	chunk t  XT1 [XT2e] XT2 XT3 [XT4 XT5]  shares
//	         LA1 LA2 [LA3] LA4 LA5 LA6 [LA7] LA8  leaky AND triples, checked    BK1  buckets make them sound
//	         OP1 products of masks    GB1 g -> e tables    EV1 e -> g masked values, checked
//	output   OU1 g -> e proof of right garbling    OU2 -> p masks of the outputs
//
// The circuit is cut into chunks of at most L AND gates; a chunk is preprocessed while the one before is garbled and evaluated. Memory
// is that of two chunks and the live wires (or of the whole circuit with Params.TwoPhase). The number of rounds is that of the
// chunks, whatever the depth of the circuit.
//
// # Sources
//
// Wang, Ranellucci, Katz, Global-scale secure multiparty computation (CCS 2017, ePrint 2017/189); Katz, Ranellucci, Rosulek, Wang,
// Optimizing authenticated garbling (CRYPTO 2018, ePrint 2018/578); Yang, Wang, Zhang, More efficient MPC from improved triple
// generation and authenticated garbling (CCS 2020, ePrint 2019/1104); Zahur, Rosulek, Evans, Two halves make a whole (EUROCRYPT
// 2015, ePrint 2014/756); Guo, Katz, Wang, Weng, Yu, Better concrete security for half-gates garbling (CRYPTO 2020, ePrint
// 2019/1168); Nielsen, Nordholt, Orlandi, Burra, A new approach to practical active-secure two-party computation (CRYPTO 2012,
// ePrint 2011/091); and those of package ot.
//
// # For reviewers
//
// The step machine (step.go, ledger.go, order.go, link.go, exchange.go) holds the message table with its send conditions as data: a step
// whose conditions are not met does not leave, and nothing but the exact next message of the exact length is accepted. Each
// check is a call of session.verify; each value that others must agree on goes through session.echo. The preprocessing
// (interactive.go, setup.go, authshare.go, sharecheck.go, deltacheck.go, leakyand.go, bucket.go) ends in source.chunk, where the
// online part (engine.go, beaver.go, garble.go, evaluate.go, disclose.go, input.go, output.go) begins.
package mpc
