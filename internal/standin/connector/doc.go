// Package connector stands in for the cloudflared program where the official
// one cannot be had: in the lab, under its image name. It takes the same
// arguments and environment, registers at an edge over QUIC or HTTP/2, applies
// the ingress rules that it is sent, reaches into the private network that it
// stands in, and serves the same metrics.
//
// It says things in cloudflared's words, for people and for tests that read its
// log. Like cloudflared it dials no names for the edge: the edge asks for the
// address first, at an address that stands for the machine's own name server.
// It knows nothing of Culvert.
package connector

// Version is the cloudflared release whose behaviour this follows.
const Version = "2026.8.2"
