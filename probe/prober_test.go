package probe

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvert/culvert/setup"
	"github.com/google/go-cmp/cmp"
)

// wire records the raw head of each request that reaches it.
func wire(t *testing.T) (address string, heads func() []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var seen []string
	var work sync.WaitGroup
	work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			var head bytes.Buffer
			r := bufio.NewReader(io.TeeReader(conn, &head))
			for {
				line, err := r.ReadString('\n')
				if err != nil || line == "\r\n" {
					break
				}
			}
			mu.Lock()
			seen = append(seen, head.String())
			mu.Unlock()
			_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
			_ = conn.Close()
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		work.Wait()
	})
	return l.Addr().String(), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), seen...)
	}
}

func TestAPathReachesTheWireAsItIsWritten(t *testing.T) {
	for _, path := range []string{
		"/", "/admin/", "//admin/", "///", "/a//b", "/a/../admin/", "/a/./b", "/%2e%2e/admin", "/a%2Fb", "/a%2fb%00",
		"/%zz", "/a?b=c&d=%20", "/a?", "/a;b", "/a:b@c", `/a\b`, "/a|b^c{d}", "//a%2Fb",
	} {
		t.Run(path, func(t *testing.T) {
			address, heads := wire(t)
			e := New(Options{}).Origin(t.Context(), address, host, []setup.Check{{Method: "GET", Path: path}})
			got := strings.Join(heads(), "")
			if line, _, _ := strings.Cut(got, "\r\n"); line != "GET "+path+" HTTP/1.1" {
				t.Errorf("got %q, %s", line, e[0].Detail)
			}
		})
	}
}

func TestAPathThatWouldBreakTheRequestIsNotSent(t *testing.T) {
	for _, path := range []string{"", "admin", "/a b", "/a\r\nHost: evil", "/a\x00", "/ü", "//a%zz"} {
		address, heads := wire(t)
		e := New(Options{}).Origin(t.Context(), address, host, []setup.Check{{Method: "GET", Path: path}})
		if len(heads()) != 0 || e[0].OK || e[0].By != setup.ByNobody || e[0].Detail != "This path cannot be sent." {
			t.Errorf("%q: sent %q, %+v", path, heads(), e[0])
		}
	}
}

func TestWhatARequestSaysOfItself(t *testing.T) {
	rows := map[string]struct {
		check  setup.Check
		has    []string
		hasNot []string
	}{
		"an ordinary check": {setup.Check{Method: "POST", Path: "/x"},
			[]string{"POST /x ", "Host: example.com\r\n", "User-Agent: culvert-probe\r\n", "X-Forwarded-Proto: https\r\n"}, []string{"Accept-Encoding", "Cf-Access"}},
		"a caller without User-Agent": {setup.Check{Method: "GET", Path: "/x", NoUserAgent: true},
			[]string{"GET /x "}, []string{"User-Agent"}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			address, heads := wire(t)
			New(Options{}).Origin(t.Context(), address, host, []setup.Check{row.check})
			got := strings.Join(heads(), "")
			for _, s := range row.has {
				if !strings.Contains(got, s) {
					t.Errorf("%q is not in\n%s", s, got)
				}
			}
			for _, s := range row.hasNot {
				if strings.Contains(got, s) {
					t.Errorf("%q is in\n%s", s, got)
				}
			}
		})
	}
}

func TestAMetadataCheckIsAHeadThatAsksAccess(t *testing.T) {
	var got *http.Request
	p := edge(t, func(_ http.ResponseWriter, r *http.Request) { got = r })
	p.Run(t.Context(), host, []setup.Check{{Method: "GET", Path: "/x", Metadata: true}})
	if got == nil || got.Method != "HEAD" || got.Header.Get("Cf-Access-Metadata-Request") != "true" || got.Header.Get("X-Forwarded-Proto") != "" {
		t.Errorf("got %+v", got)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	asked := 0
	p := edge(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	e := p.Run(t.Context(), host, []setup.Check{admin})[0]
	if asked != 1 || e.Status != http.StatusFound {
		t.Errorf("asked %d times, got %d", asked, e.Status)
	}
}

func TestTheEvidenceKeepsTheOrderOfTheChecks(t *testing.T) {
	p := edge(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Path", r.URL.Path) })
	var checks []setup.Check
	var want []string
	for _, id := range strings.Split("abcdefghijklmnopqrst", "") {
		checks = append(checks, setup.Check{ID: id, Method: "GET", Path: "/" + id})
		want = append(want, "https://example.com/"+id)
	}
	var got []string
	for _, e := range p.Run(t.Context(), host, checks) {
		got = append(got, e.URL)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNoMoreChecksRunAtOnceThanAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := 0, 0
		p := New(Options{Parallel: 3, Dial: func(context.Context, string, string) (net.Conn, error) {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Second) // of the bubble: all that may run is running
			mu.Lock()
			now--
			mu.Unlock()
			return nil, syscall.ECONNREFUSED
		}})
		checks := make([]setup.Check, 10)
		for i := range checks {
			checks[i] = admin
		}
		p.Run(t.Context(), host, checks)
		if most != 3 {
			t.Errorf("%d at once", most)
		}
	})
}

func TestEvidenceCarriesItsTimeByTheGivenClock(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var mu sync.Mutex
	p := New(Options{
		Dial: internet{}.dial,
		Clock: func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			at = at.Add(time.Second)
			return at
		},
	})
	e := p.Run(t.Context(), host, []setup.Check{admin})[0]
	if e.At.Second() != 6 || e.Took != time.Second {
		t.Errorf("got %v, %v", e.At, e.Took)
	}
}

func TestALongBodyIsReadToItsLimitOnly(t *testing.T) {
	p := edge(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "Verification failed.")
		for r.Context().Err() == nil { // never ends by itself
			if _, err := w.Write(make([]byte, 32<<10)); err != nil {
				return
			}
		}
	})
	c := whatsapp
	c.Want.Status = 200
	if e := p.Run(t.Context(), host, []setup.Check{c})[0]; !e.OK {
		t.Errorf("got %+v", e)
	}
}

func TestNoAnswerIsToldWithItsCause(t *testing.T) {
	failing := func(err error) *Prober {
		return New(Options{Dial: func(context.Context, string, string) (net.Conn, error) { return nil, err }})
	}
	stranger := httptest.NewTLSServer(http.NotFoundHandler())
	defer stranger.Close()
	to := func(name string) func(context.Context, string, string) (net.Conn, error) {
		return internet{name + ":443": stranger.Listener.Addr().String()}.dial
	}
	mute, err := net.Listen("tcp", "127.0.0.1:0") // accepts by its backlog, says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	rows := map[string]struct {
		p    *Prober
		host string
		says string
	}{
		"no such name":      {failing(&net.DNSError{Name: host, IsNotFound: true}), host, "does not exist in DNS"},
		"a broken resolver": {failing(&net.DNSError{Name: host, IsTemporary: true}), host, "could not be looked up"},
		"a closed port":     {New(Options{Dial: internet{}.dial}), host, "refused"},
		"a strange authority": {New(Options{Dial: to(host)}), host,
			"not from a trusted authority"},
		"another name's certificate": {New(Options{Dial: to("other.test"), TLS: trusting(stranger)}), "other.test", "not for this name"},
		"no certificate at all":      {failing(tls.AlertError(40)), host, "no certificate for some minutes"},
		"a mute server":              {New(Options{Dial: internet{host + ":443": mute.Addr().String()}.dial, Timeout: 50 * time.Millisecond}), host, "no answer in time"},
		"anything else":              {failing(errors.New("strange")), host, "There was no answer."},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			for _, check := range []setup.Check{telegram, slack, admin} {
				e := row.p.Run(t.Context(), row.host, []setup.Check{check})[0]
				if e.By != setup.ByNobody || e.OK || !strings.Contains(e.Detail, row.says) {
					t.Errorf("%s: got %s, ok %v: %s %v", check.ID, e.By, e.OK, e.Detail, e.Excerpt)
				}
			}
		})
	}
}

func TestWhatIsLeftWhenTheTimeIsUpIsToldAsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	es := New(Options{Dial: internet{}.dial}).Run(ctx, host, []setup.Check{telegram, admin})
	for _, e := range es {
		if e.OK || e.By != setup.ByNobody || !strings.Contains(e.Detail, "interrupted") {
			t.Errorf("got %+v", e)
		}
	}
}

func TestBesideTheLockOnlyTheDoorsAreAsked(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "chat.example.org" || r.Header.Get("X-Forwarded-Proto") != "https" {
			reply{400, []string{"Content-Type", htmlType}, "Bad Request"}.ServeHTTP(w, r)
			return
		}
		reply{405, []string{"Allow", "POST"}, ""}.ServeHTTP(w, r)
	}))
	defer s.Close()
	address := s.Listener.Addr().String()
	es := New(Options{}).Origin(t.Context(), address, "chat.example.org", []setup.Check{telegram, slack, admin})
	if len(es) != 1 || es[0].Check.ID != "telegram/1" || !es[0].OK || es[0].URL != "http://"+address+"/channels/telegram/0" {
		t.Errorf("got %+v", es)
	}
	if es := New(Options{}).Origin(t.Context(), address, "other.example.org", []setup.Check{telegram}); es[0].OK || es[0].By != setup.ByAppHost {
		t.Errorf("a host that the app does not know: %+v", es)
	}
}
