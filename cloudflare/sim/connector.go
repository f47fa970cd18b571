package sim

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// ServeTunnels accepts connectors (cloudflared or a stand-in) on l until ctx
// ends.
func (c *Cloud) ServeTunnels(ctx context.Context, l net.Listener) error {
	ca, err := c.certs.get()
	if err != nil {
		return err
	}
	conf, err := ca.ServerTLS()
	if err != nil {
		return err
	}
	edge := &tunnelproto.Edge{TLS: conf, Log: c.log,
		Authenticate: func(_ context.Context, reg tunnelproto.Registration) (tunnelproto.Details, error) {
			return c.admit(reg)
		},
		Registered: func(conn *tunnelproto.Conn) {
			from, _, err := net.SplitHostPort(conn.RemoteAddr().String())
			if err != nil {
				from = conn.RemoteAddr().String()
			}
			c.join(conn.Registration(), conn.Details().ConnectionID, from, remote{conn})
		},
	}
	if err := edge.Serve(ctx, l); err != nil {
		return fmt.Errorf("serve tunnels: %w", err)
	}
	return nil
}

// remote is a connector at the other end of a network connection.
type remote struct{ *tunnelproto.Conn }

// RoundTrip also takes websocket handshakes; the answer's body is then the
// stream, as net/http has it.
func (r remote) RoundTrip(req *http.Request) (*http.Response, error) {
	if !strings.EqualFold(req.Header.Get("Upgrade"), "websocket") {
		return r.Conn.RoundTrip(req)
	}
	resp, stream, err := r.DialWebsocket(req)
	if err != nil || stream == nil {
		return resp, err
	}
	resp.Header.Set("Connection", "Upgrade")
	resp.Header.Set("Upgrade", "websocket")
	resp.Body = stream
	return resp, nil
}
