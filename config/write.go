package config

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/culvert/culvert/setup"
	"gopkg.in/yaml.v3"
)

// Write gives the file with its comments. The same File gives the same bytes,
// and Parse gives the same File back.
func Write(f File) []byte {
	var b bytes.Buffer
	line := func(key, value, comment string) {
		for c := range strings.SplitSeq(comment, "\n") {
			fmt.Fprintf(&b, "# %s\n", c)
		}
		fmt.Fprintf(&b, "%s: %s\n\n", key, value)
	}
	b.WriteString("# What Culvert sets up. Show what would change: culvert plan -f culvert.yaml\n" +
		"# The API token is never in here; Culvert takes it from CLOUDFLARE_API_TOKEN.\n\n")
	line("app", quote(f.App), "Which app this is.")
	line("name", quote(f.Name), "A name for this setup. Empty: that of the app.")
	line("hostname", quote(f.Hostname), "The address under which the app shall be reached.")
	line("zone", quote(f.Zone), "Your domain at Cloudflare.")
	line("account", quote(f.Account), "The id of your Cloudflare account. Empty: the only one that the token sees.")
	fmt.Fprintf(&b, "# Who may enter: these addresses, and everybody with an address of these domains.\nteam:\n  emails: %s\n  domains: %s\n\n",
		flow(f.Emails), flow(f.Domains))
	line("webhooks", webhooks(f.Webhooks), "Which platforms reach the app without a login.\ndefault: those that the app's profile opens; or a list: [telegram, whatsapp]")
	fmt.Fprintf(&b, "# Paths of your own that programs reach without a login. One ends in /* if it stands for all below;\n"+
		"# then check says which path may be asked to prove it. Each may have a name, a method (POST), the\n"+
		"# answer to a GET without content (405), and open: false to keep it closed.\nown_paths:%s\n\n", ownPaths(f.Own))
	line("published_port", quote(string(f.PublishedPort)), "What becomes of the port that the app publishes on this server:\nloopback (this server only), none (not published) or keep. Empty: loopback.")
	line("project_folder", quote(f.ProjectFolder), "The folder of the app's compose file. Empty: where the running app was started.")
	line("compose_files", flow(f.ComposeFiles), "The compose files in that folder. Empty: those that the app was started with.")
	line("env_file", quote(f.EnvFile), "The env file in which the app's settings are written. Empty: the app's usual one.")
	line("service", quote(f.Service), "The service that answers, and the port on which it listens in its container.\nEmpty: as usual for the app.")
	b.Truncate(b.Len() - 1)
	fmt.Fprintf(&b, "port: %s\n\n", port(f.Port))
	line("edge_rule", edgeRule(f.EdgeByHand), "Who makes the rule at Cloudflare that lets webhooks through which send no User-Agent:\nculvert, or by_hand in the dashboard, if the token shall not have Config Rules: Edit.")
	line("edge_changes", remedies(f.Remedies), "What else is changed in your domain at Cloudflare because it stopped webhooks: agreed (what you\nagreed to on the page or with culvert repair), none, or a list of:\n"+strings.Join(remedyWords(setup.Remedies()), ", ")+".")
	line("alert_email", quote(f.AlertEmail), "Whom Cloudflare mails when nothing is connected to the tunnel any more, as when this whole server\nis gone: an address, or none. Empty: as chosen on the page. The token needs Notifications: Edit for it.")
	line("tunnel", quote(f.Tunnel), "The name of the tunnel. Empty: that of the setup.")
	line("connector_image", quote(f.Image), "The image of cloudflared. Empty: the version that Culvert was tested with.")
	f.writeWayIn(&b, line)
	b.Truncate(b.Len() - 1)
	return b.Bytes()
}

func port(n int) string {
	if n == 0 {
		return `""`
	}
	return strconv.Itoa(n)
}

func edgeRule(hand bool) string {
	if hand {
		return byHand
	}
	return byCulvert
}

func remedies(list []setup.Remedy) string {
	if list == nil {
		return asAgreed
	}
	return flow(remedyWords(list))
}

func webhooks(ids []string) string {
	if ids == nil {
		return "default"
	}
	return flow(ids)
}

func flow(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

var plain = regexp.MustCompile(`^[A-Za-z0-9/][A-Za-z0-9/._@+-]*(:[A-Za-z0-9/._@+-]+)*$`)

// quote writes a text as YAML on one line: bare where YAML reads it as the same
// text, otherwise with quotes and escapes that YAML and Go share.
func quote(s string) string {
	if plain.MatchString(s) {
		var node yaml.Node
		if yaml.Unmarshal([]byte(s), &node) == nil && node.Content[0].Kind == yaml.ScalarNode &&
			node.Content[0].Value == s && node.Content[0].Tag == "!!str" {
			return s
		}
	}
	return strconv.QuoteToASCII(s)
}
