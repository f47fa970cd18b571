package cloudflare

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/setup"
)

// This file holds the switches of a whole domain. The id of each is the zone's.

var (
	readingBots  = op{"read whether Bot Fight Mode is on", needsBots}
	readingLevel = op{"read the security level", needsSettings}
	endingPause  = op{"end the pause of the domain", needsZone}
)

func botsPath(zone string) string { return at("zones", zone, "bot_management") }

func zoneSettingPath(zone, name string) string { return at("zones", zone, "settings", name) }

func (c *Client) readBotFight(ctx context.Context, id, zone string) part {
	raw, err := c.get(ctx, readingBots, botsPath(id), nil)
	return decodeOne(setup.ReadScope{Kind: setup.KindBotFight, Scope: zone}, raw, err, botFightOf(id))
}

// botFightOf reads what a plan has of it: Bot Fight Mode, or the Super one, which
// is another product with rules of its own.
func botFightOf(id string) func(json.RawMessage) (setup.Object, error) {
	return func(raw json.RawMessage) (setup.Object, error) {
		state := setup.BotFight{}
		for _, field := range []string{"sbfm_definitely_automated", "sbfm_likely_automated"} {
			state.Super = state.Super || slices.Contains([]string{"block", "managed_challenge"}, gjson.GetBytes(raw, field).String())
		}
		on, err := flag(raw, "fight_mode")
		if err != nil && gjson.GetBytes(raw, "sbfm_definitely_automated").Exists() {
			err = nil
		}
		state.On = on
		return setup.Object{ID: id, Raw: raw, State: state}, err
	}
}

type botFights struct {
	*Client
	switches
}

func (b botFights) read(ctx context.Context, _ setup.Entry, id string) (*setup.Object, error) {
	raw, err := b.get(ctx, readingBots, botsPath(id), nil)
	return found(raw, err, botFightOf(id))
}

// update sends the one field: the others of the domain's bot settings stay.
func (b botFights) update(ctx context.Context, e setup.Entry, _ *setup.Object) error {
	_, err := b.write(ctx, op{"change Bot Fight Mode", needsBots}, http.MethodPut, botsPath(e.ID),
		map[string]bool{"fight_mode": e.To.(setup.BotFight).On})
	return err
}

// level reads the security level, and with it whether browsers are checked.
func (c *Client) level(ctx context.Context, id string) (*setup.Object, error) {
	raw, err := c.get(ctx, readingLevel, zoneSettingPath(id, "security_level"), nil)
	if err != nil {
		return nil, err
	}
	check, err := c.get(ctx, readingLevel, zoneSettingPath(id, "browser_check"), nil)
	if err != nil {
		return nil, err
	}
	value := gjson.GetBytes(raw, "value")
	if value.Type != gjson.String {
		return nil, refused(setup.CodeUnavailable, "Cloudflare's answer could not be understood: it does not say the security level. Try again in a moment.")
	}
	return &setup.Object{ID: id, Raw: raw, State: setup.SecurityLevel{Level: value.String(),
		BrowserCheck: gjson.GetBytes(check, "value").String() == "on"}}, nil
}

func (c *Client) readLevel(ctx context.Context, id, zone string) part {
	p := part{at: setup.ReadScope{Kind: setup.KindSecurityLevel, Scope: zone}}
	o, err := c.level(ctx, id)
	if err != nil {
		p.err = err
		return p
	}
	o.Scope = zone
	p.objects = []setup.Object{*o}
	return p
}

type levels struct {
	*Client
	switches
}

func (l levels) read(ctx context.Context, _ setup.Entry, id string) (*setup.Object, error) {
	o, err := l.level(ctx, id)
	if gone(err) {
		return nil, nil
	}
	return o, err
}

func (l levels) update(ctx context.Context, e setup.Entry, _ *setup.Object) error {
	_, err := l.write(ctx, op{"change the security level", needsSettings}, http.MethodPatch, zoneSettingPath(e.ID, "security_level"),
		map[string]string{"value": e.To.(setup.SecurityLevel).Level})
	return err
}

// pauseOf takes out of the rows of a domain whether it is paused.
func pauseOf(rows []setup.Object, id, zone string) part {
	p := part{at: setup.ReadScope{Kind: setup.KindZonePause, Scope: zone}}
	for _, o := range rows {
		if o.ID == id {
			p.objects = []setup.Object{{Scope: zone, ID: id, Raw: o.Raw, State: setup.ZonePause{Paused: o.State.(setup.Zone).Paused}}}
		}
	}
	return p
}

type pauses struct {
	*Client
	switches
}

func (p pauses) read(ctx context.Context, _ setup.Entry, id string) (*setup.Object, error) {
	raw, err := p.get(ctx, readingZones, at("zones", id), nil)
	return found(raw, err, func(raw json.RawMessage) (setup.Object, error) {
		o, err := decodeZone(raw)
		if err != nil {
			return o, err
		}
		o.State = setup.ZonePause{Paused: o.State.(setup.Zone).Paused}
		return o, nil
	})
}

func (p pauses) update(ctx context.Context, e setup.Entry, _ *setup.Object) error {
	_, err := p.write(ctx, endingPause, http.MethodPatch, at("zones", e.ID),
		map[string]bool{"paused": e.To.(setup.ZonePause).Paused})
	return err
}
