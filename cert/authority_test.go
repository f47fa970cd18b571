package cert_test

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/cert"
	"github.com/culvert/culvert/setup"
)

func (w *world) internal(names ...string) cert.Want {
	return cert.Want{Names: names, Source: cert.Internal, Into: w.into}
}

// authority is the root behind a certificate, as a device is told to trust it.
func (w *world) authority(m *cert.Manager, name string) (cert.Authority, *x509.CertPool) {
	w.Helper()
	a, found, err := m.Authority(name)
	if err != nil || !found {
		w.Fatalf("found %v, %v", found, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(a.PEM) || strings.Contains(string(a.PEM), "KEY") {
		w.Fatalf("to download is %s", a.PEM)
	}
	return a, roots
}

func TestADeviceThatTrustsOurAuthorityTrustsTheName(t *testing.T) {
	w := offline(t)
	m := w.offlineManager()
	s := w.ensure(m, w.internal(private, "*.internal.example.org"))
	a, roots := w.authority(m, private)
	w.served(private, roots)
	if s.State != cert.Good || a.Domain != "internal.example.org" || s.Issuer != "Culvert authority for internal.example.org" || len(a.Fingerprint) != 95 {
		t.Errorf("%+v, %+v", s, a)
	}
	w.ensure(m, w.internal("app.internal.example.org"))
	if again, _ := w.authority(w.offlineManager(), "app.internal.example.org"); again.Fingerprint != a.Fingerprint {
		t.Error("a second name of the domain, after a restart, has another authority")
	}
}

func TestOurAuthorityIsGoodForItsDomainAlone(t *testing.T) {
	w := offline(t)
	m := w.offlineManager()
	w.ensure(m, w.internal(private))
	_, roots := w.authority(m, private)
	path := filepath.Join(w.dir, "authorities", "internal.example.org.pem")
	stolen, err := tls.LoadX509KeyPair(path, path)
	if err != nil {
		t.Fatal(err)
	}
	root := issued{stolen.Leaf, stolen.PrivateKey.(crypto.Signer)}
	for name, want := range map[string]bool{"mail.internal.example.org": true, "www.example.org": false, "bank.example.com": false} {
		forged := w.sign(x509.Certificate{DNSNames: []string{name}}, &root)
		_, err := forged.Verify(x509.VerifyOptions{Roots: roots, DNSName: name})
		if (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInternalCertificatesAreRenewedAndTheAuthorityStays(t *testing.T) {
	w := offline(t)
	m := w.offlineManager()
	first := w.ensure(m, w.internal(private))
	a, roots := w.authority(m, private)
	ticks := make(chan time.Time)
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.Run(t.Context(), ticks)
	}()
	for range 40 { // 3 years
		w.clock.advance(28 * days)
		ticks <- time.Time{}
	}
	close(ticks)
	<-done
	now, rootsNow := w.authority(m, private)
	w.served(private, roots)
	s := w.status(m, private)
	if now.Fingerprint != a.Fingerprint || !rootsNow.Equal(roots) || s.Fingerprint == first.Fingerprint || s.State != cert.Good {
		t.Errorf("after three years: %+v, %+v", s, now)
	}
	w.clock.advance(7 * 365 * days) // the authority itself comes to its end
	w.renew(m)
	last, roots := w.authority(m, private)
	w.served(private, roots)
	if last.Fingerprint == a.Fingerprint {
		t.Error("an authority that ended is still used")
	}
}

func TestAnAuthorityThatCannotBeReadIsNotReplaced(t *testing.T) {
	w := offline(t)
	m := w.offlineManager()
	w.ensure(m, w.internal(private))
	path := filepath.Join(w.dir, "authorities", "internal.example.org.pem")
	if err := os.WriteFile(path, []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(70 * days)
	w.renew(m)
	if s := w.status(m, private); s.State != cert.Failing || !strings.Contains(s.Problem().Message, "from a backup") {
		t.Errorf("%s, %v", s.State, s.Problem())
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "torn" {
		t.Errorf("it was replaced: %v", err)
	}
}

func TestWhatIsTypedWrongIsNamed(t *testing.T) {
	w := offline(t)
	m := w.offlineManager()
	for name, row := range map[string]struct {
		want  cert.Want
		field string
	}{
		"no name":          {cert.Want{Source: cert.Internal}, "names"},
		"a bare word":      {w.internal("ocs"), "names"},
		"a way out":        {w.internal("../../etc.example.org"), "names"},
		"a space":          {w.internal("a b.example.org"), "names"},
		"a star inside":    {w.internal("a.*.example.org"), "names"},
		"two domains":      {w.internal("a.x.example.org", "a.y.example.org"), "names"},
		"no source":        {cert.Want{Names: []string{private}}, "source"},
		"a relative place": {cert.Want{Names: []string{private}, Source: cert.Internal, Into: "nginx"}, "into"},
		"no agreement":     {cert.Want{Names: []string{private}, Source: cert.Public}, "agreed"},
		"no file":          {cert.Want{Names: []string{private}, Source: cert.Own, CertificateFile: "/x"}, "key_file"},
	} {
		_, err := m.Ensure(t.Context(), row.want)
		if field := (setup.FieldError{}); !errors.As(err, &field) || field.Field != row.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all, err := m.All(); err != nil || len(all) != 0 {
		t.Errorf("looked after are %+v, %v", all, err)
	}
	s, err := m.Ensure(t.Context(), w.public(private))
	if p := setup.AsProblem(err); p == nil || p.Code != setup.CodeUnauthorized || s.State != cert.Missing {
		t.Errorf("without a token: %v", err)
	}
}

func TestAFolderThatCannotBeWrittenIsTold(t *testing.T) {
	w := offline(t)
	m := w.offlineManager()
	if err := os.MkdirAll(filepath.Dir(w.into), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.into, []byte("a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := m.Ensure(t.Context(), w.internal(private))
	if p := setup.AsProblem(err); p == nil || !strings.Contains(p.Message, w.into) || s.State != cert.Failing {
		t.Fatalf("%s, %v", s.State, err)
	}
	if err := os.Remove(w.into); err != nil {
		t.Fatal(err)
	}
	w.renew(m)
	_, roots := w.authority(m, private)
	w.served(private, roots)
	if s := w.status(m, private); s.State != cert.Good || s.Failure != nil {
		t.Errorf("with the folder there: %+v", s)
	}
	if obtained, failed := w.seen.counts(); obtained != 1 || failed != 1 {
		t.Errorf("called back %d, %d times", obtained, failed)
	}
}

func TestWhatAKilledWriterLeftIsReplaced(t *testing.T) {
	w := offline(t)
	m := w.offlineManager()
	if err := os.MkdirAll(w.into, 0o700); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(w.into, cert.FileName+".new")
	if err := os.WriteFile(left, []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	w.ensure(m, w.internal(private))
	_, roots := w.authority(m, private)
	w.served(private, roots)
	if list, err := os.ReadDir(w.into); err != nil || len(list) != 1 {
		t.Errorf("in the folder are %v, %v", list, err)
	}
	stored := filepath.Join(w.dir, "certificates", private, "internal.pem")
	if err := os.WriteFile(stored, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("torn")}), 0o600); err != nil {
		t.Fatal(err)
	}
	if s := w.status(m, private); s.State != cert.Missing {
		t.Errorf("one that is torn counts as %s", s.State)
	}
	w.renew(m)
	if s := w.status(m, private); s.State != cert.Good {
		t.Errorf("after the next look it is %s", s.State)
	}
}

func TestAnotherSourceTakesOver(t *testing.T) {
	w := offline(t)
	m := w.offlineManager()
	w.ensure(m, w.internal(private))
	own := w.sign(x509.Certificate{DNSNames: []string{private}}, nil)
	s := w.ensure(m, w.own(pemOf(own.Certificate), own.keyPEM(t)))
	if !strings.Contains(s.Note, "Nobody signed this certificate but itself") {
		t.Errorf("note %q", s.Note)
	}
	roots := x509.NewCertPool()
	roots.AddCert(own.Certificate)
	w.served(private, roots)
	if _, found, err := m.Authority(private); found || err != nil {
		t.Errorf("our authority is still told: %v", err)
	}
	if s := w.ensure(m, w.internal(private)); s.Note != "" || s.State != cert.Good {
		t.Errorf("back again: %+v", s)
	}
	_, roots = w.authority(m, private)
	w.served(private, roots)
}
