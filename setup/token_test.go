package setup

import (
	"encoding/json"
	"net/url"
	"slices"
	"testing"
)

func TestTheLinkAsksForExactlyThePermissionsOfTheMode(t *testing.T) {
	needs := Permissions(ModePublic)
	link, err := url.Parse(TokenLink(needs))
	if err != nil {
		t.Fatal(err)
	}
	if link.Scheme != "https" || link.Host != "dash.cloudflare.com" || link.Path != "/profile/api-tokens" {
		t.Errorf("the link leads to %s", link)
	}
	var asked []struct{ Key, Type string }
	if err := json.Unmarshal([]byte(link.Query().Get("permissionGroupKeys")), &asked); err != nil {
		t.Fatal(err)
	}
	if len(asked) != len(needs) {
		t.Fatalf("the link asks for %d permissions, want %d", len(asked), len(needs))
	}
	for i, p := range needs {
		if asked[i].Key != p.Key || asked[i].Type != map[bool]string{true: "edit", false: "read"}[p.Edit] {
			t.Errorf("for %s (%s) the link asks %+v", p.Name, p.Level(), asked[i])
		}
		if p.Name == "" || p.Blocks == "" {
			t.Errorf("%+v does not say what it is for", p)
		}
	}
}

func TestNoMoreIsAskedForThanIsNeeded(t *testing.T) {
	var zone, edit []string
	for _, p := range Permissions(ModePublic) {
		if p.Zone {
			zone = append(zone, p.Name)
		}
		if p.Edit {
			edit = append(edit, p.Name)
		}
	}
	if !slices.Equal(zone, []string{"Zone", "DNS", "Config Rules"}) {
		t.Errorf("per domain are asked %v", zone)
	}
	if slices.Contains(edit, "Zone") || slices.Contains(edit, "Account Settings") {
		t.Errorf("more than reading is asked of %v", edit)
	}
}

func TestMissingIsWhatIsCertainlyNotThereAndNeeded(t *testing.T) {
	report := func(account string, granted Granted) TokenReport {
		r := TokenReport{Account: account}
		for _, p := range Permissions(ModePublic) {
			r.Grants = append(r.Grants, Grant{Permission: p, Granted: granted})
		}
		return r
	}
	for _, g := range []Granted{GrantedYes, GrantedRead, GrantedUnknown} {
		if missing := report(account, g).Missing(); len(missing) > 0 {
			t.Errorf("with everything %s, %v is missing", g, missing)
		}
	}
	all := len(Permissions(ModePublic))
	if missing := report("", GrantedNo).Missing(); len(missing) != all {
		t.Errorf("of a token that may nothing %d permissions are missing, want %d", len(missing), all)
	}
	missing := report(account, GrantedNo).Missing()
	if len(missing) != all-1 || slices.ContainsFunc(missing, func(g Grant) bool { return g.Name == "Account Settings" }) {
		t.Errorf("with the account known, missing are %v; want all but listing accounts", missing)
	}
}
