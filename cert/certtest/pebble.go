// Package certtest gives tests a public certificate authority: pebble, the ACME
// server that Let's Encrypt tests with, in this process. It validates for real,
// asking the name server that it is given.
package certtest

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// Pebble is a running authority.
type Pebble struct {
	Directory string            // its ACME directory
	Server    *x509.Certificate // for talking to it
	Roots     *x509.CertPool    // the same

	issuing *ca.CAImpl
	store   *db.MemoryStore
	orders  atomic.Int64
	age     atomic.Int64 // of what it issues, as a time.Duration
}

// Profiles are its kinds of certificate, by how long they are good.
type Profiles map[string]time.Duration

// Start runs an authority that looks for proofs at a resolver (host:port), until
// the test ends. Without profiles its certificates are good for 90 days.
func Start(t *testing.T, resolver string, profiles Profiles) *Pebble {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return StartAt(t, listener, resolver, profiles)
}

// StartAt is Start at a loopback address, which may be that of another network.
func StartAt(t *testing.T, listener net.Listener, resolver string, profiles Profiles) *Pebble {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")  // or it dawdles before it looks
	t.Setenv("PEBBLE_AUTHZREUSE", "0")  // or it takes an old proof, at random
	t.Setenv("PEBBLE_VA_SLEEPTIME", "") // whatever the machine has set
	t.Setenv("PEBBLE_VA_ALWAYS_VALID", "")
	quiet := log.New(io.Discard, "", 0)
	kinds := map[string]ca.Profile{}
	if len(profiles) == 0 {
		profiles = Profiles{"default": 90 * 24 * time.Hour}
	}
	for name, life := range profiles {
		kinds[name] = ca.Profile{Description: "good for " + life.String(), ValidityPeriod: uint64(life / time.Second)}
	}
	store := db.NewMemoryStore()
	p := &Pebble{issuing: ca.New(quiet, store, "", "ecdsa", 0, 1, kinds), store: store}
	validating := va.New(quiet, 0, 0, true, resolver, store)
	front := wfe.New(quiet, store, validating, p.issuing, []string{"pebble.letsencrypt.org"}, true, false, 0, 0)
	handler := front.Handler()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/order-plz") {
			p.orders.Add(1)
		}
		if _, id, ok := strings.Cut(r.URL.Path, "/finalize-order/"); ok {
			p.backdate(id)
		}
		handler.ServeHTTP(w, r)
	}))
	_ = server.Listener.Close() // its own
	server.Listener = listener
	server.StartTLS()
	t.Cleanup(server.Close)
	p.Directory = server.URL + wfe.DirectoryPath
	p.Server, p.Roots = server.Certificate(), x509.NewCertPool()
	p.Roots.AddCert(p.Server)
	return p
}

// Age makes it issue certificates as if that had been some time ago: a part of
// their life is over when they come.
func (p *Pebble) Age(d time.Duration) { p.age.Store(int64(d)) }

// backdate has the certificate of an order count from earlier on.
func (p *Pebble) backdate(id string) {
	order := p.store.GetOrderByID(id)
	if age := time.Duration(p.age.Load()); age > 0 && order != nil {
		order.Lock()
		order.NotBefore = time.Now().Add(-age).UTC().Format(time.RFC3339)
		order.Unlock()
	}
}

// Authorities are, as PEM, what has to be trusted for talking to it and on
// devices.
func (p *Pebble) Authorities() []byte {
	var text []byte
	for _, c := range []*x509.Certificate{p.Server, p.issuing.GetRootCert(0).Cert} {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return text
}

// Issued is what devices must trust to trust what it issues.
func (p *Pebble) Issued() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(p.issuing.GetRootCert(0).Cert)
	return pool
}

// Orders counts the requests for certificates so far, also those that were
// refused for a stale nonce and sent again.
func (p *Pebble) Orders() int { return int(p.orders.Load()) }

// Block makes it refuse a name and those below.
func (p *Pebble) Block(name string) error { return p.store.AddBlockedDomain(name) }
