package setup

import (
	"testing"

	"pgregory.net/rapid"
)

// examples has one state of every kind, with every field set.
func examples() []State {
	tunnel, end := Lit("t1"), Endpoint{Network: "culvert-ocs", Address: "172.30.250.2", Aliases: []string{"ocs.your-org"}}
	spec := SidecarSpec{Service: DNSService, Image: "dnsmasq", Networks: []Endpoint{end},
		Names: []HostAddress{{"ocs.your-org", "172.30.250.2"}}, Dir: "/var/lib/culvert/front", Config: "abc"}
	return []State{
		Organization{AuthDomain: "team.cloudflareaccess.com"}, Zone{Name: "example.org", Status: "active"}, Network{Name: "ocs_default"},
		VirtualNetwork{Name: "default", Default: true}, DeviceProfile{ID: DefaultProfile, Carries: true},
		LoginMethod{Type: "onetimepin", Name: "PIN"}, Tunnel{Name: "ocs", Remote: true},
		Policy{Name: "Team", Decision: Allow, Include: []Include{{"email", "ana@example.org"}}, Other: "x"},
		EdgeRule{Zone: Lit("z"), Host: "chat.example.org", Paths: []string{"/x"}, Expression: "e", Enabled: true, Other: "o", Overruled: []string{"r"}},
		SkipRule{EdgeRule{Zone: Lit("z"), Host: "chat.example.org", Paths: []string{"/x"}, Expression: "e", Enabled: true, Other: "o", Overruled: []string{"r"}}, []string{SkipsRules, SkipsBots}},
		BotFight{On: true}, SecurityLevel{Level: UnderAttack}, ZonePause{Paused: true},
		App{Name: "Lock", Destinations: []string{"tcp://ocs.your-org:443"}, Policies: []ID{Lit("p")}, Session: "24h", Other: "x"},
		Enrolment{Session: "24h"}, EnrolmentRule{App: Lit("a"), Policy: Lit("p")},
		Ingress{Tunnel: tunnel, Host: "chat.example.org", Rules: []Rule{{Path: "^/x$", Service: "http://web:8000", Other: "x"}}},
		PrivateNetwork{Name: "culvert-ocs", Subnet: "172.30.250.0/28"},
		Certificate{Name: "ocs.example.org", Wildcard: true, Source: FromACME, Dir: "/var/lib/culvert/front", Valid: true, Overdue: true},
		FrontConfig{Dir: "/var/lib/culvert/front", Names: []string{"ocs.your-org"}, Upstream: "web:8000"},
		ConnectorFile{Path: "/c.yml", Project: "culvert-ocs", Image: "i", Network: "n", Tunnel: tunnel, Networks: []string{"m"}, Protocol: "quic", Sidecars: []SidecarSpec{spec}},
		Sidecar{File: "/c.yml", Project: "culvert-ocs", Spec: spec, Running: true},
		Connector{File: "/c.yml", Project: "culvert-ocs", Image: "i", Network: "n", Tunnel: tunnel, Running: true, Networks: []string{"m"}, Protocol: "quic"},
		ComposeNetwork{Path: "/app.yml", Service: "web", Endpoint: end}, Attachment{Project: "ocs", Service: "web", Endpoint: end},
		EnvVar{Path: "/.env", Name: "A", Value: "b", Join: JoinComma, Items: []string{"b"}},
		Setting{Project: "ocs", Service: "web", Name: "A", Value: "b", Join: JoinComma, Items: []string{"b"}},
		GatewayProxy{TCP: true, UDP: true}, ICMPProxy{On: true}, DNSLocation{Name: "Default", Default: true},
		Route{Network: "172.30.250.2/32", VNet: Lit("v"), Tunnel: tunnel, Comment: "c"},
		HostnameRoute{Hostname: "ocs.your-org", Tunnel: tunnel, Comment: "c"},
		SplitTunnel{Profile: DefaultProfile, Network: "172.30.250.0/28", Through: true},
		Fallback{Profile: DefaultProfile, Suffix: "ocs.your-org", Servers: []string{"172.30.250.3"}, Bare: true},
		Shadow{Profile: DefaultProfile, Hostname: "ocs.internal", Entries: []DomainEntry{{"internal", "d", []string{"10.0.0.1"}}}},
		DNSRecord{Zone: Lit("z"), Name: "chat.example.org", Type: "CNAME", Tunnel: tunnel, Content: "c", Proxied: true},
		Site{Project: "ocs", Service: "web", Domain: "chat.example.org"},
		ComposePort{Path: "/app.yml", Service: "web", Target: 8000, Exposure: ExposedNone},
		Published{Project: "ocs", Service: "web", Target: 8000, Exposure: ExposedNone},
		Predecessor{Project: "ocs", Service: "dns", Running: true},
		Alert{Tunnels: []ID{tunnel}, Statuses: []string{TunnelDown}, Emails: []string{"ana@example.org"}, Enabled: true, Other: "x"},
	}
}

func TestEveryKindIsKeptNamedAndToldApart(t *testing.T) {
	seen := map[Kind]bool{}
	for _, s := range examples() {
		seen[s.Kind()] = true
		b, err := EncodeState(s)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := DecodeState(b); err != nil || !Same(s, back) {
			t.Errorf("%s: %+v came back as %+v (%v)", s.Kind(), s, back, err)
		}
		k := Key{Kind: s.Kind(), Scope: "scope", Name: "it"}
		if name := Name(k, s); name == k.Short() {
			t.Errorf("%s has no name for people", s.Kind())
		}
		if len(Describe(s)) == 0 && s.Kind() != KindOrganization && s.Kind() != KindNetwork {
			t.Errorf("%s is not described", s.Kind())
		}
		if !Met(s, s) || !Met(s.over(nil), s.over(nil)) {
			t.Errorf("%s is not what it asks for", s.Kind())
		}
		if len(s.occupies()) == 0 && s.Kind() != KindLoginMethod && s.Kind() != KindPolicy && s.Kind() != KindEdgeRule && s.Kind() != KindSkipRule && s.Kind() != KindAlert {
			t.Errorf("%s takes no name, so nobody else's is noticed", s.Kind())
		}
	}
	for _, k := range Kinds() {
		if !seen[k] {
			t.Errorf("%s has no example", k)
		}
		if _, ok := codecs()[k]; !ok {
			t.Errorf("%s has no codec", k)
		}
	}
	if len(codecs()) != len(Kinds()) {
		t.Errorf("%d codecs for %d kinds", len(codecs()), len(Kinds()))
	}
}

func TestAPrivateDestinationHasOneText(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := PrivateDestination{
			Protocol: rapid.SampledFrom([]string{"", "tcp", "udp"}).Draw(rt, "protocol"),
			Ports:    rapid.SampledFrom([]string{"", "443", "1024-2048"}).Draw(rt, "ports"),
			VNet:     rapid.SampledFrom([]string{"", "0f3a"}).Draw(rt, "vnet"),
		}
		if rapid.Bool().Draw(rt, "by name") {
			d.Hostname = rapid.SampledFrom([]string{"ocs.your-org", "*.example.org"}).Draw(rt, "name")
		} else {
			d.Network = rapid.SampledFrom([]string{"172.30.250.2/32", "10.0.0.0/8", "fd00::/8", "fd00::1/128"}).Draw(rt, "network")
		}
		if back, ok := ParsePrivate(d.String()); !ok || back != d {
			rt.Fatalf("%+v is written %s and read %+v", d, d, back)
		}
	})
	for _, public := range []string{"chat.example.org", "chat.example.org/channels/telegram/*"} {
		if d, ok := ParsePrivate(public); ok {
			t.Errorf("%s is read as private: %+v", public, d)
		}
	}
}

func TestAMarkComesOffToTheLetter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringMatching(`[a-zA-Z0-9 .,()\[\]:_-]{0,60}`).Draw(rt, "text")
		mark := Mark("t1", Key{KindFallback, account, text})
		if got, rest := FindMark(WithMark(text, mark)); got != mark || rest != text {
			rt.Fatalf("%q came back as %q with mark %q", text, rest, got)
		}
	})
}
