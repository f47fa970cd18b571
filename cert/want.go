package cert

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// Source is where a certificate comes from.
type Source string

// Sources.
const (
	// Public: an authority that every browser trusts. The names become public:
	// such authorities publish what they issue. A wildcard shows the domain only.
	Public Source = "public"
	// Internal: an authority of our own, for one domain, whose root every device
	// has to be told to trust.
	Internal Source = "internal"
	// Own: files that the operator keeps fresh.
	Own Source = "own"
)

// Sources lists them.
func Sources() []Source { return []Source{Public, Internal, Own} }

// Want is a certificate to have.
type Want struct {
	// Names are host names, or wildcards as *.example.org. The first is what the
	// certificate is called by.
	Names  []string `json:"names"`
	Source Source   `json:"source"`
	// Into is the folder in which nginx finds it as FileName; empty: none.
	Into string `json:"into,omitempty"`
	// Agreed: the operator agreed to the public authority's terms.
	Agreed bool `json:"agreed,omitempty"`
	// The operator's own files, absolute.
	CertificateFile string `json:"certificate_file,omitempty"`
	KeyFile         string `json:"key_file,omitempty"`
}

// Name is what the certificate is called by.
func (w Want) Name() string { return w.Names[0] }

// FileName is the file that is written for nginx. It holds the key and the
// chain, which nginx takes for both of its settings (ssl_certificate and
// ssl_certificate_key): two files could not be replaced at one moment, and a
// reload between them would find a key that does not match.
const FileName = setup.ServedFile

var nameForm = regexp.MustCompile(`^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// tidy brings names into the form in which they are compared, and says what is
// wrong with the rest.
func (w Want) tidy() (Want, error) {
	names := make([]string, 0, len(w.Names))
	for _, name := range w.Names {
		name = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(name)), ".")
		if len(name) > 253 || !nameForm.MatchString(name) {
			return w, setup.FieldError{Field: "names", Message: fmt.Sprintf("%q is no host name. Type one such as ocs.internal.example.org, or *.internal.example.org for all names below a domain.", name)}
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	w.Names = names
	switch {
	case len(names) == 0:
		return w, setup.FieldError{Field: "names", Message: "Type the name that the certificate is for."}
	case !slices.Contains(Sources(), w.Source):
		return w, setup.FieldError{Field: "source", Message: "Choose where the certificate comes from: public, internal or own."}
	case w.Into != "" && !filepath.IsAbs(w.Into):
		return w, setup.FieldError{Field: "into", Message: "Give the folder as a full path, from / on."}
	case w.Source == Public && !w.Agreed:
		return w, setup.FieldError{Field: "agreed", Message: "The authority issues certificates only to those who agree to its terms. Read them and tick the box, or choose another source."}
	case w.Source == Internal:
		_, err := domainOf(names)
		return w, err
	case w.Source == Own:
		return w, w.checkFiles()
	}
	return w, nil
}

func (w Want) checkFiles() error {
	for _, f := range []struct{ field, path string }{{fieldCertificate, w.CertificateFile}, {fieldKey, w.KeyFile}} {
		if !filepath.IsAbs(f.path) {
			return setup.FieldError{Field: f.field, Message: "Give the file as a full path, from / on."}
		}
	}
	return nil
}

// The fields of the operator's own files, as errors name them.
const (
	fieldCertificate = "certificate_file"
	fieldKey         = "key_file"
)
