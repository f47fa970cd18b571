package setup

import (
	"path"
	"time"
)

// FrontConfig is the configuration of the front, the nginx that speaks TLS for
// the private name: the production settings of the app ask for https, and
// nothing else there speaks it. It listens on 443 with the certificate of Dir
// and sends 80 there; to the app it hands Host as it came, X-Forwarded-Proto
// https, X-Forwarded-For with the caller alone, lets websockets pass, and waits
// long enough for long polls. Names that are not listed get 421 and a closed
// connection.
//
// Scope and ID are the path of the file, Dir/nginx.conf, which begins with a
// comment that holds the mark, as the connector's file does. A file there that
// was not written by Culvert is a conflict.
type FrontConfig struct {
	Dir      string   `json:"dir"`
	Names    []string `json:"names"`    // sorted
	Upstream string   `json:"upstream"` // web:8000
}

func (FrontConfig) Kind() Kind                 { return KindFrontConfig }
func (f FrontConfig) mapIDs(func(ID) ID) State { return f }
func (f FrontConfig) occupies() []string       { return []string{"file " + f.Path()} }
func (f FrontConfig) met(have State) bool      { return Same(f, have) }
func (f FrontConfig) over(State) State         { return f }

// Path is that of the file itself.
func (f FrontConfig) Path() string { return path.Join(f.Dir, "nginx.conf") }

// The files of the certificate in FrontConfig.Dir.
const (
	// ServedFile is what nginx reads: the key with the chain, which a renewal
	// replaces at one moment. 0600.
	ServedFile = "tls.pem"
	// The files that the operator puts there, if the certificate is their own.
	CertificateFile = "fullchain.pem"
	KeyFile         = "privkey.pem"
)

// Source says where a certificate comes from.
type Source string

// Sources of certificates.
const (
	FromACME     Source = "acme"     // publicly trusted, proven by a record of the own domain (DNS-01)
	FromInternal Source = "internal" // a CA of this installation, which devices have to trust
	FromOwner    Source = "own"      // put into the folder by the operator
)

// Authority is the root of our own authority for one domain, as devices are told
// to trust it. It holds no key.
type Authority struct {
	Domain      string
	PEM         []byte
	Fingerprint string // SHA-256, to compare on the device
}

// CertificateScope is the scope of every certificate.
const CertificateScope = "certificates"

// Certificate is the certificate of the private name, in the folder where the
// front reads it. A Port (Place AtCert) shows one object for each of
// View.Certificates whose files are there and can be used, with the name as ID
// and a mark unless its source is "own": Valid says that it covers the name, that
// the key belongs to it and that it has not run out. Create and Update get one;
// that takes as long as the CA needs, and what cannot be got is a Problem with
// the way out. Delete takes the files away. Renewing in time and telling the
// front is the Port's own business and no change of a plan; only one that should
// have been renewed and was not is Overdue, which no plan wants.
type Certificate struct {
	Name     string `json:"name"`
	Wildcard bool   `json:"wildcard,omitempty"` // for *.parent: lists of certificates are public
	Source   Source `json:"source"`
	Dir      string `json:"dir"`
	Valid    bool   `json:"valid"`
	Overdue  bool   `json:"overdue,omitempty"`

	Until  time.Time `json:"-"`
	Issuer string    `json:"-"`
	Note   string    `json:"-"` // what devices make of it, where they may not trust it
	Fault  string    `json:"-"` // why it is not valid, or was not renewed
}

func (Certificate) Kind() Kind                 { return KindCertificate }
func (c Certificate) mapIDs(func(ID) ID) State { return c }
func (c Certificate) occupies() []string       { return []string{"certificate " + c.Dir} }
func (c Certificate) met(have State) bool      { return Same(c, have) }
func (c Certificate) over(State) State         { return c }
