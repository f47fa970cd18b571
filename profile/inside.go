package profile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// What is decided for the operator in the private modes.
const (
	DefaultDNSImage   = "dockurr/dnsmasq:2.91"
	DefaultFrontImage = "nginx:1.28-alpine"
)

// NoFront is the choice to do without a server that speaks TLS.
const NoFront = "none"

// Inside is what an operator chose for a private mode. What is empty is decided
// for them.
type Inside struct {
	Name       string          `json:"name,omitempty"`
	Front      string          `json:"front,omitempty"` // acme, internal, own or none
	Wildcard   bool            `json:"wildcard,omitempty"`
	Follow     bool            `json:"follow,omitempty"` // the app keeps to its own network
	Whole      bool            `json:"whole,omitempty"`  // and all of that is routed
	Subnet     string          `json:"subnet,omitempty"`
	Profiles   []string        `json:"profiles,omitempty"` // of devices
	VNet       string          `json:"virtual_network,omitempty"`
	ICMP       bool            `json:"icmp,omitempty"`
	Location   bool            `json:"dns_location,omitempty"`
	Comment    string          `json:"description,omitempty"`
	Protocol   string          `json:"protocol,omitempty"`
	DNSImage   string          `json:"dns_image,omitempty"`
	FrontImage string          `json:"front_image,omitempty"`
	PublicTeam bool            `json:"team_in_public,omitempty"`
	Replaces   []setup.Service `json:"replaces,omitempty"`
}

// firstSubnet is taken until somebody has looked which ranges are free.
func firstSubnet() string {
	subnet, _ := setup.FreeSubnet(setup.World{})
	return subnet
}

// private works the choices of a private mode into answers.
func (in Inside) private(zone string) *setup.Private {
	subnet := orElse(strings.TrimSpace(in.Subnet), firstSubnet())
	front, dns, app := setup.PlacesIn(subnet)
	p := &setup.Private{
		Name:   strings.TrimSpace(in.Name),
		Subnet: subnet, Address: app, DNS: dns, DNSImage: orElse(in.DNSImage, DefaultDNSImage),
		Profiles: tidy(in.Profiles), VNet: strings.TrimSpace(in.VNet), ICMP: in.ICMP, Location: in.Location,
		Comment: strings.TrimSpace(in.Comment), Protocol: in.Protocol, Replaces: slices.Clone(in.Replaces),
	}
	if p.Follow = in.Follow; p.Follow {
		p.Address = "" // wherever it is
	}
	p.Whole = in.Whole
	if source := in.source(zone); source != NoFront {
		p.Address = front
		p.Front = &setup.Front{Image: orElse(in.FrontImage, DefaultFrontImage), Source: setup.Source(source), Wildcard: in.Wildcard}
	}
	return p
}

// source: a certificate that browsers know where the name is of the own domain,
// and one of a CA of our own otherwise.
func (in Inside) source(zone string) string {
	switch {
	case in.Front != "":
		return in.Front
	case zone != "" && strings.HasSuffix(strings.TrimSpace(in.Name), "."+zone):
		return string(setup.FromACME)
	}
	return string(setup.FromInternal)
}

// privateNetwork is the name of the Docker network for a range. Another range is
// another network, so that the old one stands until the new one works.
func privateNetwork(id setup.SetupID, subnet string) string {
	base, _, _ := strings.Cut(subnet, "/")
	return fmt.Sprintf("culvert-%s-%s", id, strings.ReplaceAll(base, ".", "-"))
}

// wayIn lays the chosen mode over answers.
func (p Profile) wayIn(a *setup.Answers, c Choices) {
	if a.Mode = orElse(c.Mode, setup.ModePublic); a.Mode.Private() {
		a.Private, a.PublicTeam = c.Inside.private(a.Zone), c.Inside.PublicTeam
		a.Private.DNSImage = c.held(a.Private.DNSImage)
		a.Private.Login = setup.Login{Path: p.Login.Path, Token: p.Login.Token, Fields: slices.Clone(p.Login.Fields)}
		a.Stack.PrivateNetwork = privateNetwork(a.Setup, a.Private.Subnet)
		if front := a.Private.Front; front != nil {
			front.Image = c.held(front.Image)
			a.Stack.FrontDir = c.FrontDir
		}
		if a.Hostname == "" { // nothing of it can be asked from outside
			a.Checks = nil
		}
	}
	if c.Site && p.Site != nil {
		a.Site = a.Hostname
		a.Stack.Site = &setup.SiteCommand{Read: p.Site.Read, Write: p.Site.Write}
	}
}

// unused finds choices that would have no effect.
func (c Choices) unused(a setup.Answers) []setup.FieldError {
	var bad []setup.FieldError
	if c.Site && a.Hostname == "" {
		bad = append(bad, setup.FieldError{Field: "site", Message: "The app's own record is set to the public address, and there is none. Leave it as it is, or give a public address."})
	}
	if a.Mode.Private() && c.Inside.Wildcard && c.Inside.source(a.Zone) == NoFront {
		bad = append(bad, setup.FieldError{Field: "private.front", Message: "Without a certificate there is none for the names beside this one either. Leave that out (wildcard), or choose acme."})
	}
	return bad
}

// hosts are the names under which browsers reach the app, each with its origin.
func hosts(a setup.Answers) [][2]string {
	var all [][2]string
	if a.Hostname != "" {
		all = append(all, [2]string{a.Hostname, "https://" + a.Hostname})
	}
	switch p := a.Private; {
	case p == nil || p.Name == "":
	case p.Front == nil:
		all = append(all, [2]string{p.Name, fmt.Sprintf("http://%s:%d", p.Name, a.Stack.Target)})
	default:
		all = append(all, [2]string{p.Name, "https://" + p.Name})
	}
	return all
}

// settings are the items that the app needs to know of its names, and those that
// the operator chose to set right.
func (p Profile) settings(a setup.Answers, fixes []string) []setup.Item {
	var items []setup.Item
	for _, l := range p.Env.Lists {
		for _, host := range hosts(a) {
			value := strings.ReplaceAll(l.Item, "https://{host}", host[1])
			items = append(items, setup.Item{Name: l.Name, Value: strings.ReplaceAll(value, "{host}", host[0])})
		}
	}
	for _, r := range p.Env.Report {
		if r.Value != "" && slices.Contains(fixes, r.Name) {
			items = append(items, setup.Item{Name: r.Name, Value: r.Value, Whole: true})
		}
	}
	return items
}

// checkFixes finds settings that cannot be set right.
func (p Profile) checkFixes(fixes []string) []setup.FieldError {
	var bad []setup.FieldError
	for _, name := range fixes {
		if !slices.ContainsFunc(p.Env.Report, func(r Setting) bool { return r.Name == name && r.Value != "" }) {
			bad = append(bad, setup.FieldError{Field: "settings", Message: fmt.Sprintf("%s is no setting of %s that Culvert can set right. It knows: %s.", name, p.Name, strings.Join(p.fixable(), ", "))})
		}
	}
	return bad
}

func (p Profile) fixable() []string {
	var names []string
	for _, r := range p.Env.Report {
		if r.Value != "" {
			names = append(names, r.Name)
		}
	}
	return names
}
