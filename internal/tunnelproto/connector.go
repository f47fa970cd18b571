package tunnelproto

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"time"
)

const (
	defaultConnections = 4
	defaultGrace       = 30 * time.Second
	dialTimeout        = 15 * time.Second
)

// Connector runs a tunnel: it keeps connections to the edge up and serves what
// comes through them. Fill in the fields, then Run it once.
type Connector struct {
	Token Token
	// Protocol carries the connections; empty is HTTP2.
	Protocol Protocol
	// QUICAttempts is how many dials over QUIC fail in a row before Auto takes
	// HTTP/2. 0 means 9.
	QUICAttempts int
	// Edges are host:port addresses. No more connections are made than there
	// are entries, but an entry may be repeated.
	Edges       []string
	TLS         *tls.Config // nil: the system's roots
	Connections int         // at most; 0 means 4
	ClientID    string      // UUID of this process
	Version     string
	Features    []string

	// Handler serves visitors' requests. A request for a websocket has its
	// Upgrade header, and Splice answers it. Refuse tells the edge that the
	// origin could not be reached.
	Handler http.Handler
	// TCP dials into the private network; nil refuses every such stream.
	TCP func(ctx context.Context, addr string) (net.Conn, error)
	// UDP opens a socket towards the private network, at once; nil refuses every
	// such session. Only QUIC carries them.
	UDP func(ctx context.Context, addr netip.AddrPort) (net.Conn, error)
	// Configure applies a configuration or says why it cannot, in which case
	// the one before stays. Calls do not overlap and versions only grow. nil
	// accepts everything.
	Configure func(version int, config []byte) error
	// LocalConfig is the rules that the connector has of its own. The edge is
	// told them where the tunnel is not managed remotely.
	LocalConfig func() []byte
	// Registered is told of each connection that comes up, Refused of each
	// registration that failed. They must not block.
	Registered func(Live)
	Refused    func(error)

	// Backoff is how long to wait after the n-th failure in a row, from 1. nil
	// means a random time that doubles, up to half a minute.
	Backoff func(n int) time.Duration
	// Grace is how long requests under way may take to finish at the end.
	Grace time.Duration // 0 means 30s
	// Silence is for how long the edge may not be heard of before a connection
	// counts as lost. 0 means cloudflared's own 5 s over QUIC, and 15 s over
	// HTTP/2.
	Silence time.Duration
	Log     *slog.Logger

	mu   sync.Mutex
	live []Live // by index

	configMu sync.Mutex
	config   *int // version in force, nil before the first
}

// Live is a registered connection.
type Live struct {
	Index    uint8
	Protocol Protocol
	Details  Details
}

// Run keeps the connections up until ctx ends, then unregisters them, lets
// requests under way finish within the grace period, and returns nil. No answer
// of the edge makes it give up, as with cloudflared.
func (c *Connector) Run(ctx context.Context) error {
	want := cmp.Or(c.Connections, defaultConnections)
	n := min(want, len(c.Edges))
	if n == 0 {
		return errors.New("no edge address to connect to")
	}
	if n < want {
		c.logger().Info(fmt.Sprintf("You requested %d HA connections but I can give you at most %d.", want, n))
	}
	// The first connection proves that the edge lets us in; the others follow.
	var running sync.WaitGroup
	first := make(chan struct{})
	var proven Protocol
	running.Go(func() {
		p := c.choose()
		c.keep(ctx, 0, p, sync.OnceFunc(func() {
			proven = p.now
			close(first)
		}))
	})
	for i := 1; i < n; i++ {
		running.Go(func() {
			select {
			case <-first:
				c.keep(ctx, uint8(i), &choice{connector: c, now: proven}, func() {})
			case <-ctx.Done():
			}
		})
	}
	running.Wait()
	return nil
}

// Ready is the number of live connections.
func (c *Connector) Ready() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.live)
}

// Live lists the live connections by index.
func (c *Connector) Live() []Live {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.live)
}

func (c *Connector) up(l Live) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live = append(c.live, l)
	slices.SortFunc(c.live, func(a, b Live) int { return cmp.Compare(a.Index, b.Index) })
}

func (c *Connector) down(index uint8) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live = slices.DeleteFunc(c.live, func(l Live) bool { return l.Index == index })
}

// keep dials connection index again and again until ctx ends.
func (c *Connector) keep(ctx context.Context, index uint8, p *choice, connected func()) {
	failures := 0
	for ctx.Err() == nil {
		l := &link{connector: c, protocol: p.now, index: index, attempts: failures, connected: connected}
		err := l.run(ctx)
		if ctx.Err() != nil {
			return
		}
		if l.wasUp {
			failures = 0
		}
		failures++
		wait := c.wait(failures, err)
		c.logFailure(index, wait, err)
		p.learn(err, c.logger().With("connIndex", index))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// logFailure says it in cloudflared's words, which operators search for.
func (c *Connector) logFailure(index uint8, wait time.Duration, err error) {
	log := c.logger().With("connIndex", index)
	var refusal *RegisterError
	switch {
	case errors.As(err, &refusal):
		log.Error("Register tunnel error from server side", "error", refusal.Cause)
	case errors.Is(err, errLost):
		log.Info("Lost connection with the edge")
	case errors.Is(err, errQUICDial):
		log.Error("Failed to dial a quic connection", "error", err)
	default:
		log.Error("Unable to establish connection with Cloudflare edge", "error", err)
	}
	log.Info("Retrying connection in up to " + wait.Round(time.Millisecond).String())
}

// wait never undercuts what the edge asked for.
func (c *Connector) wait(failures int, err error) time.Duration {
	var wait time.Duration
	if c.Backoff != nil {
		wait = c.Backoff(failures)
	} else {
		most := min(time.Second<<min(failures, 5), 30*time.Second)
		wait = rand.N(most)
	}
	var refusal *RegisterError
	if errors.As(err, &refusal) {
		wait = max(wait, refusal.RetryAfter)
	}
	return wait
}

// configure applies one pushed configuration and returns the version in force.
func (c *Connector) configure(u configUpdate) (int, error) {
	c.configMu.Lock()
	defer c.configMu.Unlock()
	inForce := -1
	if c.config != nil {
		inForce = *c.config
	}
	if u.Version <= inForce {
		return inForce, nil
	}
	if c.Configure != nil {
		if err := c.Configure(u.Version, u.Config); err != nil {
			c.logger().Error("configuration refused", "version", u.Version, "error", err)
			return inForce, err
		}
	}
	c.config = &u.Version
	return u.Version, nil
}

func (c *Connector) registration(index uint8, attempts int) Registration {
	return Registration{
		AccountTag: c.Token.AccountTag, TunnelID: c.Token.TunnelID, Secret: c.Token.Secret,
		ConnIndex: index, ClientID: c.ClientID,
		Version: c.Version, Arch: runtime.GOOS + "_" + runtime.GOARCH, Features: c.Features,
		Attempts: uint8(min(attempts, 255)),
	}
}

func (c *Connector) logger() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}
