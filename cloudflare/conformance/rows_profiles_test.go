package conformance

import (
	"slices"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"
)

const (
	profiles       = A + "/devices/policies"
	defaultProfile = A + "/devices/policy"
	oneProfile     = defaultProfile + "/{id}"
)

// profile makes a custom one, which {id} stands for from then on.
func (t *try) profile(precedence float64) *zero_trust.SettingsPolicy {
	made := must[*zero_trust.SettingsPolicy](t)(t.zt.Devices.Policies.Custom.New(t.ctx, zero_trust.DevicePolicyCustomNewParams{AccountID: sdk.F(t.account),
		Name: sdk.F(t.name()), Match: sdk.F(`identity.email == "nobody@` + t.domain + `"`), Precedence: sdk.F(precedence), SupportURL: sdk.F("https://help.example.org")}))
	t.vars["id"] = made.PolicyID
	t.made(oneProfile)
	return made
}

func aProfile(t *try) { t.profile(990) }

func profileRows() []row {
	get := func(t *try) *zero_trust.SettingsPolicy {
		return must[*zero_trust.SettingsPolicy](t)(t.zt.Devices.Policies.Custom.Get(t.ctx, t.vars["id"], zero_trust.DevicePolicyCustomGetParams{AccountID: sdk.F(t.account)}))
	}
	edit := func(t *try, p zero_trust.DevicePolicyCustomEditParams) *zero_trust.SettingsPolicy {
		p.AccountID = sdk.F(t.account)
		return must[*zero_trust.SettingsPolicy](t)(t.zt.Devices.Policies.Custom.Edit(t.ctx, t.vars["id"], p))
	}
	list := func(t *try) []zero_trust.SettingsPolicy {
		return must[*profilesPage](t)(t.zt.Devices.Policies.Custom.List(t.ctx, zero_trust.DevicePolicyCustomListParams{AccountID: sdk.F(t.account)})).Result
	}
	names := func(all []zero_trust.SettingsPolicy) (names []string) {
		for _, p := range all {
			names = append(names, p.Name)
		}
		return names
	}
	return slices.Concat([]row{
		{op: "POST " + defaultProfile, what: "makes a profile with the lists of a new account", class: own, run: func(t *try) {
			made := t.profile(990)
			t.same("it", []any{made.Name, made.Precedence, made.Enabled, made.Default, made.SupportURL}, []any{t.name(), 990.0, true, false, "https://help.example.org"})
			t.same("its lists", []int{len(made.Exclude), len(made.Include), len(made.FallbackDomains)}, []int{16, 0, 14})
		}},
		{op: "POST " + defaultProfile, what: "takes an expression over groups and systems", class: own, run: func(t *try) {
			t.vars["id"] = t.object("POST", defaultProfile, `{"name":"{name}","precedence":991,
				"match":"identity.email in {\"a@example.org\"} or any(identity.groups.name[*] in {\"developers\" \"admin\"}) and os.name == \"windows\""}`).text("policy_id")
			t.made(oneProfile)
			t.contains("the expression", get(t).Match, "any(identity.groups.name[*]")
		}},
		{op: "GET " + oneProfile, what: "shows it", class: own, run: func(t *try) {
			made := t.profile(990)
			t.same("it", []any{get(t).PolicyID, get(t).Name}, []any{made.PolicyID, t.name()})
		}},
		{op: "PATCH " + oneProfile, what: "changes what it is given", class: own, run: func(t *try) {
			t.profile(990)
			edit(t, zero_trust.DevicePolicyCustomEditParams{SwitchLocked: sdk.F(true)})
			got := edit(t, zero_trust.DevicePolicyCustomEditParams{Precedence: sdk.F(995.0), Description: sdk.F("text")})
			t.same("it", []any{got.SwitchLocked, got.Precedence, got.Description, got.Name}, []any{true, 995.0, "text", t.name()})
		}},
		{op: "PATCH " + oneProfile, what: "takes a list of split tunnels", class: own, run: func(t *try) {
			t.profile(990)
			got := edit(t, zero_trust.DevicePolicyCustomEditParams{Exclude: sdk.F([]zero_trust.SplitTunnelExcludeUnionParam{
				zero_trust.SplitTunnelExcludeTeamsDevicesExcludeSplitTunnelWithAddressParam{Address: sdk.F("192.0.2.0/24")}})})
			t.holds("it is there alone", len(got.Exclude) == 1 && got.Exclude[0].Address == "192.0.2.0/24")
		}},
		{op: "GET " + profiles, what: "has the custom ones in the order in which devices are asked", class: own, run: func(t *try) {
			first := t.name()
			t.profile(992)
			t.vars["name"] = first + "-2"
			t.profile(991)
			t.vars["name"] = first
			all := names(list(t))
			at, before := slices.Index(all, first), slices.Index(all, first+"-2")
			t.holds("the lower precedence comes first", before >= 0 && before < at)
		}},
		{op: "GET " + profiles, what: "leaves the default one out", class: simulated, run: func(t *try) { t.same("how many", len(list(t)), 0) }},
		{op: "GET " + profiles, what: "has the default one, where it does", class: simulated, options: defaultListed, run: func(t *try) {
			all := list(t)
			t.holds("it is the one", len(all) == 1 && all[0].Default)
		}},
		{op: "DELETE " + oneProfile, what: "lists those that are left", class: own, run: func(t *try) {
			made := t.profile(990)
			left := must[*profilesPage](t)(t.zt.Devices.Policies.Custom.Delete(t.ctx, made.PolicyID, zero_trust.DevicePolicyCustomDeleteParams{AccountID: sdk.F(t.account)}))
			t.holds("it is not among them", !slices.Contains(names(left.Result), t.name()))
		}},
		{op: "GET " + defaultProfile, what: "has no name, and carries traffic", class: read, run: func(t *try) {
			got := must[*zero_trust.DevicePolicyDefaultGetResponse](t)(t.zt.Devices.Policies.Default.Get(t.ctx, zero_trust.DevicePolicyDefaultGetParams{AccountID: sdk.F(t.account)}))
			t.holds("it is the default", got.Default && got.GatewayUniqueID != "" && got.ServiceModeV2.Mode != "")
			t.same("the name", got.JSON.ExtraFields["name"].Raw(), "")
		}},
		{op: "PATCH " + defaultProfile, what: "changes what it is given", class: wide, run: func(t *try) {
			keepDefaultProfile(t)
			set := func(p zero_trust.DevicePolicyDefaultEditParams) *zero_trust.DevicePolicyDefaultEditResponse {
				p.AccountID = sdk.F(t.account)
				return must[*zero_trust.DevicePolicyDefaultEditResponse](t)(t.zt.Devices.Policies.Default.Edit(t.ctx, p))
			}
			set(zero_trust.DevicePolicyDefaultEditParams{CaptivePortal: sdk.F(90.0)})
			got := set(zero_trust.DevicePolicyDefaultEditParams{AutoConnect: sdk.F(600.0)})
			t.same("both", []any{got.CaptivePortal, got.AutoConnect}, []any{90.0, 600.0})
		}},
	}, rowsOf(profileRefusals()))
}

func profileRefusals() []refusal {
	const good = `"name":"{name}","match":"identity.email == \"a@example.org\"","precedence":990`
	return []refusal{
		{"POST " + defaultProfile, own, "one without a name", nil, `{"match":"true","precedence":990}`, 400, 2003, "name, match and precedence are required", 0},
		{"POST " + defaultProfile, own, "an expression that is none", nil, `{"name":"{name}","match":"user.identity == \"a\"","precedence":990}`, 400, 2003, "unknown identifier", 0},
		{"POST " + defaultProfile, own, "both lists at once", nil, `{` + good + `,"exclude":[{"address":"192.0.2.0/24"}],"include":[{"host":"example.org"}]}`, 400, 2003, "cannot both be set", 0},
		{"POST " + defaultProfile, own, "a mode that there is not", nil, `{` + good + `,"service_mode_v2":{"mode":"tunnel"}}`, 400, 2003, "service_mode_v2", 0},
		{"POST " + defaultProfile, own, "a virtual network that there is not", nil,
			`{` + good + `,"virtual_networks":{"allowed":["` + unknownUUID + `"],"default":"` + unknownUUID + `"}}`, 404, 1003, "", 0},
		{"POST " + defaultProfile, own, "a switch that is neither on nor off", nil, `{` + good + `,"switch_locked":"yes"}`, 400, 1004, "switch_locked", 0},
		{"PATCH " + oneProfile, own, "an empty body", aProfile, `{}`, 400, 2003, "empty", 0},
		{"GET " + oneProfile, read, "an unknown one", nil, "", 404, 1003, "not found", 0},
		{"PATCH " + oneProfile, read, "an unknown one", nil, `{"switch_locked":true}`, 404, 1003, "not found", 0},
		{"DELETE " + oneProfile, read, "an unknown one", nil, "", 404, 1003, "not found", 0},
		{"PATCH " + defaultProfile, wide, "an empty body", nil, `{}`, 400, 2003, "empty", 0},
	}
}

// keepDefaultProfile puts back what is not in the profile's lists.
func keepDefaultProfile(t *try) {
	before := t.object("GET", defaultProfile, "")
	for _, field := range []string{"exclude", "include", "fallback_domains", "gateway_unique_id", "default"} {
		delete(before, field)
	}
	t.after("PATCH", defaultProfile, asJSON(before))
}
