// Package setup is the domain of Culvert: what stands (World), what is wanted
// (Want), what we did (Ledger) and what is left to do (Plan).
//
// It is pure. It knows no clock, no network, no file system and no log; the
// same arguments always give the same plan. Everything that touches Cloudflare,
// Docker or the operator's files is a Port (port.go) and lives elsewhere.
package setup
