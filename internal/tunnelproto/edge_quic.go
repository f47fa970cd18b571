package tunnelproto

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"

	"github.com/quic-go/quic-go"
)

// ServeQUIC accepts connectors that come over QUIC, on a UDP socket, until ctx
// ends, and then closes every one of them and the socket. It may run beside
// Serve, usually on the same port. It returns nil when ctx ended, after all its
// goroutines have.
func (e *Edge) ServeQUIC(ctx context.Context, pc net.PacketConn) error {
	defer func() { _ = pc.Close() }()
	conf := &tls.Config{}
	if e.TLS != nil {
		conf = e.TLS.Clone()
	}
	conf.NextProtos = []string{alpn}
	transport := &quic.Transport{Conn: pc}
	defer func() { _ = transport.Close() }()
	l, err := transport.Listen(conf, quicConfig(cmp.Or(e.Silence, silenceQUIC)))
	if err != nil {
		return fmt.Errorf("listen for connectors over QUIC: %w", err)
	}
	defer func() { _ = l.Close() }()

	var running sync.WaitGroup
	defer running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for {
		conn, err := l.Accept(ctx)
		if ctx.Err() != nil {
			if err == nil {
				_ = conn.CloseWithError(0, "")
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept connectors over QUIC: %w", err)
		}
		running.Go(func() { e.serveQUICConn(ctx, conn) })
	}
}

func (e *Edge) serveQUICConn(ctx context.Context, conn *quic.Conn) {
	defer func() { _ = conn.CloseWithError(0, "") }()
	defer context.AfterFunc(ctx, func() { _ = conn.CloseWithError(0, "") })()
	log := e.logger().With("remote", conn.RemoteAddr().String())
	actx, cancel := context.WithTimeout(ctx, registerTimeout)
	control, err := conn.AcceptStream(actx) // the first is the control stream
	cancel()
	if err != nil {
		log.Info("connector did not open its control stream", "error", err)
		return
	}
	s := newQUICStreams(conn, e.UDPIdle)
	var serving sync.WaitGroup
	defer serving.Wait()
	defer func() { _ = conn.CloseWithError(0, "") }()
	serving.Go(func() { s.sessions.serve(conn) })
	serving.Go(func() { s.serveConnector(log, &serving) })
	e.serveControl(ctx, s, rpcStream{control}, log)
}

// serveConnector answers what the connector asks over streams of its own.
func (s *quicStreams) serveConnector(log *slog.Logger, serving *sync.WaitGroup) {
	ctx := s.conn.Context()
	for {
		stream, err := s.conn.AcceptStream(ctx)
		if err != nil {
			return
		}
		serving.Go(func() {
			if err := s.answer(ctx, stream); err != nil {
				log.Info("connector opened a stream of an unknown kind", "error", err)
				stream.CancelRead(0)
				stream.CancelWrite(0)
			}
		})
	}
}

func (s *quicStreams) answer(ctx context.Context, stream *quic.Stream) error {
	signature, err := readSignature(stream)
	if err != nil {
		return err
	}
	if signature != signatureRPC {
		return errors.New("it is no RPC")
	}
	serveRPC(ctx, stream, []serverMethod{closeSessionMethod(s.sessions.ended)})
	return nil
}
