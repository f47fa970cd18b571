package cert

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"

	"github.com/culvert/culvert/setup"
)

const (
	longestOrder = 10 * time.Minute
	seenWithin   = 2 * time.Minute // a proof in DNS
	proofTTL     = time.Minute
)

// order gets a certificate from the public authority. Of certmagic it takes the
// account, the order and the proof in DNS. What is kept, when it is renewed and
// how failures are told is decided here, because certmagic does those by the
// machine's clock, one name a certificate, and with a server in mind.
func (m *Manager) order(ctx context.Context, e *entry) (pair, error) {
	if m.o.DNS == nil {
		return pair{}, &setup.Problem{Code: setup.CodeUnauthorized,
			Message: "A public certificate is proven by a record in your domain at Cloudflare, and there is no API token yet."}
	}
	ctx, cancel := context.WithTimeout(ctx, longestOrder)
	defer cancel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // a new one each time
	if err != nil {
		return pair{}, fmt.Errorf("making a key: %w", err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: e.Names}, key)
	if err != nil {
		return pair{}, fmt.Errorf("making a request for a certificate: %w", err)
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return pair{}, fmt.Errorf("making a request for a certificate: %w", err)
	}
	issued, err := m.authority(e).Issue(ctx, request)
	m.sweep(context.WithoutCancel(ctx), e)
	if err != nil {
		return pair{}, ordering(err)
	}
	return pairOf(key, issued.Certificate)
}

// authority is the public one, for one order: nothing of the library is kept, so
// its cache is stopped before it does anything.
func (m *Manager) authority(e *entry) *certmagic.ACMEIssuer {
	log := zapTo(m.o.Log)
	var config *certmagic.Config
	cache := certmagic.NewCache(certmagic.CacheOptions{Logger: log,
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return config, nil }})
	cache.Stop()
	config = certmagic.New(cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: m.disk.acme()}, // accounts; 0600 in 0700
		Issuers: []certmagic.Issuer{},                        // the one below is asked directly
		Logger:  log,
	})
	return certmagic.NewACMEIssuer(config, certmagic.ACMEIssuer{
		CA:                      m.o.Directory,
		Agreed:                  e.Agreed,
		Profile:                 m.o.Profile,
		TrustedRoots:            m.o.Roots,
		DisableHTTPChallenge:    true,
		DisableTLSALPNChallenge: true,
		Logger:                  log,
		DNS01Solver: &certmagic.DNS01Solver{DNSManager: certmagic.DNSManager{
			DNSProvider:        &provider{m: m, e: e},
			TTL:                proofTTL,
			PropagationTimeout: seenWithin,
			Resolvers:          m.o.Resolvers,
			Logger:             log,
		}},
	})
}

// Terms gives the address of the terms that the public authority wants agreed to.
func (m *Manager) Terms(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	if m.o.Roots != nil {
		transport.TLSClientConfig = &tls.Config{RootCAs: m.o.Roots}
	}
	client := acme.Client{Directory: m.o.Directory, HTTPClient: &http.Client{Transport: transport}}
	directory, err := client.GetDirectory(ctx)
	if err != nil {
		return "", ordering(err)
	}
	if directory.Meta == nil {
		return "", nil
	}
	return directory.Meta.TermsOfService, nil
}
