// Package mpc lets n parties compute a Boolean circuit on private inputs: n-party authenticated garbling, secure against any
// n-1 of them, who may deviate as they like (malicious security with abort).
//
// It follows docs/protocol, version string "ag1"; "protocol 13" in a comment means its section 13.
package mpc
