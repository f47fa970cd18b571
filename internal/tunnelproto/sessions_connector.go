package tunnelproto

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// connectorSessions are the UDP sessions of a connection, seen from the
// connector.
type connectorSessions struct {
	connector *Connector
	conn      *quic.Conn
	v3        bool // the form of the datagrams

	mu      sync.Mutex
	ended   bool
	open    map[sessionID]*originSession
	serving sync.WaitGroup
}

// originSession is a socket towards an address of the private network.
type originSession struct {
	id     sessionID
	origin net.Conn
	idle   *time.Timer
	after  time.Duration
}

func newConnectorSessions(c *Connector, conn *quic.Conn) *connectorSessions {
	return &connectorSessions{connector: c, conn: conn, v3: slices.Contains(c.Features, featureDatagramV3),
		open: map[sessionID]*originSession{}}
}

// methods are what the edge may call about sessions; in the newer form they are
// opened by datagram instead.
func (c *connectorSessions) methods() []serverMethod {
	if c.v3 {
		return nil
	}
	return sessionMethods(c.start, func(id sessionID, _ string) { c.end(id) })
}

// serve passes datagrams on until the connection ends, and then ends every
// session.
func (c *connectorSessions) serve(ctx context.Context) {
	defer c.serving.Wait()
	defer c.endAll()
	for {
		b, err := c.conn.ReceiveDatagram(ctx)
		if err != nil {
			return
		}
		if r, ok := unpackOpen(b); c.v3 && ok {
			c.answer(ctx, r)
			continue
		}
		unpack := unpackV2
		if c.v3 {
			unpack = unpackV3
		}
		if id, payload, ok := unpack(b); ok {
			c.pass(id, payload)
		}
	}
}

// pass sends a datagram out, if its session is open.
func (c *connectorSessions) pass(id sessionID, payload []byte) {
	c.mu.Lock()
	s := c.open[id]
	c.mu.Unlock()
	if s == nil {
		return
	}
	s.touch()
	_, _ = s.origin.Write(payload) // lost, if anything
}

// answer opens a session in the newer form. A second request means that the
// answer to the first was lost.
func (c *connectorSessions) answer(ctx context.Context, r sessionRequest) {
	a := sessionAnswer{id: r.id, code: answerOpen}
	if err := c.start(ctx, r); err != nil {
		a.code = answerNoSocket
	}
	_ = c.conn.SendDatagram(packAnswer(a)) // it will be asked for again
}

// start opens a session, unless it is open.
func (c *connectorSessions) start(ctx context.Context, r sessionRequest) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended:
		return errLost
	case c.open[r.id] != nil:
		c.open[r.id].touch()
		return nil
	case c.connector.UDP == nil:
		return errors.New("this connector has no private network")
	}
	origin, err := c.connector.UDP(ctx, r.addr) // a socket is made at once
	if err != nil {
		c.connector.logger().Error("Failed to create udp proxy", "addr", r.addr.String(), "error", err)
		return err
	}
	s := &originSession{id: r.id, origin: origin, after: cmp.Or(r.idle, sessionIdle)}
	s.idle = time.AfterFunc(s.after, func() { _ = s.origin.Close() })
	c.open[r.id] = s
	c.serving.Go(func() { c.run(s) })
	return nil
}

func (s *originSession) touch() { s.idle.Reset(s.after) }

// run sends what comes from the origin to the edge until the session ends. Where
// it was not the edge that ended it, the edge is told, in the older form.
func (c *connectorSessions) run(s *originSession) {
	why := c.read(s)
	if !c.end(s.id) || c.v3 {
		return
	}
	ctx, cancel := context.WithTimeout(c.conn.Context(), rpcTimeout)
	defer cancel()
	client, err := dialRPC(ctx, c.conn)
	if err != nil {
		return
	}
	defer client.close()
	if err := client.closeSession(ctx, s.id, why.Error()); err != nil {
		c.connector.logger().Debug("Failed to unregister udp session with edge", "error", err)
	}
}

// read returns why nothing more comes, such as that nobody listens there.
func (c *connectorSessions) read(s *originSession) error {
	pack := packV2
	if c.v3 {
		pack = packV3
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := s.origin.Read(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("session idle for %v", s.after)
		case err != nil:
			return err
		case n > maxPayload:
			continue // too long to pass
		}
		s.touch()
		_ = c.conn.SendDatagram(pack(s.id, buf[:n])) // lost, if anything
	}
}

// end closes a session and tells whether there was one.
func (c *connectorSessions) end(id sessionID) bool {
	c.mu.Lock()
	s := c.open[id]
	delete(c.open, id)
	c.mu.Unlock()
	if s == nil {
		return false
	}
	s.idle.Stop()
	_ = s.origin.Close()
	return true
}

func (c *connectorSessions) endAll() {
	c.mu.Lock()
	c.ended = true
	open := c.open
	c.open = map[sessionID]*originSession{}
	c.mu.Unlock()
	for _, s := range open {
		s.idle.Stop()
		_ = s.origin.Close()
	}
}
