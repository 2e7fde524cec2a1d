// Package doctor finds out what a network lets through before a session depends on it: for a party (Party) whether it can reach
// the coordinator, how its NAT behaves, which relays answer; for a host (Host) whether its ports can be opened and reached.
//
// A Check is a value with a stable code. Checks run at the same time; what came of one that depends on a failed one is dropped, so
// that a report names causes and not their consequences. A Report puts the verdict first.
//
// What cannot be known from one machine is said to be unknown, never guessed: filtering without a relay that may send to us,
// the clock (neither STUN nor the TLS of a coordinator tells the time), relays that a coordinator tells only to parties that
// joined. Nothing here joins a session, uses a seat or sends a secret.
package doctor
