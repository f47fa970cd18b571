package tunnelproto_test

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/culvert/culvert/internal/tunnelproto"
)

func TestAStoppedConnectorUnregistersFirst(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		te := startEdge(t)
		release, entered := make(chan struct{}), make(chan struct{})
		c := te.connector(p, 1, func(w http.ResponseWriter, _ *http.Request) {
			close(entered)
			<-release
			hello(w, nil)
		})
		stop := run(t, c)
		conn := te.wait(1)[0]
		answer := make(chan *http.Response, 1)
		go func() { answer <- get(t, conn, "http://app.example.com/slow") }()
		receive(t, "the request arrives", entered)

		stopped := make(chan struct{})
		go func() { stop(); close(stopped) }()
		receive(t, "the edge hears of the end", conn.Done())
		eventually(t, "gone is told while a request is under way", func() bool { return te.departed() == 1 })
		if _, err := conn.RoundTrip(request(t, "GET", "http://app.example.com/", nil)); !errors.Is(err, tunnelproto.ErrGone) {
			t.Errorf("a new request got %v", err)
		}
		select {
		case <-stopped:
			t.Fatal("the connector left a request behind")
		default:
		}
		close(release)
		if got := body(t, receive(t, "the request under way finishes", answer)); got != "hello" {
			t.Errorf("it got %q", got)
		}
		receive(t, "the connector ends", stopped)
	})
}

func TestTheGracePeriodIsBounded(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		te := startEdge(t)
		entered := make(chan struct{})
		c := te.connector(p, 1, func(_ http.ResponseWriter, r *http.Request) {
			close(entered)
			<-r.Context().Done()
		})
		c.Grace = 50 * time.Millisecond
		stop := run(t, c)
		conn := te.wait(1)[0]
		failed := make(chan error, 1)
		go func() {
			_, err := conn.RoundTrip(request(t, "GET", "http://app.example.com/", nil))
			failed <- err
		}()
		receive(t, "the request arrives", entered)
		stop()
		if err := receive(t, "the request is cut", failed); err == nil {
			t.Error("the request was answered")
		}
	})
}

// Requests arrive all the time. Each is answered, or told that it was not sent.
func TestAStoppedConnectorLosesNothing(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		te := startEdge(t)
		for range 10 {
			stop := run(t, te.connector(p, 1, hello))
			conn := te.wait(1)[0]
			var visitors sync.WaitGroup
			var answered atomic.Int64
			for range 20 {
				visitors.Go(func() {
					for {
						resp, err := conn.RoundTrip(request(t, "GET", "http://app.example.com/", nil))
						if errors.Is(err, tunnelproto.ErrGone) {
							return
						}
						if err != nil {
							t.Error(err)
							return
						}
						if got := body(t, resp); got != "hello" {
							t.Errorf("got %q", got)
						}
						_ = resp.Body.Close()
						answered.Add(1)
					}
				})
			}
			eventually(t, "visitors are answered", func() bool { return answered.Load() > 50 })
			stop()
			visitors.Wait()
		}
	})
}
