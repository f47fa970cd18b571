package tunnelproto_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/culvert/culvert/internal/tunnelproto"
)

func TestWhoDoesNotSpeakTheProtocolIsShownOutOverTCP(t *testing.T) {
	te := startEdge(t)
	for name, dial := range map[string]func() (net.Conn, error){
		"no TLS": func() (net.Conn, error) { return net.Dial("tcp", te.addr) },
		"no HTTP/2": func() (net.Conn, error) {
			conf := te.ca.ClientTLS()
			conf.ServerName = tunnelproto.ServerNameHTTP2
			return tls.Dial("tcp", te.addr, conf)
		},
	} {
		c, err := dial()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: edge\r\n\r\n")
		_ = c.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the edge keeps the connection", name)
		}
		_ = c.Close()
	}
	if len(te.all()) != 0 {
		t.Error("a stranger was registered")
	}
}

// dialQUIC is a client that is no connector. It trusts te.
func (te *testEdge) dialQUIC(protocol string) (*quic.Conn, error) {
	conf := te.ca.ClientTLS()
	conf.ServerName, conf.NextProtos = "probe.cftunnel.com", []string{protocol}
	ctx, cancel := context.WithTimeout(te.t.Context(), patience)
	defer cancel()
	conn, err := quic.DialAddr(ctx, te.addr, conf, &quic.Config{EnableDatagrams: true})
	if err == nil {
		te.t.Cleanup(func() { _ = conn.CloseWithError(0, "") })
	}
	return conn, err
}

func TestWhoDoesNotSpeakTheProtocolIsShownOutOverQUIC(t *testing.T) {
	te := startEdge(t)
	if _, err := te.dialQUIC("h3"); err == nil {
		t.Error("another protocol was taken")
	}
	conn, err := te.dialQUIC("argotunnel")
	if err != nil {
		t.Fatal(err)
	}
	stream, err := conn.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SendDatagram([]byte("junk"))
	if _, err := io.WriteString(stream, "GET / HTTP/1.1\r\nHost: edge\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	receive(t, "the edge hangs up", conn.Context().Done())
	if len(te.all()) != 0 {
		t.Error("a stranger was registered")
	}
}

// Before it connects cloudflared looks whether the edge can be reached.
func TestALookBeforeConnectingDoesNoHarm(t *testing.T) {
	te := startEdge(t)
	conn, err := te.dialQUIC("argotunnel")
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.CloseWithError(0, "")
	conf := te.ca.ClientTLS()
	conf.ServerName = "probe.cftunnel.com"
	tc, err := tls.Dial("tcp", te.addr, conf)
	if err != nil {
		t.Fatal(err)
	}
	_ = tc.Close()
	run(t, te.connector(tunnelproto.QUIC, 1, hello))
	te.wait(1)
}

// What a registered connector opens itself is one call, or nothing.
func TestAStreamOfAnUnknownKindIsGivenUp(t *testing.T) {
	te := startEdge(t)
	conn, err := te.dialQUIC("argotunnel")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.OpenStream(); err != nil { // the control stream
		t.Fatal(err)
	}
	control, err := conn.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(control, "unknown stream"); err != nil {
		t.Fatal(err)
	}
	if _, err := control.Read(make([]byte, 1)); !errors.As(err, new(*quic.StreamError)) {
		t.Errorf("reading gives %v", err)
	}
}
