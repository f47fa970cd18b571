// Package cert gets certificates and keeps them good: a publicly trusted one for
// a private name under the operator's own domain (ACME, proven by a text record
// in DNS, so that nothing has to be reachable from outside), one of an authority
// of our own, or the operator's own files.
//
// What is wanted, what is there and what went wrong last stands on the disk, a
// folder each; nothing is kept in memory, so a restart loses nothing. A wanted
// certificate is looked after until it is forgotten: renewed when a third of its
// life is left, a month at most, and written anew where nginx reads it. A
// renewal that fails is told from its first day on.
//
// The package knows no provider of DNS, only the interface DNS, and nothing of
// setups, containers or nginx beyond the folder that it writes into. It listens
// on no port.
package cert
