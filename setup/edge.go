package setup

import (
	"fmt"
	"slices"
	"strings"
)

// EdgeRule is a configuration rule of a zone that takes the webhook paths of one
// host out of what asks callers whether they are browsers: Browser Integrity
// Check, which turns away who sends no User-Agent, and attack mode. Nothing else
// of the domain changes. (Cloudflare docs, Configuration Rules settings.)
//
// Scope is the zone's name, ID the rule's. A Port shows every rule of the phase,
// with the Mark out of the description, and never changes or moves another's.
type EdgeRule struct {
	Zone  ID       `json:"zone"`
	Host  string   `json:"host,omitempty"`
	Paths []string `json:"paths,omitempty"` // as a Door's Destinations, sorted
	// Expression is set instead, if the rule matches in another way than ours do.
	Expression string `json:"expression,omitempty"`
	Enabled    bool   `json:"enabled"`
	// Other is a digest of what the rule does, if that is not what ours do.
	Other string `json:"other,omitempty"`
	// Overruled names the rules that take back what this one does, because of
	// where they stand.
	Overruled []string `json:"overruled,omitempty"`

	Title  string `json:"-"` // the description without the mark
	Action string `json:"-"`
}

func (EdgeRule) Kind() Kind { return KindEdgeRule }
func (r EdgeRule) mapIDs(f func(ID) ID) State {
	r.Zone = f(r.Zone)
	return r
}
func (EdgeRule) occupies() []string    { return nil }
func (r EdgeRule) met(have State) bool { return Same(r, have) }
func (r EdgeRule) over(State) State    { return r }

// EdgeRuleKey is the key of the rule for the setup's public name.
func (a Answers) EdgeRuleKey() Key { return Key{KindEdgeRule, a.Zone, a.Hostname} }

func (a Answers) wantEdge(w map[Key]State) {
	if a.public() && len(a.Doors) > 0 && !a.EdgeByHand {
		w[a.EdgeRuleKey()] = EdgeRule{Zone: Ref(a.zoneKey()), Host: a.Hostname, Paths: a.DoorPaths(), Enabled: true}
	}
}

// DoorPaths are the paths of all doors, as their destinations say them, sorted.
func (a Answers) DoorPaths() []string {
	var paths []string
	for _, d := range a.Doors {
		paths = append(paths, d.Destinations...)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// EdgeExpression says in Cloudflare's Rules language which requests a rule is
// about: exactly these paths of the host. "strict wildcard" minds case, and no
// plan lacks it (Cloudflare docs, Rules language operators).
func EdgeExpression(host string, paths []string) string {
	var exact []string
	var any []string
	for _, p := range paths {
		if strings.Contains(p, "*") {
			any = append(any, "http.request.uri.path strict wildcard "+edgeText(p))
		} else {
			exact = append(exact, edgeText(p))
		}
	}
	if len(exact) > 0 {
		any = append([]string{"http.request.uri.path in {" + strings.Join(exact, " ") + "}"}, any...)
	}
	return fmt.Sprintf("(http.host eq %s and (%s))", edgeText(host), strings.Join(any, " or "))
}

func edgeText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// ReadEdgeExpression is the way back. It reads only what EdgeExpression wrote.
func ReadEdgeExpression(expression string) (host string, paths []string, ok bool) {
	parts := strings.Split(expression, `"`)
	for i := 1; i < len(parts); i += 2 {
		paths = append(paths, parts[i])
	}
	if len(paths) < 2 {
		return "", nil, false
	}
	host, paths = paths[0], paths[1:]
	slices.Sort(paths)
	return host, paths, EdgeExpression(host, paths) == expression
}

// describeEdge tells what a rule is about, and what it does if it is as ours are.
func describeEdge(r EdgeRule, does string) []string {
	var lines []string
	if r.Other == "" {
		lines = append(lines, does)
	}
	for _, p := range r.Paths {
		lines = append(lines, "covers "+r.Host+p)
	}
	if r.Expression != "" {
		lines = append(lines, "covers "+r.Expression)
	}
	if !r.Enabled {
		lines = append(lines, "switched off")
	}
	if r.Other != "" {
		lines = append(lines, "does something else "+r.Other)
	}
	for _, name := range r.Overruled {
		lines = append(lines, "overruled by “"+name+"”")
	}
	return lines
}

func edgeName(r EdgeRule) string {
	if r.Host == "" {
		return "Rule “" + r.Title + "” (configuration rule)"
	}
	return "Callers of the webhooks on " + r.Host + " need not be browsers (configuration rule)"
}
