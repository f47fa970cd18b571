package sim

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"time"
)

// zoneEdge is what a zone's owner chose for the edge. Once stored it never
// changes: a change stores another one in its place.
type zoneEdge struct {
	Paused   bool                       `json:"paused,omitempty"`
	Settings map[string]zoneSetting     `json:"settings"` // those that were ever changed
	Bots     map[string]json.RawMessage `json:"bot_management"`
	Rulesets map[string]*phaseRules     `json:"rulesets"` // by phase

	posture posture // rebuilt by compile
}

// posture is how the edge meets a visit, as far as settings say.
type posture struct {
	httpsOnly    bool
	browserCheck bool
	fightsBots   bool   // on the Free plan
	superBots    string // what Super Bot Fight Mode does with machines, on every other
	underAttack  bool
	passage      time.Duration // for which a challenge stays solved
}

type zoneSetting struct {
	Value      json.RawMessage `json:"value"`
	ModifiedOn time.Time       `json:"modified_on"`
}

// newEdge is what a new zone has.
func (c *Cloud) newEdge(now time.Time) *zoneEdge {
	e := &zoneEdge{}
	if !c.o.BrowserCheck {
		e.Settings = map[string]zoneSetting{"browser_check": {json.RawMessage(`"off"`), now}}
	}
	return e
}

// configure changes what the owner chose for the edge, unless change fails.
func (z *zone) configure(now time.Time, change func(*zoneEdge) error) error {
	e, err := z.Edge.with(change)
	if err != nil {
		return err
	}
	z.Edge, z.ModifiedOn = e, now
	return nil
}

// with is e with a change.
func (e *zoneEdge) with(change func(*zoneEdge) error) (*zoneEdge, error) {
	n := *e
	n.Settings, n.Bots, n.Rulesets = maps.Clone(e.Settings), maps.Clone(e.Bots), maps.Clone(e.Rulesets)
	if err := change(&n); err != nil {
		return nil, err
	}
	n.compile()
	return &n, nil
}

// compile rebuilds what visits are met by.
func (e *zoneEdge) compile() {
	e.posture = posture{
		httpsOnly:    e.is("always_use_https", "on"),
		browserCheck: e.is("browser_check", "on"),
		fightsBots:   string(e.Bots["fight_mode"]) == "true",
		superBots:    strings.Trim(string(e.Bots[superBots]), `"`),
		underAttack:  e.is("security_level", "under_attack"),
		passage:      e.seconds("challenge_ttl"),
	}
	for _, p := range e.Rulesets {
		p.compile()
	}
}

func (e *zoneEdge) value(id string) json.RawMessage {
	if s, changed := e.Settings[id]; changed {
		return s.Value
	}
	k, _ := knownSetting(id)
	return k.standard
}

func (e *zoneEdge) is(id, value string) bool { return string(e.value(id)) == string(raw(value)) }

func (e *zoneEdge) seconds(id string) time.Duration {
	n, _ := strconv.Atoi(string(e.value(id))) // takes let only numbers in
	return time.Duration(n) * time.Second
}

func (e *zoneEdge) set(id string, value json.RawMessage, now time.Time) {
	if e.Settings == nil {
		e.Settings = map[string]zoneSetting{}
	}
	e.Settings[id] = zoneSetting{value, now}
}

// SetPaused pauses a zone, as "Pause Cloudflare on Site" does in the dashboard,
// or ends that. It reports whether there is such a zone.
func (c *Cloud) SetPaused(zone string, paused bool) bool {
	return c.configureZone(zone, func(e *zoneEdge, _ time.Time) error {
		e.Paused = paused
		return nil
	})
}

// SetBotFight turns Bot Fight Mode of a zone on or off. It reports whether
// there is such a zone.
func (c *Cloud) SetBotFight(zone string, on bool) bool {
	return c.configureZone(zone, func(e *zoneEdge, _ time.Time) error {
		return e.setBots(map[string]json.RawMessage{"fight_mode": raw(on)}, false)
	})
}

// SetZoneSetting sets one of a zone's settings, such as browser_check to "on".
// It reports whether there is such a zone and setting, and it can have the value.
func (c *Cloud) SetZoneSetting(zone, id string, value any) bool {
	return c.configureZone(zone, func(e *zoneEdge, now time.Time) error { return e.edit(id, raw(value), now) })
}

func (c *Cloud) configureZone(id string, change func(e *zoneEdge, now time.Time) error) bool {
	done := false
	now := c.now()
	c.change(func(s *state) {
		if z, known := s.Zones.get(id); known {
			done = z.configure(now, func(e *zoneEdge) error { return change(e, now) }) == nil
		}
	})
	return done
}

// raw is a value as JSON; null, if it cannot be.
func raw(value any) json.RawMessage {
	b, err := json.Marshal(value)
	if err != nil {
		return json.RawMessage("null")
	}
	return b
}
