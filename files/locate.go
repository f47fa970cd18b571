package files

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/stackfile"
)

const connectorFileName = "docker-compose.culvert.yml"

// Locate fills in where edits of a stack must go: the compose file that
// publishes the port, the env file that the service reads, and the connector's
// file and project. The warnings say in sentences what will not work as it is.
//
// Keys are the settings that are to be written, the most important one first:
// where it stands with effect is where the others go too. An EnvFile that is
// set already stays. Without any line for the keys, profileEnvFiles (names in
// the project folder) are preferred, in their order, among the files that the
// service reads.
//
// The error is a *setup.Problem: the project cannot be understood at all.
func (f *Files) Locate(ctx context.Context, s setup.Stack, profileEnvFiles, keys []string) (setup.Stack, []string, error) {
	m, err := load(ctx, s, nil)
	if err != nil {
		return s, nil, projectProblem(setup.CodeInvalid, s, err)
	}
	if !slices.Contains(m.Services(), s.Service) {
		return s, nil, noService(s, m.Services())
	}
	l := &locator{m: m, stack: s}
	l.composeFile()
	l.envFile(profileEnvFiles, keys)
	for _, key := range keys {
		l.key(key)
	}
	l.stack.ConnectorFile = filepath.Join(s.Dir, connectorFileName)
	l.stack.ConnectorProject = "culvert-" + s.Project
	l.writable(l.stack.ConnectorFile)
	if within, err := filepath.Rel(s.Dir, f.TokenDir); err == nil && filepath.IsLocal(within) {
		l.warn("Culvert keeps its data in %s, inside the app's folder %s: an image that is built there would hold the tunnel's token. Move Culvert's data elsewhere.", f.TokenDir, s.Dir)
	}
	return l.stack, l.warnings, nil
}

// locator works out one stack.
type locator struct {
	m        *stackfile.Meaning
	stack    setup.Stack
	warnings []string
}

func (l *locator) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(l.warnings, text) {
		l.warnings = append(l.warnings, text)
	}
}

// writable warns if a file cannot be put in place.
func (l *locator) writable(path string) {
	t, err := read(path)
	if err == nil {
		err = t.writable()
	}
	if err != nil {
		l.warn("%s", asProblem(setup.CodeInvalid, path, err).Message)
	}
}

// composeFile finds the file that publishes the port.
func (l *locator) composeFile() {
	s := &l.stack
	publishing, declaring := l.portFiles()
	switch {
	case len(publishing) > 0:
		s.ComposeFile = publishing[len(publishing)-1]
	case len(declaring) > 0:
		s.ComposeFile = declaring[len(declaring)-1]
	default:
		s.ComposeFile = l.m.Files()[0]
	}
	switch exposed := exposure(l.m, *s); {
	case l.m.NetworkMode(s.Service) == "host":
		l.warn("%s uses the server's own network (network_mode: host): its port is open wherever the server is, whatever ports: says, and a connector does not reach it by its name.", s.Service)
	case len(publishing) > 1:
		l.warn("%s publish port %d of %s, and ports of several files add up: to close it, change it in each of them.", strings.Join(publishing, " and "), s.Target, s.Service)
	case len(publishing) == 0 && exposed != setup.ExposedNone:
		l.warn("Port %d of %s is published by a file that %s includes or extends, so Culvert cannot close it. Change it there.", s.Target, s.Service, filepath.Base(s.ComposeFile))
	}
	l.writable(s.ComposeFile)
}

// portFiles lists the compose files that publish the port, and those that
// declare the service.
func (l *locator) portFiles() (publishing, declaring []string) {
	for _, path := range l.m.Files() {
		file, err := read(path)
		if err != nil {
			continue // it was read a moment ago; writable will say it
		}
		c, err := stackfile.ParseCompose(file.src)
		if err != nil {
			l.warn("%s", asProblem(setup.CodeInvalid, path, err).Message+" Until then Culvert does not change this file.")
			continue
		}
		if slices.Contains(c.Services(), l.stack.Service) {
			declaring = append(declaring, path)
			if l.publishes(c) {
				publishing = append(publishing, path)
			}
		}
	}
	return publishing, declaring
}

func (l *locator) publishes(c *stackfile.Compose) bool {
	entries, err := c.Ports(l.stack.Service)
	if err != nil {
		return false
	}
	for _, e := range entries {
		ports, err := e.Resolve(l.m.Lookup)
		ours := func(p stackfile.Port) bool { return p.Target == l.stack.Target && p.Protocol == "tcp" }
		if err == nil && slices.ContainsFunc(ports, ours) {
			return true
		}
	}
	return false
}

// place says where a value is decided.
func place(v stackfile.Value) string {
	if v.Path == "" {
		return "environment: in the compose file"
	}
	return v.Path + ", line " + strconv.Itoa(v.Line)
}
