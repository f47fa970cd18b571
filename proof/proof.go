// Package proof gets the evidence that a run and the pages ask for: that the
// app and the connector answer beside, that the public name works and the rest
// is locked, and that nothing leads past the tunnel. It puts together what the
// probes see with what the Docker host knows. It judges nothing twice: what an
// answer means is package probe's business.
package proof

import (
	"context"
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/probe"
	"github.com/culvert/culvert/setup"
)

// Host is what a Docker host tells about the app and the connector.
type Host interface {
	Addresses(ctx context.Context, project, service string) ([]string, error)
	ConnectorReady(ctx context.Context, project string) (found.Ready, error)
	Look(ctx context.Context) ([]found.Project, error)
	// Past tells what happened to containers and networks lately.
	Past(ctx context.Context) ([]found.Event, error)
}

// Prover gets evidence. It is safe for concurrent use.
type Prover struct {
	Probe *probe.Prober
	Host  Host
	// Addresses lists the addresses of this server that others can reach.
	Addresses func() []string
	// Roots are the authorities that devices trust for the private name; nil:
	// those that every system knows.
	Roots func(setup.Answers) (*x509.CertPool, error)
	Clock func() time.Time
}

// Beside asks the app at its container and the connector, before anybody is
// sent their way.
func (p *Prover) Beside(ctx context.Context, a setup.Answers) []setup.Evidence {
	evidence := []setup.Evidence{p.connector(ctx, a)}
	addresses, err := p.Host.Addresses(ctx, a.Stack.Project, a.Stack.Service)
	if err != nil || len(addresses) == 0 {
		return append(evidence, p.without(a, err))
	}
	address := net.JoinHostPort(addresses[0], strconv.Itoa(a.Stack.Target))
	for _, v := range p.Probe.Origin(ctx, address, a.Hostname, a.Checks) {
		v.Check.ID = setup.BesidePrefix + v.Check.ID
		evidence = append(evidence, v)
	}
	return evidence
}

// without is the evidence that the app could not even be asked.
func (p *Prover) without(a setup.Answers, err error) setup.Evidence {
	detail := fmt.Sprintf("The container of %s has no address, so the app cannot be asked.", a.Stack.Service)
	if err != nil {
		detail = setup.AsProblem(err).Message
	}
	return setup.Evidence{
		Check: setup.Check{ID: setup.BesidePrefix + setup.AppCheck, Name: "The app"},
		At:    p.Clock(), By: setup.ByNobody, Detail: detail,
	}
}

func (p *Prover) connector(ctx context.Context, a setup.Answers) setup.Evidence {
	started := p.Clock()
	v := setup.Evidence{Check: setup.Check{ID: setup.BesidePrefix + setup.ConnectorCheck, Name: "Connector"}, At: started}
	ready, err := p.Host.ConnectorReady(ctx, a.Stack.ConnectorProject)
	v.Took = p.Clock().Sub(started)
	switch {
	case err != nil:
		v.By, v.Detail = setup.ByNobody, setup.AsProblem(err).Message
	case !ready.Answered:
		v.By, v.Detail = setup.ByNobody, "The connector does not answer yet."
	case !ready.Ready:
		v.Detail = "The connector runs and has no connection to Cloudflare yet. It needs outgoing port 7844."
	default:
		v.OK = true
		v.Detail = fmt.Sprintf("The connector has %d connections to Cloudflare.", ready.Connections)
	}
	return v
}

// Facts tells of the containers of the app and the connector of each setup,
// from one look at the host.
func (p *Prover) Facts(ctx context.Context, all ...setup.Answers) []found.Facts {
	at := p.Clock()
	projects, err := p.Host.Look(ctx)
	facts := make([]found.Facts, len(all))
	for i, a := range all {
		facts[i] = found.Facts{At: at, Ready: found.Ready{Version: -1}}
		if err != nil {
			facts[i].Problem = setup.AsProblem(err)
			continue
		}
		p.tell(ctx, &facts[i], projects, a.Stack)
	}
	if err == nil {
		p.recall(ctx, facts)
	}
	return facts
}

// recall adds what happened lately. If that cannot be read, all else is known
// just the same.
func (p *Prover) recall(ctx context.Context, facts []found.Facts) {
	past, err := p.Host.Past(ctx)
	if err != nil {
		return
	}
	for i := range facts {
		facts[i].Past = past
	}
}

func (p *Prover) tell(ctx context.Context, f *found.Facts, projects []found.Project, s setup.Stack) {
	for _, project := range projects {
		switch project.Name {
		case s.Project:
			f.App, _ = project.Find(s.Service)
		case s.ConnectorProject:
			f.Connector, _ = project.Find(connectorService)
			f.Beside = project.Services
		}
	}
	if f.Connector.Running > 0 {
		if ready, err := p.Host.ConnectorReady(ctx, s.ConnectorProject); err == nil {
			f.Ready = ready
		}
	}
}

const connectorService = "cloudflared"

// Outside asks through the public name.
func (p *Prover) Outside(ctx context.Context, a setup.Answers) []setup.Evidence {
	return p.Probe.Run(ctx, a.Hostname, a.Checks)
}

// Closed asks whether the app can be reached past the tunnel: at its published
// port from a non-loopback address, or through anything else on this server.
func (p *Prover) Closed(ctx context.Context, a setup.Answers) []setup.Evidence {
	return append(p.Port(ctx, a), p.Others(ctx, a)...)
}

// Port asks at the published port from this server's other addresses.
func (p *Prover) Port(ctx context.Context, a setup.Answers) []setup.Evidence {
	started := p.Clock()
	v := setup.Evidence{Check: setup.Check{ID: setup.PortCheck, Name: "The published port"}, At: started, By: setup.ByNobody}
	addresses := p.Addresses()
	if len(addresses) == 0 {
		v.Detail = noAddress
		return []setup.Evidence{v}
	}
	ports, err := p.ports(ctx, a.Stack)
	if err != nil {
		v.Detail = setup.AsProblem(err).Message
		return []setup.Evidence{v}
	}
	v.OK = true
	for _, host := range addresses {
		for _, port := range ports {
			address := net.JoinHostPort(host, strconv.Itoa(port))
			v.Excerpt = append(v.Excerpt, address)
			if open, detail := p.Probe.Outside(ctx, address); open {
				v.OK, v.By, v.Detail = false, setup.ByApp, detail
			} else if v.OK {
				v.Detail = detail
			}
		}
	}
	v.Took = p.Clock().Sub(started)
	return []setup.Evidence{v}
}

const noAddress = "This server has no address beside loopback, so nothing can be asked from outside."

// Others asks whether anything else on this server serves the app.
func (p *Prover) Others(ctx context.Context, a setup.Answers) []setup.Evidence {
	started := p.Clock()
	v := setup.Evidence{Check: setup.Check{ID: setup.FrontsCheck, Name: "Other ways in"}, At: started, By: setup.ByNobody}
	addresses := p.Addresses()
	if len(addresses) == 0 {
		v.Detail = noAddress
		return []setup.Evidence{v}
	}
	projects, err := p.Host.Look(ctx)
	if err != nil {
		v.Detail = setup.AsProblem(err).Message
		return []setup.Evidence{v}
	}
	copies := copies(projects, a.Stack)
	fronts, unsure := p.fronts(ctx, a.Hostname, a.Checks, addresses, frontPorts(projects, a.Stack))
	v.Took = p.Clock().Sub(started)
	switch {
	case ctx.Err() != nil:
		v.Detail = "The check was interrupted."
	case len(fronts) > 0:
		v.By, v.URL = setup.ByApp, fronts[0].URL
		for _, f := range fronts {
			v.Excerpt = append(v.Excerpt, f.Detail)
		}
		v.Detail = strings.Join(v.Excerpt, " ") + " Whoever comes this way needs no login. Stop it, or let it answer this server only."
	case len(unsure) > 0:
		v.Detail = unsure[0]
	default:
		v.OK, v.Detail = true, "Nothing else on this server serves the app."
		for _, port := range slices.Sorted(maps.Keys(copies)) {
			v.Detail += fmt.Sprintf(" At port %d another copy of it answers, that of the project %s.", port, copies[port])
		}
	}
	return []setup.Evidence{v}
}

// ports are the ports of this server at which the app may be published.
func (p *Prover) ports(ctx context.Context, s setup.Stack) ([]int, error) {
	projects, err := p.Host.Look(ctx)
	if err != nil {
		return nil, err
	}
	return ownPorts(projects, s), nil
}

func ownPorts(projects []found.Project, s setup.Stack) []int {
	var ports []int
	if _, taken := copies(projects, s)[s.Target]; !taken {
		ports = append(ports, s.Target)
	}
	for _, project := range projects {
		service, ok := project.Find(s.Service)
		if project.Name != s.Project || !ok {
			continue
		}
		for _, published := range service.Ports {
			if published.Target == s.Target && !slices.Contains(ports, published.Published) {
				ports = append(ports, published.Published)
			}
		}
	}
	return ports
}

// frontPorts are the ports of this server at which something else may serve the
// app: where web servers commonly listen, and all that containers publish.
func frontPorts(projects []found.Project, s setup.Stack) []int {
	own, copies, ports := ownPorts(projects, s), copies(projects, s), probe.FrontPorts()
	for _, project := range projects {
		for _, service := range project.Services {
			for _, port := range service.Ports {
				if port.Protocol != "udp" && port.Published != 0 && port.Exposure != setup.ExposedLoopback && !slices.Contains(own, port.Published) {
					ports = append(ports, port.Published)
				}
			}
		}
	}
	slices.Sort(ports)
	return slices.DeleteFunc(slices.Compact(ports), func(port int) bool { return port == s.Target || copies[port] != "" })
}

// copies are the ports of this server that belong to another copy of the app: a
// container of another project, which it names, with the same command at the same
// port, and in none of the app's networks. It answers as the app does and is not
// a way to it.
func copies(projects []found.Project, s setup.Stack) map[int]string {
	i := slices.IndexFunc(projects, func(p found.Project) bool { return p.Name == s.Project })
	if i < 0 {
		return nil
	}
	ours, _ := projects[i].Find(s.Service)
	all := map[int]string{}
	for _, project := range slices.Delete(slices.Clone(projects), i, i+1) {
		for _, service := range project.Services {
			if !copyOf(ours, service) {
				continue
			}
			for _, port := range service.Ports {
				if port.Target == s.Target && port.Exposure == setup.ExposedPublic {
					all[port.Published] = project.Name
				}
			}
		}
	}
	return all
}

func copyOf(ours, other found.Service) bool {
	shares := slices.ContainsFunc(other.Networks, func(n string) bool { return slices.Contains(ours.Networks, n) })
	return len(ours.Command) > 0 && slices.Equal(ours.Command, other.Command) && !shares
}

func (p *Prover) fronts(ctx context.Context, host string, checks []setup.Check, addresses []string, ports []int) ([]probe.Front, []string) {
	print := probe.Fingerprint{Check: setup.Check{Method: http.MethodGet, Path: "/"}}
	if host != "" {
		print.Hosts = []string{host}
	}
	for _, c := range checks {
		if c.AtApp() {
			print.Check = c
			break
		}
	}
	return p.Probe.Fronts(ctx, addresses, ports, print)
}

// Admin says in a word whether the app's administration pages answer anybody at
// the published port today.
func (p *Prover) Admin(ctx context.Context, s setup.Stack) string {
	addresses := p.Addresses()
	ports, err := p.ports(ctx, s)
	if err != nil || len(addresses) == 0 {
		return "unknown"
	}
	for _, host := range addresses {
		for _, port := range ports {
			if open, _ := p.Probe.Outside(ctx, net.JoinHostPort(host, strconv.Itoa(port))); open {
				return "open"
			}
		}
	}
	return "closed"
}

// Fronts lists what else on this server serves the app today.
func (p *Prover) Fronts(ctx context.Context, s setup.Stack) []string {
	projects, err := p.Host.Look(ctx)
	if err != nil {
		return []string{"Nobody can tell: " + setup.AsProblem(err).Message}
	}
	fronts, lines := p.fronts(ctx, "", nil, p.Addresses(), frontPorts(projects, s))
	for _, f := range fronts {
		lines = append(lines, f.Detail)
	}
	return lines
}

// ServerAddresses lists this server's own addresses that others may reach.
func ServerAddresses() []string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil // nothing can be asked, and Closed says so
	}
	var out []string
	for _, a := range all {
		ip, ok := a.(*net.IPNet)
		if ok && !ip.IP.IsLoopback() && !ip.IP.IsLinkLocalUnicast() && !ip.IP.IsMulticast() {
			out = append(out, ip.IP.String())
		}
	}
	return out
}
