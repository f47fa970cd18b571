package tunnelproto_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/culvert/culvert/internal/tunnelproto"
)

func protocols(conns []*tunnelproto.Conn) map[tunnelproto.Protocol]int {
	count := map[tunnelproto.Protocol]int{}
	for _, c := range conns {
		count[c.Protocol()]++
	}
	return count
}

func TestAutoTakesQUICWhereItGetsThrough(t *testing.T) {
	te := startEdge(t)
	run(t, te.connector(tunnelproto.Auto, 4, hello))
	if got := protocols(te.wait(4)); got[tunnelproto.QUIC] != 4 {
		t.Errorf("the connections are %v", got)
	}
}

// serveTCPOnly serves te as where UDP is blocked: what is sent there vanishes.
func (te *testEdge) serveTCPOnly() {
	te.t.Helper()
	te.stop()
	l, err := net.Listen("tcp", te.addr)
	if err != nil {
		te.t.Fatal(err)
	}
	hole, err := net.ListenPacket("udp", te.addr)
	if err != nil {
		te.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- te.edge.Serve(ctx, l) }()
	te.stop = func() {
		cancel()
		_ = hole.Close()
		if err := receive(te.t, "the edge stops", served); err != nil {
			te.t.Error(err)
		}
	}
}

func TestAutoFallsBackToHTTP2AndStaysThere(t *testing.T) {
	te := startEdge(t)
	te.serveTCPOnly()
	c := te.connector(tunnelproto.Auto, 4, hello)
	c.Silence, c.QUICAttempts = 100*time.Millisecond, 2
	log := newRecorder()
	c.Log = log.logger()
	run(t, c)
	if got := protocols(te.wait(4)); got[tunnelproto.HTTP2] != 4 {
		t.Errorf("the connections are %v", got)
	}
	if n := len(log.lines("Failed to dial a quic connection")); n != 2 {
		t.Errorf("it tried QUIC %d times, want 2, and one connection for all", n)
	}
	receive(t, "it says so", log.lines("Switching to fallback protocol http2"))

	te.stop()
	te.listen(te.addr) // UDP gets through again
	if got := protocols(te.wait(4)); got[tunnelproto.HTTP2] != 4 {
		t.Errorf("later the connections are %v", got)
	}
}

func TestQUICAloneNeverFallsBack(t *testing.T) {
	te := startEdge(t)
	te.serveTCPOnly()
	c := te.connector(tunnelproto.QUIC, 1, hello)
	c.Silence, c.QUICAttempts = 100*time.Millisecond, 1
	log := newRecorder()
	c.Log = log.logger()
	run(t, c)
	for range 3 {
		receive(t, "it tries again", log.lines("Failed to dial a quic connection"))
	}
	if len(te.all()) != 0 {
		t.Error("it came by another way")
	}
	te.stop()
	te.listen(te.addr)
	te.wait(1)
}

func TestOneConnectionOverQUICKeepsTheOthersFromFallingBack(t *testing.T) {
	te := startEdge(t)
	hole, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hole.Close() })
	c := te.connector(tunnelproto.Auto, 2, hello)
	c.Edges[1] = hole.LocalAddr().String()
	c.Silence, c.QUICAttempts = 500*time.Millisecond, 1
	log := newRecorder()
	c.Log = log.logger()
	run(t, c)
	te.wait(1)
	for range 3 {
		receive(t, "the other one tries again", log.lines("Failed to dial a quic connection"))
	}
	if n := len(log.lines("Switching to fallback protocol http2")); n != 0 {
		t.Error("it fell back")
	}
}
