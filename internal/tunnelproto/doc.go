// Package tunnelproto speaks cloudflared's HTTP/2 tunnel protocol, both sides
// of it: Edge is what Cloudflare runs, Connector is what cloudflared runs.
//
// A connector dials the edge over TLS and then the roles turn round: on that
// connection the edge is the HTTP/2 client and the connector the server. The
// edge first opens a control stream, over which the connector registers itself
// by Cap'n Proto RPC; every later stream is a visitor's request, a websocket, a
// private TCP connection or a new ingress configuration.
//
// The package serves a simulated edge and a stand-in connector. It knows the
// wire and nothing above it: no Cloudflare API, no Access, no zones, no Docker.
// QUIC, which cloudflared speaks too, is not here.
package tunnelproto
