package setup

import (
	"fmt"
	"slices"
	"strings"
)

// Title names the thing that a change is about, plain words first and the
// field's term behind.
func Title(c Change) string {
	s := c.To
	if s == nil {
		s = c.From
	}
	return NameIn(c.Key, s, c.Profile)
}

// Title names the thing that a barrier stands before.
func (b Barrier) Title() string { return NameIn(b.Key, b.Held, b.Profile) }

// Name says what a key stands for, in plain words.
func Name(k Key, s State) string { return NameIn(k, s, "") }

// NameIn is Name where it is known what the device profile is called.
func NameIn(k Key, s State, profile string) string {
	switch s := s.(type) {
	case Organization:
		return "Zero Trust of your account"
	case Zone:
		return "Your domain " + s.Name + " at Cloudflare (zone)"
	case Network:
		return "The app's Docker network " + s.Name
	case LoginMethod:
		return "Login by " + s.Name + " (login method)"
	case Tunnel:
		return "Tunnel " + s.Name
	case Policy:
		return "Rule “" + s.Name + "” (Access policy)"
	case EdgeRule:
		return edgeName(s)
	case SkipRule:
		return skipName(s)
	case BotFight:
		return "Bot Fight Mode of " + k.Scope + " (the whole domain)"
	case SecurityLevel:
		return "Attack mode of " + k.Scope + " (security level of the whole domain)"
	case ZonePause:
		return "Cloudflare for " + k.Scope + " (the whole domain)"
	case App:
		return s.Name + " (Access application)"
	case Ingress:
		return "Way from " + s.Host + " to the app (ingress rules)"
	case ConnectorFile:
		return "File " + base(s.Path) + " with the token beside it"
	case Connector:
		return "Connector (cloudflared container)"
	case EnvVar:
		return s.Name + " in " + base(s.Path)
	case Setting:
		return s.Name + " in the running " + s.Service
	case DNSRecord:
		return "Public name " + s.Name + " (DNS record)"
	case ComposePort:
		return fmt.Sprintf("Published port %d of %s in %s", s.Target, s.Service, base(s.Path))
	case Published:
		return fmt.Sprintf("Published port %d of the running %s", s.Target, s.Service)
	case Alert:
		return alertName(k, s)
	case Site:
		return "The address that the app's database knows (Site record)"
	}
	if name := privateName(s, profile); name != "" {
		return name
	}
	return k.Short()
}

func base(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// Describe says what a state says, one fact a line.
func Describe(s State) []string {
	switch s := s.(type) {
	case Zone:
		return []string{"status " + s.Status}
	case LoginMethod:
		return []string{"type " + s.Type}
	case Tunnel:
		if s.Remote {
			return []string{"rules kept at Cloudflare"}
		}
		return []string{"rules kept in a file on some server"}
	case Policy:
		return describePolicy(s)
	case EdgeRule:
		return describeEdge(s, "lifts Browser Integrity Check and attack mode for these paths")
	case SkipRule:
		return describeEdge(s.EdgeRule, s.does())
	case BotFight:
		return []string{"Bot Fight Mode " + yesNo(s.On, "on", "off")}
	case SecurityLevel:
		return []string{"security level " + s.Level}
	case ZonePause:
		return []string{yesNo(s.Paused, "paused", "not paused")}
	case App:
		lines := make([]string, 0, len(s.Destinations)+1)
		for _, d := range s.Destinations {
			if private, ok := ParsePrivate(d); ok {
				d = private.words()
			}
			lines = append(lines, "covers "+d)
		}
		for _, p := range s.Policies {
			lines = append(lines, "rule "+nameOfID(p))
		}
		if s.Other != "" {
			lines = append(lines, "further settings "+s.Other)
		}
		return append(lines, "login lasts "+s.Session)
	case Ingress:
		lines := []string{"in tunnel " + nameOfID(s.Tunnel)}
		for _, r := range s.Rules {
			path := r.Path
			if path == "" {
				path = "everything else"
			}
			lines = append(lines, path+" → "+r.Service)
		}
		return lines
	case ConnectorFile:
		return describeConnectorFile(s)
	case Connector:
		running := "running"
		if !s.Running {
			running = "stopped"
		}
		return append([]string{running, "image " + heldBy(s.Image), "network " + s.Network, "tunnel " + nameOfID(s.Tunnel)}, describeWay(s.Networks, s.Protocol)...)
	case EnvVar:
		return []string{s.Name + "=" + s.Value}
	case Setting:
		return []string{s.Name + "=" + s.Value}
	case DNSRecord:
		return describeRecord(s)
	case ComposePort:
		return []string{exposureText(s.Exposure)}
	case Published:
		return []string{exposureText(s.Exposure)}
	case Alert:
		return describeAlert(s)
	case Site:
		return []string{s.Domain}
	}
	return describePrivate(s)
}

func describePolicy(p Policy) []string {
	lines := []string{string(p.Decision)}
	for _, i := range p.Include {
		switch i.Type {
		case "everyone":
			lines = append(lines, "everybody")
		case "email":
			lines = append(lines, i.Value)
		case "email_domain":
			lines = append(lines, "everybody with an address at "+i.Value)
		default:
			lines = append(lines, i.Type+" "+i.Value)
		}
	}
	if p.Other != "" {
		lines = append(lines, "further conditions "+p.Other)
	}
	return lines
}

func describeRecord(d DNSRecord) []string {
	content := d.Content
	if d.Tunnel != (ID{}) {
		content = "tunnel " + nameOfID(d.Tunnel)
	}
	through := "not through Cloudflare (grey)"
	if d.Proxied {
		through = "through Cloudflare (proxied)"
	}
	return []string{d.Type + " " + content, through}
}

func nameOfID(i ID) string {
	if i.Lit != "" {
		return i.Lit
	}
	return i.Of.Name
}

func exposureText(e Exposure) string {
	switch e {
	case ExposedPublic:
		return "reachable from everywhere"
	case ExposedLoopback:
		return "reachable from this server only"
	}
	return "not published"
}

// Difference gives the lines that go (-) and come (+) between two states.
func Difference(from, to State) []string {
	old, now := Describe(from), Describe(to)
	var lines []string
	for _, l := range old {
		if !slices.Contains(now, l) {
			lines = append(lines, "- "+l)
		}
	}
	for _, l := range now {
		if !slices.Contains(old, l) {
			lines = append(lines, "+ "+l)
		}
	}
	return lines
}
