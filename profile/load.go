package profile

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"

	"gopkg.in/yaml.v3"
)

//go:embed profiles/*.yaml
var embedded embed.FS

// Catalog is the list of known apps.
type Catalog struct{ profiles []Profile }

// Load reads the profiles that are built in.
func Load() (Catalog, error) {
	names, err := fs.Glob(embedded, "profiles/*.yaml") // in order of name
	if err != nil {
		return Catalog{}, fmt.Errorf("listing app profiles: %w", err)
	}
	var c Catalog
	for _, name := range names {
		text, err := embedded.ReadFile(name)
		if err != nil {
			return Catalog{}, fmt.Errorf("reading an app profile: %w", err)
		}
		p, err := Parse(text)
		if err != nil {
			return Catalog{}, fmt.Errorf("%s: %w", name, err)
		}
		if _, twice := c.Get(p.ID); twice {
			return Catalog{}, fmt.Errorf("%s: a profile with the id %q is there already", name, p.ID)
		}
		c.profiles = append(c.profiles, p)
	}
	return c, nil
}

// Parse reads one profile. Keys that the format does not know are errors.
func Parse(text []byte) (Profile, error) {
	var p Profile
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&p); err != nil {
		return Profile{}, fmt.Errorf("reading an app profile: %w", err)
	}
	return p, nil
}

// List gives all profiles in order of their files' names.
func (c Catalog) List() []Profile { return append([]Profile(nil), c.profiles...) }

// Get gives the profile with an id.
func (c Catalog) Get(id string) (Profile, bool) {
	for _, p := range c.profiles {
		if p.ID == id {
			return p, true
		}
	}
	return Profile{}, false
}
