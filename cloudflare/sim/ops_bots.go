package sim

import (
	"encoding/json"
	"net/http"
	"slices"
)

func botRoutes() []route {
	path := "/zones/{zone}/bot_management"
	return []route{
		{method: "GET", path: path, area: botArea(), do: getBots},
		{method: "PUT", path: path, area: botArea(), do: putBots},
	}
}

// botKinds are the settings against bots of a zone: Bot Fight Mode on the Free
// plan, Super Bot Fight Mode, as Pro has it, on every other. None but fight_mode
// and what is certainly a machine (sbfm_definitely_automated) has an effect here.
func botKinds(paid bool) []settingKind {
	flags := []json.RawMessage{raw(true), raw(false)}
	common := []settingKind{
		{"ai_bots_protection", raw("disabled"), texts("disabled", "block", "only_on_ad_pages")},
		{"cf_robots_variant", raw("off"), texts("off", "policy_only")},
		{"content_bots_protection", raw("disabled"), texts("disabled", "block")},
		{"crawler_protection", raw("disabled"), texts("disabled", "enabled")},
		{"enable_js", raw(false), flags},
		{"is_robots_txt_managed", raw(false), flags},
	}
	if !paid {
		return append(common, settingKind{"fight_mode", raw(false), flags})
	}
	return append(common, settingKind{superBots, raw("allow"), texts("allow", "block", "managed_challenge")},
		settingKind{"sbfm_verified_bots", raw("allow"), texts("allow", "block")},
		settingKind{"sbfm_static_resource_protection", raw(false), flags}, settingKind{"optimize_wordpress", raw(false), flags})
}

// superBots is what Super Bot Fight Mode does with what is certainly a machine.
const superBots = "sbfm_definitely_automated"

func (z *zone) botView() map[string]json.RawMessage {
	e := z.Edge
	v := map[string]json.RawMessage{"using_latest_model": raw(true)} // read only
	for _, k := range botKinds(z.Paid) {
		if v[k.id] = k.standard; e.Bots[k.id] != nil {
			v[k.id] = e.Bots[k.id]
		}
	}
	return v
}

func getBots(c *call) (answer, error) { return answer{result: c.zone.botView()}, nil }

// putBots changes what was sent and leaves the rest, for all that it is a PUT:
// so clients use it, who send fight_mode alone.
func putBots(c *call) (answer, error) {
	var in map[string]json.RawMessage
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if err := c.zone.configure(c.now, func(e *zoneEdge) error { return e.setBots(in, c.zone.Paid) }); err != nil {
		return answer{}, err
	}
	return answer{result: c.zone.botView()}, nil
}

// setBots takes what a zone can have on its plan; what belongs to other plans is
// refused. The codes were not established.
func (e *zoneEdge) setBots(in map[string]json.RawMessage, paid bool) error {
	kinds := botKinds(paid)
	if e.Bots == nil {
		e.Bots = map[string]json.RawMessage{}
	}
	for id, value := range in {
		at := slices.IndexFunc(kinds, func(k settingKind) bool { return k.id == id })
		switch {
		case id == "using_latest_model" || id == "stale_zone_configuration":
			continue // read only
		case at < 0:
			return refuse(http.StatusForbidden, 1004, "zone not entitled to use "+id)
		case !kinds[at].takes(value):
			return refuse(http.StatusBadRequest, 1003, "invalid value for "+id)
		}
		e.Bots[id] = value
	}
	return nil
}
