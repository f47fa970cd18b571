package tunnelproto_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/internal/tunnelproto"
)

func request(t testing.TB, method, url string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func get(t testing.TB, c *tunnelproto.Conn, url string) *http.Response {
	t.Helper()
	resp, err := c.RoundTrip(request(t, "GET", url, nil))
	if err != nil {
		t.Errorf("GET %s: %v", url, err)
		return &http.Response{Body: http.NoBody}
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func body(t testing.TB, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

// connect starts a connector with one connection and returns the edge's end.
func connect(t testing.TB, p tunnelproto.Protocol, h http.HandlerFunc) *tunnelproto.Conn {
	t.Helper()
	te := startEdge(t)
	run(t, te.connector(p, 1, h))
	return te.wait(1)[0]
}

func TestARequestArrivesAsTheVisitorSentIt(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		seen := make(chan *http.Request, 1)
		sent := make(chan string, 1)
		conn := connect(t, p, func(_ http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			seen <- r
			sent <- string(b)
		})
		r := request(t, "POST", "http://app.example.com/a%2Fb?x=1&y=2", strings.NewReader("the body"))
		r.Header = http.Header{
			"X-Forwarded-Proto": {"https"}, "X-Forwarded-For": {"203.0.113.9"}, "Cookie": {"a=1; b=2"},
			"X-Two": {"one", "two"}, "Connection": {"keep-alive, X-Hop"}, "X-Hop": {"gone"}, "Upgrade": {"h2c"},
			"Cf-Cloudflared-Proxy-Connection-Upgrade": {"update-configuration"}, "Cf-Cloudflared-Proxy-Src": {"x"},
		}
		resp, err := conn.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		got := <-seen
		if s := fmt.Sprint(got.Method, got.Host, got.URL.Path, got.URL.RawPath, got.URL.RawQuery); s != "POSTapp.example.com/a/b/a%2Fbx=1&y=2" {
			t.Errorf("request %s", s)
		}
		if b := <-sent; b != "the body" || got.ContentLength != 8 {
			t.Errorf("body %q of length %d", b, got.ContentLength)
		}
		want := http.Header{
			"X-Forwarded-Proto": {"https"}, "X-Forwarded-For": {"203.0.113.9"}, "Cookie": {"a=1; b=2"},
			"X-Two": {"one", "two"}, "Content-Length": {"8"},
		}
		if diff := cmp.Diff(want, got.Header); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnAnswerArrivesAsTheOriginSentIt(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		conn := connect(t, p, func(w http.ResponseWriter, _ *http.Request) {
			h := w.Header()
			h["Set-Cookie"] = []string{"a=1; Path=/", "b=2; Path=/"}
			h["X-Odd"] = []string{"smörgås;:"}
			h["Connection"] = []string{"close"}
			h["Cf-Cloudflared-Response-Meta"] = []string{`{"src":"cloudflared"}`}
			h.Set("Content-Length", "4")
			w.WriteHeader(http.StatusTeapot)
			_, _ = w.Write([]byte("tea!"))
		})
		resp := get(t, conn, "http://app.example.com/")
		if resp.StatusCode != http.StatusTeapot || body(t, resp) != "tea!" || resp.ContentLength != 4 {
			t.Errorf("status %d, length %d", resp.StatusCode, resp.ContentLength)
		}
		if src := tunnelproto.ResponseSource(resp); src != "origin" {
			t.Errorf("source %q: the origin could speak for cloudflared", src)
		}
		resp.Header.Del("Cf-Cloudflared-Response-Meta")
		want := http.Header{
			"Set-Cookie": {"a=1; Path=/", "b=2; Path=/"}, "X-Odd": {"smörgås;:"}, "Content-Length": {"4"},
		}
		if diff := cmp.Diff(want, resp.Header); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnAnswerWithoutBodyOrStatus(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		conn := connect(t, p, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/304":
				w.WriteHeader(http.StatusNotModified)
			case "/early":
				w.WriteHeader(http.StatusEarlyHints)
				w.WriteHeader(http.StatusAccepted)
			}
		})
		for path, want := range map[string]int{"/silent": 200, "/304": 304, "/early": 202} {
			if resp := get(t, conn, "http://app.example.com"+path); resp.StatusCode != want || body(t, resp) != "" {
				t.Errorf("%s: status %d, want %d", path, resp.StatusCode, want)
			}
		}
	})
}

func TestARefusalSaysWhoRefused(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		conn := connect(t, p, func(w http.ResponseWriter, _ *http.Request) { tunnelproto.Refuse(w) })
		resp := get(t, conn, "http://app.example.com/")
		if src := tunnelproto.ResponseSource(resp); resp.StatusCode != 502 || src != "cloudflared" {
			t.Errorf("status %d from %q", resp.StatusCode, src)
		}
	})
}

func TestBigBodiesGoBothWaysAtOnce(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		conn := connect(t, p, func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(w, r.Body); err != nil {
				t.Error(err)
			}
		})
		payload := make([]byte, 8<<20)
		_, _ = rand.Read(payload)
		resp, err := conn.RoundTrip(request(t, "PUT", "http://app.example.com/", bytes.NewReader(payload)))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if got := body(t, resp); got != string(payload) {
			t.Errorf("%d bytes came back, or other ones", len(got))
		}
	})
}

func TestManyRequestsShareAConnection(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		conn := connect(t, p, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) })
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				path := fmt.Sprint("/", i)
				if got := body(t, get(t, conn, "http://app.example.com"+path)); got != path {
					t.Errorf("%s got %q", path, got)
				}
			})
		}
		all.Wait()
	})
}

func TestAnEventStreamArrivesEventByEvent(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		next := make(chan struct{})
		conn := connect(t, p, func(w http.ResponseWriter, _ *http.Request) {
			for range 3 {
				_, _ = io.WriteString(w, "data: x\n\n")
				_ = http.NewResponseController(w).Flush()
				<-next
			}
		})
		resp := get(t, conn, "http://app.example.com/events")
		for range 3 {
			buf := make([]byte, len("data: x\n\n"))
			if _, err := io.ReadFull(resp.Body, buf); err != nil {
				t.Fatal(err)
			}
			next <- struct{}{}
		}
	})
}

func TestAVisitorWhoLeavesEndsTheRequest(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		entered, left := make(chan struct{}), make(chan struct{})
		conn := connect(t, p, func(_ http.ResponseWriter, r *http.Request) {
			close(entered)
			<-r.Context().Done()
			close(left)
		})
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() {
			_, err := conn.RoundTrip(request(t, "GET", "http://app.example.com/", nil).WithContext(ctx))
			failed <- err
		}()
		receive(t, "the request arrives", entered)
		cancel()
		receive(t, "the handler hears of it", left)
		if err := receive(t, "the visitor gets an error", failed); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAWebsocketCarriesBytesBothWays(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		conn := connect(t, p, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Connection") != "Upgrade" {
				t.Errorf("the handshake lost its headers: %v", r.Header)
			}
			near, far := net.Pipe()
			go func() { // an origin that echoes
				_, _ = io.Copy(far, far)
				_ = far.Close()
			}()
			w.Header().Set("Sec-Websocket-Accept", "yes")
			w.WriteHeader(http.StatusSwitchingProtocols)
			tunnelproto.Splice(w, r, near)
		})
		r := request(t, "GET", "http://app.example.com/ws", nil)
		r.Header.Set("Sec-Websocket-Key", "k")
		resp, stream, err := conn.DialWebsocket(r)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != 101 || resp.Header.Get("Sec-Websocket-Accept") != "yes" {
			t.Errorf("status %d, headers %v", resp.StatusCode, resp.Header)
		}
		echoes(t, stream)
	})
}

// echoes checks that what is written comes back, then closes.
func echoes(t *testing.T, stream io.ReadWriteCloser) {
	t.Helper()
	for _, msg := range []string{"ping", "a longer message"} {
		if _, err := io.WriteString(stream, msg); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, len(msg))
		if _, err := io.ReadFull(stream, buf); err != nil || string(buf) != msg {
			t.Fatalf("%q came back, %v", buf, err)
		}
	}
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
}

func TestAWebsocketThatTheOriginRefusesHasAnAnswer(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		conn := connect(t, p, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "not here", http.StatusNotFound) })
		resp, stream, err := conn.DialWebsocket(request(t, "GET", "http://app.example.com/ws", nil))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if stream != nil || resp.StatusCode != 404 || body(t, resp) != "not here\n" {
			t.Errorf("status %d, stream %v", resp.StatusCode, stream)
		}
	})
}
