// Package tunnelproto speaks cloudflared's tunnel protocol, over HTTP/2 and over
// QUIC, and both sides of it: Edge is what Cloudflare runs, Connector is what
// cloudflared runs.
//
// A connector dials the edge. Over TLS and TCP the roles then turn round: the
// edge is the HTTP/2 client and the connector the server, and the edge opens a
// control stream first. Over QUIC the connector opens it. On the control stream
// the connector registers itself by Cap'n Proto RPC; every later stream is a
// visitor's request, a websocket, a private TCP connection or a new ingress
// configuration, and QUIC carries UDP in datagrams besides.
//
// The package serves a simulated edge and a stand-in connector. It knows the
// wire and nothing above it: no Cloudflare API, no Access, no zones, no Docker.
package tunnelproto
