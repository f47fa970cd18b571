package tunnelproto

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/quic-go/quic-go"
)

// errQUICDial says that the edge could not be reached over QUIC at all, as
// where UDP is blocked.
var errQUICDial = errors.New("failed to dial to edge with quic")

// runQUIC dials the edge and then serves what it opens.
func (l *link) runQUIC(ctx context.Context) error {
	udp, err := net.ListenUDP("udp", nil)
	if err != nil {
		return fmt.Errorf("%w: %w", errQUICDial, err)
	}
	defer func() { _ = udp.Close() }()
	transport := &quic.Transport{Conn: udp}
	defer func() { _ = transport.Close() }()
	conn, err := l.dialQUIC(ctx, transport)
	if err != nil {
		return fmt.Errorf("%w: %w", errQUICDial, err)
	}
	l.met(conn.RemoteAddr(), conn.RemoteAddr()) // over QUIC cloudflared gives the edge's address for its own

	// Requests under way outlive ctx: that is what the grace period is for.
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(conn.Context(), cancel)()
	sessions := newConnectorSessions(l.connector, conn)
	var serving sync.WaitGroup
	serving.Go(func() { l.openControl(base, conn) })
	serving.Go(func() { l.acceptStreams(base, conn, sessions, &serving) })
	serving.Go(func() { sessions.serve(base) })

	l.awaitEnd(conn.Context().Done())
	_ = conn.CloseWithError(0, "")
	cancel()
	l.handlers.end()
	serving.Wait()
	return nil
}

func (l *link) dialQUIC(ctx context.Context, t *quic.Transport) (*quic.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	addr, err := net.ResolveUDPAddr("udp", l.address())
	if err != nil {
		return nil, err
	}
	return t.Dial(ctx, addr, l.tls(serverNameQUIC, alpn), quicConfig(cmp.Or(l.connector.Silence, silenceQUIC)))
}

// openControl opens the first stream: the one that we register over.
func (l *link) openControl(ctx context.Context, conn *quic.Conn) {
	stream, err := conn.OpenStreamSync(ctx)
	if err != nil {
		l.fail(fmt.Errorf("open the control stream: %w", err))
		close(l.parted)
		return
	}
	l.register(ctx, rpcStream{stream})
}

func (l *link) acceptStreams(ctx context.Context, conn *quic.Conn, sessions *connectorSessions, serving *sync.WaitGroup) {
	for {
		stream, err := conn.AcceptStream(ctx)
		if err != nil {
			return
		}
		serving.Go(func() { l.serveStream(ctx, stream, sessions) })
	}
}
