package main

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	s.must("destroy", "--yes")
	err = filepath.WalkDir(s.data, func(path string, d os.DirEntry, err error) error {
		if err == nil && (filepath.Ext(path) == ".pem" || filepath.Base(path) == "about.json") {
			t.Errorf("taken down, and %s is left", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if r := s.run("authority"); r.code == exitOK || r.out != "" {
		t.Errorf("taken down, and it prints %q", r.out)
	}
}
