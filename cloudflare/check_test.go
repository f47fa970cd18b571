package cloudflare

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

func (w *world) check(token, account string) setup.TokenReport {
	w.Helper()
	report, err := w.client(token).Check(w.Context(), account, setup.Permissions(setup.ModePublic))
	if err != nil {
		w.Fatal(err)
	}
	return report
}

func granted(r setup.TokenReport) map[string]setup.Granted {
	m := map[string]setup.Granted{}
	for _, g := range r.Grants {
		m[g.Name] = g.Granted
	}
	return m
}

// enough is what a token with all permissions of the mode shows by reading.
func enough() map[string]setup.Granted {
	return map[string]setup.Granted{
		needsTunnel: setup.GrantedRead, needsApps: setup.GrantedRead, needsOrg: setup.GrantedRead,
		needsAccount: setup.GrantedYes, needsZone: setup.GrantedYes, needsDNS: setup.GrantedRead,
		needsRules: setup.GrantedRead,
	}
}

func TestAUserTokenWithEverythingIsFine(t *testing.T) {
	w := newWorld(t)
	w.cloud.ForgetCalls()
	r := w.check(w.Token, "")
	if r.Problem != nil || r.Kind != "user" || r.Status != "active" || r.Account != w.AccountID || r.AskAccount || len(r.Accounts) != 1 {
		t.Errorf("report %+v", r)
	}
	if r.ZeroTrust != setup.GrantedYes || r.TeamDomain != w.TeamDomain || len(r.Zones) != 1 || r.Zones[0].Name != w.Zone {
		t.Errorf("report %+v", r)
	}
	if diff := cmp.Diff(enough(), granted(r)); diff != "" || len(r.Missing()) != 0 {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
	for _, c := range w.cloud.Calls() {
		if c.Method != "GET" {
			t.Errorf("checking a token wrote: %s %s", c.Method, c.Path)
		}
	}
}

// held is how the simulator's most able token holds a permission.
func held(p setup.Permission) string {
	if p.Name == needsAccount {
		return p.Name + " Read"
	}
	if p.Name == needsRules { // as the API calls it; the dashboard has the other name
		return "Config Settings Write"
	}
	return p.Name + " Write"
}

func TestEachMissingPermissionIsNamedAndNoOther(t *testing.T) {
	for _, permission := range setup.Permissions(setup.ModePublic) {
		t.Run(permission.Name, func(t *testing.T) {
			w := newWorld(t)
			token := w.cloud.AddToken(sim.UserToken, w.AccountID, allBut(sim.AllPermissions(), held(permission))...)
			r := w.check(token, w.AccountID)
			missing := r.Missing()
			if permission.Name == needsAccount { // needed only to find out which account, which is known here
				if len(missing) != 0 {
					t.Errorf("missing %+v although the account was given", missing)
				}
				missing = setup.TokenReport{Grants: r.Grants}.Missing()
			}
			if len(missing) != 1 || missing[0].Name != permission.Name || missing[0].Detail == "" || missing[0].Blocks == "" {
				t.Errorf("missing %+v", missing)
			}
			want := enough()
			want[permission.Name] = setup.GrantedNo
			if permission.Name == needsZone {
				want[needsDNS], want[needsRules] = setup.GrantedUnknown, setup.GrantedUnknown
			}
			if diff := cmp.Diff(want, granted(r)); diff != "" || r.Problem != nil {
				t.Errorf("problem %v, grants (-want +got):\n%s", r.Problem, diff)
			}
		})
	}
}

func TestAnAccountTokenAsksForTheAccountAndThenWorks(t *testing.T) {
	w := newWorld(t)
	token := w.cloud.AddToken(sim.AccountToken, w.AccountID, sim.AllPermissions()...)
	r := w.check(token, "")
	if !r.AskAccount || r.Problem != nil || len(r.Accounts) != 0 {
		t.Errorf("without an account: %+v", r)
	}
	r = w.check(token, w.AccountID)
	if r.Problem != nil || r.Kind != "account" || r.Status != "active" || r.AskAccount {
		t.Errorf("with its account: %+v", r)
	}
	want := enough()
	want[needsAccount] = setup.GrantedUnknown
	if diff := cmp.Diff(want, granted(r)); diff != "" {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
	if r = w.check(token, strings.Repeat("0", 32)); r.Problem == nil {
		t.Errorf("with another account: %+v", r)
	}
}

func TestATokenThatDoesNotWorkHasAProblemWithAWayOut(t *testing.T) {
	w := newWorld(t)
	disabled := w.cloud.AddToken(sim.UserToken, w.AccountID, sim.AllPermissions()...)
	w.cloud.SetToken(disabled, "disabled")
	another := w.cloud.AddAccount("Another")
	elsewhere := w.cloud.AddToken(sim.UserToken, another, sim.AllPermissions()...)
	owned := w.cloud.AddToken(sim.AccountToken, another, sim.AllPermissions()...)
	tests := map[string]struct {
		token, account string
		code           setup.Code
		says           string
	}{
		"not written like a token":   {"short", "", setup.CodeUnauthorized, "not written like"},
		"unknown":                    {strings.Repeat("a", 40), w.AccountID, setup.CodeUnauthorized, "Make a new one"},
		"unknown, without account":   {strings.Repeat("a", 40), "", setup.CodeUnauthorized, "Make a new one"},
		"unknown, of the new form":   {"cfut_" + strings.Repeat("a", 40), "", setup.CodeUnauthorized, "Make a new one"},
		"disabled":                   {disabled, "", setup.CodeUnauthorized, "disabled"},
		"a global key":               {"cfk_" + strings.Repeat("a", 40), "", setup.CodeUnauthorized, "Global API Key"},
		"a login of Wrangler":        {"cfoat_" + strings.Repeat("a", 40), "", setup.CodeUnauthorized, "Wrangler"},
		"an account id with a slash": {w.Token, "../user", setup.CodeInvalid, "32 characters"},
		"of another account":         {elsewhere, w.AccountID, setup.CodeElsewhere, "belongs to the account “Another”"},
		"of an account, another one": {owned, w.AccountID, setup.CodeElsewhere, "belongs to another account"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := w.check(test.token, test.account)
			if r.Problem == nil || r.Problem.Code != test.code || !strings.Contains(r.Problem.Message, test.says) {
				t.Errorf("got %+v, want %s saying %q", r.Problem, test.code, test.says)
			}
		})
	}
}

func TestAnAccountWithoutZeroTrustIsToldApartFromAMissingPermission(t *testing.T) {
	w := newWorld(t)
	w.cloud.SetOnboarded(w.AccountID, "")
	r := w.check(w.Token, "")
	if r.ZeroTrust != setup.GrantedNo || r.Problem != nil || len(r.Missing()) != 0 {
		t.Errorf("report %+v", r)
	}
	if g := granted(r); g[needsApps] != setup.GrantedUnknown || g[needsOrg] != setup.GrantedUnknown || g[needsTunnel] != setup.GrantedRead {
		t.Errorf("grants %v", g)
	}
}

func TestAnAccountTokenThatMayListItsAccountIsVerifiedThere(t *testing.T) {
	w := newWorldWith(t, sim.Options{Unsure: sim.Unsure{AccountTokensListAccounts: true}})
	r := w.check(w.cloud.AddToken(sim.AccountToken, w.AccountID, sim.AllPermissions()...), "")
	if r.Problem != nil || r.Kind != "account" || r.Status != "active" || r.Account != w.AccountID || r.AskAccount {
		t.Errorf("report %+v", r)
	}
	if diff := cmp.Diff(enough(), granted(r)); diff != "" {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
}

func TestWithSeveralAccountsNoneIsChosen(t *testing.T) {
	w := newWorld(t)
	w.cloud.AddAccount("Another")
	r := w.check(w.Token, "")
	if r.Account != "" || r.AskAccount || len(r.Accounts) != 2 || r.Accounts[0].Name != "Another" || r.Problem != nil {
		t.Errorf("report %+v", r)
	}
}

func TestThatCloudflareCannotBeAskedIsAnError(t *testing.T) {
	w := newWorld(t)
	w.cloud.Inject(sim.Fault{Status: 503, Body: "<html>maintenance"})
	r, err := w.client(w.Token).Check(t.Context(), "", setup.Permissions(setup.ModePublic))
	if p := setup.AsProblem(err); p == nil || p.Code != setup.CodeUnavailable || len(r.Missing()) != 0 {
		t.Errorf("error %v, report %+v", err, r)
	}
}

func TestThePrivateModesAlsoNeedWhatDevicesAreTold(t *testing.T) {
	w := newWorld(t)
	check := func(token string) setup.TokenReport {
		report, err := w.client(token).Check(t.Context(), w.AccountID, setup.Permissions(setup.ModeFallback))
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	if missing := check(w.Token).Missing(); len(missing) != 0 {
		t.Errorf("a token that may do everything lacks %+v", missing)
	}
	missing := check(w.cloud.AddToken(sim.UserToken, w.AccountID, allBut(sim.AllPermissions(), "Zero Trust Write")...)).Missing()
	if len(missing) != 1 || missing[0].Name != needsZeroTrust || !strings.Contains(missing[0].Detail, "Zero Trust: Edit") {
		t.Errorf("missing %+v", missing)
	}
}
