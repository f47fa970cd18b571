package conformance

import (
	"fmt"
	"slices"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/bot_management"
	"github.com/cloudflare/cloudflare-go/v7/zones"
)

const (
	settings = Z + "/settings"
	setting  = settings + "/{setting}"
	bots     = Z + "/bot_management"
)

// settingNamed is what {setting} stands for; it is put back when the row is over.
func (t *try) settingNamed(id string) {
	t.vars["setting"] = id
	t.after("PATCH", setting, `{"value":`+asJSON(t.object("GET", setting, "")["value"])+`}`)
}

func settingRows() []row {
	get := func(t *try) *zones.SettingGetResponse {
		return must[*zones.SettingGetResponse](t)(t.zones.Settings.Get(t.ctx, t.vars["setting"], zones.SettingGetParams{ZoneID: sdk.F(t.zone)}))
	}
	return slices.Concat([]row{
		{op: "GET " + settings, what: "lists all of them, which the client has no method for", class: read, run: func(t *try) {
			var list []struct {
				ID    string
				Value any
			}
			if err := t.execute("GET", settings, "", &list); err != nil {
				t.stop("%s", told(err))
			}
			for _, id := range []string{"browser_check", "security_level", "ssl", "always_use_https", "development_mode"} {
				t.holds(id+" is among them", slices.ContainsFunc(list, func(s struct {
					ID    string
					Value any
				}) bool {
					return s.ID == id && s.Value != nil
				}))
			}
		}},
		{op: "GET " + setting, what: "shows one", class: read, run: func(t *try) {
			t.vars["setting"] = "browser_check"
			s := get(t)
			t.same("the id", string(s.ID), "browser_check")
			t.same("it can be changed", bool(s.Editable), true)
			t.holds("it is on or off", slices.Contains([]string{"on", "off"}, fmt.Sprint(s.Value)))
		}},
		{op: "PATCH " + setting, what: "changes it, and says when", class: wide, run: func(t *try) {
			t.settingNamed("security_level")
			done := must[*zones.SettingEditResponse](t)(t.zones.Settings.Edit(t.ctx, "security_level", zones.SettingEditParams{ZoneID: sdk.F(t.zone),
				Body: zones.SettingEditParamsBody{Value: sdk.F[any]("high")}}))
			t.same("the answer", fmt.Sprint(done.Value), "high")
			t.same("the setting", fmt.Sprint(get(t).Value), "high")
			t.holds("it says when", !get(t).ModifiedOn.IsZero())
		}},
		{op: "PATCH " + settings, what: "changes several, or none", class: wide, run: func(t *try) {
			t.settingNamed("ssl")
			t.settingNamed("browser_check")
			if err := t.execute("PATCH", settings, `{"items":[{"id":"browser_check","value":"off"},{"id":"ssl","value":"strict"}]}`, nil); err != nil {
				t.stop("%s", told(err))
			}
			err := t.execute("PATCH", settings, `{"items":[{"id":"browser_check","value":"on"},{"id":"ssl","value":"none at all"}]}`, nil)
			t.refused(err, 400, 1007, "ssl")
			t.same("browser_check", fmt.Sprint(get(t).Value), "off")
		}},
		{op: "GET " + bots, what: "tells whether bots are fought", class: read, run: func(t *try) {
			b := must[*bot_management.BotManagementGetResponse](t)(t.bots.Get(t.ctx, bot_management.BotManagementGetParams{ZoneID: sdk.F(t.zone)}))
			_, is := t.object("GET", bots, "")["fight_mode"].(bool)
			t.holds("fight_mode is told", is)
			t.same("and the client has it", any(b.FightMode), t.object("GET", bots, "")["fight_mode"])
		}},
		{op: "PUT " + bots, what: "changes what it is given, for all that it is a PUT", class: wide, run: func(t *try) {
			before := t.object("GET", bots, "")
			t.after("PUT", bots, asJSON(map[string]any{"fight_mode": before["fight_mode"], "enable_js": before["enable_js"]}))
			put := func(body bot_management.BotManagementUpdateParamsBody) *bot_management.BotManagementUpdateResponse {
				return must[*bot_management.BotManagementUpdateResponse](t)(t.bots.Update(t.ctx, bot_management.BotManagementUpdateParams{ZoneID: sdk.F(t.zone), Body: body}))
			}
			put(bot_management.BotManagementUpdateParamsBody{EnableJS: sdk.F(true)})
			got := put(bot_management.BotManagementUpdateParamsBody{FightMode: sdk.F(true)})
			t.same("both", []bool{got.FightMode, got.EnableJS}, []bool{true, true})
		}},
		{op: "PUT " + bots, what: "sets up Super Bot Fight Mode, where the plan has it", class: simulated, run: func(t *try) {
			t.cloud.SetPaid(t.zone, true)
			got := t.object("PUT", bots, `{"sbfm_definitely_automated":"block"}`)
			_, free := got["fight_mode"]
			t.same("it", []any{got["sbfm_definitely_automated"], free}, []any{"block", false})
			t.refusedRaw(t.raw("PUT", bots, `{"fight_mode":true}`), 403, 1004, "not entitled")
		}},
	}, rowsOf([]refusal{
		{"GET " + setting, read, "an unknown one", func(t *try) { t.vars["setting"] = "no_such_setting" }, "", 400, 1003, "no_such_setting", 0},
		{"PATCH " + setting, read, "a value that it cannot have", func(t *try) { t.vars["setting"] = "browser_check" }, `{"value":"maybe"}`, 400, 1007, "browser_check", 0},
		{"PATCH " + setting, read, "one that the plan fixes", func(t *try) { t.vars["setting"] = "advanced_ddos" }, `{"value":"off"}`, 400, 1015, "advanced_ddos", 0},
		{"PUT " + bots, simulated, "what belongs to another plan", nil, `{"sbfm_likely_automated":"allow"}`, 403, 1004, "not entitled", 0},
		{"PUT " + bots, read, "a value that it cannot have", nil, `{"fight_mode":"off"}`, 400, 1003, "fight_mode", 0},
	}))
}
