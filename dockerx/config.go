package dockerx

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

// stackArgs is the beginning of a Compose command for a project exactly as its
// containers were started.
func stackArgs(project string, from found.Source) []string {
	args := []string{"-p", project, "--project-directory", from.Dir}
	for _, f := range from.EnvFiles {
		args = append(args, "--env-file", f)
	}
	for _, f := range from.Files {
		args = append(args, "-f", f)
	}
	return args
}

// config is what we read of a resolved compose file.
type config struct {
	Services map[string]configService `json:"services"`
	Networks map[string]struct {
		Name     string `json:"name"`
		External bool   `json:"external"`
	} `json:"networks"`
}

type configService struct {
	Image         string             `json:"image"`
	ContainerName string             `json:"container_name"`
	Environment   map[string]*string `json:"environment"`
	NetworkMode   string             `json:"network_mode"`
	Networks      map[string]*struct {
		IPv4 string `json:"ipv4_address"`
		IPv6 string `json:"ipv6_address"`
	} `json:"networks"`
	Ports []configPort `json:"ports"`
}

type configPort struct {
	HostIP    string `json:"host_ip"`
	Target    int    `json:"target"`
	Published string `json:"published"`
	Protocol  string `json:"protocol"`
}

// config asks Compose what the project's files say now.
func (h *Host) config(ctx context.Context, project string, from found.Source, m mask) (config, error) {
	args := append(stackArgs(project, from), "--profile", "*", "config", "--format", "json")
	a, err := h.cli.run(ctx, order{dir: from.Dir, args: args, mask: m, quiet: true})
	if err != nil {
		return config{}, err
	}
	var c config
	if err := json.Unmarshal(a.stdout, &c); err != nil {
		return config{}, fmt.Errorf("reading what Compose makes of the project's files: %w", err)
	}
	return c, nil
}

// hashes asks Compose for the fingerprint of every service, as it would label
// new containers with.
func (h *Host) hashes(ctx context.Context, project string, from found.Source, m mask) (map[string]string, error) {
	args := append(stackArgs(project, from), "--profile", "*", "config", "--hash", "*")
	a, err := h.cli.run(ctx, order{dir: from.Dir, args: args, mask: m})
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, line := range strings.Split(string(a.stdout), "\n") {
		if service, hash, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			out[service] = hash
		}
	}
	return out, nil
}

// value is a key of the environment that a new container would get from the
// files. Compose doubles every dollar sign when it prints.
func (s configService) value(name string) (string, bool) {
	v, ok := s.Environment[name]
	if !ok || v == nil {
		return "", false
	}
	return strings.ReplaceAll(*v, "$$", "$"), true
}

// exposure is how wide the files publish a port.
func (s configService) exposure(target int) setup.Exposure {
	if s.NetworkMode == "host" {
		return setup.ExposedPublic
	}
	widest := setup.ExposedNone
	for _, p := range s.Ports {
		if p.Target == target && (p.Protocol == "" || p.Protocol == "tcp") {
			widest = wider(widest, exposureOf(parseAddress(p.HostIP)))
		}
	}
	return widest
}

// published are the fixed ports of this server that the service asks for.
func (s configService) published() []configPort {
	var out []configPort
	for _, p := range s.Ports {
		if n, err := strconv.Atoi(p.Published); err == nil && n > 0 {
			out = append(out, p)
		}
	}
	return out
}
