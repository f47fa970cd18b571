// Package e2e holds the tests that walk the whole way as a person would: the
// real compose project on a real engine, the real Compose command, the program
// as it is built, and a simulated Cloudflare. What they check in the end they
// ask of docker and curl, not of Culvert's own code.
package e2e
