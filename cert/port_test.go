package cert_test

import (
	"bytes"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/cert"
	"github.com/culvert/culvert/setup"
)

const install = "t1"

func (w *world) asked(source setup.Source, wildcard bool) setup.Certificate {
	return setup.Certificate{Name: private, Wildcard: wildcard, Source: source, Dir: w.into, Valid: true}
}

func certKey() setup.Key {
	return setup.Key{Kind: setup.KindCertificate, Scope: setup.CertificateScope, Name: private}
}

// look is what the Port shows of a certificate; nil: nothing.
func (w *world) look(p *cert.Port, c setup.Certificate) *setup.Object {
	w.Helper()
	seen, err := p.Observe(w.Context(), setup.View{Private: true, Certificates: []setup.Certificate{c}})
	if err != nil || len(seen.Unread) > 0 {
		w.Fatalf("%v, unread %v", err, seen.Unread)
	}
	if len(seen.Objects) == 0 {
		return nil
	}
	return &seen.Objects[0]
}

// change makes one change from how things stand.
func (w *world) change(p *cert.Port, about setup.Certificate, to setup.State) setup.Outcome {
	w.Helper()
	e := setup.Entry{Key: certKey(), Verb: setup.Create, To: to}
	if o := w.look(p, about); o != nil {
		e.Verb, e.ID, e.From = setup.Update, o.ID, o.State
		if to == nil {
			e.Verb = setup.Delete
		}
	}
	out, err := p.Do(w.Context(), setup.Call{Entries: []setup.Entry{e}})
	if err != nil || len(out) != 1 {
		w.Fatalf("%v, %+v", err, out)
	}
	return out[0]
}

func TestThePortGetsShowsAndDropsACertificate(t *testing.T) {
	for _, source := range []setup.Source{setup.FromInternal, setup.FromACME} {
		for _, wildcard := range []bool{false, true} {
			w := newWorld(t, nil)
			p := cert.NewPort(w.manager(), install, false)
			c := w.asked(source, wildcard)
			if o := w.look(p, c); o != nil {
				t.Fatalf("seen before it is there: %+v", o)
			}
			if o := w.change(p, c, c); o.Err != nil || !setup.Same(o.State, c) || o.ID != private {
				t.Fatalf("%s: %+v", source, o)
			}
			o := w.look(cert.NewPort(w.manager(), install, false), c) // as after a restart
			if o == nil || !setup.Same(o.State, c) || o.Mark != setup.Mark(install, certKey()) {
				t.Fatalf("%s: seen as %+v", source, o)
			}
			if have := o.State.(setup.Certificate); have.Until.Before(w.clock.Now()) || have.Issuer == "" || have.Fault != "" {
				t.Errorf("%s: %+v", source, have)
			}
			if o := w.change(p, c, nil); o.Err != nil || o.State != nil {
				t.Errorf("dropped: %+v", o)
			}
			if _, err := os.Stat(filepath.Join(w.into, cert.FileName)); !os.IsNotExist(err) {
				t.Errorf("the front still has it: %v", err)
			}
		}
	}
}

func TestARenewalThatFailsShowsInTheCertificateLongBeforeItsEnd(t *testing.T) {
	w := newWorld(t, nil)
	m := w.manager()
	p := cert.NewPort(m, install, false)
	c := w.asked(setup.FromACME, false)
	w.change(p, c, c)
	w.cloud.SetToken(w.Token, "active", "Zone Read", "DNS Read")
	w.clock.advance(61 * days)
	w.renew(m)
	have := w.look(p, c).State.(setup.Certificate)
	if !have.Valid || !have.Overdue || !strings.Contains(have.Fault, "DNS: Edit") || have.Until.Sub(w.clock.Now()) < 7*24*time.Hour {
		t.Errorf("%+v", have)
	}
	if o := w.change(p, c, c); o.Err == nil || o.Err.Code != setup.CodeDenied || !strings.Contains(o.Err.Message, "tried 2 times") {
		t.Errorf("asked for again without the permission: %+v", o)
	}
	w.cloud.SetToken(w.Token, "active", "Zone Read", "DNS Write")
	if o := w.change(p, c, c); o.Err != nil || !setup.Same(o.State, c) {
		t.Errorf("asked for with the permission back: %+v", o)
	}
	w.cloud.SetToken(w.Token, "active", "Zone Read", "DNS Read")
	w.clock.advance(101 * days) // the authority goes by its own clock
	if have := w.look(p, c).State.(setup.Certificate); have.Valid || !strings.Contains(have.Fault, "ended on") {
		t.Errorf("after its end: %+v", have)
	}
	if o := w.change(p, c, c); o.Err == nil || o.Err.Code != setup.CodeDenied || o.State == nil {
		t.Errorf("asked for without the permission: %+v", o)
	}
}

func TestTheOperatorsFilesAreTakenUpWhereTheyAreFound(t *testing.T) {
	w := offline(t)
	p := cert.NewPort(w.offlineManager(), install, false)
	c := w.asked(setup.FromOwner, false)
	if o := w.look(p, c); o != nil {
		t.Fatalf("seen before it is there: %+v", o)
	}
	_, between := w.authorities()
	put := func(name string) {
		leaf := w.sign(x509.Certificate{DNSNames: []string{name}}, &between)
		if err := os.MkdirAll(w.into, 0o700); err != nil {
			t.Fatal(err)
		}
		for path, text := range map[string][]byte{setup.CertificateFile: append(pemOf(leaf.Certificate), pemOf(between.Certificate)...), setup.KeyFile: leaf.keyPEM(t)} {
			if err := os.WriteFile(filepath.Join(w.into, path), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	put("other.example.org")
	if o := w.look(p, c); o == nil || o.State.(setup.Certificate).Valid || !strings.Contains(o.State.(setup.Certificate).Fault, private) {
		t.Fatalf("for another name: %+v", o)
	}
	put(private)
	if o := w.look(p, c); o == nil || !setup.Same(o.State, c) || o.Mark != "" {
		t.Fatalf("seen as %+v", o)
	}
	if _, err := os.Stat(filepath.Join(w.into, cert.FileName)); err != nil {
		t.Error(err)
	}
}

// Of the operator's own certificate nothing is left that Culvert made, and nothing
// is missing of theirs.
func TestWhatWasMadeOfTheOperatorsFilesGoesAndTheFilesStay(t *testing.T) {
	w := offline(t)
	p := cert.NewPort(w.offlineManager(), install, false)
	c := w.asked(setup.FromOwner, false)
	_, between := w.authorities()
	leaf := w.sign(x509.Certificate{DNSNames: []string{private}}, &between)
	if err := os.MkdirAll(w.into, 0o700); err != nil {
		t.Fatal(err)
	}
	theirs := map[string][]byte{setup.CertificateFile: append(pemOf(leaf.Certificate), pemOf(between.Certificate)...), setup.KeyFile: leaf.keyPEM(t)}
	for path, text := range theirs {
		if err := os.WriteFile(filepath.Join(w.into, path), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if o := w.look(p, c); o == nil || o.State.(setup.Certificate).Note == "" {
		t.Fatalf("taken up, and devices have to be told: %+v", o)
	}
	if o := w.change(p, c, nil); o.Err != nil || o.State != nil {
		t.Fatalf("dropped: %+v", o)
	}
	earlier := setup.View{Private: true, Certificates: []setup.Certificate{c}}.Earlier()
	if seen, err := p.Observe(t.Context(), earlier); err != nil || len(seen.Objects) > 0 {
		t.Errorf("%v, seen again: %+v", err, seen.Objects)
	}
	key := leaf.keyPEM(t)
	for _, dir := range []string{w.into, w.dir} {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if theirs[filepath.Base(path)] == nil && bytes.Contains(text, bytes.TrimSpace(key)) || filepath.Base(path) == "about.json" {
				t.Errorf("left behind: %s", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	for path, text := range theirs {
		if have, err := os.ReadFile(filepath.Join(w.into, path)); err != nil || !bytes.Equal(have, text) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Devices that were told to trust our authority trust it after a new set-up too.
func TestAnAuthorityOutlivesItsLastCertificate(t *testing.T) {
	w := offline(t)
	m := w.offlineManager()
	want := cert.Want{Names: []string{"one.team.internal"}, Source: cert.Internal}
	var roots []string
	for range 2 {
		if _, err := m.Ensure(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		a, found, err := m.Authority(want.Name())
		if err != nil || !found {
			t.Fatalf("found %t: %v", found, err)
		}
		roots = append(roots, a.Fingerprint)
		if err := m.Forget(t.Context(), want.Name()); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(w.dir, "certificates", want.Name())); err == nil {
			t.Error("its certificate stays")
		}
	}
	if roots[0] != roots[1] {
		t.Error("after a new set-up it is another authority")
	}
}

// What was noted of the operator's own files goes unless they were good once.
func TestOfAFaultyCertificateOfTheOperatorNothingIsLeftBehind(t *testing.T) {
	w := newWorld(t, nil)
	p := cert.NewPort(w.manager(), install, false)
	c := w.asked(setup.FromOwner, false)
	if err := os.MkdirAll(w.into, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{setup.CertificateFile, setup.KeyFile} {
		if err := os.WriteFile(filepath.Join(w.into, name), []byte("nonsense"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // at each look it is told anew
		if o := w.look(p, c); o == nil || o.State.(setup.Certificate).Valid || o.State.(setup.Certificate).Fault == "" {
			t.Fatalf("seen as %+v", o)
		}
		if left, err := os.ReadDir(filepath.Join(w.dir, "certificates")); len(left) > 0 {
			t.Errorf("left behind: %v (%v)", left, err)
		}
	}
}

func TestACertificateThatTheFrontLostIsWrittenAgain(t *testing.T) {
	w := newWorld(t, nil)
	p := cert.NewPort(w.manager(), install, false)
	c := w.asked(setup.FromInternal, false)
	w.change(p, c, c)
	path := filepath.Join(w.into, cert.FileName)
	if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if o := w.look(p, c); o == nil || o.State.(setup.Certificate).Valid || o.State.(setup.Certificate).Fault == "" {
		t.Errorf("seen as %+v", o)
	}
	if o := w.change(p, c, c); o.Err != nil || !setup.Same(o.State, c) {
		t.Errorf("%+v", o)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if o := w.look(p, c); o != nil {
		t.Errorf("seen without a file: %+v", o)
	}
	if o := w.change(p, c, c); o.Err != nil || !setup.Same(o.State, c) {
		t.Errorf("%+v", o)
	}
}

// Another certificate in its place is not taken for good, however good it is: the
// front would serve it from its next start on.
func TestACertificateThatSomebodyReplacedIsPutBack(t *testing.T) {
	w := newWorld(t, nil)
	p := cert.NewPort(w.manager(), install, false)
	c := w.asked(setup.FromInternal, false)
	w.change(p, c, c)
	_, between := w.authorities()
	leaf := w.sign(x509.Certificate{DNSNames: []string{private}}, &between)
	path := filepath.Join(w.into, cert.FileName)
	if err := os.WriteFile(path, append(leaf.keyPEM(t), pemOf(leaf.Certificate)...), 0o600); err != nil {
		t.Fatal(err)
	}
	if have := w.look(p, c).State.(setup.Certificate); have.Valid || !strings.Contains(have.Fault, "not the file that Culvert put there") {
		t.Errorf("seen as %+v", have)
	}
	if o := w.change(p, c, c); o.Err != nil || !setup.Same(o.State, c) {
		t.Errorf("%+v", o)
	}
	if back, err := os.ReadFile(path); err != nil || bytes.Contains(back, leaf.keyPEM(t)) {
		t.Errorf("it is still the one of somebody else (%v)", err)
	}
}

func TestOneWildcardIsNotTakenFromAnotherSetup(t *testing.T) {
	w := newWorld(t, nil)
	p := cert.NewPort(w.manager(), install, false)
	first := w.asked(setup.FromInternal, true)
	w.change(p, first, first)
	second := first
	second.Dir = filepath.Join(t.TempDir(), "second")
	if o := w.change(p, second, second); o.Err == nil || o.Err.Code != setup.CodeConflict {
		t.Errorf("%+v", o)
	}
	if o := w.look(p, first); o == nil || !setup.Same(o.State, first) {
		t.Errorf("the first is %+v", o)
	}
}

func TestACertificateThatChangedSinceIsLeft(t *testing.T) {
	w := newWorld(t, nil)
	p := cert.NewPort(w.manager(), install, false)
	c := w.asked(setup.FromInternal, false)
	w.change(p, c, c)
	out, err := p.Do(t.Context(), setup.Call{Entries: []setup.Entry{{Key: certKey(), Verb: setup.Create, To: c}}})
	if err != nil || out[0].Err == nil || out[0].Err.Code != setup.CodeChanged {
		t.Errorf("%v, %+v", err, out)
	}
}

func TestARehearsalAsksNoPublicAuthority(t *testing.T) {
	w := offline(t)
	p := cert.NewPort(w.offlineManager(), install, true)
	c := w.asked(setup.FromACME, false)
	if o := w.change(p, c, c); o.Err != nil || !setup.Same(o.State, c) {
		t.Errorf("%+v", o)
	}
	if o := w.look(p, c); o == nil || !setup.Same(o.State, c) {
		t.Errorf("seen as %+v", o)
	}
}
