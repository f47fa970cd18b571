package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// ServeTunnels accepts connectors (cloudflared or a stand-in) on l over HTTP/2
// and on pc over QUIC until ctx ends. Without pc QUIC does not get through, as
// where UDP is blocked.
func (c *Cloud) ServeTunnels(ctx context.Context, l net.Listener, pc net.PacketConn) error {
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
		LocalConfig: func(conn *tunnelproto.Conn, config []byte) { c.learn(conn.Registration().TunnelID, config) },
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return edge.Serve(ctx, l) })
	if pc != nil {
		group.Go(func() error { return edge.ServeQUIC(ctx, pc) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("serve tunnels: %w", err)
	}
	return nil
}

// learn keeps the rules that a connector has of its own, for people to see. How
// Cloudflare counts their versions is not documented.
func (c *Cloud) learn(tunnelID string, config []byte) {
	if !json.Valid(config) {
		c.log.Warn("a connector tells rules that are no JSON", "tunnel", tunnelID)
		return
	}
	c.mu.Lock()
	for a := range c.state.Accounts.all() {
		if t, ok := a.Tunnels.get(tunnelID); ok && !t.remote() {
			t.Config, t.ConfigAt = config, c.now()
			t.Version++
		}
	}
	c.mu.Unlock()
	c.changed()
}

// listenBoth opens a port for TCP and the same for UDP.
func listenBoth(host string, port int) (l net.Listener, pc net.PacketConn, err error) {
	const tries = 20 // a port that is free for one may be taken for the other
	for range tries {
		if l, err = net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port))); err != nil {
			break
		}
		if pc, err = net.ListenPacket("udp", l.Addr().String()); err == nil {
			return l, pc, nil
		}
		l.Close()
		if port != 0 {
			break
		}
	}
	return nil, nil, err
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
