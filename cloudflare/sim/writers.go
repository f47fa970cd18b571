package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// Writer is somebody else who writes between a client's read and its write
// (Fault.Meanwhile). Whatever it adds it takes away again the next time, so
// that each time something changed.
type Writer string

// The writers that are built in.
const (
	TouchIngress   Writer = "touch-ingress"   // adds a rule to every tunnel's configuration
	EditPolicy     Writer = "edit-policy"     // lets one more address pass every reusable Allow policy
	EditApp        Writer = "edit-app"        // sets another session duration for every Access application
	AddRecord      Writer = "add-record"      // adds a record to the zone
	LoseConnectors Writer = "lose-connectors" // closes every connector's connections; they come back
)

// Writers are all of them.
func Writers() []Writer {
	return []Writer{TouchIngress, EditPolicy, EditApp, AddRecord, LoseConnectors}
}

// write lets a writer write. One who is refused, or has nothing to write to,
// leaves everything as it is.
func (c *Cloud) write(w Writer) {
	var err error
	switch w {
	case TouchIngress:
		err = c.touchIngress()
	case EditPolicy:
		err = c.editPolicies()
	case EditApp:
		err = c.editApps()
	case AddRecord:
		err = c.addRecord()
	case LoseConnectors:
		c.DropConnectors("")
	default:
		err = fmt.Errorf("nobody is called %q", w)
	}
	if err != nil {
		c.log.Warn("a second writer wrote nothing", "writer", w, "err", err)
	}
}

// theirName is a host of somebody else in the account's zone.
func (c *Cloud) theirName() string { return "somebody-else." + c.Basics().Zone }

func (c *Cloud) touchIngress() error {
	tunnels, err := c.rows("/accounts/{account}/cfd_tunnel")
	if err != nil {
		return err
	}
	for _, t := range tunnels {
		if t["config_src"] != "cloudflare" || t["deleted_at"] != nil {
			continue
		}
		if err := c.editConfig(t["id"].(string), c.toggleRule); err != nil {
			return err
		}
	}
	return nil
}

// editConfig changes the rules of a tunnel that has any.
func (c *Cloud) editConfig(tunnel string, change func([]any) []any) error {
	path := "/accounts/{account}/cfd_tunnel/" + tunnel + "/configurations"
	text, err := c.ByHand(http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	var now struct {
		Config map[string]any `json:"config"`
	}
	if err := json.Unmarshal(text, &now); err != nil {
		return fmt.Errorf("by hand: the configuration of %s: %w", tunnel, err)
	}
	rules, _ := now.Config["ingress"].([]any)
	if len(rules) == 0 {
		return nil
	}
	now.Config["ingress"] = change(rules)
	_, err = c.ByHand(http.MethodPut, path, now)
	return err
}

// toggleRule keeps the rules in their order, and theirs before the catch-all.
func (c *Cloud) toggleRule(rules []any) []any {
	name := c.theirName()
	rest := slices.DeleteFunc(slices.Clone(rules), func(r any) bool {
		rule, _ := r.(map[string]any)
		return rule["hostname"] == name
	})
	if len(rest) < len(rules) {
		return rest
	}
	return slices.Insert(rest, len(rest)-1, any(map[string]any{"hostname": name, "service": "http://somebody-else:80"}))
}

func (c *Cloud) editPolicies() error {
	const path = "/accounts/{account}/access/policies"
	policies, err := c.rows(path)
	if err != nil {
		return err
	}
	for _, p := range policies {
		if p["decision"] != "allow" {
			continue
		}
		if err := c.alter(path, p, func(p map[string]any) { p["include"] = toggleAddress(p["include"]) }); err != nil {
			return err
		}
	}
	return nil
}

func toggleAddress(include any) []any {
	const address = "somebody-else@example.net"
	rules, _ := include.([]any)
	rest := slices.DeleteFunc(slices.Clone(rules), func(r any) bool {
		rule, _ := r.(map[string]any)
		email, _ := rule["email"].(map[string]any)
		return email["email"] == address
	})
	if len(rest) < len(rules) {
		return rest
	}
	return append(rest, map[string]any{"email": map[string]any{"email": address}})
}

func (c *Cloud) editApps() error {
	const path = "/accounts/{account}/access/apps"
	apps, err := c.rows(path)
	if err != nil {
		return err
	}
	for _, a := range apps {
		if err := c.alter(path, a, func(a map[string]any) {
			if a["session_duration"] == "12h" {
				a["session_duration"] = "24h"
			} else {
				a["session_duration"] = "12h"
			}
		}); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cloud) addRecord() error {
	const path = "/zones/{zone}/dns_records"
	records, err := c.rows(path)
	if err != nil {
		return err
	}
	for _, r := range records {
		if r["name"] == c.theirName() {
			_, err := c.ByHand(http.MethodDelete, path+"/"+r["id"].(string), nil)
			return err
		}
	}
	_, err = c.ByHand(http.MethodPost, path, map[string]any{"type": "A", "name": c.theirName(), "content": "203.0.113.99", "ttl": 1})
	return err
}
