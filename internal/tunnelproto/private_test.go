package tunnelproto_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// target is a TCP server on loopback; serve has each connection to itself.
func target(t *testing.T, serve func(*net.TCPConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				serve(c.(*net.TCPConn))
			}()
		}
	}()
	return l.Addr().String()
}

func echo(c *net.TCPConn) { _, _ = io.Copy(c, c) }

// dialer is a private network: the test's own.
func dialer(ctx context.Context, addr string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", addr)
}

// connectPrivate starts a connector that reaches this machine's addresses.
func connectPrivate(t *testing.T, p tunnelproto.Protocol) *tunnelproto.Conn {
	t.Helper()
	te := startEdge(t)
	c := te.connector(p, 1, hello)
	c.TCP = dialer
	run(t, c)
	return te.wait(1)[0]
}

func dial(t *testing.T, conn *tunnelproto.Conn, addr string) net.Conn {
	t.Helper()
	stream, err := conn.DialTCP(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stream.Close() })
	return stream
}

func TestPrivateTCPReachesAnAddress(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		conn := connectPrivate(t, p)
		ended := make(chan struct{})
		addr := target(t, func(c *net.TCPConn) { echo(c); close(ended) })
		stream := dial(t, conn, addr)
		if got := stream.RemoteAddr().String(); got != addr || stream.LocalAddr() == nil {
			t.Errorf("it says that it leads to %s, not %s", got, addr)
		}
		echoes(t, stream)
		receive(t, "the target sees the end", ended)
	})
}

func TestPrivateTCPSaysThatNobodyAnswers(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		conn := connectPrivate(t, p)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		_, err = conn.DialTCP(t.Context(), l.Addr().String())
		var unreachable *tunnelproto.UnreachableError
		if !errors.As(err, &unreachable) || unreachable.Addr != l.Addr().String() {
			t.Fatalf("a closed port gave %v", err)
		}
		if why := strings.Contains(unreachable.Cause, "connection refused"); why != (p == tunnelproto.QUIC) {
			t.Errorf("the cause is told as %q", unreachable.Cause)
		}
	})
}

func TestPrivateTCPIsRefusedWithoutANetwork(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		_, err := connect(t, p, hello).DialTCP(t.Context(), "127.0.0.1:1")
		if unreachable := (*tunnelproto.UnreachableError)(nil); !errors.As(err, &unreachable) {
			t.Errorf("it gives %v", err)
		}
	})
}

func TestATargetAnswersAfterTheClientHasFinishedSending(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		conn := connectPrivate(t, p)
		stream := dial(t, conn, target(t, func(c *net.TCPConn) {
			all, err := io.ReadAll(c) // ends with the client's half
			if err != nil {
				t.Error(err)
			}
			_, _ = c.Write(bytes.ToUpper(all))
		}))
		if _, err := io.WriteString(stream, "all of it"); err != nil {
			t.Fatal(err)
		}
		if err := stream.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if back, err := io.ReadAll(stream); err != nil || string(back) != "ALL OF IT" {
			t.Errorf("back came %q (%v)", back, err)
		}
	})
}

func TestWhatWasWrittenBeforeClosingArrives(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		conn := connectPrivate(t, p)
		got := make(chan int64, 1)
		stream := dial(t, conn, target(t, func(c *net.TCPConn) {
			n, _ := io.Copy(io.Discard, c)
			got <- n
		}))
		const all = 3 << 20
		if _, err := stream.Write(make([]byte, all)); err != nil {
			t.Fatal(err)
		}
		if err := stream.Close(); err != nil {
			t.Fatal(err)
		}
		if n := receive(t, "the target sees the end", got); n != all {
			t.Errorf("%d bytes arrived of %d", n, all)
		}
		if _, err := stream.Read(make([]byte, 1)); err == nil {
			t.Error("a closed connection can be read")
		}
	})
}

func TestAConnectionThatIsClosedEndsAlthoughItsTargetStays(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		conn := connectPrivate(t, p)
		gone := make(chan error, 1)
		stream := dial(t, conn, target(t, func(c *net.TCPConn) {
			_, _ = io.Copy(io.Discard, c)
			for {
				if _, err := c.Write([]byte("still here")); err != nil {
					gone <- err
					return
				}
			}
		}))
		if err := stream.Close(); err != nil {
			t.Fatal(err)
		}
		receive(t, "the connector hangs up", gone)
	})
}

func TestAPrivateConnectionKeepsDeadlines(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		conn := connectPrivate(t, p)
		stream := dial(t, conn, target(t, echo))
		if err := stream.SetReadDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("reading what does not come gives %v", err)
		}
		if err := stream.SetDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		echoes(t, stream) // a deadline that passed harms nothing
	})
}

func TestATornPrivateConnectionDoesNotLookFinished(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		conn := connectPrivate(t, p)
		stream := dial(t, conn, target(t, echo))
		go func() { _ = conn.Close() }()
		if n, err := stream.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
}

func TestWhoDialsMayGiveUp(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		te := startEdge(t)
		c := te.connector(p, 1, hello)
		asked := make(chan struct{})
		c.TCP = func(ctx context.Context, _ string) (net.Conn, error) {
			close(asked)
			<-ctx.Done()
			return nil, ctx.Err()
		}
		run(t, c)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-asked
			cancel()
		}()
		if _, err := te.wait(1)[0].DialTCP(ctx, "192.0.2.1:80"); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
