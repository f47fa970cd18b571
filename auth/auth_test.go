package auth_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/culvert/culvert/auth"
	"github.com/culvert/culvert/store"
)

// clock is a time that the test moves while the server reads it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// keeper is the real store, with a note of what it was given.
type keeper struct {
	*store.Store
	store.Sessions
	mu      sync.Mutex
	links   []string
	tokens  []string // of each session that was written
	failing bool
}

var _ scs.CtxStore = (*keeper)(nil)

func (k *keeper) SaveLink(ctx context.Context, hash string, expires time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.links = append(k.links, hash)
	return k.Store.SaveLink(ctx, hash, expires)
}

func (k *keeper) CommitCtx(ctx context.Context, token string, data []byte, expires time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tokens = append(k.tokens, token)
	if k.failing {
		return fmt.Errorf("the disk is full at sector 7")
	}
	return k.Sessions.CommitCtx(ctx, token, data, expires)
}

func (k *keeper) fail() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.failing = true
}

func (k *keeper) written() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.tokens)
}

// site is a server with pages behind a login, and a browser that looks at it.
type site struct {
	*testing.T
	auth    *auth.Auth
	clock   *clock
	kept    *keeper
	url     string
	browser *http.Client
	log     *strings.Builder
	hold    chan struct{} // when not nil, /slow answers once it is closed
	held    chan struct{} // /slow says that it was entered
}

func newSite(t *testing.T, o auth.Options) *site {
	t.Helper()
	s := &site{T: t, clock: &clock{now: time.Now()}, log: &strings.Builder{}, held: make(chan struct{}, 1)}
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "data"), store.Options{Clock: s.clock.Now})
	s.check(err)
	t.Cleanup(func() { s.check(st.Close()) })
	s.kept = &keeper{Store: st, Sessions: st.Sessions()}
	o.Sessions, o.Links, o.Clock = s.kept, s.kept, s.clock.Now
	o.Log = slog.New(slog.NewTextHandler(s.log, nil))
	o.Open = append(o.Open, "/static/", "/healthz")
	s.auth = auth.New(o)
	serve := httptest.NewServer
	if o.HTTPS {
		serve = httptest.NewTLSServer
	}
	server := serve(s.auth.Middleware(s.pages()))
	t.Cleanup(server.Close)
	s.url, s.browser = server.URL, server.Client()
	s.browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.browser.Jar, err = cookiejar.New(nil)
	s.check(err)
	return s
}

func (s *site) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /start/{token}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "press the button")
	})
	mux.HandleFunc("POST /start/{token}", func(w http.ResponseWriter, r *http.Request) {
		if err := s.auth.Redeem(r.Context(), r.PathValue("token")); err != nil {
			http.Error(w, err.Error(), http.StatusGone)
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("POST /sign-out", func(w http.ResponseWriter, r *http.Request) {
		if err := s.auth.SignOut(r.Context()); err != nil {
			s.Error(err)
		}
	})
	mux.HandleFunc("GET /slow", func(w http.ResponseWriter, r *http.Request) {
		s.held <- struct{}{}
		<-s.hold
		fmt.Fprint(w, "at last")
	})
	mux.HandleFunc("GET /stream", s.stream)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "actor=%s", auth.Actor(r.Context()))
	})
	return mux
}

// stream says for each line that it reads from hold whether it is alive.
func (s *site) stream(w http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(w)
	for {
		alive, err := s.auth.Alive(r.Context())
		if err != nil {
			s.Error(err)
		}
		fmt.Fprintf(w, "alive=%v\n", alive)
		if err := out.Flush(); err != nil {
			s.Error(err)
		}
		select {
		case <-s.hold:
		case <-r.Context().Done():
			return
		}
	}
}

func (s *site) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *site) newLink() string {
	s.Helper()
	path, err := s.auth.NewLink(s.Context())
	s.check(err)
	return path
}

type answer struct {
	status int
	body   string
	header http.Header
	set    []*http.Cookie
}

// ask sends a request with the given headers (name, value, name, value, …).
func (s *site) ask(method, path string, headers ...string) answer {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), method, s.url+path, nil)
	s.check(err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.browser.Do(req)
	s.check(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	s.check(err)
	return answer{res.StatusCode, strings.TrimSpace(string(body)), res.Header, res.Cookies()}
}

func (s *site) signIn() {
	s.Helper()
	if a := s.ask("POST", s.newLink()); a.status != http.StatusSeeOther {
		s.Fatalf("signing in: %d %s", a.status, a.body)
	}
}

func (s *site) cookies() []*http.Cookie {
	u, err := url.Parse(s.url)
	s.check(err)
	return s.browser.Jar.Cookies(u)
}

func (s *site) assertSignedIn(want bool) {
	s.Helper()
	a := s.ask("GET", "/")
	if in := a.status == http.StatusOK && a.body == "actor=operator"; in != want {
		s.Errorf("signed in: %v, want %v (%d %s)", in, want, a.status, a.body)
	}
}
