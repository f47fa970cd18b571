package stackfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
)

// LoadOptions says which project to load: what Docker's labels on a running
// container tell, or what the compose command would be given.
type LoadOptions struct {
	ProjectName string            // empty: as compose would choose it
	WorkingDir  string            // absolute
	Files       []string          // compose files, in order; relative to WorkingDir
	EnvFiles    []string          // --env-file, in order; none means WorkingDir/.env if it exists
	Profiles    []string          // none means every profile, as otherwise their services vanish
	Shell       map[string]string // variables of the shell, which win over env files

	// Content stands in for what is on disk, by absolute path, so that an edit
	// can be judged before it is written. Every entry must be a file the project
	// reads.
	Content map[string][]byte
}

// Meaning is a project as compose understands it.
type Meaning struct {
	project *types.Project
	vars    *interpolation
	files   *fileSet
	compose []string                      // absolute paths, in order
	origins map[string]map[string][]Value // service → env key → setters, the winner last
}

// Load works out what a project means.
func Load(ctx context.Context, o LoadOptions) (*Meaning, error) {
	if !filepath.IsAbs(o.WorkingDir) {
		return nil, fmt.Errorf("load compose project: working directory %q is not absolute", o.WorkingDir)
	}
	m := &Meaning{files: newFileSet(o.Content)}
	var err error
	if m.vars, err = loadInterpolation(o, m.files); err != nil {
		return nil, err
	}
	if m.project, err = m.loadProject(ctx, o); err != nil {
		return nil, err
	}
	if err := m.resolveEnvironments(); err != nil {
		return nil, err
	}
	if unread := m.files.unread(); len(unread) > 0 {
		return nil, refuse(0, "Check which files the app was started with.",
			"The project does not read %s, so a change there has no effect.", strings.Join(unread, ", "))
	}
	return m, nil
}

func (m *Meaning) loadProject(ctx context.Context, o LoadOptions) (*types.Project, error) {
	details := types.ConfigDetails{WorkingDir: o.WorkingDir, Environment: maps.Clone(m.vars.values)}
	for _, f := range o.Files {
		if f == "-" {
			return nil, refuse(0, "Start it from a file.", "The app was started from a compose file on standard input, which is gone.")
		}
		path := absolute(o.WorkingDir, f)
		content, err := m.files.read(path)
		if err != nil {
			return nil, fmt.Errorf("read compose file: %w", err)
		}
		m.compose = append(m.compose, path)
		details.ConfigFiles = append(details.ConfigFiles, types.ConfigFile{Filename: path, Content: content})
	}
	project, err := loader.LoadWithContext(ctx, details, func(lo *loader.Options) {
		// Environments are resolved by resolveEnvironments, which knows Content.
		lo.SkipResolveEnvironment = true
		lo.Interpolate.Substitute = m.vars.substitute
		lo.Profiles = o.Profiles
		if len(o.Profiles) == 0 {
			lo.Profiles = []string{"*"}
		}
		m.nameProject(o, lo)
	})
	if err != nil {
		return nil, loadRefusal(err)
	}
	m.vars.values["COMPOSE_PROJECT_NAME"] = project.Name
	return project, nil
}

// nameProject follows compose: -p, COMPOSE_PROJECT_NAME, `name:` in a file, the
// directory.
func (m *Meaning) nameProject(o LoadOptions, lo *loader.Options) {
	if o.ProjectName != "" {
		lo.SetProjectName(o.ProjectName, true)
	} else if name := m.vars.values["COMPOSE_PROJECT_NAME"]; name != "" {
		lo.SetProjectName(name, true)
	} else {
		lo.SetProjectName(loader.NormalizeProjectName(filepath.Base(o.WorkingDir)), false)
	}
}

var configPath = regexp.MustCompile(`(?:services|networks|volumes|secrets|configs|x-[\w-]+)\.[\w.\-\[\]]+`)

// loadRefusal turns what compose-go says into a refusal. Its message for a `$`
// that is no variable quotes the value, which may be a password.
func loadRefusal(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var invalid *template.InvalidTemplateError
	if errors.As(err, &invalid) {
		where := configPath.FindString(err.Error())
		if where == "" {
			where = "a value"
		}
		return refuse(0, "Write $$ where a $ is meant as it stands.", "Compose cannot make sense of the $ in %s.", where)
	}
	return refuse(0, "Correct the file; `docker compose config` shows the same mistake.",
		"Compose does not accept the project: %s.", strings.TrimSuffix(err.Error(), "."))
}

func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// Name is the project's name.
func (m *Meaning) Name() string { return m.project.Name }

// Files lists the compose files, in order, as absolute paths.
func (m *Meaning) Files() []string { return slices.Clone(m.compose) }

// Services lists the names of the services.
func (m *Meaning) Services() []string {
	return slices.Sorted(maps.Keys(m.project.Services))
}

func (m *Meaning) service(name string) (types.ServiceConfig, bool) {
	s, ok := m.project.Services[name]
	return s, ok
}

// Ports lists what a service publishes, with every variable filled in.
func (m *Meaning) Ports(service string) []Port {
	s, _ := m.service(service)
	ports := make([]Port, 0, len(s.Ports))
	for _, p := range s.Ports {
		ports = append(ports, Port{HostIP: p.HostIP, Published: p.Published, Target: int(p.Target), Protocol: p.Protocol})
	}
	return ports
}

// PortFiles names the compose files that give the service ports of their own.
// Ports of several files add up, so an edit of one may not be enough.
func (m *Meaning) PortFiles(service string) []string {
	var out []string
	for _, path := range m.compose {
		c, err := ParseCompose(m.files.seen[path])
		if err != nil {
			continue
		}
		if entries, err := c.Ports(service); err == nil && len(entries) > 0 {
			out = append(out, path)
		}
	}
	return out
}

// Network is a network a service is on.
type Network struct {
	Key      string // in the compose file
	Name     string // as Docker knows it
	External bool
	Address  string // fixed IPv4 address, if any
	Aliases  []string
}

// Networks lists the networks of a service, by key. A service with a
// network_mode has none.
func (m *Meaning) Networks(service string) []Network {
	s, _ := m.service(service)
	var out []Network
	for _, key := range slices.Sorted(maps.Keys(s.Networks)) {
		def := m.project.Networks[key]
		n := Network{Key: key, Name: def.Name, External: bool(def.External)}
		if use := s.Networks[key]; use != nil {
			n.Address, n.Aliases = use.Ipv4Address, slices.Clone(use.Aliases)
		}
		out = append(out, n)
	}
	return out
}

// NetworkMode is the service's `network_mode:`, empty if it sets none.
func (m *Meaning) NetworkMode(service string) string {
	s, _ := m.service(service)
	return s.NetworkMode
}

// DefaultNetwork is the real name of the project's default network; ok is false
// when no service uses it.
func (m *Meaning) DefaultNetwork() (name string, ok bool) {
	n, ok := m.project.Networks["default"]
	return n.Name, ok
}

// Command is what a service runs instead of its image's own command; nil if it
// says none.
func (m *Meaning) Command(service string) []string {
	s, _ := m.service(service)
	return slices.Clone([]string(s.Command))
}

// Image is the image a service runs, empty if it is only built.
func (m *Meaning) Image(service string) string {
	s, _ := m.service(service)
	return s.Image
}

// fileSet reads files once and prefers given content over the disk.
type fileSet struct {
	given map[string][]byte
	seen  map[string][]byte
}

func newFileSet(given map[string][]byte) *fileSet {
	return &fileSet{given: given, seen: map[string][]byte{}}
}

func (f *fileSet) read(path string) ([]byte, error) {
	if b, ok := f.seen[path]; ok {
		return b, nil
	}
	b, ok := f.given[path]
	if !ok {
		var err error
		if b, err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	f.seen[path] = b
	return b, nil
}

// readIfThere is read for files that may be absent.
func (f *fileSet) readIfThere(path string) (b []byte, ok bool, err error) {
	b, err = f.read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return b, err == nil, err
}

func (f *fileSet) unread() []string {
	var out []string
	for _, path := range slices.Sorted(maps.Keys(f.given)) {
		if _, ok := f.seen[path]; !ok {
			out = append(out, path)
		}
	}
	return out
}
