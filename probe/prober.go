package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/culvert/culvert/setup"
)

// maxBody is how much of an answer is read. What decides stands at its start.
const maxBody = 16 << 10

// Options of a Prober. The zero value asks the real internet.
type Options struct {
	// Dial reaches an address, host:port. It resolves names too, so that a test
	// or a rehearsal can put its own internet here.
	Dial      func(ctx context.Context, network, address string) (net.Conn, error)
	TLS       *tls.Config      // whom to trust; default: the system's authorities
	Clock     func() time.Time // default: time.Now
	Log       *slog.Logger     // default: discard
	UserAgent string           // default: culvert-probe
	Timeout   time.Duration    // of one check; default: 10 s
	Parallel  int              // checks at once; default: 4
}

// Prober asks. It is safe for concurrent use.
type Prober struct{ o Options }

// New makes a Prober.
func New(o Options) *Prober {
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.UserAgent = cmp.Or(o.UserAgent, "culvert-probe")
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	o.Parallel = max(cmp.Or(o.Parallel, 4), 1)
	return &Prober{o}
}

// Run makes the checks at https://host and gives one Evidence for each, in
// their order. When ctx ends, what is left is told as interrupted.
func (p *Prober) Run(ctx context.Context, host string, checks []setup.Check) []setup.Evidence {
	return p.all(ctx, checks, func(c setup.Check) target {
		return target{scheme: "https", address: net.JoinHostPort(host, "443"), host: host, tls: p.o.TLS}
	})
}

// Origin makes the doors' checks straight at the app, with the address and the
// scheme that callers will use. It shows before the switch that the app will
// answer. Checks of the lock are left out, for there is none on this way, and
// so are those that are asked rarely.
func (p *Prober) Origin(ctx context.Context, address, host string, checks []setup.Check) []setup.Evidence {
	var open []setup.Check
	for _, c := range checks {
		if c.AtApp() {
			open = append(open, c)
		}
	}
	return p.all(ctx, open, func(setup.Check) target {
		return target{scheme: "http", address: address, host: host, forwarded: true}
	})
}

// all makes checks, a few at a time.
func (p *Prober) all(ctx context.Context, checks []setup.Check, at func(setup.Check) target) []setup.Evidence {
	evidence := make([]setup.Evidence, len(checks))
	free := make(chan struct{}, p.o.Parallel)
	var work sync.WaitGroup
	for i, c := range checks {
		free <- struct{}{}
		work.Go(func() {
			defer func() { <-free }()
			evidence[i] = p.one(ctx, at(c), c)
		})
	}
	work.Wait()
	return evidence
}

// one makes a check.
func (p *Prober) one(ctx context.Context, t target, c setup.Check) setup.Evidence {
	start := p.o.Clock()
	resp, body, err := p.ask(ctx, t, c)
	v := Classify(resp, body, err, c)
	e := setup.Evidence{
		Check: c, URL: t.url(c.Path), At: start, Took: p.o.Clock().Sub(start),
		By: v.By, OK: v.OK, Detail: v.Detail, Excerpt: v.Excerpt,
	}
	if resp != nil {
		e.Status = resp.StatusCode
	}
	p.o.Log.DebugContext(ctx, "checked", "check", c.ID, "url", e.URL, "by", e.By, "status", e.Status, "ok", e.OK)
	return e
}

// ask sends one request over a connection of its own: a kept one might lead to
// where the name pointed before.
func (p *Prober) ask(ctx context.Context, t target, c setup.Check) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	req, err := p.request(ctx, t, c)
	if err != nil {
		return nil, nil, err
	}
	var connected atomic.Bool
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			conn, err := p.o.Dial(ctx, network, t.address)
			connected.Store(err == nil)
			return conn, err
		},
		TLSClientConfig:        t.tlsConfig(),
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10,
	}
	resp, err := transport.RoundTrip(req) // follows no redirect
	if err != nil && !connected.Load() {
		return nil, nil, &unreachedError{err}
	}
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil && ctx.Err() != nil && len(body) == 0 {
		return nil, nil, errors.Join(ctx.Err(), err)
	}
	return resp, body, nil // a body that broke off later decides by its start
}
