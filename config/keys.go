package config

import (
	"slices"
	"strconv"
	"strings"

	"github.com/culvert/culvert/setup"
	"gopkg.in/yaml.v3"
)

// key is one word of the file.
type key struct {
	name string
	read func(r *reader, full string, node *yaml.Node)
}

// topKeys lists the words in the order in which they are written.
func topKeys() []key {
	return []key{
		text("app", func(f *File) *string { return &f.App }),
		text("name", func(f *File) *string { return &f.Name }),
		text("hostname", func(f *File) *string { return &f.Hostname }),
		text("zone", func(f *File) *string { return &f.Zone }),
		text("account", func(f *File) *string { return &f.Account }),
		{"team", func(r *reader, full string, node *yaml.Node) {
			if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
				return
			}
			if node.Kind != yaml.MappingNode {
				r.fault(node.Line, full, "Say who may enter with the keys emails and domains, indented below team.")
				return
			}
			r.mapping("team.", node, teamKeys())
		}},
		{"webhooks", readWebhooks},
		{"own_paths", readOwn},
		{"published_port", readPublishedPort},
		text("project_folder", func(f *File) *string { return &f.ProjectFolder }),
		list("compose_files", "docker-compose.prod.yml", func(f *File) *[]string { return &f.ComposeFiles }),
		text("env_file", func(f *File) *string { return &f.EnvFile }),
		text("service", func(f *File) *string { return &f.Service }),
		{"port", readPort},
		either("edge_rule", byCulvert, "the rule is made for you", byHand, "you make it in the dashboard",
			func(f *File) *bool { return &f.EdgeByHand }),
		{"edge_changes", readRemedies},
		text("alert_email", func(f *File) *string { return &f.AlertEmail }),
		text("tunnel", func(f *File) *string { return &f.Tunnel }),
		text("connector_image", func(f *File) *string { return &f.Image }),
		{"mode", readMode},
		{"private", readPrivate},
		list("settings", "RATE_LIMIT_TRUSTED_PROXY_COUNT", func(f *File) *[]string { return &f.Fixes }),
		flag("site_record", func(f *File) *bool { return &f.Site }),
	}
}

func teamKeys() []key {
	return []key{
		list("emails", "ana@example.org", func(f *File) *[]string { return &f.Emails }),
		list("domains", "example.org", func(f *File) *[]string { return &f.Domains }),
	}
}

func text(name string, at func(*File) *string) key {
	return key{name, func(r *reader, full string, node *yaml.Node) { *at(&r.file) = r.text(full, node) }}
}

func list(name, example string, at func(*File) *[]string) key {
	return key{name, func(r *reader, full string, node *yaml.Node) { *at(&r.file) = r.list(full, example, node) }}
}

// readWebhooks: "default" and nothing mean those that the profile opens; an
// empty list means none.
func readWebhooks(r *reader, full string, node *yaml.Node) {
	if node.Kind == yaml.ScalarNode {
		switch strings.TrimSpace(node.Value) {
		case "", "~", "null", "default":
			return
		case "none":
			r.file.Webhooks = []string{}
			return
		}
	}
	r.file.Webhooks = append([]string{}, r.list(full, "telegram, whatsapp", node)...)
}

func readPort(r *reader, full string, node *yaml.Node) {
	s := r.text(full, node)
	if s == "" {
		return
	}
	port, err := strconv.Atoi(s)
	if err != nil || port < 1 || port > 65535 {
		r.fault(node.Line, full, "%q is no port. Write the number on which the app listens in its container, such as 8000.", s)
		return
	}
	r.file.Port = port
}

func readPublishedPort(r *reader, full string, node *yaml.Node) {
	s := setup.PortChoice(r.text(full, node))
	if s != "" && !slices.Contains([]setup.PortChoice{setup.PortLoopback, setup.PortNone, setup.PortKeep}, s) {
		r.fault(node.Line, full, "%q is no choice. Write loopback (this server only), none (not published) or keep (left as it is).", s)
		return
	}
	r.file.PublishedPort = s
}

// The two who can make the rule for callers that are no browsers.
const (
	byCulvert = "culvert"
	byHand    = "by_hand"
)

// asAgreed means the changes that were agreed to when a check had shown that they
// are needed.
const asAgreed = "agreed"

func readRemedies(r *reader, full string, node *yaml.Node) {
	if node.Kind == yaml.ScalarNode {
		switch strings.TrimSpace(node.Value) {
		case "", "~", "null", asAgreed:
			return
		case "none":
			r.file.Remedies = []setup.Remedy{}
			return
		}
	}
	r.file.Remedies = []setup.Remedy{}
	for _, s := range r.list(full, string(setup.RemedyBots), node) {
		if !slices.Contains(setup.Remedies(), setup.Remedy(s)) {
			r.fault(node.Line, full, "%q is none of the changes. Write agreed (those that you agreed to), none, or a list of: %s.", s, strings.Join(remedyWords(setup.Remedies()), ", "))
			continue
		}
		r.file.Remedies = append(r.file.Remedies, setup.Remedy(s))
	}
}

func remedyWords(all []setup.Remedy) []string {
	var words []string
	for _, r := range all {
		words = append(words, string(r))
	}
	return words
}

func find(keys []key, name string) (key, bool) {
	i := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
	if i < 0 {
		return key{}, false
	}
	return keys[i], true
}

// unknown names the key, never its value: it may be a secret in a wrong place.
func (r *reader) unknown(prefix string, name *yaml.Node, keys []key) {
	full := prefix + name.Value
	switch {
	case name.Kind != yaml.ScalarNode:
		r.fault(name.Line, strings.TrimSuffix(prefix, "."), "A key must be a plain word.")
	case strings.Contains(strings.ToLower(name.Value), "token"):
		r.fault(name.Line, full, "The API token is never in this file. Take it out, and set the environment variable CLOUDFLARE_API_TOKEN. If the file was shared, roll the token at Cloudflare.")
	default:
		if better := nearest(name.Value, prefix, keys); better != "" {
			r.fault(name.Line, full, "This key is not known. Did you mean %s?", better)
			return
		}
		names := make([]string, len(keys))
		for i, k := range keys {
			names[i] = k.name
		}
		r.fault(name.Line, full, "This key is not known. Known are: %s.", strings.Join(names, ", "))
	}
}

// otherWords are what people may call a key.
var otherWords = []struct{ word, key string }{
	{"host", "hostname"}, {"address", "hostname"}, {"url", "hostname"},
	{"domain", "zone"}, {"profile", "app"}, {"account_id", "account"},
	{"doors", "webhooks"}, {"bypass", "webhooks"}, {"paths", "own_paths"}, {"folder", "project_folder"},
	{"dir", "project_folder"}, {"path", "project_folder"}, {"compose_file", "compose_files"},
	{"alert", "alert_email"}, {"notify", "alert_email"}, {"port_choice", "published_port"}, {"close_port", "published_port"}, {"image", "connector_image"}, {"tunnel_name", "tunnel"},
}

// nearest gives the key that was most likely meant, or nothing.
func nearest(word, prefix string, keys []key) string {
	word = strings.ReplaceAll(strings.ToLower(word), "-", "_")
	for _, o := range otherWords {
		if o.word == word && prefix == "" {
			return o.key
		}
	}
	best, least := "", 1+max(1, len(word)/3)
	try := func(prefix string, keys []key) {
		for _, k := range keys {
			if d := distance(word, k.name); d < least {
				best, least = prefix+k.name, d
			}
		}
	}
	try(prefix, keys)
	if prefix == "" {
		try("team.", teamKeys())
		try("private.", privateKeys())
	}
	return best
}

// distance counts the letters to change, add or drop between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			before, row[j+1] = row[j+1], min(before+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
