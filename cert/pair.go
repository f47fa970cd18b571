package cert

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/setup"
)

// pair is a certificate with its chain and its key.
type pair struct {
	chain []*x509.Certificate // the leaf first
	key   crypto.Signer
	pem   []byte // key and chain, as nginx reads them
}

func (p pair) leaf() *x509.Certificate { return p.chain[0] }

// parsePair reads a certificate with its chain, and its key. Both may stand in
// one file. The errors name the field that is wrong.
func parsePair(certificates, key []byte) (pair, error) {
	chain, err := parseChain(certificates)
	if err != nil {
		return pair{}, err
	}
	block, err := keyBlock(key)
	if err != nil {
		return pair{}, err
	}
	var out bytes.Buffer
	for _, c := range chain {
		out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	keyPEM := pem.EncodeToMemory(block)
	matched, err := tls.X509KeyPair(out.Bytes(), keyPEM)
	signer, _ := matched.PrivateKey.(crypto.Signer) // as all keys are that it takes
	if err != nil {
		return pair{}, setup.FieldError{Field: fieldKey, Message: "The key does not belong to the certificate. Use the key that the certificate was requested with."}
	}
	return pair{chain, signer, append(keyPEM, out.Bytes()...)}, nil
}

func parseChain(text []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for block := range blocks(text) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, setup.FieldError{Field: fieldCertificate, Message: fmt.Sprintf("Certificate %d in the file cannot be read. Copy the file again, whole.", len(chain)+1)}
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		return nil, setup.FieldError{Field: fieldCertificate, Message: "There is no certificate in the file. It must hold lines that begin with -----BEGIN CERTIFICATE-----."}
	}
	return chain, nil
}

func keyBlock(text []byte) (*pem.Block, error) {
	for block := range blocks(text) {
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
			return nil, setup.FieldError{Field: fieldKey, Message: "The key is locked with a passphrase, which nginx could not type. Store it without one: openssl pkey -in key.pem -out open.pem"}
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return block, nil
		}
	}
	return nil, setup.FieldError{Field: fieldKey, Message: "There is no key in the file. It must hold a line that ends with PRIVATE KEY-----."}
}

// blocks walks the PEM blocks of a text.
func blocks(text []byte) func(func(*pem.Block) bool) {
	return func(yield func(*pem.Block) bool) {
		for {
			var block *pem.Block
			if block, text = pem.Decode(text); block == nil || !yield(block) {
				return
			}
		}
	}
}

// check says why a certificate would not do for the names now.
func (p pair) check(names []string, now time.Time) error {
	bad := func(format string, args ...any) error {
		return setup.FieldError{Field: fieldCertificate, Message: fmt.Sprintf(format, args...)}
	}
	leaf := p.leaf()
	for _, name := range names {
		if !covers(leaf, name) {
			return bad("The certificate is not for %s, but for %s.", name, strings.Join(leaf.DNSNames, ", "))
		}
	}
	switch {
	case leaf.IsCA:
		return bad("The first certificate in the file is that of an authority. The one for the name must come first, then those of its authority.")
	case now.Before(leaf.NotBefore):
		return bad("The certificate is good only from %s on.", day(leaf.NotBefore))
	case !now.Before(leaf.NotAfter):
		return bad("The certificate ended on %s. Get a new one.", day(leaf.NotAfter))
	case len(leaf.ExtKeyUsage) > 0 && !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth) && !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny):
		return bad("The certificate was not made for web servers (its purposes lack “server authentication”).")
	}
	for i, c := range p.chain[1:] {
		if !now.Before(c.NotAfter) {
			return bad("Certificate %d in the file, of its authority, ended on %s. Get the present one from the authority.", i+2, day(c.NotAfter))
		}
		if p.chain[i].CheckSignatureFrom(c) != nil {
			return bad("Certificate %d in the file did not sign certificate %d. They must stand in order: the one for the name, the one that signed it, and so on.", i+2, i+1)
		}
	}
	return nil
}

// covers says whether a certificate is for a name, which may be a wildcard.
func covers(leaf *x509.Certificate, name string) bool {
	if strings.HasPrefix(name, "*.") {
		return slices.ContainsFunc(leaf.DNSNames, func(n string) bool { return strings.EqualFold(n, name) })
	}
	return leaf.VerifyHostname(name) == nil
}

// fingerprint is the SHA-256 of a certificate as browsers show it.
func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	text := strings.ToUpper(hex.EncodeToString(sum[:]))
	var b strings.Builder
	for i := 0; i < len(text); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(text[i : i+2])
	}
	return b.String()
}

// issuer is who made a certificate, in words.
func issuer(c *x509.Certificate) string {
	name := c.Issuer.CommonName
	if len(c.Issuer.Organization) > 0 && !strings.Contains(name, c.Issuer.Organization[0]) {
		name = strings.TrimSpace(c.Issuer.Organization[0] + " " + name)
	}
	return cmp.Or(name, "unnamed")
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }
