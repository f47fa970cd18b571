package sim

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

func rulesetRoutes() []route {
	list, entry := "/zones/{zone}/rulesets", "/zones/{zone}/rulesets/phases/{phase}/entrypoint"
	one := list + "/{ruleset}"
	either := area{names: slices.Concat(phases()[configPhase].area.names, phases()[customPhase].area.names)}
	return []route{
		{method: "GET", path: list, area: either, do: listRulesets},
		{method: "POST", path: list, area: either, do: createRuleset},
		{method: "GET", path: one, area: either, do: getRuleset},
		{method: "PUT", path: one, area: either, do: putRuleset},
		{method: "DELETE", path: one, area: either, do: deleteRuleset},
		{method: "GET", path: one + "/versions", area: either, do: listVersions},
		{method: "GET", path: one + "/versions/{version}", area: either, do: getVersion},
		{method: "DELETE", path: one + "/versions/{version}", area: either, do: deleteVersion},
		{method: "GET", path: entry, area: either, do: getRuleset},
		{method: "PUT", path: entry, area: either, do: putRuleset},
		{method: "GET", path: entry + "/versions", area: either, do: listVersions},
		{method: "GET", path: entry + "/versions/{version}", area: either, do: getVersion},
		{method: "POST", path: one + "/rules", area: either, do: createRule},
		{method: "PATCH", path: one + "/rules/{rule}", area: either, do: editRule},
		{method: "DELETE", path: one + "/rules/{rule}", area: either, do: deleteRule},
	}
}

type rulesetView struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Kind        string      `json:"kind"`
	Version     string      `json:"version"`
	LastUpdated time.Time   `json:"last_updated"`
	Phase       string      `json:"phase"`
	Rules       *[]ruleView `json:"rules,omitempty"` // none in lists
}

type ruleView struct {
	ID          string          `json:"id"`
	Version     string          `json:"version"`
	Action      string          `json:"action"`
	Parameters  json.RawMessage `json:"action_parameters,omitempty"`
	Expression  string          `json:"expression"`
	Description string          `json:"description"`
	LastUpdated time.Time       `json:"last_updated"`
	Ref         string          `json:"ref"`
	Enabled     bool            `json:"enabled"`
	Logging     json.RawMessage `json:"logging,omitempty"`
}

// head is a ruleset as lists have it.
func (p *phaseRules) head() rulesetView {
	return rulesetView{ID: p.ID, Name: p.Name, Description: p.Description, Kind: "zone", Version: strconv.Itoa(p.Version),
		LastUpdated: p.LastUpdated, Phase: p.Phase}
}

func (p *phaseRules) view() rulesetView {
	v, rules := p.head(), []ruleView{}
	for _, r := range p.Rules {
		rules = append(rules, ruleView{r.ID, strconv.Itoa(r.Version), r.Action, r.Parameters, r.Expression, r.Description,
			r.LastUpdated, r.Ref, r.Enabled, r.Logging})
	}
	v.Rules = &rules
	return v
}

// managedRulesets are Cloudflare's own, which every zone lists beside its own.
// Their rules are not simulated.
func managedRulesets(z *zone) []rulesetView {
	own := func(id, name, phase string) rulesetView {
		return rulesetView{ID: id, Name: name, Kind: "managed", Version: "1", LastUpdated: z.CreatedOn, Phase: phase}
	}
	return []rulesetView{
		own("4d21379b4f9f4bb088e0729962c8b3cf", "DDoS L7 ruleset", "ddos_l7"),
		own("70339d97bdb34195bbf054b1ebe81f76", "Cloudflare Normalization Ruleset", "http_request_sanitize"),
		own("77454fe2d30c4220b5701f6fdfb893ba", "Cloudflare Managed Free Ruleset", "http_request_firewall_managed"),
	}
}

func listRulesets(c *call) (answer, error) {
	views := managedRulesets(c.zone)
	for _, p := range c.zone.Edge.Rulesets {
		views = append(views, p.head())
	}
	slices.SortFunc(views, func(a, b rulesetView) int { return cmp.Compare(a.ID, b.ID) })
	return byCursor(c.query, views, paging{25, 1, 50})
}

// ruleset finds the entry point that the path names by its id or its phase, if
// the token may use that phase: without the permission the API does not even
// say whether there is one.
func (c *call) ruleset(read bool) (*phaseRules, error) {
	phase := c.params["phase"]
	found := c.zone.Edge.Rulesets[phase]
	if id := c.params["ruleset"]; id != "" {
		if found = c.zone.Edge.rulesetByID(id); found == nil {
			return nil, errNoRuleset(id)
		}
		phase = found.Phase
	}
	if err := c.mayUse(phase, read); err != nil {
		return nil, err
	}
	if found == nil {
		return nil, errNoEntrypoint(phase)
	}
	return found, nil
}

func (c *call) mayUse(phase string, read bool) error {
	kind, simulated := phases()[phase]
	switch {
	case simulated && !c.token.may(kind.area, read):
		return errPermission
	case !simulated && !slices.Contains(otherPhases(), phase):
		return badRule(20013, "'"+phase+"' is not a valid value for phase")
	case !simulated && !read:
		return badRule(20013, "the simulator has no rules in the phase "+phase)
	}
	return nil
}

func getRuleset(c *call) (answer, error) {
	for _, m := range managedRulesets(c.zone) {
		if m.ID == c.params["ruleset"] {
			m.Rules = &[]ruleView{}
			return answer{result: m}, nil
		}
	}
	p, err := c.ruleset(true)
	if err != nil {
		return answer{}, err
	}
	return answer{result: p.view()}, nil
}

// rulesetInput is the body of a create or a PUT.
type rulesetInput struct {
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Kind        string      `json:"kind"`
	Phase       string      `json:"phase"`
	Rules       []ruleInput `json:"rules"`
}

func createRuleset(c *call) (answer, error) {
	var in rulesetInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	switch err := c.mayUse(in.Phase, false); {
	case err != nil:
		return answer{}, err
	case in.Kind != "zone":
		return answer{}, badRule(20217, "'"+in.Kind+"' is not a valid value for kind because the simulator has entry points of zones only")
	case c.zone.Edge.Rulesets[in.Phase] != nil:
		return answer{}, badRule(20217, "'zone' is not a valid value for kind because exceeded maximum number of zone rulesets for phase "+in.Phase)
	case in.Name == "":
		return answer{}, badRule(20014, "'' is not a valid value for name because it cannot be blank")
	}
	return c.replaceRules(&phaseRules{ID: c.cloud.ids.tag(), Phase: in.Phase}, in)
}

// putRuleset replaces all rules of a ruleset; the entry point of a phase it
// makes, if there is none.
func putRuleset(c *call) (answer, error) {
	var in rulesetInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	p, err := c.ruleset(false)
	if isRefusal(err, 10003) {
		p, err = &phaseRules{ID: c.cloud.ids.tag(), Phase: c.params["phase"], Name: "default"}, nil
	}
	if err != nil {
		return answer{}, err
	}
	return c.replaceRules(p, in)
}

func (c *call) replaceRules(p *phaseRules, in rulesetInput) (answer, error) {
	renamed := *p
	renamed.Name, renamed.Description = cmp.Or(in.Name, p.Name), cmp.Or(in.Description, p.Description)
	rules := []phaseRule{}
	for _, r := range in.Rules {
		rules = append(rules, c.cloud.rule(r, p.named(r), c.now))
	}
	return c.saveRules(&renamed, rules)
}

// saveRules stores the next version of a ruleset and shows it.
func (c *call) saveRules(p *phaseRules, rules []phaseRule) (answer, error) {
	stored, err := c.changeRules(func(e *zoneEdge) error { return e.putRules(p, rules, c.now) })
	if err != nil || !stored {
		return answer{}, err
	}
	return answer{result: c.zone.Edge.Rulesets[p.Phase].view()}, nil
}

// changeRules makes a change, or only checks it (dry_run).
func (c *call) changeRules(change func(*zoneEdge) error) (stored bool, err error) {
	if dry, _ := c.flag("dry_run"); dry {
		_, err := c.zone.Edge.with(change)
		return false, err
	}
	return true, c.zone.configure(c.now, change)
}

// putRules stores the next version of a phase's rules, if the plan allows them.
func (e *zoneEdge) putRules(p *phaseRules, rules []phaseRule, now time.Time) error {
	if err := phases()[p.Phase].check(p.Phase, rules); err != nil {
		return err
	}
	if e.Rulesets == nil {
		e.Rulesets = map[string]*phaseRules{}
	}
	e.Rulesets[p.Phase] = p.next(e.Rulesets[p.Phase], rules, now)
	return nil
}

func deleteRuleset(c *call) (answer, error) {
	p, err := c.ruleset(false)
	if err != nil {
		return answer{}, err
	}
	drop := func(e *zoneEdge) error {
		delete(e.Rulesets, p.Phase)
		return nil
	}
	_, err = c.changeRules(drop)
	return answer{status: http.StatusNoContent}, err
}
