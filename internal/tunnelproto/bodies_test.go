package tunnelproto_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/culvert/culvert/internal/tunnelproto"
)

func TestAHeadRequestIsAnsweredWithoutABody(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		conn := connect(t, p, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "5")
			if r.Method == http.MethodGet {
				_, _ = io.WriteString(w, "hello")
			}
		})
		resp, err := conn.RoundTrip(request(t, "HEAD", "http://app.example.com/", nil))
		if err != nil {
			t.Fatal(err)
		}
		if got := body(t, resp); got != "" || resp.ContentLength != 5 {
			t.Errorf("it has %q and length %d", got, resp.ContentLength)
		}
		if got := body(t, get(t, conn, "http://app.example.com/")); got != "hello" {
			t.Errorf("then a GET has %q", got)
		}
	})
}

// brokenBody fails after its text, once somebody reads it at the far end.
type brokenBody struct {
	text  io.Reader
	begun <-chan struct{}
}

func (b *brokenBody) Read(p []byte) (int, error) {
	if n, _ := b.text.Read(p); n > 0 {
		return n, nil
	}
	<-b.begun
	return 0, errors.New("the visitor went away")
}

func TestAnUploadThatBreaksOffIsNotTakenForComplete(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		for name, length := range map[string]int64{"of known length": 10, "of any length": -1} {
			t.Run(name, func(t *testing.T) {
				begun, read := make(chan struct{}), make(chan error, 1)
				conn := connect(t, p, func(_ http.ResponseWriter, r *http.Request) {
					close(begun)
					_, err := io.Copy(io.Discard, r.Body)
					read <- err
				})
				r := request(t, "POST", "http://app.example.com/", &brokenBody{strings.NewReader("half"), begun})
				r.ContentLength = length
				if resp, err := conn.RoundTrip(r); err == nil {
					_ = resp.Body.Close()
				}
				if err := receive(t, "the handler ends", read); err == nil {
					t.Error("the body looked complete")
				}
			})
		}
	})
}

func TestAnAnswerThatBreaksOffIsNotTakenForComplete(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		arrived := make(chan struct{})
		conn := connect(t, p, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			<-arrived
			panic(http.ErrAbortHandler)
		})
		resp := get(t, conn, "http://app.example.com/")
		close(arrived)
		if b, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("%q passed as complete", b)
		}
	})
}

func TestAHandlerThatPanicsHarmsOnlyItsRequest(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		te := startEdge(t)
		c := te.connector(p, 1, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/bad" {
				panic("a bug")
			}
			hello(w, r)
		})
		run(t, c)
		conn := te.wait(1)[0]
		if resp, err := conn.RoundTrip(request(t, "GET", "http://app.example.com/bad", nil)); err == nil {
			t.Errorf("it was answered %d", resp.StatusCode)
		}
		if got := body(t, get(t, conn, "http://app.example.com/good")); got != "hello" {
			t.Errorf("the next one got %q", got)
		}
	})
}

func TestAnAnswerMayComeBeforeTheUploadEnds(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		conn := connect(t, p, func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "too much", http.StatusRequestEntityTooLarge)
		})
		pr, pw := io.Pipe()
		defer func() { _ = pw.Close() }()
		resp, err := conn.RoundTrip(request(t, "POST", "http://app.example.com/", pr))
		if err != nil {
			t.Fatal(err)
		}
		if got := body(t, resp); resp.StatusCode != 413 || got != "too much\n" {
			t.Errorf("it is answered %d %q", resp.StatusCode, got)
		}
		_ = resp.Body.Close()
		wrote := make(chan error, 1)
		go func() {
			_, err := pw.Write(make([]byte, 1<<20))
			wrote <- err
		}()
		if err := receive(t, "the upload ends", wrote); err == nil {
			t.Error("the upload went on")
		}
	})
}

func TestWhoStopsReadingStopsTheAnswer(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		stopped := make(chan struct{})
		conn := connect(t, p, func(w http.ResponseWriter, _ *http.Request) {
			defer close(stopped)
			for err := error(nil); err == nil; {
				_, err = w.Write(make([]byte, 1<<20))
			}
		})
		resp := get(t, conn, "http://app.example.com/")
		if _, err := io.ReadFull(resp.Body, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		receive(t, "the handler hears of it", stopped)
	})
}

func TestTrailersDoNoHarm(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		conn := connect(t, p, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			_, _ = io.Copy(w, r.Body)
			w.Header().Set("X-Sum", "1")
		})
		r := request(t, "POST", "http://app.example.com/", io.MultiReader(strings.NewReader("the body")))
		r.Trailer = http.Header{"X-Check": {"1"}}
		resp, err := conn.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := body(t, resp); got != "the body" {
			t.Errorf("back came %q", got)
		}
	})
}

func TestAVisitorMayLeaveInTheMiddleOfAnAnswer(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		left := make(chan struct{})
		conn := connect(t, p, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "begin")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			close(left)
		})
		ctx, cancel := context.WithCancel(t.Context())
		resp, err := conn.RoundTrip(request(t, "GET", "http://app.example.com/", nil).WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(resp.Body, make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
		cancel()
		receive(t, "the handler hears of it", left)
		if _, err := io.Copy(new(bytes.Buffer), resp.Body); !errors.Is(err, context.Canceled) {
			t.Errorf("reading on gives %v", err)
		}
		_ = resp.Body.Close()
	})
}
