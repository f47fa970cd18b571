package sim

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// This file holds what each breakage does, by hand through the API.

var errNothingToBreak = errors.New("there is nothing of it to break yet")

const (
	appsPath     = "/accounts/{account}/access/apps"
	policiesPath = "/accounts/{account}/access/policies"
	recordsPath  = "/zones/{zone}/dns_records"
	tunnelsPath  = "/accounts/{account}/cfd_tunnel"
)

// each acts on the rows of a list that are meant, of which there must be one.
func (c *Cloud) each(path string, meant func(map[string]any) bool, act func(id string, row map[string]any) error) error {
	rows, err := c.rows(path)
	if err != nil {
		return err
	}
	rows = slices.DeleteFunc(rows, func(r map[string]any) bool { return !meant(r) })
	if len(rows) == 0 {
		return errNothingToBreak
	}
	for _, r := range rows {
		id, _ := r["id"].(string)
		if err := act(id, r); err != nil {
			return err
		}
	}
	return nil
}

// toATunnel is for records that lead to one.
func toATunnel(r map[string]any) bool {
	content, _ := r["content"].(string)
	return strings.HasSuffix(content, ".cfargotunnel.com")
}

func eachRecord(method string, body any) func(*Cloud) error {
	return func(c *Cloud) error {
		return c.each(recordsPath, toATunnel, func(id string, _ map[string]any) error {
			_, err := c.ByHand(method, recordsPath+"/"+id, body)
			return err
		})
	}
}

func zonePatch(below string, body any) func(*Cloud) error {
	return func(c *Cloud) error {
		_, err := c.ByHand(http.MethodPatch, "/zones/{zone}"+below, body)
		return err
	}
}

// checkBrowsers switches the check on and takes away the rules that could lift it.
func (c *Cloud) checkBrowsers() error {
	if err := zonePatch("/settings/browser_check", map[string]any{"value": "on"})(c); err != nil {
		return err
	}
	_, err := c.ByHand(http.MethodPut, "/zones/{zone}/rulesets/phases/http_config_settings/entrypoint", map[string]any{"rules": []any{}})
	return err
}

func putBotFight(c *Cloud) error {
	_, err := c.ByHand(http.MethodPut, "/zones/{zone}/bot_management", map[string]any{"fight_mode": true})
	return err
}

func putSuperBots(c *Cloud) error {
	if !c.SetPaid(c.Basics().ZoneID, true) {
		return errNothingToBreak
	}
	_, err := c.ByHand(http.MethodPut, "/zones/{zone}/bot_management", map[string]any{superBots: "block"})
	return err
}

func (c *Cloud) moveZone() error {
	if !c.SetZoneStatus(c.Basics().ZoneID, "moved") {
		return errNothingToBreak
	}
	return nil
}

// asksNobody is for an application that lets everybody through.
func asksNobody(app map[string]any) bool { return decides(app, "bypass") }

// asksSomebody is for one with a login.
func asksSomebody(app map[string]any) bool {
	return decides(app, "allow") && app["type"] == "self_hosted"
}

func decides(app map[string]any, decision string) bool {
	policies, _ := app["policies"].([]any)
	return slices.ContainsFunc(policies, func(p any) bool {
		policy, _ := p.(map[string]any)
		return policy["decision"] == decision
	})
}

// onApp acts on the first application that is meant, by name.
func onApp(meant func(map[string]any) bool, act func(c *Cloud, app map[string]any) error) func(*Cloud) error {
	return func(c *Cloud) error {
		apps, err := c.rows(appsPath)
		if err != nil {
			return err
		}
		apps = slices.DeleteFunc(apps, func(a map[string]any) bool { return !meant(a) })
		if len(apps) == 0 {
			return errNothingToBreak
		}
		slices.SortFunc(apps, func(a, b map[string]any) int { return strings.Compare(nameOf(a), nameOf(b)) })
		return act(c, apps[0])
	}
}

func nameOf(row map[string]any) string {
	name, _ := row["name"].(string)
	return name
}

func (c *Cloud) deleteApp(app map[string]any) error {
	_, err := c.ByHand(http.MethodDelete, appsPath+"/"+app["id"].(string), nil)
	return err
}

func (c *Cloud) widenApp(app map[string]any) error {
	return c.alter(appsPath, app, func(app map[string]any) {
		domain, _ := app["domain"].(string)
		host, _, _ := strings.Cut(domain, "/")
		all, _ := app["destinations"].([]any)
		for _, path := range []string{"/admin*", "/accounts*"} { // closer than the lock, which covers the whole name
			all = append(all, map[string]any{"type": "public", "uri": host + path})
		}
		app["destinations"] = all
		delete(app, "self_hosted_domains")
	})
}

func (c *Cloud) stripApp(app map[string]any) error {
	return c.alter(appsPath, app, func(app map[string]any) { app["policies"] = []any{} })
}

// shadowApp makes somebody else's application one step below the path of this
// one.
func (c *Cloud) shadowApp(app map[string]any) error {
	domain, _ := app["domain"].(string)
	theirs := domain + "/*"
	_, err := c.ByHand(http.MethodPost, appsPath, map[string]any{"type": "self_hosted", "name": "Somebody else's application",
		"domain": theirs, "destinations": []any{map[string]any{"type": "public", "uri": theirs}},
		"policies": []any{map[string]any{"name": "Theirs", "decision": "allow", "include": []any{map[string]any{"email": map[string]any{"email": "somebody-else@example.net"}}}}}})
	return err
}

func ofDecision(decision string) func(map[string]any) bool {
	return func(p map[string]any) bool { return p["decision"] == decision }
}

func (c *Cloud) admitEveryone() error {
	return c.each(policiesPath, ofDecision("allow"), func(_ string, p map[string]any) error {
		return c.alter(policiesPath, p, func(p map[string]any) { p["include"] = []any{map[string]any{"everyone": map[string]any{}}} })
	})
}

func (c *Cloud) closeDoors() error {
	return c.each(policiesPath, ofDecision("bypass"), func(_ string, p map[string]any) error {
		return c.alter(policiesPath, p, func(p map[string]any) { p["decision"] = "allow" })
	})
}

func (c *Cloud) deleteLogins() error {
	const path = "/accounts/{account}/access/identity_providers"
	isPIN := func(r map[string]any) bool { return r["type"] == "onetimepin" }
	return c.each(path, isPIN, func(id string, _ map[string]any) error {
		_, err := c.ByHand(http.MethodDelete, path+"/"+id, nil)
		return err
	})
}

// configured is for tunnels that are there and have rules in Cloudflare.
func configured(t map[string]any) bool {
	return t["config_src"] == "cloudflare" && t["deleted_at"] == nil
}

func editRules(change func([]any) []any) func(*Cloud) error {
	return func(c *Cloud) error {
		return c.each(tunnelsPath, configured, func(id string, _ map[string]any) error { return c.editConfig(id, change) })
	}
}

func (c *Cloud) ruleBefore() error {
	rule := map[string]any{"hostname": "*." + c.Basics().Zone, "service": "http_status:404"}
	return editRules(func(rules []any) []any { return slices.Insert(slices.Clone(rules), 0, any(rule)) })(c)
}

func (c *Cloud) deleteTunnels() error {
	return c.each(tunnelsPath, configured, func(id string, _ map[string]any) error {
		if _, err := c.ByHand(http.MethodDelete, tunnelsPath+"/"+id+"/connections", nil); err != nil {
			return err
		}
		_, err := c.ByHand(http.MethodDelete, tunnelsPath+"/"+id+"?cascade=true", nil)
		return err
	})
}

// removeFallback takes out the entries that lead to a server of one's own.
func (c *Cloud) removeFallback() error {
	const path = "/accounts/{account}/devices/policy/fallback_domains"
	entries, err := c.rows(path)
	if err != nil {
		return err
	}
	rest := slices.DeleteFunc(slices.Clone(entries), func(e map[string]any) bool {
		servers, _ := e["dns_server"].([]any)
		return len(servers) > 0
	})
	if len(rest) == len(entries) {
		return errNothingToBreak
	}
	_, err = c.ByHand(http.MethodPut, path, rest)
	return err
}

// deleteRoute takes the first route by name away, or else the first by address.
func (c *Cloud) deleteRoute() error {
	for _, path := range []string{"/accounts/{account}/zerotrust/routes/hostname", "/accounts/{account}/teamnet/routes"} {
		all, err := c.rows(path)
		if err != nil {
			return err
		}
		for _, r := range all {
			if r["deleted_at"] == nil {
				_, err := c.ByHand(http.MethodDelete, path+"/"+fmt.Sprint(r["id"]), nil)
				return err
			}
		}
	}
	return errNothingToBreak
}

const alertsPath = "/accounts/{account}/alerting/v3/policies"

// eachAlert acts on the notifications about tunnels.
func eachAlert(act func(c *Cloud, row map[string]any) error) func(*Cloud) error {
	return func(c *Cloud) error {
		return c.each(alertsPath, func(n map[string]any) bool { return n["alert_type"] == tunnelHealth },
			func(_ string, n map[string]any) error { return act(c, n) })
	}
}

func (c *Cloud) deleteAlert(n map[string]any) error {
	_, err := c.ByHand(http.MethodDelete, alertsPath+"/"+n["id"].(string), nil)
	return err
}

func (c *Cloud) silence(n map[string]any) error {
	return c.alter(alertsPath, n, func(n map[string]any) { n["enabled"] = false })
}

func (c *Cloud) revokePermission() error {
	value := c.Basics().Token
	var left []string
	revoked := false
	c.mu.RLock()
	if t, ok := c.state.Tokens.get(value); ok {
		for _, p := range t.Permissions {
			if strings.HasPrefix(p, "DNS ") {
				revoked = true
			} else {
				left = append(left, p)
			}
		}
	}
	c.mu.RUnlock()
	if !revoked || len(left) == 0 {
		return errNothingToBreak
	}
	c.SetToken(value, "active", left...)
	return nil
}
