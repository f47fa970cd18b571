package main

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
)

// Colleagues get the root certificate and the name of the team, never the key.
func TestTheRootCertificateIsGivenOutWithoutItsKey(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	s.file = filepath.Join(t.TempDir(), "culvert.yaml")
	text = append(text, "\nmode: hostname\nprivate:\n  name: ocs.your-org\n  front: internal\n"...)
	if err := os.WriteFile(s.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s.applied()
	r := s.must("authority")
	block, rest := pem.Decode([]byte(r.out))
	if block == nil || block.Type != "CERTIFICATE" || strings.TrimSpace(string(rest)) != "" {
		t.Fatalf("it prints %q", r.out)
	}
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !root.IsCA || !strings.Contains(r.err, "SHA-256") {
		t.Errorf("%v, %+v: %s", err, root, r.err)
	}
	d := s.dashboard()
	if beside := s.typedAs("", "authority --rehearsal"); beside.code != exitOK || beside.out != r.out {
		t.Errorf("beside the dashboard it ends with %d: %s%s", beside.code, beside.out, beside.err)
	}
	d.kill()
	gone := s.must("destroy", "--yes")
	if !strings.Contains(gone.out, "the root certificate of your own authority stays in the data folder") {
		t.Errorf("what stays is not told:\n%s", gone.out)
	}
	var left []string
	err = filepath.WalkDir(s.data, func(path string, _ os.DirEntry, err error) error {
		if filepath.Ext(path) == ".pem" || filepath.Base(path) == "about.json" {
			left = append(left, filepath.Base(filepath.Dir(path)))
		}
		return err
	})
	if err != nil || len(left) != 1 || left[0] != "authorities" {
		t.Errorf("taken down, and left are files in %v (%v)", left, err)
	}
	if r := s.run("authority"); r.code == exitOK || r.out != "" {
		t.Errorf("taken down, and it prints %q", r.out)
	}
	s.applied() // colleagues who trust it need not install another one
	if again := s.must("authority"); again.out != r.out {
		t.Errorf("after a new set-up it prints another root:\n%s", again.out)
	}
}

// What was wrong with the operator's own certificate is no reason to leave a note
// of it behind.
func TestNothingIsLeftOfAnOwnCertificateThatWasNeverGood(t *testing.T) {
	t.Parallel()
	s := privately(t, setup.ModeHostname, "ocs.your-org", "")
	text, err := os.ReadFile(s.file)
	if err == nil {
		err = os.WriteFile(s.file, []byte(strings.Replace(string(text), "front: internal", "front: own", 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	dir := regexp.MustCompile(`into (\S+)/` + regexp.QuoteMeta(setup.CertificateFile)).FindStringSubmatch(s.run("plan").out)
	if dir == nil {
		t.Fatal("it is not told where the certificate goes")
	}
	if err := os.MkdirAll(dir[1], 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{setup.CertificateFile, setup.KeyFile} {
		if err := os.WriteFile(filepath.Join(dir[1], name), []byte("nonsense"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if r := s.run("apply", "--yes"); r.code != exitError || !strings.Contains(r.err, "cannot be used") {
		t.Fatalf("it ended with %d:\n%s%s", r.code, r.out, r.err)
	}
	s.must("destroy", "--yes")
	if left, err := os.ReadDir(filepath.Join(s.data, "practice", "certificates", "certificates")); len(left) > 0 {
		t.Errorf("taken down, and left are %v (%v)", left, err)
	}
}
