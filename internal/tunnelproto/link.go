package tunnelproto

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// link is one connection of a connector, from dialling to its end.
type link struct {
	connector *Connector
	protocol  Protocol
	index     uint8
	attempts  int    // failed ones before this
	connected func() // told when registered

	local    netip.Addr
	edge     net.Addr
	stopping <-chan struct{} // closed when the connector is asked to stop
	parted   chan struct{}   // closed when the edge knows that we stop, or cannot
	failed   chan struct{}   // closed when the connection is of no more use
	handlers handlers
	control  sync.Once

	// Set by the control stream's handler, read after run.
	wasUp bool
	err   error
}

// handlers counts what is being served. Unlike a bare WaitGroup it may be asked
// to wait while another one wants to start.
type handlers struct {
	mu    sync.Mutex
	ended bool
	wg    sync.WaitGroup
}

func (h *handlers) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.ended {
		h.wg.Add(1)
	}
	return !h.ended
}

func (h *handlers) leave() { h.wg.Done() }

// end lets nobody in any more and waits for those inside.
func (h *handlers) end() {
	h.mu.Lock()
	h.ended = true
	h.mu.Unlock()
	h.wg.Wait()
}

var errLost = errors.New("lost connection with the edge")

// run returns when the connection and everything that it served have ended.
func (l *link) run(ctx context.Context) error {
	l.stopping = ctx.Done()
	l.parted, l.failed = make(chan struct{}), make(chan struct{})
	run := l.runHTTP2
	if l.protocol == QUIC {
		run = l.runQUIC
	}
	if err := run(ctx); err != nil {
		return err
	}
	return cmp.Or(l.err, errLost)
}

// met notes the addresses of the two ends.
func (l *link) met(local, edge net.Addr) {
	l.edge = edge
	if addr, err := netip.ParseAddrPort(local.String()); err == nil {
		l.local = addr.Addr().Unmap()
	}
}

// address is the edge that this connection goes to.
func (l *link) address() string { return l.connector.Edges[int(l.index)%len(l.connector.Edges)] }

// tls is for dialling the edge under one of its names.
func (l *link) tls(name string, protocols ...string) *tls.Config {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if l.connector.TLS != nil {
		conf = l.connector.TLS.Clone()
	}
	conf.ServerName = cmp.Or(conf.ServerName, name)
	conf.NextProtos = protocols
	return conf
}

// awaitEnd returns when the connection is closed, or, after we said that we
// stop, when the grace period is over. The edge closes as soon as nothing is
// under way.
func (l *link) awaitEnd(closed <-chan struct{}) {
	select {
	case <-closed:
		return
	case <-l.failed:
		return
	case <-l.stopping:
	}
	grace := time.NewTimer(cmp.Or(l.connector.Grace, defaultGrace))
	defer grace.Stop()
	unasked := time.NewTimer(unregisterTimeout) // the control stream may not be open yet
	defer unasked.Stop()
	select {
	case <-closed:
		return
	case <-l.failed:
		return
	case <-unasked.C:
		return
	case <-l.parted:
	}
	select {
	case <-closed:
	case <-grace.C:
	}
}
