package tunnelproto

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
)

const (
	// sessionIdle is after how long the connector may close a session.
	sessionIdle = 210 * time.Second
	// openRetry is how often a session in the newer form is asked for: the
	// datagram may be lost.
	openRetry = 250 * time.Millisecond
)

// edgeSessions are the UDP sessions of a connection, seen from the edge.
type edgeSessions struct {
	streams *quicStreams
	v3      atomic.Bool // the form of the datagrams; settled before any session is opened
	idle    time.Duration

	mu      sync.Mutex
	open    map[sessionID]*udpConn
	asked   map[sessionID]chan sessionAnswer // in the newer form
	closing sync.WaitGroup
}

func newEdgeSessions(s *quicStreams, idle time.Duration) *edgeSessions {
	return &edgeSessions{streams: s, idle: cmp.Or(idle, sessionIdle),
		open: map[sessionID]*udpConn{}, asked: map[sessionID]chan sessionAnswer{}}
}

// speak settles the form of the datagrams.
func (e *edgeSessions) speak(reg Registration) {
	e.v3.Store(slices.Contains(reg.Features, featureDatagramV3))
}

// serve hands datagrams to their sessions until the connection ends.
func (e *edgeSessions) serve(conn *quic.Conn) {
	defer e.closing.Wait()
	defer e.endAll()
	for {
		b, err := conn.ReceiveDatagram(context.Background()) // ends with the connection
		if err != nil {
			return
		}
		e.receive(b)
	}
}

func (e *edgeSessions) receive(b []byte) {
	id, payload, ok := unpackV2(b)
	if e.v3.Load() {
		if a, is := unpackAnswer(b); is {
			e.answered(a)
			return
		}
		id, payload, ok = unpackV3(b)
	}
	if !ok {
		return // an ICMP packet, or something unknown
	}
	e.mu.Lock()
	session := e.open[id]
	e.mu.Unlock()
	if session != nil {
		session.deliver(payload)
	}
}

func (e *edgeSessions) dial(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, rpcTimeout)
	defer cancel()
	r := sessionRequest{addr: addr, idle: e.idle}
	_, _ = rand.Read(r.id[:]) // crypto/rand.Read never returns an error
	session := newUDPConn(e.streams.conn.LocalAddr(), addr, func(p []byte) error { return e.sendPayload(r.id, p) },
		func() { e.hangUp(r.id) })
	if !e.keep(r.id, session) {
		return nil, ErrGone
	}
	ask := e.ask
	if e.v3.Load() {
		ask = e.askV3
	}
	if err := ask(ctx, r); err != nil {
		e.forget(r.id)
		return nil, err
	}
	return session, nil
}

// keep expects datagrams of a session: the first may come before the answer.
func (e *edgeSessions) keep(id sessionID, session *udpConn) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.open == nil {
		return false // the connection ended
	}
	e.open[id] = session
	return true
}

// ask opens a session in the older form.
func (e *edgeSessions) ask(ctx context.Context, r sessionRequest) error {
	var failure string
	err := e.streams.call(ctx, func(c *rpcClient) (err error) {
		failure, err = c.openSession(ctx, r)
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("open a UDP session: %w", err)
	case failure != "":
		return &UnreachableError{Addr: r.addr.String(), Cause: failure}
	}
	return nil
}

func (e *edgeSessions) askV3(ctx context.Context, r sessionRequest) error {
	answer := make(chan sessionAnswer, 1)
	e.mu.Lock()
	e.asked[r.id] = answer
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.asked, r.id)
	}()
	again := time.NewTicker(openRetry)
	defer again.Stop()
	for {
		if err := e.streams.conn.SendDatagram(packOpen(r)); err != nil {
			return ErrGone
		}
		select {
		case a := <-answer:
			if failure := a.failure(); failure != "" {
				return &UnreachableError{Addr: r.addr.String(), Cause: failure}
			}
			return nil
		case <-again.C:
		case <-e.streams.conn.Context().Done():
			return ErrGone
		case <-ctx.Done():
			return fmt.Errorf("open a UDP session: %w", ctx.Err())
		}
	}
}

func (e *edgeSessions) answered(a sessionAnswer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case e.asked[a.id] <- a:
	default: // nobody asked, or a second answer
	}
}

func (e *edgeSessions) sendPayload(id sessionID, payload []byte) error {
	pack := packV2
	if e.v3.Load() {
		pack = packV3
	}
	err := e.streams.conn.SendDatagram(pack(id, payload))
	if tooLong := (*quic.DatagramTooLargeError)(nil); err != nil && !errors.As(err, &tooLong) {
		err = ErrGone
	}
	return err
}

// ended is the connector closing a session.
func (e *edgeSessions) ended(id sessionID, why string) {
	if session := e.forget(id); session != nil {
		session.end(endedByConnector(why))
	}
}

// hangUp tells the connector that a session is over. The newer form has no
// word for it: there the connector closes what stays idle.
func (e *edgeSessions) hangUp(id sessionID) {
	if e.forget(id) == nil || e.v3.Load() {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.open == nil {
		return // with the connection
	}
	e.closing.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), rpcTimeout)
		defer cancel()
		_ = e.streams.call(ctx, func(c *rpcClient) error { return c.closeSession(ctx, id, "closed by the edge") })
	})
}

func (e *edgeSessions) forget(id sessionID) *udpConn {
	e.mu.Lock()
	defer e.mu.Unlock()
	session := e.open[id]
	delete(e.open, id)
	return session
}

func (e *edgeSessions) endAll() {
	e.mu.Lock()
	open := e.open
	e.open = nil
	e.mu.Unlock()
	for _, session := range open {
		session.end(ErrGone)
	}
}
