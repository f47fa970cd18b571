package tunnelproto_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/culvert/culvert/internal/tunnelproto"
)

func TestConfigurationsAreCheckedAsCloudflaredDoes(t *testing.T) {
	const catchAll = `,{"service":"http_status:404"}`
	for _, row := range []struct{ name, ingress, complaint string }{
		{"one catch-all", `{"service":"http_status:404"}`, ""},
		{"star as catch-all", `{"hostname":"*","service":"http_status:404"}`, ""},
		{"host, then catch-all", `{"hostname":"a.example.com","service":"http://web:8000"}` + catchAll, ""},
		{"path, then catch-all", `{"path":"^/x$","service":"http://web:8000"}` + catchAll, ""},
		{"wildcard", `{"hostname":"*.example.com","service":"https://web"}` + catchAll, ""},
		{"other services", `{"hostname":"a.b","service":"unix:/run/x"},{"hostname":"c.d","service":"ssh://web:22"}` + catchAll, ""},
		{"nothing", ``, ""},
		{"last rule has a host", `{"hostname":"a.example.com","service":"http://web:8000"}`, "last rule"},
		{"last rule has a path", `{"path":"x","service":"http://web:8000"}`, "last rule"},
		{"catch-all too early", `{"service":"http_status:404"}` + catchAll, "never be used"},
		{"star too early", `{"hostname":"*","service":"http_status:404"}` + catchAll, "never be used"},
		{"bad expression", `{"path":"(","service":"http://web:8000"}` + catchAll, "regular expression"},
		{"host with port", `{"hostname":"a.example.com:80","service":"http://web:8000"}` + catchAll, "port"},
		{"star inside", `{"hostname":"a.*.com","service":"http://web:8000"}` + catchAll, `one "*"`},
		{"two stars", `{"hostname":"*.*.com","service":"http://web:8000"}` + catchAll, `one "*"`},
		{"star without dot", `{"hostname":"*example.com","service":"http://web:8000"}` + catchAll, `one "*"`},
		{"no service", `{}`, "scheme"},
		{"service without scheme", `{"service":"web"}`, "scheme"},
		{"service with a path", `{"service":"http://web:8000/x"}`, "path"},
		{"status no number", `{"service":"http_status:ok"}`, "status"},
		{"status too small", `{"service":"http_status:99"}`, "status"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := tunnelproto.ParseConfig([]byte(`{"ingress":[` + row.ingress + `]}`))
			switch {
			case row.complaint == "" && err != nil:
				t.Errorf("refused: %v", err)
			case row.complaint != "" && err == nil:
				t.Error("accepted")
			case row.complaint != "" && !strings.Contains(err.Error(), row.complaint):
				t.Errorf("complaint %q does not speak of %q", err, row.complaint)
			}
		})
	}
}

func TestWhatIsNoJSONIsRefused(t *testing.T) {
	if _, err := tunnelproto.ParseConfig([]byte(`{"ingress":`)); err == nil {
		t.Error("accepted")
	}
}

func TestTheFirstMatchingRuleWins(t *testing.T) {
	c := mustConfig(t, `{"ingress":[
		{"hostname":"app.example.com","path":"^/channels/telegram/","service":"http://one"},
		{"hostname":"app.example.com","path":"\\.js$","service":"http://two"},
		{"hostname":"app.example.com","service":"http://three"},
		{"hostname":"*.example.com","service":"http://four"},
		{"path":"health","service":"http://five"},
		{"service":"http_status:404"}]}`)
	for _, row := range []struct{ host, path, want string }{
		{"app.example.com", "/channels/telegram/1", "http://one"},
		{"app.example.com:443", "/channels/telegram/1", "http://one"},
		{"app.example.com", "/x/channels/telegram/1", "http://three"},
		{"app.example.com", "/static/x.js", "http://two"},
		{"app.example.com", "/", "http://three"},
		{"other.example.com", "/", "http://four"},
		{"a.b.example.com", "/", "http://four"},
		{"example.com", "/", "http_status:404"},
		{"badexample.com", "/", "http_status:404"},
		{"elsewhere.org", "/a/healthy", "http://five"},
		{"", "/", "http_status:404"},
	} {
		if r, ok := c.Match(row.host, row.path); !ok || r.Service != row.want {
			t.Errorf("%s%s goes to %q, want %q", row.host, row.path, r.Service, row.want)
		}
	}
}

func TestNoRulesMatchNothing(t *testing.T) {
	if r, ok := mustConfig(t, `{}`).Match("app.example.com", "/"); ok {
		t.Errorf("matched %+v", r)
	}
}

// TestMatchAgreesWithTheObviousWay compares with a matcher that reads each rule
// from its text, label by label.
func TestMatchAgreesWithTheObviousWay(t *testing.T) {
	labels := rapid.SampledFrom([]string{"a", "b", "app", "com", "xa"})
	host := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(labels, 1, 3).Draw(t, "labels"), ".")
	})
	path := rapid.StringMatching(`/[ab]?(/[ab]{0,2})?`)
	pattern := rapid.SampledFrom([]string{"", "a", "^/a", "b$", "^/$", "a|b", "^/a/.*b", "[^a]/"})
	rapid.Check(t, func(t *rapid.T) {
		var rules []tunnelproto.Rule
		for range rapid.IntRange(0, 5).Draw(t, "n") {
			r := tunnelproto.Rule{Hostname: host.Draw(t, "host"), Path: pattern.Draw(t, "path"), Service: "http://web"}
			if rapid.Bool().Draw(t, "wild") {
				r.Hostname = "*." + r.Hostname
			}
			if r.Path != "" && rapid.Bool().Draw(t, "any host") {
				r.Hostname = ""
			}
			rules = append(rules, r)
		}
		rules = append(rules, tunnelproto.Rule{Service: "http_status:404"})
		raw, err := json.Marshal(tunnelproto.Config{Ingress: rules})
		if err != nil {
			t.Fatal(err)
		}
		c, err := tunnelproto.ParseConfig(raw)
		if err != nil {
			t.Fatal(err)
		}
		h, p := host.Draw(t, "request host"), path.Draw(t, "request path")
		got, ok := c.Index(h, p)
		if want := obviousIndex(rules, h, p); !ok || got != want {
			t.Fatalf("%s%s matches rule %d, want %d of %+v", h, p, got, want, rules)
		}
	})
}

func obviousIndex(rules []tunnelproto.Rule, host, path string) int {
	for i, r := range rules {
		if obviousHost(strings.Split(r.Hostname, "."), strings.Split(host, ".")) && regexp.MustCompile(r.Path).MatchString(path) {
			return i
		}
	}
	return -1
}

func obviousHost(pattern, host []string) bool {
	switch {
	case len(pattern) == 1 && pattern[0] == "":
		return true
	case pattern[0] == "*":
		tail := pattern[1:]
		return len(host) > len(tail) && strings.Join(host[len(host)-len(tail):], ".") == strings.Join(tail, ".")
	default:
		return strings.Join(pattern, ".") == strings.Join(host, ".")
	}
}

func mustConfig(t *testing.T, s string) tunnelproto.Config {
	t.Helper()
	c, err := tunnelproto.ParseConfig([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
