package proof

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/probe"
	"github.com/culvert/culvert/setup"
)

// Private asks on the private way what a device would ask once its packets are
// here: the DNS server, the certificate, the app's login. Which route carries
// them is not asked, for a look at the account tells it. With checks given, only
// those are made.
func (p *Prover) Private(ctx context.Context, a setup.Answers, only ...setup.Check) []setup.Evidence {
	checks := a.PrivateChecks()
	if len(only) > 0 {
		checks = only
	}
	checks = slices.DeleteFunc(slices.Clone(checks), func(c setup.Check) bool { return c.ID == setup.RouteCheck })
	evidence := make([]setup.Evidence, len(checks))
	var work sync.WaitGroup
	for i, c := range checks {
		work.Go(func() { evidence[i] = p.privately(ctx, a, c) })
	}
	work.Wait()
	return evidence
}

// privately makes one check of the private way.
func (p *Prover) privately(ctx context.Context, a setup.Answers, c setup.Check) setup.Evidence {
	if c.PrivateDNS() {
		return p.Probe.DNS(ctx, probe.Server{Address: a.Private.DNS, Name: a.Private.Name, Leads: a.Private.Address}, c)
	}
	if c.ID == setup.UDPCheck {
		return p.carriesUDP(ctx, a, c)
	}
	in, err := p.inside(a)
	if err != nil {
		return setup.Evidence{Check: c, At: p.Clock(), By: setup.ByNobody,
			Detail: "Whom devices have to trust for " + a.Private.Name + " is not known: " + setup.AsProblem(err).Message}
	}
	switch c.ID {
	case setup.CertificateCheck:
		return p.Probe.Certificate(ctx, in, c)
	case setup.HTTPSCheck:
		return p.Probe.HTTPS(ctx, in, c)
	case setup.SignInCheck:
		return p.Probe.SignIn(ctx, in, a.Private.Login, c)
	}
	return p.Probe.Page(ctx, in, c)
}

// inside is where the private name leads: to the front, or without one to the
// app's own port, as a browser would have to ask for it.
func (p *Prover) inside(a setup.Answers) (probe.Inside, error) {
	at := func(port string) string { return net.JoinHostPort(a.Private.Address, port) }
	if a.Private.Front == nil {
		port := strconv.Itoa(a.Stack.Target)
		return probe.Inside{Name: net.JoinHostPort(a.Private.Name, port), Address: at(port)}, nil
	}
	in := probe.Inside{Name: a.Private.Name, Address: at("443"), Plain: at("80"), TLS: true,
		Brings: a.Private.Front.Source == setup.FromOwner, Ours: a.Private.Front.Source == setup.FromInternal}
	if p.Roots == nil {
		return in, nil
	}
	var err error
	in.Roots, err = p.Roots(a)
	return in, err
}

// carriesUDP: devices ask the DNS server over UDP, which the tunnel carries on
// QUIC alone. cloudflared keeps to the protocol that it was started with, so one
// that was started for QUIC and is connected has it.
func (p *Prover) carriesUDP(ctx context.Context, a setup.Answers, c setup.Check) setup.Evidence {
	started := p.Clock()
	v := setup.Evidence{Check: c, At: started}
	ready, err := p.Host.ConnectorReady(ctx, a.Stack.ConnectorProject)
	v.Took = p.Clock().Sub(started)
	if err != nil {
		v.By, v.Detail = setup.ByNobody, setup.AsProblem(err).Message
		return v
	}
	v.OK, v.Detail = judgeUDP(ready)
	return v
}

func judgeUDP(r found.Ready) (bool, string) {
	switch {
	case !r.Answered || !r.Ready:
		return false, "The connector has no connection to Cloudflare, so it carries no question to the DNS server."
	case r.Protocol == "quic":
		return true, fmt.Sprintf("The connector keeps to QUIC on %d connections: it carries UDP, by which devices ask the DNS server.", r.Connections)
	case r.Protocol == "http2":
		return false, "The connector was started for http2, which carries no UDP: no device's question reaches the DNS server."
	}
	return false, "The connector chooses its protocol by itself. Only QUIC carries the UDP by which devices ask the DNS server, and nobody can tell that it has it."
}
