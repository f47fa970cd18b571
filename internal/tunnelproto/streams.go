package tunnelproto

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
)

// streams is the edge's end of a connection, apart from its registration. What
// returns ErrGone sent nothing and left a request's body alone.
type streams interface {
	protocol() Protocol
	remoteAddr() net.Addr
	// registered is told what the connector can do, before it is used.
	registered(Registration)
	roundTrip(*http.Request) (*http.Response, error)
	// websocket's stream is nil where the origin did not agree.
	websocket(*http.Request) (*http.Response, io.ReadWriteCloser, error)
	// dialTCP and dialUDP are given numeric addresses only.
	dialTCP(ctx context.Context, addr string) (net.Conn, error)
	dialUDP(ctx context.Context, addr netip.AddrPort) (net.Conn, error)
	pushConfig(context.Context, configUpdate) (applied int, err error)
	// idle returns when nothing is under way, or nothing can be.
	idle(context.Context)
	// close breaks everything that is under way. It may be called twice.
	close() error
}
