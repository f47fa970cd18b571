package cert_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/culvert/culvert/cert"
	"github.com/culvert/culvert/cert/certtest"
	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

const (
	mark    = "culvert-t1-0123abcd"
	private = "ocs.internal.example.org"
	days    = 24 * time.Hour
)

// world is a simulated domain, an authority that looks for proofs in it, and a
// folder for certificates.
type world struct {
	*testing.T
	sim.Basics
	cloud    *sim.Cloud
	dns      api
	resolver string
	pebble   *certtest.Pebble
	dir      string
	into     string
	log      *lockedBuffer
	clock    *clock
	seen     *seen
}

func newWorld(t *testing.T, profiles certtest.Profiles) *world {
	return newWorldWith(t, sim.Options{}, profiles)
}

func newWorldWith(t *testing.T, o sim.Options, profiles certtest.Profiles) *world {
	t.Helper()
	o.RateLimit = -1
	cloud := sim.Example(o)
	t.Cleanup(cloud.Close)
	server := httptest.NewServer(cloud.API())
	t.Cleanup(server.Close)
	w := &world{T: t, Basics: cloud.Basics(), cloud: cloud, dir: filepath.Join(t.TempDir(), "tls"), into: filepath.Join(t.TempDir(), "nginx"),
		log: &lockedBuffer{}, clock: &clock{}, seen: &seen{}}
	w.dns = api{URL: server.URL + "/client/v4", Token: w.Token, Zone: w.ZoneID}
	w.serveDNS()
	w.pebble = certtest.Start(t, w.resolver, profiles)
	return w
}

func (w *world) serveDNS() {
	w.Helper()
	d, err := sim.ListenDNS()
	if err != nil {
		w.Fatal(err)
	}
	d.Edge = netip.MustParseAddr("198.51.100.1")
	w.resolver = d.Addr()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.cloud.ServeDNS(ctx, d) }()
	w.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.Error(err)
		}
	})
}

// manager is a new one on the same folder, as after a restart.
func (w *world) manager(change ...func(*cert.Options)) *cert.Manager {
	w.Helper()
	o := cert.Options{Dir: w.dir, DNS: w.dns, Mark: mark, Directory: w.pebble.Directory, Roots: w.pebble.Roots,
		Resolvers: []string{w.resolver}, Clock: w.clock.Now, OnObtained: w.seen.obtain, OnFailed: w.seen.fail,
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, c := range change {
		c(&o)
	}
	m, err := cert.New(o)
	if err != nil {
		w.Fatal(err)
	}
	return m
}

func (w *world) public(names ...string) cert.Want {
	return cert.Want{Names: names, Source: cert.Public, Into: w.into, Agreed: true}
}

func (w *world) ensure(m *cert.Manager, want cert.Want) cert.Status {
	w.Helper()
	s, err := m.Ensure(w.Context(), want)
	if err != nil {
		w.Fatalf("%v: %v", want.Names, err)
	}
	return s
}

func (w *world) renew(m *cert.Manager) {
	w.Helper()
	if err := m.Renew(w.Context()); err != nil {
		w.Fatal(err)
	}
}

func (w *world) status(m *cert.Manager, name string) cert.Status {
	w.Helper()
	s, found, err := m.Status(name)
	if err != nil || !found {
		w.Fatalf("%s: found %v, %v", name, found, err)
	}
	return s
}

// served is the certificate that nginx would serve, as a device with these roots
// sees it; nil are the system's.
func (w *world) served(name string, roots *x509.CertPool) *x509.Certificate {
	w.Helper()
	path := filepath.Join(w.into, cert.FileName)
	for at, want := range map[string]os.FileMode{path: 0o600, w.into: 0o700} {
		if info, err := os.Stat(at); err != nil || info.Mode().Perm() != want {
			w.Fatalf("%s: %v, %v", at, info, err)
		}
	}
	both, err := tls.LoadX509KeyPair(path, path)
	if err != nil {
		w.Fatal(err)
	}
	between := x509.NewCertPool()
	for _, der := range both.Certificate[1:] {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			w.Fatal(err)
		}
		between.AddCert(c)
	}
	if _, err := both.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: between, CurrentTime: w.clock.Now()}); err != nil {
		w.Errorf("a device does not trust it: %v", err)
	}
	return both.Leaf
}

// proofs are the text records that stand in the domain.
func (w *world) proofs() []string {
	w.Helper()
	var all []string
	for _, r := range w.dns.records(w.Context(), w.T, url.Values{"type": {"TXT"}}) {
		all = append(all, r.Name)
	}
	return all
}

// clock is the real time, moved on as far as told.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// seen is what was called back.
type seen struct {
	mu               sync.Mutex
	obtained, failed []cert.Status
}

func (s *seen) obtain(c cert.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.obtained = append(s.obtained, c)
}

func (s *seen) fail(c cert.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = append(s.failed, c)
}

func (s *seen) counts() (obtained, failed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.obtained), len(s.failed)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// api is cert.DNS over the simulated API, by hand: the real adapter links the
// SDK, and has this interface tested beside it.
type api struct {
	URL, Token, Zone string // Zone is its id
}

type record struct{ ID, Name, Content, Comment string }

func (a api) call(ctx context.Context, method, path string, body, result any) error {
	sent, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, a.URL+"/zones/"+a.Zone+"/dns_records"+path, bytes.NewReader(sent))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+a.Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return &setup.Problem{Code: setup.CodeUnavailable, Message: "Cloudflare could not be reached.", Cause: err}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode == http.StatusForbidden {
		return &setup.Problem{Code: setup.CodeDenied, Permission: "DNS", Message: "The token lacks the permission “DNS: Edit”."}
	}
	envelope := struct{ Result any }{result}
	if err := json.Unmarshal(text, &envelope); err != nil || res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %s", method, path, res.StatusCode, text)
	}
	return nil
}

func (a api) AddTXT(ctx context.Context, zone, name, value, mark string) error {
	return a.call(ctx, "POST", "", map[string]any{"type": "TXT", "name": name, "content": `"` + value + `"`, "ttl": 60, "comment": mark}, nil)
}

func (a api) TXT(ctx context.Context, zone, name, mark string) (map[string]string, error) {
	var all []record
	err := a.call(ctx, "GET", "?"+url.Values{"type": {"TXT"}, "name.exact": {name}, "comment.exact": {mark}}.Encode(), nil, &all)
	found := map[string]string{}
	for _, r := range all {
		found[r.ID] = strings.Trim(r.Content, `"`)
	}
	return found, err
}

func (a api) DropTXT(ctx context.Context, zone, id, mark string) error {
	return a.call(ctx, "DELETE", "/"+id, nil, nil)
}

func (a api) records(ctx context.Context, t *testing.T, query url.Values) (all []record) {
	t.Helper()
	if err := a.call(ctx, "GET", "?"+query.Encode(), nil, &all); err != nil {
		t.Fatal(err)
	}
	return all
}
