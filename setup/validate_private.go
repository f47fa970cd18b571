package setup

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// withoutDomain says whether the answers do without a public name. A private
// mode can, as long as no webhook shall arrive and nobody come in that way.
func (a Answers) withoutDomain() bool {
	return a.Mode.Private() && a.Hostname == "" && len(a.Doors) == 0 && !a.PublicTeam
}

// validateMode finds what contradicts the way in which the team comes in.
func (a Answers) validateMode() []FieldError {
	switch {
	case a.Mode == ModePublic && a.Private != nil:
		return []FieldError{{"mode", "The team comes in through the public address, so there is no private name. Leave out what is said of it, or choose fallback or hostname."}}
	case a.Mode == ModePublic && a.PublicTeam:
		return []FieldError{{"mode", "The team comes in through the public address already. Leave that out, or choose fallback or hostname."}}
	case a.Mode == ModePublic:
		return fieldErrors("site", a.checkSite())
	case !a.Mode.Private():
		return []FieldError{{"mode", `Choose how the team comes in: "public" (through the public address, behind a login), "fallback" or "hostname" (both with WARP).`}}
	case a.Private == nil:
		return []FieldError{{"private.name", "Type the name under which the team's devices reach the app, such as ocs.your-org."}}
	}
	return a.validatePrivate()
}

func fieldErrors(pairs ...string) []FieldError {
	var bad []FieldError
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			bad = append(bad, FieldError{pairs[i], pairs[i+1]})
		}
	}
	return bad
}

func (a Answers) validatePrivate() []FieldError {
	p := a.Private
	return fieldErrors(
		"private.name", a.checkPrivateName(),
		"private.subnet", p.checkSubnet(),
		"private.front", a.checkFront(),
		"private.network", a.checkFollow(),
		"private.route", a.checkWhole(),
		"private.protocol", a.checkProtocol(),
		"private.profiles", p.checkProfiles(),
		"private.comment", p.checkComment(),
		"private.dns_image", p.checkDNSImage(a.Mode),
		"private.front_image", p.Front.checkImage(),
		"connector_image", a.checkConnectorVersion(),
		"hostname", a.checkIdleName(),
		"app", a.checkPrivateStack(),
		"site", a.checkSite(),
	)
}

// checkPrivateName: the name is asked of a DNS server that we choose, so it must
// not be one that devices ask elsewhere, nor the public one.
func (a Answers) checkPrivateName() string {
	name := a.Private.Name
	if name == "" {
		return "Type the name under which the team's devices reach the app, such as ocs.your-org."
	}
	if bad := checkName(name, "ocs.your-org"); bad != "" {
		return bad
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return fmt.Sprintf("%s is an address and no name. Type a name, such as ocs.your-org.", name)
	}
	switch {
	case strings.HasSuffix(name, ".local"):
		return "Names in .local are asked in the local network (mDNS) and not of WARP. Choose another ending, such as ocs.your-org."
	case name == a.Hostname:
		return fmt.Sprintf("%s is the public address already. Give the private name another text, such as inside-%s.", name, name)
	case a.Hostname != "" && strings.HasSuffix(a.Hostname, "."+name):
		return fmt.Sprintf("Devices would ask for %s as for everything below %s, so they would not find the public address. Choose another private name.", a.Hostname, name)
	}
	return ""
}

func (p Private) checkSubnet() string {
	prefix, err := netip.ParsePrefix(p.Subnet)
	switch {
	case err != nil || !prefix.Addr().Is4() || prefix != prefix.Masked():
		return "Type a range of private addresses, such as 172.30.250.0/28."
	case !prefix.Addr().IsPrivate() || prefix.Bits() < 16 || prefix.Bits() > 28:
		return "Choose a range of private addresses with 16 to 65,536 of them, such as 172.30.250.0/28."
	case p.Address == p.DNS:
		return "The app and its DNS server need two addresses."
	}
	for _, address := range []string{p.Address, p.DNS} {
		at, err := netip.ParseAddr(address)
		switch {
		case address == p.Address && p.Follow: // the app's own, in another network
		case err != nil:
			return fmt.Sprintf("%q is not an address.", address)
		case !prefix.Contains(at) || at == prefix.Addr() || at == prefix.Addr().Next():
			return fmt.Sprintf("%s is not an address in %s that is free: the first two are taken by the network itself.", address, p.Subnet)
		}
	}
	return ""
}

func (a Answers) checkFront() string {
	f := a.Private.Front
	switch {
	case f == nil:
		return ""
	case !slices.Contains([]Source{FromACME, FromInternal, FromOwner}, f.Source):
		return "Choose where the certificate comes from: acme, internal or own."
	case f.Source == FromACME && (a.Zone == "" || !strings.HasSuffix(a.Private.Name, "."+a.Zone)):
		return fmt.Sprintf("A certificate that every browser knows is given for names of your own domain only. Choose a private name that ends in .%s, or a certificate authority of your own (internal).", orDomain(a.Zone))
	case f.Wildcard && f.Source != FromACME:
		return "A certificate for every name beside this one (wildcard) is made with acme only."
	}
	return ""
}

func orDomain(zone string) string {
	if zone == "" {
		return "your-domain"
	}
	return zone
}

func (a Answers) checkFollow() string {
	switch {
	case !a.Private.Follow:
		return ""
	case a.Private.Front != nil:
		return "With a certificate, nginx has a fixed address of its own and finds the app by its name: the app's address does not matter, and nothing in your compose file changes for it. Choose no certificate, or leave the network as it is recommended."
	case a.Mode == ModeHostname:
		return "By name, the app is found in a network of Culvert's own. Choose that network, or the way by your own DNS (fallback)."
	case a.Stack.Network == "":
		return "The app is in no Docker network of its own, so it has no address there. Choose a network of Culvert's own."
	}
	return ""
}

func (a Answers) checkWhole() string {
	switch {
	case !a.Private.Whole:
		return ""
	case a.Mode == ModeHostname:
		return "By name nothing is routed by its address. Choose the way by your own DNS (fallback), or leave the route at single addresses."
	case !a.Private.Follow:
		return "The whole network is routed only where the app is reached in its own network. Choose no certificate and the app's own network, or leave the route at single addresses."
	}
	return ""
}

func (a Answers) checkProtocol() string {
	switch p := a.Private.Protocol; {
	case p == protocolHTTP2 && a.Mode == ModeFallback:
		return "Over http2 the tunnel carries no UDP, so devices could not ask the DNS server behind it. Choose quic, or mode hostname."
	case !slices.Contains([]string{"", protocolQUIC, protocolHTTP2}, p):
		return "Choose quic or http2, or leave it out."
	}
	return ""
}

var profileID = regexp.MustCompile(`^[0-9a-f-]{32,36}$`)

func (p Private) checkProfiles() string {
	for _, id := range p.Profiles {
		if id != DefaultProfile && !profileID.MatchString(id) {
			return fmt.Sprintf("%q is no device profile. Write default, or the id of a profile.", id)
		}
	}
	return ""
}

// maxComment leaves room for the mark in the 100 characters of a comment.
const maxComment = 60

func (p Private) checkComment() string {
	if len([]rune(p.Comment)) > maxComment {
		return fmt.Sprintf("A description can have at most %d characters.", maxComment)
	}
	return ""
}

func (p Private) checkDNSImage(m Mode) string {
	if m != ModeFallback {
		return ""
	}
	return checkImage(p.DNSImage, "dockurr/dnsmasq:2.91")
}

func (f *Front) checkImage() string {
	if f == nil {
		return ""
	}
	return checkImage(f.Image, "nginx:1.28-alpine")
}

var imageVersion = regexp.MustCompile(`:(\d{4})\.(\d+)\.\d+(?:@|$)`)

// checkConnectorVersion: routes by name need cloudflared 2025.7.0 or later
// (Cloudflare docs, private hostnames). A tag that is no version is not judged.
func (a Answers) checkConnectorVersion() string {
	m := imageVersion.FindStringSubmatch(a.Image)
	if a.Mode != ModeHostname || m == nil {
		return ""
	}
	year, _ := strconv.Atoi(m[1]) // digits, as matched
	month, _ := strconv.Atoi(m[2])
	if year > 2025 || year == 2025 && month >= 7 {
		return ""
	}
	return fmt.Sprintf("Routes by name need cloudflared 2025.7.0 or later, and this is %s.%s. Choose a newer image, or mode fallback.", m[1], m[2])
}

func (a Answers) checkIdleName() string {
	if a.Hostname == "" || len(a.Doors) > 0 || a.PublicTeam {
		return ""
	}
	return "Nothing would answer at the public address: no webhook is chosen, and the team comes in by the private name. Leave the address empty, or choose a webhook."
}

func (a Answers) checkPrivateStack() string {
	if a.Stack.PrivateNetwork == "" || a.Private.Front != nil && a.Stack.FrontDir == "" {
		return "The network or the folder for the private name is not known. Look at your server again."
	}
	return ""
}

// checkSite: the app builds the addresses of webhooks from its Site record.
func (a Answers) checkSite() string {
	switch {
	case a.Site == "":
		return ""
	case a.Stack.Site == nil:
		return "This app has no Site record that Culvert knows how to change. Leave it as it is."
	case a.Site == a.Hostname:
		return ""
	case a.Private != nil && a.Site == a.Private.Name && len(a.Doors) > 0:
		return fmt.Sprintf("The app would register its webhooks at %s, where no messenger gets. Choose %s.", a.Site, a.Hostname)
	case a.Private != nil && a.Site == a.Private.Name:
		return ""
	}
	return fmt.Sprintf("%s is no address of this setup. Choose the public address, or leave the Site record as it is.", a.Site)
}

// checkSettings: one setting has one value.
func checkSettings(items []Item) string {
	whole := map[string]string{}
	for _, i := range items {
		if other, twice := whole[i.Name]; twice && other != i.Value {
			return fmt.Sprintf("%s is to be %s and %s at once. Keep one.", i.Name, other, i.Value)
		}
		if i.Whole {
			whole[i.Name] = i.Value
		}
	}
	return ""
}
