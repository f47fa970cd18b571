package cert

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/internal/wholefile"
)

// entry is a wanted certificate as it stands on the disk.
type entry struct {
	Want
	Obtained time.Time `json:"obtained,omitzero"` // the last time, by our clock
	Note     string    `json:"note,omitempty"`
	Failure  *Failure  `json:"failure,omitempty"`
	// Proofs are the names on which records may stand that prove a domain. They
	// are noted before the records are made.
	Proofs []proof `json:"proofs,omitempty"`
}

type proof struct {
	Zone string `json:"zone"`
	Name string `json:"name"`
}

// folder is where everything is kept:
//
//	acme/                        accounts at public authorities
//	authorities/<domain>.pem     our own authorities
//	certificates/<name>/         about.json, and a certificate for each source
type folder string

func (d folder) acme() string { return filepath.Join(string(d), "acme") }

func (d folder) authority(domain string) string {
	return filepath.Join(string(d), "authorities", domain+".pem")
}

// of is the folder of a certificate. Names were checked: they hold no slash.
func (d folder) of(name string, more ...string) string {
	name = strings.Replace(name, "*", "_", 1)
	return filepath.Join(append([]string{string(d), "certificates", name}, more...)...)
}

const aboutFile = "about.json"

// load reads an entry; nil if there is none.
func (d folder) load(name string) (*entry, error) {
	text, err := os.ReadFile(d.of(name, aboutFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var e entry
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	if err == nil && (len(e.Names) == 0 || e.Name() != name) {
		err = errors.New("it is about another certificate")
	}
	if err != nil {
		return nil, fmt.Errorf("reading what is known of the certificate for %s: %w", name, err)
	}
	return &e, nil
}

func (d folder) save(e entry) error {
	text, err := json.MarshalIndent(e, "", "  ")
	if err == nil {
		err = wholefile.Write(d.of(e.Name(), aboutFile), append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("writing down what is known of the certificate for %s: %w", e.Name(), err)
	}
	return nil
}

// names lists what is looked after.
func (d folder) names() ([]string, error) {
	list, err := os.ReadDir(d.of(""))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing the certificates: %w", err)
	}
	var names []string
	for _, f := range list {
		names = append(names, strings.Replace(f.Name(), "_.", "*.", 1))
	}
	slices.Sort(names)
	return names, nil
}

// pair reads the certificate of an entry; nil if there is none from its source.
func (d folder) pair(e entry) (*pair, error) {
	text, err := os.ReadFile(d.of(e.Name(), string(e.Source)+".pem"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var p pair
	if err == nil {
		p, err = parsePair(text, text)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the certificate for %s: %w", e.Name(), err)
	}
	return &p, nil
}

func (d folder) savePair(e entry, p pair) error {
	if err := wholefile.Write(d.of(e.Name(), string(e.Source)+".pem"), p.pem); err != nil {
		return fmt.Errorf("storing the certificate for %s: %w", e.Name(), err)
	}
	return nil
}
