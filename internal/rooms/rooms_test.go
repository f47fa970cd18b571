// Package rooms checks that every package imports only what its room may, as
// docs/architecture.md lists it.
package rooms

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/culvert/culvert"

// may lists, for each package, which packages of ours and which libraries (by
// prefix) it may import directly. A package below one that is listed may import
// the same, unless it is listed itself. "*" is everything.
var may = map[string]struct{ ours, libraries []string }{
	"setup":                {},
	"setup/setuptest":      {[]string{"setup"}, nil},
	"setup/cidr":           {},
	"profile":              {[]string{"setup"}, []string{"gopkg.in/yaml.v3"}},
	"profile/django":       {[]string{"profile"}, nil},
	"config":               {[]string{"setup", "profile"}, []string{"gopkg.in/yaml.v3"}},
	"engine":               {[]string{"setup"}, []string{"golang.org/x/sync"}},
	"diagnosis":            {[]string{"setup", "dockerx/found"}, nil},
	"watch":                {[]string{"setup", "engine", "diagnosis", "dockerx/found"}, nil},
	"notify":               {[]string{"setup", "engine", "diagnosis", "secret"}, []string{"github.com/nicholas-fedor/shoutrrr"}},
	"journey":              {[]string{"setup", "profile", "profile/django", "config", "engine", "secret", "dockerx/found", "watch", "notify", "diagnosis"}, nil},
	"cloudflare":           {[]string{"setup", "setup/cidr", "secret"}, []string{"github.com/cloudflare/cloudflare-go", "golang.org/x/time", "golang.org/x/sync", "github.com/tidwall"}},
	"cloudflare/sim":       {[]string{"internal/tunnelproto", "internal/takeback"}, []string{"golang.org/x/sync", "github.com/miekg/dns"}},
	"dockerx":              {[]string{"setup", "dockerx/found"}, []string{"github.com/moby/moby", "github.com/containerd/errdefs", "golang.org/x/sync"}},
	"dockerx/found":        {[]string{"setup"}, nil},
	"dockerx/sim":          {[]string{"setup", "dockerx/found"}, nil},
	"dockerx/dockerxtest":  {[]string{"setup", "dockerx/found"}, []string{"github.com/google/go-cmp"}},
	"stackfile":            {nil, []string{"github.com/compose-spec/compose-go", "gopkg.in/yaml.v3"}},
	"files":                {[]string{"setup", "secret", "stackfile"}, nil},
	"probe":                {[]string{"setup"}, []string{"github.com/miekg/dns"}},
	"proof":                {[]string{"setup", "probe", "dockerx/found"}, nil},
	"rehearsal":            {[]string{"setup", "secret", "cloudflare/sim", "dockerx/sim", "dockerx/found", "internal/standin/app", "internal/takeback"}, []string{"github.com/miekg/dns"}},
	"store":                {[]string{"setup", "engine", "secret", "migrations"}, []string{"github.com/mattn/go-sqlite3"}},
	"migrations":           {nil, []string{"github.com/pressly/goose"}},
	"live":                 {},
	"metrics":              {[]string{"setup", "watch", "diagnosis"}, []string{"github.com/prometheus/client_golang"}},
	"secret":               {nil, []string{"filippo.io/age"}},
	"cert":                 {[]string{"setup", "internal/wholefile"}, []string{"github.com/caddyserver/certmagic", "github.com/libdns/libdns", "github.com/mholt/acmez", "go.uber.org/zap"}},
	"cert/certtest":        {nil, []string{"github.com/letsencrypt/pebble"}},
	"auth":                 {nil, []string{"github.com/alexedwards/scs"}},
	"handlers":             {[]string{"setup", "journey", "web", "live", "auth", "profile", "dockerx/found", "secret", "diagnosis", "notify"}, []string{"github.com/go-chi/chi", "github.com/a-h/templ"}},
	"web":                  {[]string{"setup", "journey", "profile", "dockerx/found", "diagnosis", "notify"}, []string{"github.com/a-h/templ"}},
	"internal/takeback":    {nil, nil},
	"internal/tunnelproto": {nil, []string{"zombiezen.com/go/capnproto2", "github.com/quic-go/quic-go", "golang.org/x/net"}},
	"internal/standin":     {[]string{"internal/tunnelproto", "internal/standin/app", "internal/standin/connector"}, nil},
	"internal/wholefile":   {},
	"internal/need":        {},
	"internal/rooms":       {},
	"lab":                  {[]string{"*"}, []string{"*"}},
	"e2e":                  {[]string{"*"}, []string{"*"}},
	"cmd":                  {[]string{"*"}, []string{"*"}},

	// Tests only.
	"cloudflare/conformance": {[]string{"cloudflare/sim"}, []string{"github.com/cloudflare/cloudflare-go", "golang.org/x/time"}},
}

func TestEveryRoomImportsOnlyWhatItMay(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"/...").Output()
	if err != nil {
		t.Fatalf("listing the packages: %v", err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		path, imports, _ := strings.Cut(line, " ")
		room := strings.TrimPrefix(path, module+"/")
		rule, known := ruleFor(room)
		if !known {
			t.Errorf("%s is in no room: add it to docs/architecture.md and to this test", room)
			continue
		}
		for _, imported := range strings.Fields(imports) {
			if !allowed(room, imported, rule.ours, rule.libraries) {
				t.Errorf("%s imports %s", room, imported)
			}
		}
	}
}

func ruleFor(room string) (rule struct{ ours, libraries []string }, known bool) {
	for at := room; ; at = at[:strings.LastIndex(at, "/")] {
		if rule, known = may[at]; known || !strings.Contains(at, "/") {
			return rule, known
		}
	}
}

func allowed(room, imported string, ours, libraries []string) bool {
	if own, is := strings.CutPrefix(imported, module+"/"); is {
		return slices.Contains(ours, "*") || slices.Contains(ours, own)
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	return slices.ContainsFunc(libraries, func(l string) bool { return l == "*" || strings.HasPrefix(imported, l) })
}
