package cert_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/cert"
	"github.com/culvert/culvert/cert/certtest"
	"github.com/culvert/culvert/setup"
)

func TestAPrivateNameGetsACertificateThatBrowsersTrust(t *testing.T) {
	w := newWorld(t, nil)
	m := w.manager()
	s := w.ensure(m, w.public(strings.ToUpper(private)+".", private))
	if s.State != cert.Good || s.Name() != private || len(s.Names) != 1 || s.Problem() != nil || !strings.Contains(s.Issuer, "Pebble") {
		t.Errorf("status %+v", s)
	}
	if left := s.NotAfter.Sub(w.clock.Now()); left < 89*days || s.NotAfter.Sub(s.RenewFrom).Round(time.Hour) != 30*days {
		t.Errorf("good until %v, renewed from %v", s.NotAfter, s.RenewFrom)
	}
	if leaf := w.served(private, w.pebble.Issued()); !leaf.NotAfter.Equal(s.NotAfter) || len(s.Fingerprint) != 95 {
		t.Errorf("served until %v, fingerprint %s", leaf.NotAfter, s.Fingerprint)
	}
	if left := w.proofs(); len(left) != 0 {
		t.Errorf("left in DNS: %v", left)
	}
	if obtained, failed := w.seen.counts(); obtained != 1 || failed != 0 {
		t.Errorf("called back %d, %d times", obtained, failed)
	}
	w.everythingIsClosed()
	w.noSecretIsLogged()
}

// everythingIsClosed: what is kept can be read by its owner alone.
func (w *world) everythingIsClosed() {
	w.Helper()
	keys := 0
	err := filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			w.Errorf("%s is open to others: %v", path, info.Mode())
		}
		if text, err := os.ReadFile(path); err == nil && strings.Contains(string(text), "PRIVATE KEY") {
			keys++
		}
		return nil
	})
	if err != nil || keys != 2 { // of the certificate and of the account
		w.Errorf("%d keys, %v", keys, err)
	}
}

func (w *world) noSecretIsLogged() {
	w.Helper()
	log := w.log.String()
	if !strings.Contains(log, "new ACME account registered") || !strings.Contains(log, "a certificate is new") {
		w.Errorf("the log does not tell what happened:\n%s", log)
	}
	secrets := []string{"PRIVATE KEY", w.Token}
	err := filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "M") && len(line) > 40 { // of a PEM body
				secrets = append(secrets, strings.TrimSpace(line))
			}
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	for _, s := range secrets {
		if strings.Contains(log, s) {
			w.Errorf("the log holds %q", s)
		}
	}
}

func TestARestartLosesNothingAndOrdersNothing(t *testing.T) {
	w := newWorld(t, nil)
	first := w.ensure(w.manager(), w.public(private))
	ordered := w.pebble.Orders()
	m := w.manager()
	if s := w.status(m, private); s.Fingerprint != first.Fingerprint || s.State != cert.Good {
		t.Errorf("after the restart %+v", s)
	}
	w.renew(m)
	again := w.ensure(m, w.public(private))
	if again.Fingerprint != first.Fingerprint || w.pebble.Orders() != ordered {
		t.Errorf("%d orders, before %d", w.pebble.Orders(), ordered)
	}
	path := filepath.Join(w.into, cert.FileName)
	if err := os.WriteFile(path, []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.renew(m) // and what nginx reads is put right without an order
	if w.served(private, w.pebble.Issued()); w.pebble.Orders() != ordered {
		t.Errorf("%d orders, before %d", w.pebble.Orders(), ordered)
	}
	if obtained, _ := w.seen.counts(); obtained != 2 {
		t.Errorf("called back %d times", obtained)
	}
}

func TestACertificateIsRenewedAMonthAheadOnce(t *testing.T) {
	w := newWorld(t, nil)
	m := w.manager()
	first := w.ensure(m, w.public(private))
	ordered := w.pebble.Orders()
	w.clock.advance(59 * days)
	w.renew(m)
	if w.pebble.Orders() != ordered {
		t.Error("renewed too early")
	}
	w.clock.advance(2 * days)
	w.renew(m)
	second := w.status(m, private)
	if second.Fingerprint == first.Fingerprint || w.pebble.Orders() == ordered {
		t.Error("not renewed")
	}
	if leaf := w.served(private, w.pebble.Issued()); !leaf.NotAfter.Equal(second.NotAfter) {
		t.Error("nginx does not have the new one")
	}
	// The authority goes by its own clock, so the new one is due as well.
	ordered = w.pebble.Orders()
	w.clock.advance(1 * days)
	if w.renew(m); w.pebble.Orders() != ordered {
		t.Error("ordered again the next day")
	}
}

func TestShortLivedCertificatesAreRenewedInTime(t *testing.T) {
	w := newWorld(t, certtest.Profiles{"short": 6 * days})
	m := w.manager(func(o *cert.Options) { o.Profile = "short" })
	s := w.ensure(m, w.public(private))
	if ahead := s.NotAfter.Sub(s.RenewFrom).Round(time.Hour); ahead != 2*days || s.State != cert.Good {
		t.Errorf("renewed %v ahead, %s", ahead, s.State)
	}
	w.clock.advance(5*days + 12*time.Hour)
	if s := w.status(m, private); s.State != cert.Urgent {
		t.Errorf("half a day ahead it is %s", s.State)
	}
}

func TestAWildcardHidesTheName(t *testing.T) {
	w := newWorld(t, nil)
	s := w.ensure(w.manager(), w.public("*.internal.example.org", "internal.example.org"))
	leaf := w.served(private, w.pebble.Issued())
	if s.State != cert.Good || len(leaf.DNSNames) != 2 || leaf.VerifyHostname("internal.example.org") != nil {
		t.Errorf("%+v for %v", s, leaf.DNSNames)
	}
	if all, err := w.manager().All(); err != nil || len(all) != 1 || all[0].Name() != "*.internal.example.org" {
		t.Errorf("all are %+v, %v", all, err)
	}
	if left := w.proofs(); len(left) != 0 { // both were on one name
		t.Errorf("left in DNS: %v", left)
	}
}

func TestALostPermissionIsAProblemLongBeforeTheEnd(t *testing.T) {
	w := newWorld(t, nil)
	m := w.manager()
	first := w.ensure(m, w.public(private))
	w.cloud.SetToken(w.Token, "active", "Zone Read", "DNS Read")
	w.clock.advance(61 * days)
	w.renew(m)
	s := w.status(m, private)
	p := s.Problem()
	if s.State != cert.Failing || p == nil || p.Code != setup.CodeDenied || p.Permission != "DNS" || !strings.Contains(p.Message, "DNS: Edit") {
		t.Fatalf("%s: %v", s.State, p)
	}
	since := s.Failure.Since
	ordered := w.pebble.Orders()
	if w.renew(m); w.pebble.Orders() != ordered {
		t.Error("tried again at once")
	}
	w.clock.advance(22*days + time.Hour)
	w.renew(w.manager()) // a restart does not forget since when
	s = w.status(m, private)
	if s.State != cert.Urgent || !s.Failure.Since.Equal(since) || s.Failure.Attempts != 2 || s.Fingerprint != first.Fingerprint {
		t.Errorf("a week ahead: %s, %+v", s.State, s.Failure)
	}
	if again, err := m.Ensure(t.Context(), w.public(private)); err != nil || again.State != cert.Urgent {
		t.Errorf("asked for while the old one is good: %s, %v", again.State, err)
	}
	w.clock.advance(7 * days)
	if s := w.status(m, private); s.State != cert.Expired || !strings.Contains(s.Problem().Message, "ended on") {
		t.Errorf("after the end: %s %v", s.State, s.Problem())
	}
	if _, err := m.Ensure(t.Context(), w.public(private)); setup.AsProblem(err) == nil || setup.AsProblem(err).Code != setup.CodeDenied {
		t.Errorf("asked for after the end: %v", err)
	}
	if _, failed := w.seen.counts(); failed != 4 {
		t.Errorf("called back %d times", failed)
	}
	w.clock.advance(-90 * days)
	w.cloud.SetToken(w.Token, "active", "Zone Read", "DNS Write")
	if s := w.ensure(m, w.public(private)); s.Failure != nil || s.State != cert.Good {
		t.Errorf("with the permission back: %+v", s)
	}
}

func TestANameThatIsRefusedSaysWhy(t *testing.T) {
	w := newWorld(t, nil)
	m := w.manager()
	if err := w.pebble.Block("blocked.example.org"); err != nil {
		t.Fatal(err)
	}
	s, err := m.Ensure(t.Context(), w.public("x.blocked.example.org"))
	p := setup.AsProblem(err)
	if p == nil || p.Code != setup.CodeInvalid || s.State != cert.Missing || !strings.Contains(s.Problem().Message, "Use a name under your own domain") {
		t.Errorf("%s: %v", s.State, p)
	}
	s, err = m.Ensure(t.Context(), w.public("ocs.example.net")) // a domain that is not ours
	if p := setup.AsProblem(err); p == nil || !strings.Contains(p.Message, "No name server tells") || s.State != cert.Missing {
		t.Errorf("%s: %v", s.State, p)
	}
	if all, err := m.All(); err != nil || len(all) != 2 {
		t.Errorf("%+v, %v", all, err)
	}
	if err := m.Forget(t.Context(), "x.blocked.example.org"); err != nil {
		t.Fatal(err)
	}
	if _, found, err := m.Status("x.blocked.example.org"); found || err != nil {
		t.Errorf("not forgotten: %v", err)
	}
}

func TestAnAuthorityThatIsAwayIsNoFaultOfOurs(t *testing.T) {
	w := newWorld(t, nil)
	m := w.manager(func(o *cert.Options) { o.Directory = "https://127.0.0.1:1/dir" })
	if _, err := m.Ensure(t.Context(), w.public(private)); setup.AsProblem(err) == nil || setup.AsProblem(err).Code != setup.CodeUnavailable {
		t.Errorf("it says %v", err)
	}
	if _, err := m.Terms(t.Context()); setup.AsProblem(err) == nil || setup.AsProblem(err).Code != setup.CodeUnavailable {
		t.Errorf("of its terms it says %v", err)
	}
	terms, err := w.manager().Terms(t.Context())
	if err != nil || !strings.HasPrefix(terms, "data:text/plain") {
		t.Errorf("terms %q, %v", terms, err)
	}
}
