package sim

import (
	"encoding/json"
	"slices"
	"time"
)

// The phases whose rules are simulated.
const (
	configPhase = "http_config_settings"         // configuration rules
	customPhase = "http_request_firewall_custom" // custom rules of the firewall
)

// phaseKind is what the Free plan allows in a phase.
type phaseKind struct {
	limit   int // of rules
	actions []string
	area    area
}

func phases() map[string]phaseKind {
	return map[string]phaseKind{
		configPhase: {10, []string{"set_config"}, area{names: []string{"Config Settings"}}},
		customPhase: {5, []string{"block", "challenge", "js_challenge", "log", "managed_challenge", "skip"}, area{names: []string{"Zone WAF"}}},
	}
}

// otherPhases exist as well; zones here have no rules in them.
func otherPhases() []string {
	return []string{"ddos_l7", "http_custom_errors", "http_log_custom_fields", "http_ratelimit", "http_request_cache_settings",
		"http_request_dynamic_redirect", "http_request_firewall_managed", "http_request_late_transform", "http_request_origin",
		"http_request_redirect", "http_request_sanitize", "http_request_sbfm", "http_request_transform",
		"http_response_compression", "http_response_firewall_managed", "http_response_headers_transform"}
}

// phaseRules is the entry point of a phase in a zone: its rules. Like zoneEdge
// it never changes once it is stored.
type phaseRules struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	Description string        `json:"description"`
	Phase       string        `json:"phase"`
	Version     int           `json:"version"`
	Rules       []phaseRule   `json:"rules"`
	LastUpdated time.Time     `json:"last_updated"`
	Past        []*phaseRules `json:"past,omitempty"` // earlier versions, oldest first; they have none themselves
}

// keptVersions is how many earlier versions the simulator remembers.
const keptVersions = 20

type phaseRule struct {
	ID          string          `json:"id"`
	Ref         string          `json:"ref"`
	Version     int             `json:"version"`
	Action      string          `json:"action"`
	Parameters  json.RawMessage `json:"action_parameters,omitempty"`
	Expression  string          `json:"expression"`
	Description string          `json:"description"`
	Enabled     bool            `json:"enabled"`
	Logging     json.RawMessage `json:"logging,omitempty"`
	LastUpdated time.Time       `json:"last_updated"`

	matches expression // rebuilt by compile
	config  configChange
	skip    skips
}

// configChange is what a configuration rule changes of what is simulated.
type configChange struct {
	BrowserCheck  *bool  `json:"bic"`
	SecurityLevel string `json:"security_level"`
}

// skips is what a custom rule keeps from being looked at.
type skips struct {
	Ruleset  string   `json:"ruleset"` // current: the rules behind this one
	Phase    string   `json:"phase"`   // current: the same, as the phase has no other rules
	Phases   []string `json:"phases"`
	Products []string `json:"products"`
}

// compile prepares rules for visits. What cannot be read was refused when it
// was written.
func (p *phaseRules) compile() {
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.matches != nil {
			continue
		}
		e, err := parseExpression(r.Expression)
		if err != nil {
			e = always(false)
		}
		r.matches, r.config, r.skip = e, configChange{}, skips{}
		if r.Action == "set_config" {
			_ = json.Unmarshal(r.Parameters, &r.config)
		} else if r.Action == "skip" {
			_ = json.Unmarshal(r.Parameters, &r.skip)
		}
	}
}

// next is the version of p that follows old, which may be nil.
func (p *phaseRules) next(old *phaseRules, rules []phaseRule, now time.Time) *phaseRules {
	n := *p
	n.Version, n.Rules, n.LastUpdated, n.Past = 1, rules, now, nil
	if old != nil {
		last := *old
		last.Past = nil
		n.Version, n.Past = old.Version+1, append(slices.Clone(old.Past), &last)
		n.Past = n.Past[max(0, len(n.Past)-keptVersions):]
	}
	return &n
}

// rulesetByID finds the entry point with an id.
func (e *zoneEdge) rulesetByID(id string) *phaseRules {
	for _, p := range e.Rulesets {
		if p.ID == id {
			return p
		}
	}
	return nil
}
