package sim

import (
	"testing"
	"time"
)

func TestAZoneHasTheSettingsOfTheFreePlan(t *testing.T) {
	w := newWorld(t, Options{BrowserCheck: true})
	values := map[string]any{}
	for _, s := range w.list("Z/settings") {
		values[s.text("id")] = s["value"]
		if s["modified_on"] != nil {
			t.Errorf("%s was changed in a new zone", s.text("id"))
		}
	}
	for id, want := range map[string]any{"browser_check": "on", "security_level": "medium", "always_use_https": "off",
		"ssl": "full", "development_mode": "off", "challenge_ttl": 1800.0, "advanced_ddos": "on"} {
		if values[id] != want {
			t.Errorf("%s is %v, want %v", id, values[id], want)
		}
		if one := w.ok("GET", "Z/settings/"+id, ""); one["value"] != want || one["editable"] != (id != "advanced_ddos") {
			t.Errorf("by itself %s is %v", id, one)
		}
	}
	for _, row := range []struct {
		id, value string
		code      int
	}{
		{"browser_check", `"maybe"`, 1007}, {"browser_check", `true`, 1007}, {"challenge_ttl", `"1800"`, 1007}, {"challenge_ttl", `7`, 1007},
		{"security_level", `"off"`, 1007}, {"advanced_ddos", `"off"`, 1015}, {"bot_fight_mode", `"off"`, 1003},
	} {
		w.refused(400, row.code, "PATCH", "Z/settings/"+row.id, `{"value":`+row.value+`}`)
	}
	w.refused(400, 1003, "GET", "Z/settings/no_such", "")
}

func TestASettingThatIsChangedSaysSoAndTheOthersStay(t *testing.T) {
	w := newWorld(t, Options{BrowserCheck: true})
	w.clock.advance(time.Minute)
	changed := w.ok("PATCH", "Z/settings/security_level", `{"value":"under_attack"}`)
	if changed["value"] != "under_attack" || changed["modified_on"] != "2026-11-23T09:01:00Z" {
		t.Errorf("it is %v", changed)
	}
	w.refused(400, 1007, "PATCH", "Z/settings", `{"items":[{"id":"browser_check","value":"off"},{"id":"ssl","value":"?"}]}`)
	for id, want := range map[string]any{"security_level": "under_attack", "browser_check": "on"} {
		if got := w.ok("GET", "Z/settings/"+id, "")["value"]; got != want {
			t.Errorf("%s is %v, want %v", id, got, want)
		}
	}
	both := decode[[]object](w, w.succeed("PATCH", "Z/settings", `{"items":[{"id":"browser_check","value":"off"},{"id":"ssl","value":"strict"}]}`))
	if len(both) != 2 || both[0]["value"] != "off" || both[1]["value"] != "strict" {
		t.Errorf("two at once: %v", both)
	}
}

func TestDevelopmentModeEndsByItself(t *testing.T) {
	w := newWorld(t, Options{})
	w.ok("PATCH", "Z/settings/development_mode", `{"value":"on"}`)
	for _, row := range []struct {
		after time.Duration
		value string
		left  float64
	}{{0, "on", 10800}, {time.Hour, "on", 7200}, {2 * time.Hour, "off", 0}, {time.Minute, "off", -60}} {
		w.clock.advance(row.after)
		s := w.ok("GET", "Z/settings/development_mode", "")
		zone := w.ok("GET", "zones/"+w.ZoneID, "")
		if s["value"] != row.value || s["time_remaining"] != row.left || zone["development_mode"] != row.left {
			t.Errorf("%s later: %v, and the zone has %v", row.after, s, zone["development_mode"])
		}
	}
}

func TestBotFightModeIsWrittenByItself(t *testing.T) {
	w := newWorld(t, Options{})
	if bots := w.ok("GET", "Z/bot_management", ""); bots["fight_mode"] != false || bots["using_latest_model"] != true {
		t.Errorf("a new zone has %v", bots)
	}
	w.ok("PUT", "Z/bot_management", `{"ai_bots_protection":"block"}`)
	if bots := w.ok("PUT", "Z/bot_management", `{"fight_mode":true}`); bots["fight_mode"] != true || bots["ai_bots_protection"] != "block" {
		t.Errorf("what was not sent changed: %v", bots)
	}
	w.refused(403, 1004, "PUT", "Z/bot_management", `{"sbfm_likely_automated":"allow"}`)
	w.refused(400, 1003, "PUT", "Z/bot_management", `{"fight_mode":"off"}`)
	if bots := w.ok("GET", "Z/bot_management", ""); bots["fight_mode"] != true {
		t.Errorf("a refusal changed it: %v", bots)
	}
}

func TestAPausedZoneShowsWhereItsRecordsPoint(t *testing.T) {
	s := newStack(t, Options{})
	if zone := s.ok("PATCH", "zones/"+s.ZoneID, `{"paused":true}`); zone["paused"] != true {
		t.Errorf("it is %v", zone)
	}
	if a, ok := s.cloud.Resolve("app.example.org"); !ok || a.Proxied || a.Type != "CNAME" || a.Content != s.tunnel.text("id")+".cfargotunnel.com" {
		t.Errorf("it resolves to %+v, %v", a, ok)
	}
	s.gets("https://app.example.org/", 421, "does not resolve")
	s.refused(400, 1015, "PATCH", "zones/"+s.ZoneID, `{"type":"partial"}`)
	s.ok("PATCH", "zones/"+s.ZoneID, `{"paused":false}`)
	s.gets("https://app.example.org/", 200, "origin:")
}

func TestEachPartOfAZoneHasItsOwnPermission(t *testing.T) {
	w := newWorld(t, Options{})
	for _, row := range []struct{ permission, method, path, body string }{
		{"Zone Settings Read", "GET", "Z/settings", ""},
		{"Zone Settings Read", "GET", "Z/settings/ssl", ""},
		{"Zone Settings Write", "PATCH", "Z/settings/ssl", `{"value":"full"}`},
		{"Bot Management Read", "GET", "Z/bot_management", ""},
		{"Bot Management Write", "PUT", "Z/bot_management", `{"fight_mode":false}`},
	} {
		w.Token = w.cloud.AddToken(UserToken, "", row.permission)
		w.succeed(row.method, row.path, row.body)
		w.Token = w.cloud.AddToken(UserToken, "", "DNS Write", "Zone Write")
		w.refused(403, 10000, row.method, row.path, row.body)
	}
	w.Token = w.cloud.AddToken(UserToken, "", "Zone Read")
	w.refused(403, 0, "PATCH", "zones/"+w.ZoneID, `{"paused":true}`)
}

func TestWhatTheOwnerChoseCanBeSeeded(t *testing.T) {
	w := newWorld(t, Options{})
	c := w.cloud
	if !c.SetPaused(w.ZoneID, true) || !c.SetBotFight(w.ZoneID, true) || !c.SetZoneSetting(w.ZoneID, "challenge_ttl", 300) {
		t.Fatal("something was not taken")
	}
	if c.SetPaused("x", true) || c.SetBotFight("x", true) || c.SetZoneSetting("x", "ssl", "off") ||
		c.SetZoneSetting(w.ZoneID, "x", "off") || c.SetZoneSetting(w.ZoneID, "ssl", "x") {
		t.Error("what does not exist was set")
	}
	zone, bots, ttl := w.ok("GET", "zones/"+w.ZoneID, ""), w.ok("GET", "Z/bot_management", ""), w.ok("GET", "Z/settings/challenge_ttl", "")
	if zone["paused"] != true || bots["fight_mode"] != true || ttl["value"] != 300.0 {
		t.Errorf("the API shows %v, %v and %v", zone["paused"], bots["fight_mode"], ttl["value"])
	}
}
