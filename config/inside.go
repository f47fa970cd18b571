package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
	"gopkg.in/yaml.v3"
)

func readMode(r *reader, full string, node *yaml.Node) {
	s := setup.Mode(r.text(full, node))
	if s != "" && s != setup.ModePublic && !s.Private() {
		r.fault(node.Line, full, "%q is no way in. Write public (through the public address, behind a login), fallback or hostname (both with WARP).", s)
		return
	}
	r.file.Mode = s
}

func readPrivate(r *reader, full string, node *yaml.Node) {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
		return
	}
	if node.Kind != yaml.MappingNode {
		r.fault(node.Line, full, "Say more of the private name with keys such as name, indented below private.")
		return
	}
	r.mapping(full+".", node, privateKeys())
}

func privateKeys() []key {
	return []key{
		text("name", func(f *File) *string { return &f.Inside.Name }),
		{"front", readFront},
		either("network", ownNetwork, "a network of Culvert's own, in which the app has a fixed address",
			appNetwork, "the app's own network: its address may change, and Culvert follows it",
			func(f *File) *bool { return &f.Inside.Follow }),
		either("route", toAddress, "the app and nothing beside it",
			toNetwork, "all of the app's own network, databases too, behind the login",
			func(f *File) *bool { return &f.Inside.Whole }),
		flag("wildcard", func(f *File) *bool { return &f.Inside.Wildcard }),
		text("subnet", func(f *File) *string { return &f.Inside.Subnet }),
		list("profiles", "default", func(f *File) *[]string { return &f.Inside.Profiles }),
		text("virtual_network", func(f *File) *string { return &f.Inside.VNet }),
		flag("icmp", func(f *File) *bool { return &f.Inside.ICMP }),
		flag("dns_location", func(f *File) *bool { return &f.Inside.Location }),
		text("description", func(f *File) *string { return &f.Inside.Comment }),
		text("protocol", func(f *File) *string { return &f.Inside.Protocol }),
		text("dns_image", func(f *File) *string { return &f.Inside.DNSImage }),
		text("front_image", func(f *File) *string { return &f.Inside.FrontImage }),
		flag("team_in_public", func(f *File) *bool { return &f.Inside.PublicTeam }),
		{"replaces", readReplaces},
	}
}

func flag(name string, at func(*File) *bool) key {
	return key{name, func(r *reader, full string, node *yaml.Node) {
		*at(&r.file) = r.text(full, node) != "" && r.yes(full, node)
	}}
}

// either is a choice of two words: the usual one, which nothing stands for too, and
// the other. Each has what it means.
func either(name, usual, usually, other, otherwise string, at func(*File) *bool) key {
	return key{name, func(r *reader, full string, node *yaml.Node) {
		switch s := r.text(full, node); s {
		case "", usual:
		case other:
			*at(&r.file) = true
		default:
			r.fault(node.Line, full, "%q is no choice. Write %s (%s) or %s (%s).", s, usual, usually, other, otherwise)
		}
	}}
}

func readFront(r *reader, full string, node *yaml.Node) {
	s := r.text(full, node)
	if !slices.Contains([]string{"", "acme", "internal", "own", "none"}, s) {
		r.fault(node.Line, full, "%q is no choice. Write acme (a certificate that browsers know), internal (a certificate authority of your own), own (your certificate) or none (no TLS).", s)
		return
	}
	r.file.Inside.Front = s
}

// The two networks in which a private name can lead to an app without a front.
const (
	ownNetwork = "own"
	appNetwork = "app"
)

// What the route to an app in its own network leads to.
const (
	toAddress = "address"
	toNetwork = "network"
)

// readReplaces: each entry is a project and a service of it.
func readReplaces(r *reader, full string, node *yaml.Node) {
	for _, entry := range r.list(full, "open-chat-studio/dns", node) {
		project, service, ok := strings.Cut(entry, "/")
		if !ok || project == "" || service == "" {
			r.fault(node.Line, full, "%q is no service. Write its project and its name, such as open-chat-studio/dns.", entry)
			continue
		}
		r.file.Inside.Replaces = append(r.file.Inside.Replaces, setup.Service{Project: project, Service: service})
	}
}

// writeWayIn writes what is said of the way in, if it is not the usual one.
func (f File) writeWayIn(b *bytes.Buffer, line func(key, value, comment string)) {
	if f.Mode.Private() {
		line("mode", quote(string(f.Mode)), "How the team comes in: public (through the address above, behind a login),\nfallback or hostname (both with WARP, by a private name).")
		fmt.Fprintf(b, "# The private name. front: acme, internal, own or none. Empty: as fits the name.\n"+
			"# network: own, or app (without a front: the app's own, where its address may change and is followed).\n"+
			"# route: address, or network (with network: app: all of that network, databases too, behind the login).\n"+
			"# subnet: a range that nothing else here uses. Empty: one is chosen.\n"+
			"# profiles: of your team's devices, by name or id, such as [Field staff]. Left out: the default one.\nprivate:%s\n\n", f.private())
	}
	if len(f.Fixes) > 0 {
		line("settings", flow(f.Fixes), "Settings of the app that are set right.")
	}
	if f.Site {
		line("site_record", "true", "The app's own record of its address is set to the hostname.")
	}
}

func (f File) private() string {
	in := f.Inside
	var b strings.Builder
	say := func(key, value string, there bool) {
		if there {
			fmt.Fprintf(&b, "\n  %s: %s", key, value)
		}
	}
	say("name", quote(in.Name), true)
	say("front", quote(in.Front), true)
	say("network", appNetwork, in.Follow)
	say("route", toNetwork, in.Whole)
	say("wildcard", "true", in.Wildcard)
	say("subnet", quote(in.Subnet), true)
	say("profiles", flow(in.Profiles), len(in.Profiles) > 0)
	say("virtual_network", quote(in.VNet), in.VNet != "")
	say("icmp", "true", in.ICMP)
	say("dns_location", "true", in.Location)
	say("description", quote(in.Comment), in.Comment != "")
	say("protocol", quote(in.Protocol), in.Protocol != "")
	say("dns_image", quote(in.DNSImage), in.DNSImage != "")
	say("front_image", quote(in.FrontImage), in.FrontImage != "")
	say("team_in_public", "true", in.PublicTeam)
	var replaces []string
	for _, s := range in.Replaces {
		replaces = append(replaces, s.Project+"/"+s.Service)
	}
	say("replaces", flow(replaces), len(replaces) > 0)
	return b.String()
}
