package tunnelproto_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/culvert/culvert/internal/tunnelproto"
)

func TestAConnectionThatIsGoneTakesNothing(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		conn := connect(t, p, hello)
		_ = conn.Close()
		if _, err := conn.PushConfig(t.Context(), 1, json.RawMessage(`{}`)); !errors.Is(err, tunnelproto.ErrGone) {
			t.Errorf("push: %v", err)
		}
		if _, err := conn.DialTCP(t.Context(), "127.0.0.1:1"); !errors.Is(err, tunnelproto.ErrGone) {
			t.Errorf("dial: %v", err)
		}
		if _, _, err := conn.DialWebsocket(request(t, "GET", "http://a.b/", nil)); !errors.Is(err, tunnelproto.ErrGone) {
			t.Errorf("websocket: %v", err)
		}
	})
}

// touched is a request's body that knows whether it was read or closed.
type touched struct {
	io.Reader
	read, closed atomic.Bool
}

func (b *touched) Read(p []byte) (int, error) {
	b.read.Store(true)
	return b.Reader.Read(p)
}

func (b *touched) Close() error {
	b.closed.Store(true)
	return nil
}

// A connection that breaks while requests arrive must tell, of each, whether
// anything was sent: what was not goes over another connection as it is.
func TestARequestThatWasNotSentIsLeftAsItWas(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		te := startEdge(t)
		arrived := make(chan string, 1000)
		run(t, te.connector(p, 1, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			arrived <- r.URL.Path
		}))
		for round := range 5 {
			conn := te.wait(1)[0]
			unsent := make(chan string, 100)
			var all sync.WaitGroup
			for i := range 100 {
				all.Go(func() {
					if i == 50 {
						_ = conn.Close()
					}
					body := &touched{Reader: strings.NewReader("x")}
					path := fmt.Sprintf("/%d/%d", round, i)
					r := request(t, "POST", "http://app.example.com"+path, body)
					r.ContentLength = 1
					resp, err := conn.RoundTrip(r)
					switch {
					case err == nil:
						_ = resp.Body.Close()
					case errors.Is(err, tunnelproto.ErrGone):
						unsent <- path
						if body.read.Load() || body.closed.Load() {
							t.Error("an unsent body was read or closed")
						}
					case !body.closed.Load():
						t.Error("a body that was sent is still open")
					}
				})
			}
			all.Wait()
			close(unsent)
			never := map[string]bool{}
			for path := range unsent {
				never[path] = true
			}
			eventually(t, "the connection is told gone", func() bool { return te.departed() == round+1 })
			for len(arrived) > 0 {
				if path := <-arrived; never[path] {
					t.Errorf("%s arrived, and the edge says that it was not sent", path)
				}
			}
		}
	})
}
