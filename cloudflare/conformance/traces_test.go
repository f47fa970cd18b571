package conformance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// trace is a kind of thing that rows make: where it is listed, by which fields it
// is named and deleted, and where that is, if not in the list.
type trace struct{ list, name, id, at string }

// traces come in an order in which they can be deleted.
func traces() []trace {
	return []trace{
		{Z + "/dns_records", "name", "id", ""},
		{A + "/access/apps", "name", "id", ""},
		{A + "/access/policies", "name", "id", ""},
		{A + "/access/groups", "name", "id", ""},
		{A + "/access/service_tokens", "name", "id", ""},
		{A + "/access/tags", "name", "name", ""},
		{A + "/access/identity_providers", "name", "id", ""},
		{A + "/teamnet/routes?is_deleted=false", "comment", "id", ""},
		{A + "/zerotrust/routes/hostname?is_deleted=false", "hostname", "id", ""},
		{A + "/teamnet/virtual_networks?is_deleted=false", "name", "id", ""},
		{locations, "name", "id", ""},
		{profiles, "name", "policy_id", defaultProfile},
		{dexTests, "name", "test_id", ""},
		{alerts, "name", "id", ""},
		{A + "/cfd_tunnel?is_deleted=false", "name", "id", ""},
	}
}

// look runs f outside of any row.
func look(api target, f func(*try)) error {
	if t := (row{run: f}).on(api); len(t.failures) > 0 {
		return fmt.Errorf("look at the account: %s", strings.Join(t.failures, "; "))
	}
	return nil
}

// left is everything that is there, a line each, and what belongs to the whole
// account or zone.
func left(api target) (string, error) {
	var lines []string
	err := look(api, func(t *try) {
		for _, kind := range traces() {
			for _, o := range t.list(kind.all()) {
				lines = append(lines, kind.list+" "+o.text(kind.name))
			}
		}
		slices.Sort(lines)
		org := t.object("GET", A+"/access/organizations", "")
		delete(org, "updated_at")
		lines = append(lines, fmt.Sprint(org), fmt.Sprint(t.object("GET", bots, "")), fmt.Sprint("paused ", t.object("GET", Z, "")["paused"]),
			fmt.Sprint(t.object("GET", deviceSettings, "")), fmt.Sprint(t.object("GET", connectivity, "")),
			fmt.Sprint(t.object("GET", defaultProfile, "")), fmt.Sprint(t.object("GET", gatewayConfig, "")["settings"]))
		for _, s := range t.list(settings) {
			lines = append(lines, fmt.Sprint(s["id"], " ", s["value"]))
		}
		for _, r := range t.list(allRulesets) {
			lines = append(lines, fmt.Sprint(r["phase"], " ", r["name"]))
		}
	})
	return strings.Join(lines, "\n"), err
}

// sweep removes whatever has our name, and tells what that was.
func sweep(api target) (found []string, err error) {
	err = look(api, func(t *try) {
		for _, kind := range slices.Backward(traces()) { // cleaning goes backwards
			path, _, _ := strings.Cut(cmp.Or(kind.at, kind.list), "?")
			for _, o := range t.list(kind.all()) {
				if strings.HasPrefix(o.text(kind.name), prefix) {
					found = append(found, path+" "+o.text(kind.name))
					t.made(path + "/" + o.text(kind.id))
				}
			}
		}
	})
	return found, err
}

// all is the list in one page.
func (k trace) all() string {
	if strings.Contains(k.list, "?") {
		return k.list + "&per_page=1000"
	}
	return k.list + "?per_page=1000"
}
