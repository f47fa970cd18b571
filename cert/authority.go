package cert

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"strings"
	"time"

	"github.com/culvert/culvert/internal/wholefile"
	"github.com/culvert/culvert/setup"
)

// Authority is the root of our own authority for one domain, as devices are told
// to trust it.
type Authority struct {
	Domain      string
	PEM         []byte // to download; holds no key
	Fingerprint string // SHA-256, to compare on the device
	NotAfter    time.Time
}

const (
	rootLife = 10 * 365 * 24 * time.Hour
	leafLife = 90 * 24 * time.Hour
	backdate = time.Hour // devices' clocks differ
)

// domainOf is the domain whose authority the names need. It is held to that
// domain: who steals its key can pass for names below it, and for no others.
func domainOf(names []string) (string, error) {
	domain, wildcard := strings.CutPrefix(names[0], "*.")
	if _, parent, _ := strings.Cut(domain, "."); !wildcard && strings.Contains(parent, ".") {
		domain = parent
	}
	for _, name := range names {
		if name = strings.TrimPrefix(name, "*."); name != domain && !strings.HasSuffix(name, "."+domain) {
			return "", setup.FieldError{Field: "names", Message: fmt.Sprintf("All names of one certificate must be below one domain, and %s is not below %s. Make a certificate for each.", name, domain)}
		}
	}
	return domain, nil
}

// Authority gives the root behind an internal certificate; false if there is none.
func (m *Manager) Authority(name string) (Authority, bool, error) {
	e, err := m.disk.load(name)
	if err != nil || e == nil || e.Source != Internal {
		return Authority{}, false, err
	}
	domain, err := domainOf(e.Names)
	if err != nil {
		return Authority{}, false, err
	}
	r, err := m.readRoot(domain)
	if err != nil || r == nil {
		return Authority{}, false, err
	}
	leaf := r.leaf()
	return Authority{Domain: domain, Fingerprint: fingerprint(leaf), NotAfter: leaf.NotAfter,
		PEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})}, true, nil
}

// issue makes a certificate of our own authority.
func (m *Manager) issue(e entry) (pair, error) {
	domain, err := domainOf(e.Names)
	if err != nil {
		return pair{}, err
	}
	r, err := m.rootFor(domain)
	if err != nil {
		return pair{}, err
	}
	now := m.o.Clock()
	return makePair(&x509.Certificate{
		Subject:     pkix.Name{CommonName: e.Name()},
		DNSNames:    e.Names,
		NotBefore:   now.Add(-backdate),
		NotAfter:    now.Add(leafLife),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, r)
}

// rootFor reads the authority of a domain. It makes one if there is none, or
// none that lasts.
func (m *Manager) rootFor(domain string) (*pair, error) {
	now := m.o.Clock()
	r, err := m.readRoot(domain)
	if err != nil || r != nil && now.Add(leafLife).Before(r.leaf().NotAfter) {
		return r, err
	}
	p, err := makePair(&x509.Certificate{
		Subject:                     pkix.Name{CommonName: "Culvert authority for " + domain},
		NotBefore:                   now.Add(-backdate),
		NotAfter:                    now.Add(rootLife),
		IsCA:                        true,
		BasicConstraintsValid:       true,
		MaxPathLenZero:              true,
		KeyUsage:                    x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         []string{domain},
	}, nil)
	if err != nil {
		return nil, err
	}
	if err := wholefile.Write(m.disk.authority(domain), p.pem); err != nil {
		return nil, fmt.Errorf("storing the authority for %s: %w", domain, err)
	}
	return m.readRoot(domain)
}

// readRoot gives the authority of a domain; nil if there is none. One that
// cannot be read is an error: devices trust it, so it is not lightly replaced.
func (m *Manager) readRoot(domain string) (*pair, error) {
	text, err := os.ReadFile(m.disk.authority(domain))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var r pair
	if err == nil {
		r, err = parsePair(text, text)
	}
	if err != nil {
		return nil, &setup.Problem{Code: setup.CodeInternal, Cause: err,
			Message: fmt.Sprintf("The authority for %s cannot be read: %s. Put the file back from a backup; or remove it, and devices must be told to trust the new one.", domain, m.disk.authority(domain))}
	}
	return &r, nil
}

// makePair makes a key and a certificate for it, signed by an authority or, for
// a root, by itself.
func makePair(c *x509.Certificate, by *pair) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, fmt.Errorf("making a key: %w", err)
	}
	if c.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return pair{}, fmt.Errorf("making a serial number: %w", err)
	}
	parent, signer := c, crypto.Signer(key)
	if by != nil {
		parent, signer = by.leaf(), by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		return pair{}, fmt.Errorf("making a certificate: %w", err)
	}
	return pairOf(key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// pairOf puts a key that was made here to its certificate.
func pairOf(key *ecdsa.PrivateKey, chain []byte) (pair, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return pair{}, fmt.Errorf("writing a key: %w", err)
	}
	return parsePair(chain, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
