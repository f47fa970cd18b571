package sim

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// Attachment is a connector inside this process.
type Attachment struct {
	// Origin gets the requests that an ingress rule sends to an origin, as the
	// visitor sent them; ServiceOf tells which origin. Its answer is passed on
	// when it is complete.
	Origin http.Handler
	// Private is what the connector reaches in its network. nil: nothing.
	Private Private
	// Protocol is what its connections count as; empty: QUIC, as where nothing
	// keeps cloudflared from it.
	Protocol tunnelproto.Protocol
	// Connections is how many it keeps; 0: the usual four. With fewer the
	// tunnel is degraded.
	Connections int
	// Version is that of cloudflared that it counts as; empty: a new one.
	Version string
}

// Attach runs a connector inside this process: what a
// cloudflared started with the tunnel's token would be.
//
// detach stops the connector and returns when it is gone.
func (c *Cloud) Attach(tunnelToken string, h http.Handler) (detach func(), err error) {
	return c.AttachConnector(tunnelToken, Attachment{Origin: h})
}

// AttachConnector is Attach for a connector that has more than an origin.
func (c *Cloud) AttachConnector(tunnelToken string, a Attachment) (detach func(), err error) {
	token, err := tunnelproto.ParseToken(tunnelToken)
	if err != nil {
		return nil, fmt.Errorf("attach a connector: %w", err)
	}
	if a.Private == nil {
		a.Private = noNetwork{}
	}
	a.Protocol = cmp.Or(a.Protocol, tunnelproto.QUIC)
	a.Connections = cmp.Or(a.Connections, usualConnections)
	a.Version = cmp.Or(a.Version, "2026.8.2")
	own := &ownConnector{Attachment: a, stop: make(chan struct{})}
	reg := tunnelproto.Registration{AccountTag: token.AccountTag, TunnelID: token.TunnelID, Secret: token.Secret,
		ClientID: c.ids.uuid(), Version: a.Version, Arch: "linux_amd64",
		Features: []string{"allow_remote_config", "serialized_headers", "support_datagram_v2", "support_quic_eof", "management_logs"}}
	for index := range uint8(a.Connections) {
		reg := reg
		reg.ConnIndex = index
		conn, err := c.connect(reg, own)
		if err != nil {
			own.detach()
			return nil, fmt.Errorf("attach a connector: %w", err)
		}
		own.running.Add(1)
		c.work.Go(func() { c.stay(reg, own, conn) })
	}
	return own.detach, nil
}

// connect registers one connection of an own connector.
func (c *Cloud) connect(reg tunnelproto.Registration, own *ownConnector) (*ownConn, error) {
	details, err := c.admit(reg)
	if err != nil {
		return nil, err
	}
	conn := &ownConn{ownConnector: own, done: make(chan struct{})}
	c.join(reg, details.ConnectionID, "127.0.0.1", conn)
	return conn, nil
}

// stay connects again when the edge closed the connection, as cloudflared
// does, until the connector is detached or no longer welcome.
func (c *Cloud) stay(reg tunnelproto.Registration, own *ownConnector, conn *ownConn) {
	defer own.running.Done()
	for {
		select {
		case <-own.stop:
			conn.Close()
			return
		case <-c.ctx.Done():
			conn.Close()
			return
		case <-conn.Done():
		}
		var err error
		if conn, err = c.connect(reg, own); err != nil {
			c.log.Info("attached connector gives up", "tunnel", reg.TunnelID, "err", err)
			return
		}
	}
}

// ownConnector is a connector in this process, shared by its connections.
type ownConnector struct {
	Attachment
	config atomic.Pointer[ownConfig]

	stopping sync.Once
	stop     chan struct{}
	running  sync.WaitGroup
}

type ownConfig struct {
	version int
	tunnelproto.Config
}

func (o *ownConnector) detach() {
	o.stopping.Do(func() { close(o.stop) })
	o.running.Wait()
}

// PushConfig takes a newer configuration if it is sound, like cloudflared.
func (o *ownConnector) PushConfig(_ context.Context, version int, config json.RawMessage) (int, error) {
	if now := o.config.Load(); now != nil && now.version >= version {
		return now.version, nil
	}
	parsed, err := tunnelproto.ParseConfig(config)
	if err != nil {
		return 0, err
	}
	o.config.Store(&ownConfig{version, parsed})
	return version, nil
}

// RoundTrip answers by the first ingress rule that matches.
func (o *ownConnector) RoundTrip(r *http.Request) (*http.Response, error) {
	service := "http_status:503" // without a configuration
	if config := o.config.Load(); config != nil {
		rule, ok := config.Match(r.Host, r.URL.Path)
		if !ok {
			return nil, fmt.Errorf("no ingress rule matches %s", r.Host)
		}
		service = rule.Service
	}
	out := &buffer{header: http.Header{}}
	if status, fixed := strings.CutPrefix(service, "http_status:"); fixed {
		out.status, _ = strconv.Atoi(status) // ParseConfig let only numbers in
	} else {
		o.Origin.ServeHTTP(out, inboundRequest(r, service))
	}
	return out.response(r), nil
}

// inboundRequest turns a client's request into one as a server has it.
func inboundRequest(r *http.Request, service string) *http.Request {
	in := r.Clone(context.WithValue(r.Context(), serviceKey{}, service))
	in.URL.Scheme, in.URL.Host = "", ""
	in.RequestURI, in.RemoteAddr = in.URL.RequestURI(), "127.0.0.1:0"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	return in
}

type serviceKey struct{}

// ServiceOf is the service of the ingress rule that sent a request to the
// handler given to Attach, such as "http://web:8000".
func ServiceOf(r *http.Request) string {
	service, _ := r.Context().Value(serviceKey{}).(string)
	return service
}

// Unreachable answers for an origin that could not be reached: the visitor
// sees the edge's own 502. For handlers given to Attach.
func Unreachable(w http.ResponseWriter) {
	w.Header().Set(metaHeader, `{"src":"cloudflared"}`)
	w.WriteHeader(http.StatusBadGateway)
}

// metaHeader is where a connector says who answered (tunnelproto.ResponseSource).
const metaHeader = "Cf-Cloudflared-Response-Meta"

// Protocol is what the connection counts as.
func (o *ownConn) Protocol() tunnelproto.Protocol { return o.Attachment.Protocol }

func (o *ownConn) DialTCP(ctx context.Context, addr string) (net.Conn, error) {
	return o.Private.DialTCP(ctx, addr)
}

func (o *ownConn) DialUDP(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
	if o.Protocol() == tunnelproto.HTTP2 {
		return nil, tunnelproto.ErrNoUDP
	}
	return o.Private.DialUDP(ctx, addr)
}

// Lookup takes UDP, as over the wire.
func (o *ownConn) Lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	if o.Protocol() == tunnelproto.HTTP2 {
		return nil, tunnelproto.ErrNoUDP
	}
	return o.Private.Lookup(ctx, name)
}

// ownConn is one of the connections of an ownConnector.
type ownConn struct {
	*ownConnector
	closing sync.Once
	done    chan struct{}
}

func (o *ownConn) Close() error {
	o.closing.Do(func() { close(o.done) })
	return nil
}

func (o *ownConn) Done() <-chan struct{} { return o.done }

// buffer is a ResponseWriter that keeps the answer.
type buffer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *buffer) Header() http.Header { return b.header }

func (b *buffer) WriteHeader(status int) {
	if b.status == 0 && status >= 200 {
		b.status = status
	}
}

func (b *buffer) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	return b.body.Write(p)
}

func (b *buffer) response(r *http.Request) *http.Response {
	b.WriteHeader(http.StatusOK)
	if b.header.Get(metaHeader) == "" {
		b.header.Set(metaHeader, `{"src":"origin"}`)
	}
	if b.header.Get("Content-Type") == "" && b.body.Len() > 0 {
		b.header.Set("Content-Type", http.DetectContentType(b.body.Bytes()))
	}
	return &http.Response{StatusCode: b.status, Status: http.StatusText(b.status), Proto: "HTTP/1.1", ProtoMajor: 1,
		ProtoMinor: 1, Header: b.header, Body: io.NopCloser(&b.body), ContentLength: int64(b.body.Len()), Request: r}
}
