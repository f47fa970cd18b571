package setup

import (
	"fmt"
	"strings"
)

// gate bars a key that only somebody else can bring about.
func (p *planner) gate(k Key, want Want) {
	o := p.of[k]
	if o != nil && want.State.met(o.State) {
		return
	}
	p.bar(k, WhyGate, gateDetail(k, want.State, o))
}

func gateDetail(k Key, want State, o *Object) string {
	switch s := want.(type) {
	case Organization:
		return "Zero Trust is not switched on for this account. Open one.dash.cloudflare.com, choose the Free plan, and come back: Culvert looks again by itself."
	case Zone:
		if o == nil {
			return fmt.Sprintf("Your Cloudflare account has no domain %s, or the token may not see it. Add the domain in the dashboard (Free plan), or give the token Zone Read for it.", s.Name)
		}
		z := o.State.(Zone)
		detail := fmt.Sprintf("The domain %s is not active at Cloudflare yet (%s).", s.Name, z.Status)
		if len(z.NameServers) > 0 {
			detail += " At your registrar, set the name servers to " + strings.Join(z.NameServers, " and ") + "."
		}
		return detail + " Cloudflare looks about once an hour; bots are unaffected meanwhile."
	case Network:
		return fmt.Sprintf("The Docker network %s does not exist. Start your app with docker compose; Culvert looks again by itself.", s.Name)
	case DeviceProfile:
		if o == nil {
			return fmt.Sprintf("The account has no device profile %s any more. Choose the profiles that your team's devices have.", s.ID)
		}
		return "Devices of the " + yesNo(s.ID == DefaultProfile, "default device profile", "device profile "+calledOr(o.State.(DeviceProfile).Name, s.ID)) + " send DNS queries through WARP and nothing else, or the profile is switched off. In the dashboard (Settings → WARP Client → Device profiles), set its service mode to Gateway with WARP."
	case VirtualNetwork:
		return fmt.Sprintf("The account has no virtual network %s. Make it in the dashboard (Networks → Routes → Virtual networks), or use the default one.", s.Name)
	case Certificate:
		return ownCertificateDetail(s, o)
	}
	return "Waiting for " + k.Short() + "."
}

func ownCertificateDetail(want Certificate, o *Object) string {
	detail := fmt.Sprintf("Put your certificate for %s, with the chain, into %s/%s and its key into %s beside it. Culvert looks again by itself.",
		want.Name, want.Dir, CertificateFile, KeyFile)
	if o != nil && o.State.(Certificate).Fault != "" {
		detail = "The certificate that is there cannot be used: " + o.State.(Certificate).Fault + " " + detail
	}
	return detail
}

// consented gives the stranger's object that holds the name, if the operator
// agreed to take it over and it still is as it was seen. Otherwise it bars.
func (p *planner) consented(k Key, want Want) *Object {
	o := p.rivals[k]
	if refusal := cannotTake(k, o); refusal != "" {
		p.bar(k, WhyConflict, refusal).Held = o.State
		return nil
	}
	if want.agreed(o) {
		return o
	}
	b := p.bar(k, WhyConflict, conflictDetail(k, o))
	b.Offer, b.Held = &Consent{o.ID, Digest(o.State)}, o.State
	return nil
}

// cannotTake says why an object must never be taken over.
func cannotTake(k Key, o *Object) string {
	switch s := o.State.(type) {
	case DNSRecord:
		return fmt.Sprintf("%s is in use: %s. Culvert never overwrites a record. Choose another address, or delete the record in the dashboard (DNS → Records) if nothing needs it.",
			s.Name, strings.Join(describeRecord(s), ", "))
	case Tunnel:
		if !s.Remote {
			return fmt.Sprintf("The tunnel %s keeps its rules in a file on some server, so it cannot be taken over. Choose another name for this setup.", s.Name)
		}
	case ConnectorFile:
		return notOurFile(s.Path)
	case FrontConfig:
		return notOurFile(s.Path())
	case PrivateNetwork:
		return fmt.Sprintf("A Docker network %s exists and was not made by Culvert. Rename or remove it.", s.Name)
	}
	return ""
}

func notOurFile(path string) string {
	return fmt.Sprintf("%s exists and was not written by Culvert. Move it away or rename it; nothing of it is used.", path)
}

func conflictDetail(k Key, o *Object) string {
	switch s := o.State.(type) {
	case Tunnel:
		detail := fmt.Sprintf("A tunnel %s exists and is not ours. Take it over, or choose another name.", s.Name)
		if s.Connectors > 0 {
			detail += fmt.Sprintf(" %d connector(s) of it run somewhere: they would share the traffic with the one here.", s.Connectors)
		}
		return detail
	case App:
		return fmt.Sprintf("The Access application “%s” already covers %s. Take it over, or change its address in the dashboard.", s.Name, strings.Join(s.Destinations, ", "))
	case Route:
		return fmt.Sprintf("A route leads %s to the tunnel %s already. Take it over, or choose another range or network for this setup.", s.Network, s.TunnelName)
	case HostnameRoute:
		return fmt.Sprintf("A route leads %s to the tunnel %s already. Take it over, or choose another private name.", s.Hostname, s.TunnelName)
	case Ingress:
		return fmt.Sprintf("The tunnel already has rules for %s. Take them over, or choose another address.", s.Host)
	}
	return "Something else is in its place: " + strings.Join(Describe(o.State), ", ") + "."
}

// hindrance bars what stands where it should but would not work, because
// something of somebody else answers before it.
func (p *planner) hindrance(k Key, want Want, o *Object) bool {
	if refers(want.State, o.State) {
		p.bar(k, WhyConflict, fmt.Sprintf("%s is no list there but the name of another variable: %s. What is added to it would become a part of that name. Write the list out in the env file and start the app again, then look again.",
			Name(k, o.State), strings.Join(Describe(o.State), ", ")))
		return true
	}
	if s, ok := o.State.(Setting); ok && s.Stopped {
		if _, ours := p.ledger.Records[k]; !ours { // whether it is to run is not for us to say
			problem := &Problem{Code: CodeUnavailable, Message: fmt.Sprintf("%s is not running: start your app first (docker compose up -d), then look again.", s.Service)}
			p.bar(k, WhyUnread, problem.Message).Cause = problem
			return true
		}
	}
	if where := overruled(want.State, o.State); where != "" {
		p.bar(k, WhyConflict, fmt.Sprintf("The app has %s from %s, which goes before the env file, so a line in the file would change nothing. Take it out there and write it into %s, then look again.",
			k.Name, where, k.Scope))
		return true
	}
	if k.Kind == KindConnectorFile || k.Kind == KindSidecar {
		if detail := p.answersTwice(); detail != "" { // the private name would lead to what is not made
			p.bar(k, WhyConflict, detail)
			return true
		}
	}
	if p.ledElsewhere(k, want, o) {
		return true
	}
	if i, ok := o.State.(Ingress); ok && len(i.Above) > 0 {
		p.bar(k, WhyConflict, fmt.Sprintf("In the tunnel, the rule for %s stands above ours and answers for %s. Move it below, or remove it, in the dashboard (Networks → Tunnels → Public hostnames).",
			strings.Join(i.Above, ", "), i.Host))
		return true
	}
	if app, ok := want.State.(App); ok && (k.isDoor() || app.private()) {
		for _, other := range p.world.Objects {
			if app, ok := other.State.(App); ok && other.ID != o.ID && p.shadows(other, app, want.State.(App)) {
				p.bar(k, WhyConflict, fmt.Sprintf("The Access application “%s” covers a part of this %s (%s) and answers before it. Remove it in the dashboard, or narrow it.",
					app.Name, yesNo(k.isDoor(), "door", "lock"), strings.Join(app.Destinations, ", ")))
				return true
			}
		}
	}
	return p.restricted(k, o) || p.listed(k, want, o)
}

// shadows says whether a stranger's application takes over a part of a door: it
// is more specific, so Cloudflare prefers it.
func (p *planner) shadows(o Object, app App, door App) bool {
	if p.ledger.ours(o.Mark) {
		return false
	}
	for _, d := range door.Destinations {
		for _, s := range app.Destinations {
			if d != s && covers(d, s) {
				return true
			}
		}
	}
	return false
}
