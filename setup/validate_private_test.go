package setup

import (
	"slices"
	"strings"
	"testing"
)

func TestGoodAnswersOfAPrivateModeHaveNothingWrong(t *testing.T) {
	for _, mode := range []Mode{ModeFallback, ModeHostname} {
		a := inMode(sample("ocs", "chat.example.org"), mode)
		if bad := a.Validate(); len(bad) > 0 {
			t.Errorf("%s: %v", mode, bad)
		}
		if bad := withoutFront(a).Validate(); len(bad) > 0 {
			t.Errorf("%s without a front: %v", mode, bad)
		}
		a.Zone, a.Hostname, a.Doors = "", "", nil
		if bad := a.Validate(); len(bad) > 0 {
			t.Errorf("%s without a domain: %v", mode, bad)
		}
		m := hostWorld(a)
		m.remove(KindZone, "zone-")
		if left := m.run(t, a.Setup, &a, nil); !left.Empty() || len(m.exposed(a)) > 0 || !m.enters(a) {
			t.Errorf("%s without a domain: open %v, left:\n%s", mode, m.exposed(a), left)
		}
	}
}

// Each row makes good answers contradict themselves, and says where that is told
// and what way out is named.
func TestAContradictionIsToldAtItsFieldWithTheWayOut(t *testing.T) {
	private := func(f func(*Private)) func(*Answers) { return func(a *Answers) { f(a.Private) } }
	rows := map[string]struct {
		mode  Mode
		spoil func(*Answers)
		field string
		says  string
	}{
		"a private name in public":        {ModeFallback, func(a *Answers) { a.Mode = ModePublic }, "mode", "or choose fallback or hostname"},
		"the team in public twice":        {ModePublic, func(a *Answers) { a.PublicTeam = true }, "mode", "Leave that out"},
		"no such mode":                    {ModePublic, func(a *Answers) { a.Mode = "both" }, "mode", `"public" (through the public address`},
		"nothing private":                 {ModeHostname, func(a *Answers) { a.Private = nil }, "private.name", "such as ocs.your-org"},
		"no private name":                 {ModeHostname, private(func(p *Private) { p.Name = "" }), "private.name", "such as ocs.your-org"},
		"a name of mDNS":                  {ModeFallback, private(func(p *Private) { p.Name = "ocs.local" }), "private.name", "Choose another ending"},
		"an address for a name":           {ModeFallback, private(func(p *Private) { p.Name = "10.0.0.1" }), "private.name", "is an address and no name"},
		"the public name":                 {ModeFallback, private(func(p *Private) { p.Name = "chat.example.org" }), "private.name", "inside-chat.example.org"},
		"a name above the public one":     {ModeFallback, private(func(p *Private) { p.Name = "example.org" }), "private.name", "Choose another private name"},
		"a name with a port":              {ModeFallback, private(func(p *Private) { p.Name = "ocs.your-org:8000" }), "private.name", "Leave out the port"},
		"no range":                        {ModeFallback, private(func(p *Private) { p.Subnet = "" }), "private.subnet", "such as 172.30.250.0/28"},
		"a range with bits behind":        {ModeFallback, private(func(p *Private) { p.Subnet = "172.30.250.2/28" }), "private.subnet", "such as 172.30.250.0/28"},
		"a public range":                  {ModeFallback, private(func(p *Private) { p.Subnet = "203.0.113.0/28" }), "private.subnet", "private addresses"},
		"a range without room":            {ModeFallback, private(func(p *Private) { p.Subnet = "172.30.250.0/29" }), "private.subnet", "16 to 65,536"},
		"one address for two":             {ModeFallback, private(func(p *Private) { p.DNS = p.Address }), "private.subnet", "two addresses"},
		"the gateway's address":           {ModeFallback, private(func(p *Private) { p.DNS = "172.30.250.1" }), "private.subnet", "taken by the network itself"},
		"an address elsewhere":            {ModeFallback, private(func(p *Private) { p.Address = "172.18.0.7" }), "private.subnet", "172.18.0.7 is not an address in"},
		"a certificate from nowhere":      {ModeFallback, private(func(p *Private) { p.Front.Source = "" }), "private.front", "acme, internal or own"},
		"a known certificate for no name": {ModeFallback, private(func(p *Private) { p.Front.Source = FromACME }), "private.front", "ends in .example.org"},
		"a wildcard of one's own":         {ModeFallback, private(func(p *Private) { p.Front.Wildcard = true }), "private.front", "with acme only"},
		"following behind a front":        {ModeFallback, private(func(p *Private) { p.Follow = true }), "private.network", "Choose no certificate"},
		"following by name":               {ModeHostname, private(func(p *Private) { p.Front, p.Follow = nil, true }), "private.network", "by your own DNS (fallback)"},
		"all of a network by name":        {ModeHostname, private(func(p *Private) { p.Front, p.Whole = nil, true }), "private.route", "by your own DNS (fallback)"},
		"all of Culvert's own network":    {ModeFallback, private(func(p *Private) { p.Front, p.Whole = nil, true }), "private.route", "the app's own network"},
		"UDP over http2":                  {ModeFallback, private(func(p *Private) { p.Protocol = "http2" }), "private.protocol", "Choose quic"},
		"no such protocol":                {ModeHostname, private(func(p *Private) { p.Protocol = "h3" }), "private.protocol", "quic or http2"},
		"no such profile":                 {ModeHostname, private(func(p *Private) { p.Profiles = []string{"Staff"} }), "private.profiles", "Write default"},
		"a long description":              {ModeHostname, private(func(p *Private) { p.Comment = strings.Repeat("x", 61) }), "private.comment", "at most 60"},
		"no image of dnsmasq":             {ModeFallback, private(func(p *Private) { p.DNSImage = "dockurr/dnsmasq:" }), "private.dns_image", "dockurr/dnsmasq:2.91"},
		"a digest that was cut":           {ModeFallback, private(func(p *Private) { p.Front.Image = "nginx@sha256:12ab" }), "private.front_image", "64 characters"},
		"an image that is a variable":     {ModeFallback, func(a *Answers) { a.Image = "${IMAGE}" }, "connector_image", "cloudflare/cloudflared:2026.8.2"},
		"an old connector":                {ModeHostname, func(a *Answers) { a.Image = "cloudflare/cloudflared:2025.4.0" }, "connector_image", "2025.7.0 or later"},
		"an address for nothing":          {ModeHostname, func(a *Answers) { a.Doors = nil }, "hostname", "Leave the address empty"},
		"webhooks without an address":     {ModeHostname, func(a *Answers) { a.Hostname, a.Zone = "", "" }, "hostname", "Type the address"},
		"a Site without a command":        {ModePublic, func(a *Answers) { a.Site = a.Hostname }, "site", "Leave it as it is"},
		"a Site where no messenger gets": {ModeFallback, func(a *Answers) {
			a.Stack.Site, a.Site = &SiteCommand{}, a.Private.Name
		}, "site", "Choose chat.example.org"},
		"a Site of somebody else": {ModePublic, func(a *Answers) { a.Stack.Site, a.Site = &SiteCommand{}, "elsewhere.org" }, "site", "no address of this setup"},
		"two values for one setting": {ModePublic, func(a *Answers) {
			a.Settings = append(a.Settings, Item{Name: "X", Value: "1", Whole: true}, Item{Name: "X", Value: "2"})
		}, "app", "Keep one"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			a := inMode(sample("ocs", "chat.example.org"), row.mode)
			row.spoil(&a)
			told := func(e FieldError) bool { return e.Field == row.field && strings.Contains(e.Message, row.says) }
			if bad := a.Validate(); !slices.ContainsFunc(bad, told) {
				t.Errorf("told: %v", bad)
			}
		})
	}
}

func TestTheNewestConnectorsGoByName(t *testing.T) {
	for image, old := range map[string]bool{
		"cloudflare/cloudflared:2025.6.9": true, "cloudflare/cloudflared:2025.7.0": false, "cloudflare/cloudflared:2026.1.0": false,
		"cloudflare/cloudflared:latest": false, "cloudflare/cloudflared@sha256:12": false,
	} {
		a := inMode(sample("ocs", "chat.example.org"), ModeHostname)
		a.Image = image
		if got := a.checkConnectorVersion() != ""; got != old {
			t.Errorf("%s is too old: %v", image, got)
		}
	}
}

func TestAnImageIsHeldByATagOrToTheLetterByADigest(t *testing.T) {
	digest := "@sha256:" + strings.Repeat("0123456789abcdef", 4)
	for image, held := range map[string]string{
		"nginx:1.28-alpine": "by tag", "nginx:1.28-alpine" + digest: "by digest", "registry.example:5000/a/nginx" + digest: "by digest",
	} {
		a := inMode(sample("ocs", "chat.example.org"), ModeFallback)
		a.Private.DNSImage, a.Private.Front.Image = image, image
		if bad := a.Validate(); len(bad) > 0 {
			t.Errorf("%s: %v", image, bad)
		}
		if lines := describeSpec(a.sidecars()[0]); !strings.Contains(lines[0], image+" ("+held+")") {
			t.Errorf("%s is described as %q", image, lines[0])
		}
	}
}
