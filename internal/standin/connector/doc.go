// Package connector stands in for the cloudflared program where the official
// one cannot be had: in the lab, under its image name. It takes the same
// arguments and environment, registers at an edge over the HTTP/2 transport,
// applies the ingress rules that it is sent, and serves the same metrics.
//
// It says things in cloudflared's words, for people and for tests that read its
// log. It knows nothing of Culvert.
package connector

// Version is the cloudflared release whose behaviour this follows.
const Version = "2026.8.2"
