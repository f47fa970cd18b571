package e2e

import (
	"net/http"

	"github.com/culvert/culvert/setup"
)

// accountFaults are what people, or other programs, do in the account. While a
// repair that tells the edge to stop nobody is on its way to it, that the edge
// stops somebody is no news; so other faults stand between those.
func accountFaults() []fault {
	everybody := []object{{"everyone": object{}}}
	return []fault{
		{what: "a door is deleted", class: setup.ClassDoorMissing,
			act: func(s *scene) { s.remove(apps, "Door for Telegram") }},
		{what: "two doors are deleted", class: setup.ClassDoorMissing,
			act: func(s *scene) { s.remove(apps, "Door for Slack"); s.remove(apps, "Door for Twilio") }},
		{what: "Cloudflare challenges everybody", class: setup.ClassEdgeBlocks,
			act: func(s *scene) { s.setting("security_level", "under_attack") }},
		{what: "a door is widened to everything", class: setup.ClassDoorWide,
			act: func(s *scene) {
				s.put(apps, "Door for Telegram", object{"domain": host + "/*",
					"destinations": []object{{"type": "public", "uri": host + "/*"}}})
			}},
		{what: "a door is made to lead elsewhere", class: setup.ClassDoorChanged,
			act: func(s *scene) {
				s.put(apps, "Door for Telegram", object{"domain": host + "/channels/telegram/old",
					"destinations": []object{{"type": "public", "uri": host + "/channels/telegram/old"}}})
			}},
		{what: "a door loses its rule", class: setup.ClassDoorChanged,
			act: func(s *scene) { s.put(apps, "Door for Telegram", object{"policies": []object{}}) }},
		{what: "Bot Fight Mode is switched on", class: setup.ClassEdgeBlocks,
			act: func(s *scene) { s.call(http.MethodPut, "zones/{zone}/bot_management", object{"fight_mode": true}) }},
		{what: "the lock is deleted", class: setup.ClassLockMissing,
			act: func(s *scene) { s.remove(apps, "Lock on") }},
		{what: "the lock is moved to one page", class: setup.ClassLockChanged,
			act: func(s *scene) {
				s.put(apps, "Lock on", object{"domain": host + "/admin", "destinations": []object{{"type": "public", "uri": host + "/admin"}}})
			}},
		{what: "the team's rule lets everybody in", hidden: true, class: setup.ClassTeamChanged,
			act: func(s *scene) { s.put(policies, "Team of", object{"include": everybody}) }},
		{what: "a rule of the firewall blocks webhooks", class: setup.ClassEdgeBlocks,
			act: func(s *scene) {
				s.firewall(object{"action": "block", "expression": `starts_with(http.request.uri.path, "/channels/telegram/")`, "description": "Somebody else's"})
			}},
		{what: "the team's rule lets everybody pass unasked", class: setup.ClassTeamChanged,
			act: func(s *scene) { s.put(policies, "Team of", object{"decision": "bypass", "include": everybody}) }},
		{what: "the team's rule names other people", hidden: true, class: setup.ClassTeamChanged,
			act: func(s *scene) {
				s.put(policies, "Team of", object{"include": []object{{"email_domain": object{"domain": "example.net"}}}})
			}},
		{what: "the rule of all doors asks for a login", class: setup.ClassDoorsClosed,
			act: func(s *scene) {
				s.put(policies, "Webhooks: no login", object{"decision": "allow", "include": []object{{"email": object{"email": "a@example.org"}}}})
			}},
		{what: "the login by e-mail is removed", hidden: true, class: setup.ClassLoginMissing,
			act: func(s *scene) { s.removeLogin("onetimepin") }},
		{what: "another application stands over a door", class: setup.ClassShadowed,
			act:  func(s *scene) { s.shadow("/channels/telegram/00000000-0000-0000-0000-000000000000") },
			mend: func(s *scene) { s.remove(apps, "Somebody else's") }, do: "Remove it in the dashboard"},
		{what: "the record no longer goes through Cloudflare", class: setup.ClassRecordGrey,
			act: func(s *scene) { s.record(object{"proxied": false}) }},
		{what: "the record leads to another server", class: setup.ClassRecordElsewhere,
			act: func(s *scene) { s.record(object{"content": "elsewhere.example.net"}) }},
		{what: "the record is deleted", class: setup.ClassRecordMissing,
			act: func(s *scene) { s.remove(records, host) }},
		{what: "the tunnel's rules are emptied", class: setup.ClassIngressChanged,
			act: func(s *scene) {
				s.rules(func([]object) []object { return []object{{"service": "http_status:404"}} })
			}},
		{what: "the tunnel's rules lead to another port", class: setup.ClassIngressChanged,
			act: func(s *scene) {
				s.rules(func(all []object) []object {
					for _, r := range all[:len(all)-1] {
						r["service"] = "http://web:9000"
					}
					return all
				})
			}},
		{what: "a rule is put above ours", class: setup.ClassIngressChanged,
			act: func(s *scene) {
				s.rules(func(all []object) []object {
					return append([]object{{"hostname": host, "service": "http_status:503"}}, all...)
				})
			}},
		{what: "the tunnel is deleted", class: setup.ClassTunnelDeleted,
			act: func(s *scene) {
				s.call(http.MethodDelete, s.one(tunnels, "open-chat-studio")+"?cascade=true", nil)
			}},
		{what: "the zone is paused", class: setup.ClassZonePaused,
			act: func(s *scene) { s.call(http.MethodPatch, "zones/{zone}", object{"paused": true}) }},
	}
}

func (s *scene) removeLogin(kind string) {
	s.Helper()
	for _, o := range s.list(logins) {
		if o["type"] == kind {
			s.call(http.MethodDelete, logins+"/"+o.id(), nil)
			return
		}
	}
	s.Fatalf("there is no login method %s", kind)
}

// shadow makes an application that is closer to a path than ours.
func (s *scene) shadow(path string) {
	s.Helper()
	s.call(http.MethodPost, apps, object{"type": "self_hosted", "name": "Somebody else's", "domain": host + path,
		"destinations": []object{{"type": "public", "uri": host + path}}})
}

func (s *scene) record(fields object) {
	s.Helper()
	s.call(http.MethodPatch, s.one(records, host), fields)
}

func (s *scene) setting(name, value string) {
	s.Helper()
	s.call(http.MethodPatch, "zones/{zone}/settings/"+name, object{"value": value})
}

// firewall makes the given rules the custom rules of the zone.
func (s *scene) firewall(rules ...object) {
	s.Helper()
	if rules == nil {
		rules = []object{}
	}
	s.call(http.MethodPut, "zones/{zone}/rulesets/phases/http_request_firewall_custom/entrypoint", object{"rules": rules})
}
