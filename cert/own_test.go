package cert_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/cert"
	"github.com/culvert/culvert/setup"
)

// offline is a world without a domain or an authority.
func offline(t *testing.T) *world {
	t.Helper()
	return &world{T: t, dir: filepath.Join(t.TempDir(), "tls"), into: filepath.Join(t.TempDir(), "nginx"), log: &lockedBuffer{}, clock: &clock{}, seen: &seen{}}
}

func (w *world) offlineManager() *cert.Manager {
	w.Helper()
	m, err := cert.New(cert.Options{Dir: w.dir, Clock: w.clock.Now, Trust: x509.NewCertPool(), OnObtained: w.seen.obtain, OnFailed: w.seen.fail})
	if err != nil {
		w.Fatal(err)
	}
	return m
}

// issued is a certificate of the operator's, with the key that signs for it.
type issued struct {
	*x509.Certificate
	key crypto.Signer
}

func (w *world) sign(c x509.Certificate, by *issued) issued {
	w.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.Fatal(err)
	}
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	if c.NotAfter.IsZero() {
		c.NotAfter = w.clock.Now().Add(90 * days)
	}
	if c.NotBefore.IsZero() {
		c.NotBefore = w.clock.Now().Add(-time.Hour)
	}
	c.BasicConstraintsValid = true
	parent, signer := &c, crypto.Signer(key)
	if by != nil {
		parent, signer = by.Certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, &c, parent, key.Public(), signer)
	if err != nil {
		w.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		w.Fatal(err)
	}
	return issued{parsed, key}
}

func (i issued) keyPEM(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// own writes the operator's files and wants them.
func (w *world) own(certificate, key []byte) cert.Want {
	w.Helper()
	dir := w.TempDir()
	want := cert.Want{Names: []string{private}, Source: cert.Own, Into: w.into,
		CertificateFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}
	for path, text := range map[string][]byte{want.CertificateFile: certificate, want.KeyFile: key} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			w.Fatal(err)
		}
	}
	return want
}

func (w *world) authorities() (root, between issued) {
	authority := x509.Certificate{Subject: pkix.Name{CommonName: "Example root"}, IsCA: true, KeyUsage: x509.KeyUsageCertSign, NotAfter: w.clock.Now().Add(3650 * days)}
	root = w.sign(authority, nil)
	authority.Subject.CommonName = "Example between"
	return root, w.sign(authority, &root)
}

func TestTheOperatorsOwnFilesAreCheckedAndUsed(t *testing.T) {
	w := offline(t)
	root, between := w.authorities()
	leaf := w.sign(x509.Certificate{DNSNames: []string{private}}, &between)
	want := w.own(append(pemOf(leaf.Certificate), pemOf(between.Certificate)...), leaf.keyPEM(t))
	m := w.offlineManager()
	s := w.ensure(m, want)
	if s.State != cert.Good || s.Issuer != "Example between" || !strings.Contains(s.Note, "does not know the authority") {
		t.Errorf("%+v", s)
	}
	roots := x509.NewCertPool()
	roots.AddCert(root.Certificate)
	w.served(private, roots)
	trusting, err := cert.New(cert.Options{Dir: w.dir, Trust: roots})
	if err != nil {
		t.Fatal(err)
	}
	if s := w.ensure(trusting, want); s.Note != "" {
		t.Errorf("of a known authority it says %q", s.Note)
	}
}

func TestOwnFilesThatWillNotDoNameTheFieldAndTheWayOut(t *testing.T) {
	w := offline(t)
	_, between := w.authorities()
	good := w.sign(x509.Certificate{DNSNames: []string{private}}, &between)
	other := w.sign(x509.Certificate{DNSNames: []string{"other.example.org"}}, &between)
	over := w.sign(x509.Certificate{DNSNames: []string{private}, NotBefore: w.clock.Now().Add(-2 * days), NotAfter: w.clock.Now().Add(-days)}, &between)
	later := w.sign(x509.Certificate{DNSNames: []string{private}, NotBefore: w.clock.Now().Add(days)}, &between)
	mail := w.sign(x509.Certificate{DNSNames: []string{private}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}}, &between)
	locked := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})
	authority := x509.Certificate{Subject: pkix.Name{CommonName: "Of old"}, IsCA: true, KeyUsage: x509.KeyUsageCertSign, NotAfter: w.clock.Now().Add(-days), NotBefore: w.clock.Now().Add(-9 * days)}
	old := w.sign(authority, nil)
	under := w.sign(x509.Certificate{DNSNames: []string{private}}, &old)
	named := w.sign(x509.Certificate{DNSNames: []string{private}, IsCA: true, KeyUsage: x509.KeyUsageCertSign}, nil)
	m := w.offlineManager()
	for _, row := range []struct {
		name             string
		certificate, key []byte
		field, says      string
	}{
		{"another key", pemOf(good.Certificate), other.keyPEM(t), "key_file", "does not belong"},
		{"another name", pemOf(other.Certificate), other.keyPEM(t), "certificate_file", "not for " + private + ", but for other.example.org"},
		{"an old one", pemOf(over.Certificate), over.keyPEM(t), "certificate_file", "ended on"},
		{"one of the future", pemOf(later.Certificate), later.keyPEM(t), "certificate_file", "good only from"},
		{"one for mail", pemOf(mail.Certificate), mail.keyPEM(t), "certificate_file", "not made for web servers"},
		{"an authority's", pemOf(named.Certificate), named.keyPEM(t), "certificate_file", "must come first"},
		{"a chain that does not hold", append(pemOf(good.Certificate), pemOf(other.Certificate)...), good.keyPEM(t), "certificate_file", "must stand in order"},
		{"an authority of old", append(pemOf(under.Certificate), pemOf(old.Certificate)...), under.keyPEM(t), "certificate_file", "Certificate 2 in the file, of its authority, ended on"},
		{"a locked key", pemOf(good.Certificate), locked, "key_file", "passphrase"},
		{"no key", pemOf(good.Certificate), pemOf(good.Certificate), "key_file", "no key in the file"},
		{"no certificate", good.keyPEM(t), good.keyPEM(t), "certificate_file", "no certificate in the file"},
		{"a torn certificate", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: good.Raw[:99]}), good.keyPEM(t), "certificate_file", "Certificate 1 in the file cannot be read"},
		{"something huge", make([]byte, 2<<20), good.keyPEM(t), "certificate_file", "too large"},
	} {
		s, err := m.Ensure(t.Context(), w.own(row.certificate, row.key))
		var field setup.FieldError
		if !errors.As(err, &field) || field.Field != row.field || !strings.Contains(field.Message, row.says) {
			t.Errorf("%s: %v", row.name, err)
		}
		if s.State != cert.Missing || s.Problem() == nil || !strings.Contains(s.Problem().Message, row.says) {
			t.Errorf("%s: %s, %v", row.name, s.State, s.Problem())
		}
	}
	if _, err := os.Stat(filepath.Join(w.into, cert.FileName)); err == nil {
		t.Error("one of them was given to nginx")
	}
}

func TestNewerOwnFilesAreTakenUpAndBadOnesAreNot(t *testing.T) {
	w := offline(t)
	_, between := w.authorities()
	roots := x509.NewCertPool()
	roots.AddCert(between.Certificate)
	want := w.own(nil, nil)
	m := w.offlineManager()
	put := func(i issued) {
		t.Helper()
		for path, text := range map[string][]byte{want.CertificateFile: pemOf(i.Certificate), want.KeyFile: i.keyPEM(t)} {
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(w.sign(x509.Certificate{DNSNames: []string{private}, NotAfter: w.clock.Now().Add(365 * days)}, &between))
	first := w.ensure(m, want)
	w.clock.advance(340 * days)
	if s := w.status(m, private); s.State != cert.Failing || !strings.Contains(s.Problem().Message, "yours to renew") {
		t.Errorf("before its end: %s, %v", s.State, s.Problem())
	}
	if err := os.WriteFile(want.KeyFile, []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.renew(m)
	if s := w.status(m, private); s.State != cert.Failing || s.Fingerprint != first.Fingerprint || !strings.Contains(s.Problem().Message, "no key") {
		t.Errorf("with half a file: %s, %v", s.State, s.Problem())
	}
	put(w.sign(x509.Certificate{DNSNames: []string{private}, NotAfter: w.clock.Now().Add(365 * days)}, &between))
	w.renew(m)
	s := w.status(m, private)
	if leaf := w.served(private, roots); s.State != cert.Good || s.Failure != nil || !leaf.NotAfter.Equal(s.NotAfter) || s.Fingerprint == first.Fingerprint {
		t.Errorf("with newer files: %+v", s)
	}
	if obtained, failed := w.seen.counts(); obtained != 2 || failed != 1 {
		t.Errorf("called back %d, %d times", obtained, failed)
	}
}
