package files

import (
	"context"
	"net/netip"
	"path/filepath"
	"strings"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/stackfile"
)

// Handmade reads a compose file as the app's guide has people write one: a
// cloudflared with its token, and dnsmasq that answers for a private name. Which
// service is which shows in what it runs, not in its name. The project is where
// and with which env files it is started. False: the file holds neither.
//
// Nothing is written, and the token is not kept.
func (f *Files) Handmade(ctx context.Context, project setup.Stack, file string) (setup.Handmade, bool, error) {
	project.Files = []string{file}
	m, err := load(ctx, project, nil)
	if err != nil {
		return setup.Handmade{}, false, projectProblem(setup.CodeInvalid, project, err)
	}
	h := setup.Handmade{File: file}
	for _, name := range m.Services() {
		switch program := programOf(m, name); {
		case strings.Contains(program, "cloudflared"):
			token, _, _ := m.Env(name, tokenKey)
			h.Tunnel = setup.TunnelOfToken(token.Value)
		case strings.Contains(program, "dnsmasq"):
			h.Name, h.Address = answered(m.Command(name))
			h.DNS = addressOf(m, name)
		default:
			continue
		}
		if networks := m.Networks(name); h.Network == "" && len(networks) > 0 {
			h.Network = networks[0].Name
		}
		h.Services = append(h.Services, setup.Service{Project: m.Name(), Service: name})
	}
	return h, len(h.Services) > 0, nil
}

// programOf names what a service runs: its image and its command.
func programOf(m *stackfile.Meaning, service string) string {
	words := append([]string{m.Image(service)}, m.Command(service)...)
	for i, w := range words {
		words[i] = filepath.Base(w)
	}
	if strings.Contains(words[0], "cloudflared") || strings.Contains(words[0], "dnsmasq") {
		return words[0]
	}
	return strings.Join(words[1:min(2, len(words))], " ")
}

// answered is the name for which dnsmasq answers, and with which address
// (--address=/name/address). Of several the first.
func answered(command []string) (name, address string) {
	for i, arg := range command {
		value, ok := strings.CutPrefix(arg, "--address=")
		if !ok && (arg == "--address" || arg == "-A") && i+1 < len(command) {
			value, ok = command[i+1], true
		}
		parts := strings.Split(strings.TrimPrefix(value, "/"), "/")
		if !ok || len(parts) != 2 {
			continue
		}
		if _, err := netip.ParseAddr(parts[1]); err == nil {
			return setup.NormalName(parts[0]), parts[1]
		}
	}
	return "", ""
}

// addressOf is the fixed address of a service; empty: it has none.
func addressOf(m *stackfile.Meaning, service string) string {
	for _, n := range m.Networks(service) {
		if n.Address != "" {
			return n.Address
		}
	}
	return ""
}
