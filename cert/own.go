package cert

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/culvert/culvert/setup"
)

// readOwn reads the operator's own files. The note is worth knowing, but no
// reason to refuse them.
func (m *Manager) readOwn(e entry) (p pair, note string, err error) {
	certificate, err := readSmall(fieldCertificate, e.CertificateFile)
	if err != nil {
		return pair{}, "", err
	}
	key, err := readSmall(fieldKey, e.KeyFile)
	if err != nil {
		return pair{}, "", err
	}
	if p, err = parsePair(certificate, key); err != nil {
		return pair{}, "", err
	}
	return p, m.trust(p), nil
}

// trust says what devices will make of a certificate; nothing if they trust it.
func (m *Manager) trust(p pair) string {
	between := x509.NewCertPool()
	for _, c := range p.chain[1:] {
		between.AddCert(c)
	}
	_, err := p.leaf().Verify(x509.VerifyOptions{Roots: m.o.Trust, Intermediates: between, CurrentTime: m.o.Clock()})
	if err == nil {
		return ""
	}
	top := p.chain[len(p.chain)-1]
	if len(p.chain) == 1 && top.CheckSignature(top.SignatureAlgorithm, top.RawTBSCertificate, top.Signature) == nil {
		return "Nobody signed this certificate but itself. Every device must be told to trust it."
	}
	return fmt.Sprintf("This server does not know the authority that signed it (%s). If it is your organisation's own, devices must trust it already; if it is a public one, the file lacks its certificates in between.", issuer(top))
}

const largestFile = 1 << 20

func readSmall(field, path string) ([]byte, error) {
	bad := func(text string) error {
		return setup.FieldError{Field: field, Message: fmt.Sprintf(text, path)}
	}
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, bad("There is no file %s on this server.")
	case errors.Is(err, fs.ErrPermission):
		return nil, bad("Culvert may not read %s. Give it the right to.")
	case err != nil:
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
		return nil, bad("%s is no plain file.")
	}
	text, err := io.ReadAll(io.LimitReader(f, largestFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if len(text) > largestFile {
		return nil, bad("%s is too large to be a certificate or a key.")
	}
	return text, nil
}
