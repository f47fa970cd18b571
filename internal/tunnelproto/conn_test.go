package tunnelproto

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
)

// slowStreams take a request and do not say so until released.
type slowStreams struct {
	streams
	release chan struct{}
	idled   bool
}

func (s *slowStreams) roundTrip(*http.Request) (*http.Response, error) {
	<-s.release
	return &http.Response{StatusCode: http.StatusOK}, nil
}

func (s *slowStreams) idle(context.Context) { s.idled = true }
func (s *slowStreams) close() error         { return nil }

func TestAConnectionIsNotIdleWhileARequestIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowStreams{release: make(chan struct{})}
		near, far := net.Pipe()
		c := newConn(&Edge{}, s, near)
		answered := make(chan error, 1)
		go func() {
			_, err := c.RoundTrip(&http.Request{})
			answered <- err
		}()
		synctest.Wait()
		c.unregister()
		_ = far.Close() // and so its connector ends the control stream
		drained := make(chan struct{})
		go func() {
			c.drain(t.Context())
			close(drained)
		}()
		synctest.Wait()
		if s.idled {
			t.Error("the connection was about to be closed over a request")
		}
		if _, err := c.RoundTrip(&http.Request{}); !errors.Is(err, ErrGone) {
			t.Errorf("another request gets %v", err)
		}
		close(s.release)
		<-drained
		if err := <-answered; err != nil || !s.idled {
			t.Errorf("the request got %v; asked whether it is idle: %v", err, s.idled)
		}
		c.shut()
	})
}
