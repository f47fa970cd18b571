package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/setup"
)

// inMode is a shop whose team comes in by a private name.
func inMode(t *testing.T, mode setup.Mode) *shop {
	t.Helper()
	s := newShop(t)
	text, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	s.file = filepath.Join(t.TempDir(), "culvert.yaml")
	text = append(text, "\nmode: "+string(mode)+"\nprivate:\n  name: ocs.your-org\n  front: internal\n"...)
	if err := os.WriteFile(s.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// What breaks on the private way is named, leaves no good light, and a repair
// puts it right, proven.
func TestNoBreakageOfThePrivateWayLeavesAGreenLight(t *testing.T) {
	for _, row := range []struct {
		mode   setup.Mode
		id     string
		class  setup.Class
		traced bool
	}{
		{setup.ModeFallback, "dns-stopped", setup.ClassPrivateDNS, false},
		{setup.ModeFallback, "front-stopped", setup.ClassPrivateFront, false},
		{setup.ModeFallback, "connector-http2", setup.ClassConnectorUDP, false},
		{setup.ModeFallback, "fallback-removed", setup.ClassDevices, false},
		{setup.ModeFallback, "route-deleted", setup.ClassPrivateRoute, true},
		{setup.ModeHostname, "front-stopped", setup.ClassPrivateFront, false},
		{setup.ModeHostname, "route-deleted", setup.ClassPrivateRoute, true},
	} {
		t.Run(string(row.mode)+" "+row.id, func(t *testing.T) {
			t.Parallel()
			s := inMode(t, row.mode).applied()
			s.breakage("break", row.id)
			s.tells(row.class, row.traced)
			s.must("repair", "--yes")
			s.must("status")
			s.breakage("mend", row.id) // takes nothing away from what was repaired
			s.must("status")
		})
	}
}

// A certificate that browsers do not trust is no way in, whoever put it there.
func TestACertificateThatNobodyTrustsIsNamed(t *testing.T) {
	t.Parallel()
	s := inMode(t, setup.ModeFallback).applied()
	found, err := filepath.Glob(filepath.Join(s.data, "practice", "fronts", "*", setup.ServedFile))
	if err != nil || len(found) != 1 {
		t.Fatalf("the certificates are %v, %v", found, err)
	}
	if err := os.WriteFile(found[0], foreignPair(t), 0o600); err != nil {
		t.Fatal(err)
	}
	s.tells(setup.ClassCertificate, false)
}

// foreignPair is a certificate for the private name by nobody that counts.
func foreignPair(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"ocs.your-org"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, leaf, leaf, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private})...)
}

// Without a front the app's production settings let nobody log in, and the run
// says so before anybody is sent there.
func TestWithoutAFrontTheLoginIsSeenToFailBeforeTheSwitch(t *testing.T) {
	t.Parallel()
	s := inMode(t, setup.ModeFallback)
	text, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.file, []byte(strings.Replace(string(text), "front: internal", "front: none", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	const says = "Nobody will be able to log in at http://ocs.your-org:8000/: the app runs with config.settings_production"
	if r := s.run("plan"); r.code != exitChanges || !strings.Contains(r.err, "note: "+says) {
		t.Errorf("before anything is done the plan ends with %d and says: %s", r.code, r.err)
	}
	r := s.run("apply", "--yes")
	if !strings.Contains(r.err, "note: "+says) {
		t.Errorf("apply does not say so beforehand: %s", r.err)
	}
	if r.code == exitOK || !strings.Contains(r.out+r.err, "Nothing was switched over") || !strings.Contains(r.out+r.err, "without a certificate nothing answers there: nobody can log in") {
		t.Errorf("it ended with %d:\n%s%s", r.code, r.out, r.err)
	}
	for _, command := range []string{"status", "repair --yes"} { // nor is it offered to fail the same way
		r := s.run(strings.Fields(command)...)
		if r.code != exitError || len(r.writes()) > 0 || strings.Contains(r.out, "culvert repair --only") ||
			!strings.Contains(r.out, "Nobody could log in at ocs.your-org") || !strings.Contains(r.out, "Choose a certificate, on the page “How your team comes in” or as front in the file") {
			t.Errorf("%s ended with %d, wrote %v:\n%s%s", command, r.code, r.writes(), r.out, r.err)
		}
	}
	s.edited() // as it advises: the public way first, because the app has the name, and then a certificate
	s.must("apply", "--yes")
	s.file = inMode(t, setup.ModeFallback).file
	if r := s.must("apply", "--yes"); strings.Contains(r.err, "log in") {
		t.Errorf("with a certificate it warns: %s", r.err)
	}
	s.must("status")
}

// The name by which the team comes in is not changed in place: nothing is agreed to
// that could not be had, and the old name goes on working.
func TestThePrivateNameIsNotChangedUnderTheTeam(t *testing.T) {
	t.Parallel()
	s := inMode(t, setup.ModeFallback).applied()
	text, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	renamed := strings.Replace(string(text), "name: ocs.your-org", "name: chat.your-org", 1)
	if err := os.WriteFile(s.file, []byte(renamed), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"plan", "apply"} {
		if r := s.run(command); r.code != exitError || !strings.Contains(r.err, "Your team comes in by ocs.your-org") {
			t.Errorf("%s ended with %d:\n%s%s", command, r.code, r.out, r.err)
		}
	}
	if r := s.plain("status", "--rehearsal"); r.code != exitOK {
		t.Errorf("after it was refused, the status is %d:\n%s", r.code, r.out)
	}
	if err := os.WriteFile(s.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s.must("plan")
}
