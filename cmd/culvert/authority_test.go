package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnotherAuthorityForCertificatesIsTakenFromTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct{ directory, file, refused string }{
		"none":             {"", "", ""},
		"one":              {"https://ca.example.org/acme/directory", "", ""},
		"no address":       {"ca.example.org", "", "CULVERT_ACME_DIRECTORY: \"ca.example.org\" is no address"},
		"not by https":     {"http://ca.example.org/directory", "", "is no address"},
		"a file not there": {"https://ca.example.org/directory", filepath.Join(dir, "none.pem"), "reading CULVERT_ACME_CA"},
		"an empty file":    {"https://ca.example.org/directory", empty, "holds no certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("CULVERT_ACME_DIRECTORY", row.directory)
			t.Setenv("CULVERT_ACME_CA", row.file)
			var a authority
			err := a.choose()
			if (err == nil) != (row.refused == "") || err != nil && !strings.Contains(err.Error(), row.refused) {
				t.Errorf("it says %v", err)
			}
			if row.refused == "" && (a.directory != row.directory || a.name() != strings.TrimSuffix(strings.TrimPrefix(row.directory, "https://"), "/acme/directory")) {
				t.Errorf("it is %+v", a)
			}
		})
	}
}
