package diagnosis

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
)

func TestNothingIsWrongWithASetupThatStands(t *testing.T) {
	p := healthy(t)
	if got := Of(p.Input); len(got) != 0 {
		t.Fatalf("found %+v", got)
	}
	c := Sum(p.Input, nil)
	if want := "3 of 3 channels reach the app; everything else is locked; proven 20 s ago."; c.Sentence != want || c.Light != Good {
		t.Errorf("it says %q (%s), want %q", c.Sentence, c.Light, want)
	}
}

// row is one thing that can be wrong, and what is said of it.
type row struct {
	ill      func(*patient)
	id       string
	severity setup.Severity
	says     string // in the sentence on top
	fixes    []setup.Kind
}

func app(s setup.State, f func(*setup.App)) setup.State {
	a := s.(setup.App)
	a.Destinations = slices.Clone(a.Destinations)
	f(&a)
	return a
}

func awayProblem(text string) setup.Problem {
	return setup.Problem{Code: setup.CodeUnavailable, Message: text}
}

// away makes everything of the account unreadable.
func (p *patient) away(problem setup.Problem) {
	p.world.Away(problem)
	p.plan()
}

func rowsOfWhatIsUnseen() map[string]row {
	return map[string]row{
		"docker does not answer": {func(p *patient) {
			problem := awayProblem("Docker is not running.")
			p.Facts = found.Facts{At: noon(), Problem: &problem}
			p.unread(setup.KindConnector, "culvert-ocs", problem)
			p.unread(setup.KindSetting, "ocs/web", problem)
			p.unread(setup.KindPublished, "ocs/web", problem)
			p.fail(setup.ByNobody, "beside/", "port")
		}, "docker-away", setup.SeverityUnknown, "Not everything is known: Docker does not answer.", nil},
		"the server is cut off": {func(p *patient) {
			p.away(awayProblem("no route"))
			p.fail(setup.ByNobody, append(doors(), "locked", "beside/connector")...)
		}, "offline", setup.SeverityBroken, "NO messages arrive.", nil},
		"the API is away": {func(p *patient) { p.away(awayProblem("502")) },
			"cloud-away", setup.SeverityUnknown, "Not everything is known: Cloudflare's API does not answer.", nil},
		"the API asks for patience": {func(p *patient) {
			p.away(setup.Problem{Code: setup.CodeRateLimited, Message: "slower"})
		}, "cloud-away", setup.SeverityUnknown, "Cloudflare's API", nil},
		"the token is refused": {func(p *patient) {
			p.away(setup.Problem{Code: setup.CodeUnauthorized, Message: "The token is not valid."})
		}, "token-refused", setup.SeverityUnknown, "Cloudflare refuses the API token.", nil},
		"a permission is revoked": {func(p *patient) {
			p.unread(setup.KindDNSRecord, "example.org", setup.Problem{Code: setup.CodeDenied, Message: "No.", Permission: "DNS"})
		}, "permission/dns", setup.SeverityUnknown, "the API token lacks the permission DNS.", nil},
		"the token is of another account": {func(p *patient) {
			p.away(setup.Problem{Code: setup.CodeElsewhere, Message: "The token is for another account."})
		}, "permission/elsewhere", setup.SeverityUnknown, "the API token belongs to another account.", nil},
		"the token is for other domains": {func(p *patient) {
			p.unread(setup.KindDNSRecord, "example.org", setup.Problem{Code: setup.CodeElsewhere, Message: "No."})
		}, "permission/elsewhere", setup.SeverityUnknown, "the API token is for other domains than example.org.", nil},
		"a file cannot be read": {func(p *patient) {
			p.unread(setup.KindEnvVar, "/srv/ocs/.env.prod", setup.Problem{Code: setup.CodeDenied, Message: "Not permitted."})
		}, "unread/env-var", setup.SeverityUnknown, "it is not known how this stands", nil},
		"the app's container cannot be read": {func(p *patient) {
			p.unread(setup.KindSetting, "ocs/web", awayProblem("It is restarting."))
			p.unread(setup.KindPublished, "ocs/web", awayProblem("It is restarting."))
		}, "unread/app", setup.SeverityUnknown, "it is not known how the app's container stands", nil},
		"the connector cannot be read": {func(p *patient) {
			p.unread(setup.KindConnector, "culvert-ocs", awayProblem("It has two containers."))
		}, "unread/connector", setup.SeverityUnknown, "it is not known how the connector stands", nil},
		"checks are old": {func(p *patient) {
			p.edit("whatsapp/1", func(v *setup.Evidence) { v.At = noon().Add(-time.Hour) })
		}, "unproven", setup.SeverityUnknown, "It is not known whether messages arrive.", nil},
	}
}

func rowsOfTheName() map[string]row {
	return map[string]row{
		"Zero Trust is off": {func(p *patient) {
			p.world.Objects = slices.DeleteFunc(p.world.Objects, func(o setup.Object) bool { return o.State.Kind() == setup.KindOrganization })
			p.plan()
			p.fail(setup.ByApp, "locked")
		}, "zero-trust-off", setup.SeverityOpen, "Zero Trust is no longer switched on", nil},
		"the domain moved away": {func(p *patient) {
			for i, o := range p.world.Objects {
				if o.State.Kind() == setup.KindZone {
					p.world.Objects[i].State = setup.Zone{Name: "example.org", Status: "moved"}
				}
			}
			p.plan()
			p.fail(setup.ByNobody, append(doors(), "locked")...)
		}, "zone-moved", setup.SeverityBroken, "NO messages arrive. Your domain example.org is no longer active", nil},
		"the domain is paused": {func(p *patient) {
			p.pause()
			p.fail(setup.ByNobody, append(doors(), "locked")...)
		}, "zone-paused", setup.SeverityBroken, "NO messages arrive. Cloudflare is paused", []setup.Kind{setup.KindZonePause}},
		"the record is deleted": {func(p *patient) {
			p.alter(p.Answers.RecordKey(), setuptest.Gone)
			p.fail(setup.ByNobody, append(doors(), "locked")...)
		}, "record-missing", setup.SeverityBroken, "NO messages arrive. The public name ocs.example.org was deleted.", []setup.Kind{setup.KindDNSRecord}},
		"the record is grey": {func(p *patient) {
			p.alter(p.Answers.RecordKey(), func(s setup.State) setup.State {
				r := s.(setup.DNSRecord)
				r.Proxied = false
				return r
			})
			p.fail(setup.ByNobody, append(doors(), "locked")...)
		}, "record-grey", setup.SeverityBroken, "grey cloud", []setup.Kind{setup.KindDNSRecord}},
		"the record leads elsewhere": {func(p *patient) {
			p.alter(p.Answers.RecordKey(), func(s setup.State) setup.State {
				r := s.(setup.DNSRecord)
				r.Tunnel, r.Content, r.Type = setup.ID{}, "203.0.113.9", "A"
				return r
			})
			p.fail(setup.ByApp, "locked")
		}, "record-elsewhere", setup.SeverityOpen, "leads somewhere else", []setup.Kind{setup.KindDNSRecord}},
		"another record took its place": {func(p *patient) {
			p.put("example.org", "theirs", setup.DNSRecord{Zone: setup.Lit("zone-1"), Name: host, Type: "A", Content: "203.0.113.9", Proxied: true})
			p.alter(p.Answers.RecordKey(), setuptest.Gone)
			p.fail(setup.ByUnknown, append(doors(), "locked")...)
		}, "record-elsewhere", setup.SeverityBroken, "leads somewhere else", nil},
		"Culvert took the name away": {func(p *patient) {
			p.alter(p.Answers.RecordKey(), setuptest.Gone)
			delete(p.Ledger.Records, p.Answers.RecordKey())
			p.Run = &setup.Run{ID: 12, State: setup.RunFailed, Note: "/admin/ answers without a login."}
			p.Changes = []setup.RunChange{{Run: 12, Key: p.Answers.RecordKey(), Verb: setup.Delete, State: setup.ChangeDone}}
			p.plan()
		}, "record-withdrawn", setup.SeverityBroken, "Culvert took the public name ocs.example.org away.", []setup.Kind{setup.KindDNSRecord}},
		"the edge rule is gone": {func(p *patient) {
			p.alter(p.Answers.EdgeRuleKey(), setuptest.Gone)
			p.fail(setup.ByEdge, "telegram")
			p.edit("telegram/1", func(v *setup.Evidence) { v.Status, v.Excerpt = 403, []string{"HTTP 403", "error code: 1010"} })
			p.plan()
		}, "edge-rule", setup.SeverityBroken, "Telegram messages do NOT arrive", []setup.Kind{setup.KindEdgeRule}},
		"the edge rule was changed and nobody notices": {func(p *patient) {
			p.alter(p.Answers.EdgeRuleKey(), func(s setup.State) setup.State {
				r := s.(setup.EdgeRule)
				r.Enabled = false
				return r
			})
			p.plan()
		}, "edge-rule", setup.SeverityRisk, "was changed", []setup.Kind{setup.KindEdgeRule}},
		"the edge challenges": {func(p *patient) {
			p.fail(setup.ByEdge, doors()...)
			for _, id := range []string{"telegram/1", "whatsapp/1", "slack/1"} {
				p.edit(id, func(v *setup.Evidence) { v.Status, v.Excerpt = 403, []string{"HTTP 403", "Cf-Mitigated: challenge"} })
			}
		}, "edge-blocks/challenge", setup.SeverityBroken, "NO messages arrive. Cloudflare asks callers to prove", nil},
		"the edge wants a browser": {func(p *patient) {
			p.fail(setup.ByEdge, "telegram")
			p.edit("telegram/1", func(v *setup.Evidence) { v.Status = 403 })
		}, "edge-blocks/integrity", setup.SeverityBroken, "Telegram messages do NOT arrive. WhatsApp and Slack fine.", nil},
		"a rule blocks": {func(p *patient) {
			p.fail(setup.ByEdge, "whatsapp")
			p.edit("whatsapp/1", func(v *setup.Evidence) { v.Status = 403 })
		}, "edge-blocks/waf", setup.SeverityBroken, "WhatsApp messages do NOT arrive", nil},
		"the origin is overridden": {func(p *patient) {
			p.fail(setup.ByEdge, "whatsapp")
			p.edit("whatsapp/1", func(v *setup.Evidence) { v.Status = 522 })
		}, "edge-blocks/origin", setup.SeverityBroken, "WhatsApp messages do NOT arrive", nil},
	}
}

func rowsOfAccess() map[string]row {
	telegram := func(p *patient) setup.Key { return p.Answers.DoorKey(p.Answers.Doors[0]) }
	return map[string]row{
		"the lock is deleted": {func(p *patient) {
			p.alter(p.Answers.LockKey(), setuptest.Gone)
			p.fail(setup.ByApp, "locked")
		}, "lock-missing", setup.SeverityOpen, "The lock on ocs.example.org was deleted. 3 of 3 channels", []setup.Kind{setup.KindApp}},
		"the lock is changed": {func(p *patient) {
			p.alter(p.Answers.LockKey(), func(s setup.State) setup.State {
				return app(s, func(a *setup.App) { a.Policies = []setup.ID{{Lit: "theirs"}} })
			})
		}, "lock-changed", setup.SeverityOpen, "The lock on ocs.example.org was changed.", []setup.Kind{setup.KindApp}},
		"somebody's application is in the place of the lock": {func(p *patient) {
			p.put(account, "theirs", setup.App{Name: "Theirs", Destinations: []string{host}, Session: "24h"})
			p.alter(p.Answers.LockKey(), setuptest.Gone)
		}, "shadowed/lock", setup.SeverityOpen, "in the place of the lock", nil},
		"more people may enter": {func(p *patient) {
			p.alter(p.Answers.TeamKey(), func(s setup.State) setup.State {
				pol := s.(setup.Policy)
				pol.Include = []setup.Include{{Type: "everyone"}}
				return pol
			})
		}, "team-changed", setup.SeverityOpen, "More people may enter", []setup.Kind{setup.KindPolicy}},
		"fewer people may enter": {func(p *patient) {
			p.alter(p.Answers.TeamKey(), func(s setup.State) setup.State {
				pol := s.(setup.Policy)
				pol.Include = nil
				return pol
			})
		}, "team-changed", setup.SeverityBroken, "Who may enter was changed. 3 of 3", []setup.Kind{setup.KindPolicy}},
		"the login method is gone": {func(p *patient) {
			p.world.Objects = slices.DeleteFunc(p.world.Objects, func(o setup.Object) bool { return o.State.Kind() == setup.KindLoginMethod })
			p.plan()
		}, "login-missing", setup.SeverityBroken, "The way in which your team logs in is gone.", []setup.Kind{setup.KindLoginMethod}},
		"the rule of all doors is changed": {func(p *patient) {
			p.alter(p.Answers.BypassKey(), func(s setup.State) setup.State {
				pol := s.(setup.Policy)
				pol.Decision = setup.Allow
				return pol
			})
			p.fail(setup.ByAccess, doors()...)
		}, "doors-closed", setup.SeverityBroken, "NO messages arrive. The rule that opens the doors", []setup.Kind{setup.KindPolicy}},
		"a door is deleted": {func(p *patient) {
			p.alter(telegram(p), setuptest.Gone)
			p.fail(setup.ByAccess, "telegram")
		}, "door-missing/telegram", setup.SeverityBroken, "Telegram messages do NOT arrive. WhatsApp and Slack fine. The door for Telegram was deleted.", []setup.Kind{setup.KindApp}},
		"a door is widened": {func(p *patient) {
			p.alter(telegram(p), func(s setup.State) setup.State {
				return app(s, func(a *setup.App) { a.Destinations = []string{host + "/channels/*"} })
			})
			p.fail(setup.ByApp, "locked/beside")
		}, "door-wide/telegram", setup.SeverityOpen, "open wider than it should be", []setup.Kind{setup.KindApp}},
		"a door covers more, and everything asked for is locked": {func(p *patient) {
			p.alter(telegram(p), func(s setup.State) setup.State {
				return app(s, func(a *setup.App) { a.Destinations = []string{host + "/channels/*"} })
			})
			p.fail(setup.ByAccess, "telegram")
		}, "door-wide/telegram", setup.SeverityOpen, "may be open there", []setup.Kind{setup.KindApp}},
		"no rule lets the team in": {func(p *patient) {
			p.alter(p.Answers.LockKey(), func(s setup.State) setup.State { return app(s, func(a *setup.App) { a.Policies = nil }) })
		}, "lock-changed", setup.SeverityBroken, "The lock on ocs.example.org has no rule any more that lets your team in", []setup.Kind{setup.KindApp}},
		"the lock has no rule and covers less": {func(p *patient) {
			p.alter(p.Answers.LockKey(), func(s setup.State) setup.State {
				return app(s, func(a *setup.App) { a.Policies, a.Destinations = nil, []string{host + "/admin*"} })
			})
		}, "lock-changed", setup.SeverityOpen, "was changed", []setup.Kind{setup.KindApp}},
		"a door is changed": {func(p *patient) {
			p.alter(telegram(p), func(s setup.State) setup.State {
				return app(s, func(a *setup.App) { a.Destinations = []string{host + "/channels/telegram/one*"} })
			})
			p.fail(setup.ByAccess, "telegram")
		}, "door-changed/telegram", setup.SeverityBroken, "The door for Telegram was changed.", []setup.Kind{setup.KindApp}},
		"an application inside of a door": {func(p *patient) {
			p.put(account, "inner", setup.App{Name: "Inner", Destinations: []string{host + "/channels/telegram/x*"}, Session: "24h"})
			p.plan()
			p.fail(setup.ByAccess, "telegram")
		}, "shadowed/telegram", setup.SeverityBroken, "Telegram messages do NOT arrive", nil},
		"something is open and nothing tells why": {func(p *patient) { p.fail(setup.ByApp, "locked/admin") },
			"open", setup.SeverityOpen, "Without a login callers get through to /admin/.", nil},
	}
}

func rowsOfTheTunnel() map[string]row {
	return map[string]row{
		"the tunnel is deleted": {func(p *patient) {
			p.world.Objects = slices.DeleteFunc(p.world.Objects, func(o setup.Object) bool { return o.State.Kind() == setup.KindIngress })
			p.alter(p.Answers.TunnelKey(), setuptest.Gone)
			p.fail(setup.ByTunnel, append(doors(), "beside/connector")...)
		}, "tunnel-deleted", setup.SeverityBroken, "NO messages arrive. The tunnel for ocs.example.org was deleted.",
			[]setup.Kind{setup.KindTunnel, setup.KindIngress, setup.KindConnectorFile, setup.KindConnector, setup.KindDNSRecord}},
		"the rules are emptied": {func(p *patient) {
			p.alter(setup.Key{Kind: setup.KindIngress, Scope: account, Name: host}, setuptest.Gone)
			p.fail(setup.ByConnector, doors()...)
		}, "ingress-changed", setup.SeverityBroken, "was deleted in the tunnel", []setup.Kind{setup.KindIngress}},
		"a rule stands above ours": {func(p *patient) {
			p.alter(setup.Key{Kind: setup.KindIngress, Scope: account, Name: host}, func(s setup.State) setup.State {
				i := s.(setup.Ingress)
				i.Above = []string{"*.example.org"}
				return i
			})
			p.fail(setup.ByUnknown, doors()...)
		}, "ingress-shadowed", setup.SeverityBroken, "Another rule of the tunnel answers", nil},
		"the connector is removed": {func(p *patient) {
			p.alter(p.Answers.ConnectorKey(), setuptest.Gone)
			p.fail(setup.ByTunnel, append(doors(), "beside/connector")...)
		}, "connector-missing", setup.SeverityBroken, "NO messages arrive. The connector (cloudflared) was removed", []setup.Kind{setup.KindConnector}},
		"the connector is stopped": {func(p *patient) {
			p.connector(func(c *setup.Connector) { c.Running = false })
			p.fail(setup.ByTunnel, append(doors(), "beside/connector")...)
		}, "connector-stopped", setup.SeverityBroken, "NO messages arrive. The connector (cloudflared) is stopped.", []setup.Kind{setup.KindConnector}},
		"the connector is in another network": {func(p *patient) {
			p.connector(func(c *setup.Connector) { c.Network = "other_default" })
			p.fail(setup.ByConnector, doors()...)
		}, "connector-network", setup.SeverityBroken, "in another Docker network", []setup.Kind{setup.KindConnector}},
		"the connector is another one": {func(p *patient) {
			p.connector(func(c *setup.Connector) { c.Image = "cloudflare/cloudflared:2020.1.0" })
		}, "connector-changed", setup.SeverityRisk, "But: the connector is not the one that Culvert started.", []setup.Kind{setup.KindConnector}},
		"the connector's file is gone": {func(p *patient) {
			p.alter(setup.Key{Kind: setup.KindConnectorFile, Scope: "/srv/ocs/docker-compose.culvert.yml", Name: "cloudflared"}, setuptest.Gone)
		}, "connector-changed/file", setup.SeverityRisk, "But: the connector's file was changed or removed.", []setup.Kind{setup.KindConnectorFile}},
		"the connector is cut off": {func(p *patient) {
			p.Facts.Ready = found.Ready{Answered: true}
			p.fail(setup.ByTunnel, append(doors(), "beside/connector")...)
		}, "connector-unconnected", setup.SeverityBroken, "has no connection to Cloudflare", nil},
		"a second connector elsewhere": {func(p *patient) {
			p.alter(p.Answers.TunnelKey(), func(s setup.State) setup.State {
				tu := s.(setup.Tunnel)
				tu.Connectors = 2
				return tu
			})
		}, "connector-second", setup.SeverityRisk, "But: 2 connectors share this tunnel", nil},
		"the connector does not reach the app": {func(p *patient) { p.fail(setup.ByConnector, doors()...) },
			"connector-blind", setup.SeverityBroken, "NO messages arrive. The connector does not reach the app.", nil},
		"Cloudflare knows of no connector": {func(p *patient) { p.fail(setup.ByTunnel, doors()...) },
			"tunnel-unconnected", setup.SeverityBroken, "Cloudflare has no connection to the tunnel.", nil},
		"the connector does not tell how it stands": {func(p *patient) { p.fail(setup.ByNobody, "beside/connector") },
			"tunnel-unconnected", setup.SeverityRisk, "But: the connector does not tell how it stands.", nil},
	}
}

func (p *patient) connector(f func(*setup.Connector)) {
	p.alter(p.Answers.ConnectorKey(), func(s setup.State) setup.State {
		c := s.(setup.Connector)
		f(&c)
		return c
	})
}

func rowsOfTheHost() map[string]row {
	hosts := "DJANGO_ALLOWED_HOSTS"
	file := setup.Key{Kind: setup.KindEnvVar, Scope: "/srv/ocs/.env.prod", Name: hosts}
	running := setup.Key{Kind: setup.KindSetting, Scope: "ocs/web", Name: hosts}
	return map[string]row{
		"the app's network is gone": {func(p *patient) {
			p.world.Objects = slices.DeleteFunc(p.world.Objects, func(o setup.Object) bool { return o.State.Kind() == setup.KindNetwork })
			p.plan()
			p.fail(setup.ByConnector, doors()...)
		}, "network-gone", setup.SeverityBroken, "network ocs_default is gone", nil},
		"the app is stopped": {func(p *patient) {
			p.Facts.App.Running = 0
			p.unread(setup.KindSetting, "ocs/web", awayProblem("web is not running."))
			p.unread(setup.KindPublished, "ocs/web", awayProblem("web is not running."))
			p.see(setup.Check{ID: "beside/app", Name: "The app"}, false, setup.ByNobody)
			p.fail(setup.ByConnector, doors()...)
		}, "app-stopped", setup.SeverityBroken, "NO messages arrive. The app's container web is not running.", nil},
		"the app is stopped, and its settings are ours": {func(p *patient) {
			p.Facts.App.Running = 0
			for _, i := range p.Answers.Settings {
				p.alter(setup.Key{Kind: setup.KindSetting, Scope: "ocs/web", Name: i.Name}, func(s setup.State) setup.State {
					have := s.(setup.Setting)
					have.Stopped = true
					return have
				})
			}
			p.see(setup.Check{ID: "beside/app", Name: "The app"}, false, setup.ByNobody)
			p.fail(setup.ByConnector, doors()...)
			p.fail(setup.ByUnknown, "slack")
			p.edit("slack/1", func(v *setup.Evidence) { v.Status = 502 })
		}, "app-stopped", setup.SeverityBroken, "NO messages arrive. The app's container web is not running.", []setup.Kind{setup.KindSetting}},
		"the app is unhealthy": {func(p *patient) {
			p.Facts.App.Health = "unhealthy"
			p.fail(setup.ByConnector, doors()...)
			p.fail(setup.ByNobody, "beside/telegram")
		}, "app-unhealthy", setup.SeverityBroken, "is not healthy", nil},
		"the app refuses the host": {func(p *patient) { p.fail(setup.ByAppHost, append(doors(), "beside/telegram")...) },
			"app-refuses-host", setup.SeverityBroken, "The app refuses the name ocs.example.org.", nil},
		"a setting is lost": {func(p *patient) {
			p.alter(file, setuptest.Gone)
			p.alter(running, setuptest.Gone)
			p.fail(setup.ByAppHost, append(doors(), "beside/telegram")...)
		}, "setting-lost", setup.SeverityBroken, "The app runs without a setting", []setup.Kind{setup.KindEnvVar, setup.KindSetting}},
		"a setting is lost in the file": {func(p *patient) { p.alter(file, setuptest.Gone) },
			"setting-lost", setup.SeverityRisk, "But: a setting of the app was taken out of .env.prod.", []setup.Kind{setup.KindEnvVar}},
		"the port is reopened in the file": {func(p *patient) { p.reopen(setup.KindComposePort) },
			"port-reopened", setup.SeverityRisk, "But: the app's port is opened again in docker-compose.prod.yml.", []setup.Kind{setup.KindComposePort}},
		"the port is reopened": {func(p *patient) {
			p.reopen(setup.KindComposePort)
			p.reopen(setup.KindPublished)
			p.fail(setup.ByApp, setup.PortCheck)
			p.see(setup.Check{ID: setup.FrontsCheck}, true, setup.ByNobody)
		}, "port-reopened", setup.SeverityOpen, "port 8000 is open to everybody again", []setup.Kind{setup.KindComposePort, setup.KindPublished}},
		"another way in": {func(p *patient) { p.fail(setup.ByApp, setup.FrontsCheck) },
			"front", setup.SeverityOpen, "leads to the app, past the lock", nil},
		"the app has a fault": {func(p *patient) { p.fail(setup.ByApp, "whatsapp", "beside/whatsapp") },
			"app-fault/200", setup.SeverityBroken, "WhatsApp messages do NOT arrive", nil},
		"the app is silent": {func(p *patient) {
			p.fail(setup.ByNobody, "beside/telegram", "beside/whatsapp")
			p.fail(setup.ByConnector, doors()...)
		}, "app-fault/silent", setup.SeverityBroken, "does not answer at its own address", nil},
		"the app cannot be asked from here": {func(p *patient) { p.fail(setup.ByNobody, "beside/telegram") },
			"app-fault/silent", setup.SeverityRisk, "But: the app cannot be asked", nil},
		"a door is closed and nothing tells why": {func(p *patient) { p.fail(setup.ByAccess, "slack") },
			"check-fails/access", setup.SeverityBroken, "Slack messages do NOT arrive. Telegram and WhatsApp fine.", nil},
		"a lock gives an answer that nobody knows": {func(p *patient) { p.fail(setup.ByUnknown, "locked/admin") },
			"check-fails/unknown-locked", setup.SeverityUnknown, "it cannot be told whether a login is asked for: Administration.", nil},
		"a run ended half-way": {func(p *patient) {
			p.Answers.Doors = append(p.Answers.Doors, setup.Door{ID: "turn", Name: "Turn.io", Destinations: []string{"/turn/*"}, Paths: []string{"^/turn/x$"}})
			p.Answers.Checks = append(p.Answers.Checks, setup.Check{ID: "turn/1", Name: "Turn.io", Door: "turn", Path: "/turn/x"})
			p.see(setup.Check{ID: "turn/1", Door: "turn"}, true, "")
			p.see(setup.Check{ID: "beside/turn/1", Door: "turn"}, true, "")
			p.Run = &setup.Run{ID: 7, State: setup.RunFailed, Note: "Cloudflare was away."}
			p.plan()
		}, "unfinished", setup.SeverityRisk, "changes that you agreed to are not made yet", []setup.Kind{setup.KindApp, setup.KindEdgeRule, setup.KindIngress}},
		"a copy is left over": {func(p *patient) {
			p.put(account, "copy", setup.Tunnel{Name: "ocs", Remote: true})
			p.world.Objects[len(p.world.Objects)-1].Mark = setup.Mark("t1", p.Answers.TunnelKey())
			p.plan()
		}, "leftover", setup.SeverityRisk, "But: 1 copies of things", []setup.Kind{setup.KindTunnel}},
		"the app takes messages where no door leads": {func(p *patient) {
			p.Routes = &setup.RouteReview{Fresh: []string{"/channels/signal"}}
		}, "route-new", setup.SeverityRisk, "But: the app takes messages at /channels/signal, and no door leads there.", nil},
		"a door leads where the app serves nothing": {func(p *patient) {
			p.Routes = &setup.RouteReview{Stale: []setup.StaleDoor{{Door: p.Answers.Doors[0].ID, Path: "/gone"}}}
		}, "route-stale/telegram", setup.SeverityRisk, "But: the door for Telegram leads to /gone, and the app serves nothing there.", nil},
		"the tunnel was renamed": {func(p *patient) {
			p.alter(p.Answers.TunnelKey(), func(s setup.State) setup.State {
				tu := s.(setup.Tunnel)
				tu.Name = "other"
				return tu
			})
		}, "changed/tunnel-ocs", setup.SeverityRisk, "But: this is no longer as it was set up", []setup.Kind{setup.KindTunnel}},
	}
}

func (p *patient) reopen(k setup.Kind) {
	for key := range p.Ledger.Records {
		if key.Kind != k {
			continue
		}
		p.alter(key, func(s setup.State) setup.State {
			switch s := s.(type) {
			case setup.ComposePort:
				s.Exposure = setup.ExposedPublic
				return s
			case setup.Published:
				s.Exposure = setup.ExposedPublic
				return s
			}
			return s
		})
	}
}

func allRows() map[string]row {
	all := map[string]row{}
	for _, rows := range []map[string]row{rowsOfWhatIsUnseen(), rowsOfTheName(), rowsOfTheEdge(), rowsOfAccess(), rowsOfTheTunnel(), rowsOfTheHost(), rowsOfTheAlert()} {
		for what, r := range rows {
			all[what] = r
		}
	}
	return all
}

func TestOneFaultIsOneFinding(t *testing.T) {
	for what, r := range allRows() {
		t.Run(what, func(t *testing.T) {
			p := healthy(t)
			r.ill(p)
			got := Of(p.Input)
			if len(got) != 1 {
				t.Fatalf("there are %d findings, want one:\n%s\n%s", len(got), list(got), p.Plan)
			}
			f := got[0]
			if f.ID != r.id || f.Severity != r.severity {
				t.Errorf("it is %s (%s), want %s (%s)", f.ID, f.Severity, r.id, r.severity)
			}
			c := Sum(p.Input, got)
			if !strings.Contains(c.Sentence, r.says) {
				t.Errorf("it says %q, want %q", c.Sentence, r.says)
			}
			if c.Light == Good && f.Severity != setup.SeverityRisk {
				t.Error("the light is good")
			}
			if f.Title == "" || f.Effect == "" || f.IfNot == "" || f.Cause == "" {
				t.Errorf("something is left unsaid: %+v", f)
			}
			wantFix(t, p, f, r.fixes)
		})
	}
}

// wantFix: a finding with changes is put right by exactly those.
func wantFix(t *testing.T, p *patient, f setup.Finding, kinds []setup.Kind) {
	t.Helper()
	if (len(kinds) > 0) != f.Repairable() {
		t.Fatalf("repairable is %v, want %v: %+v", f.Repairable(), len(kinds) > 0, f.Fix)
	}
	if !f.Repairable() {
		if f.Advice == "" && f.Severity != setup.SeverityUnknown {
			t.Error("there is neither a fix nor advice")
		}
		return
	}
	var got []setup.Kind
	for _, k := range f.Fix.Keys {
		if !slices.Contains(got, k.Kind) {
			got = append(got, k.Kind)
		}
	}
	slices.Sort(got)
	slices.Sort(kinds)
	if !slices.Equal(got, kinds) {
		t.Errorf("the fix is about %v, want %v", got, kinds)
	}
	if f.Fix.Expected <= 0 || !strings.Contains(f.Fix.Does, "restarts") && !strings.Contains(f.Fix.Does, "touches nothing else") || !strings.Contains(f.Fix.Then, "locked") && !slices.Contains(kinds, setup.KindAlert) || len(f.Fix.Hashes) != len(f.Fix.Keys) {
		t.Errorf("the fix says %+v", f.Fix)
	}
}

// Proof from before something broke proves nothing of what needs it.
func TestProofFromBeforeSomethingBrokeIsNone(t *testing.T) {
	rows := map[string]struct {
		finding setup.Finding
		dark    int // channels
		says    string
	}{
		"a door": {setup.Finding{ID: "d", Class: setup.ClassDoorMissing, Severity: setup.SeverityBroken, Doors: []string{"telegram"}}, 1,
			"2 of 3 channels reach the app; of Telegram it is not known yet."},
		"the app":             {setup.Finding{ID: "a", Class: setup.ClassAppStopped, Severity: setup.SeverityBroken}, 3, "It is not known yet whether messages arrive."},
		"who may enter":       {setup.Finding{ID: "t", Class: setup.ClassTeamChanged, Severity: setup.SeverityBroken}, 0, "3 of 3 channels reach the app."},
		"something is weaker": {setup.Finding{ID: "w", Class: setup.ClassConnectorChanged, Severity: setup.SeverityRisk}, 0, ""},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			p := healthy(t)
			dark := func(since time.Time) Condition {
				row.finding.Title, row.finding.Since = "Something broke.", since
				return Sum(p.Input, []setup.Finding{row.finding})
			}
			c := dark(p.Now.Add(-time.Second))
			n := 0
			for _, ch := range c.Channels {
				if ch.Light == Unknown {
					n++
				}
			}
			if n != row.dark || row.says != "" && c.Told.End != row.says {
				t.Errorf("%d channels are dark, and it says %q", n, c.Told.End)
			}
			for _, ch := range dark(p.Now.Add(-time.Minute)).Channels {
				if ch.Light != Good {
					t.Errorf("%s is %s although its proof is newer", ch.Door, ch.Light)
				}
			}
		})
	}
}

func list(findings []setup.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		b.WriteString(f.ID + ": " + f.Title + " " + strings.Join(f.Checks, ",") + "\n")
	}
	return b.String()
}

// Every class has a row, so that none is only thought of.
func TestEveryClassHasARow(t *testing.T) {
	seen := map[setup.Class]bool{
		setup.ClassAppReaddressed: true, // told by the plan of an app that is followed
		setup.ClassWaiting:        true, // for a certificate of the operator's own
	}
	for _, r := range privateRows() {
		seen[r.class] = true
	}
	for _, r := range allRows() {
		class, _, _ := strings.Cut(r.id, "/")
		seen[setup.Class(class)] = true
	}
	for _, c := range setup.Classes() {
		if !seen[c] {
			t.Errorf("no row finds %s", c)
		}
	}
}

func TestADoorThatCoversMoreIsCalledOpenOnlyByACheckThatGotThrough(t *testing.T) {
	p := healthy(t)
	p.alter(p.Answers.DoorKey(p.Answers.Doors[0]), func(s setup.State) setup.State {
		return app(s, func(a *setup.App) { a.Destinations = []string{host + "/channels/*"} })
	})
	p.fail(setup.ByAccess, "telegram")
	f := Of(p.Input)[0]
	if want := "Without a login these may be reached: ocs.example.org/channels/*. Messages of Telegram do not arrive."; f.Effect != want {
		t.Errorf("without proof it says %q, want %q", f.Effect, want)
	}
	p.fail(setup.ByApp, "locked/beside")
	if f := Of(p.Input)[0]; !strings.HasPrefix(f.Effect, "Without a login callers get through to /channels/") || strings.Contains(f.IfNot, "may be") {
		t.Errorf("with proof it says %q", f.Effect)
	}
}

func TestWhatCouldNotBeReadIsNotCalledUnchanged(t *testing.T) {
	p := healthy(t)
	p.fail(setup.ByUnknown, "locked/")
	one := func() setup.Finding {
		all := Of(p.Input)
		i := slices.IndexFunc(all, func(f setup.Finding) bool { return f.Class == setup.ClassCheckFails })
		if i < 0 {
			t.Fatalf("found %+v", all)
		}
		return all[i]
	}
	if f := one(); f.Cause != "Nothing that Culvert looks after is different from what you chose." || !strings.HasPrefix(f.Title, "It cannot be told whether a login is asked for: ") {
		t.Errorf("when all was read it says %q, %q", f.Title, f.Cause)
	}
	p.unread(setup.KindDNSRecord, "example.org", setup.Problem{Code: setup.CodeDenied, Message: "No.", Permission: "DNS"})
	if f := one(); !strings.HasPrefix(f.Cause, "What may be the cause could not be read: ") {
		t.Errorf("when the record could not be read it says %q", f.Cause)
	}
}
