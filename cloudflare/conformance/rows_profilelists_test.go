package conformance

import (
	"slices"
	"strings"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"
)

// ofProfile is where a list is of the default profile, or of a custom one.
func ofProfile(list string) (ofDefault, ofCustom string) {
	return defaultProfile + "/" + list, oneProfile + "/" + list
}

// keepDefaultLists puts the lists of the default profile back as they are now.
func keepDefaultLists(t *try) {
	exclude, include, fallback := defaultProfile+"/exclude", defaultProfile+"/include", defaultProfile+"/fallback_domains"
	t.after("PUT", fallback, asJSON(t.list(fallback)))
	used := exclude // an empty list is written where it was in use alone
	if len(t.list(include)) > 0 {
		used = include
	}
	t.after("PUT", used, asJSON(t.list(used)))
}

// entries of a list in the order of their addresses, names or suffixes.
func (t *try) entries(path string) (texts []string) {
	for _, e := range t.list(path) {
		texts = append(texts, strings.Join([]string{e.text("address"), e.text("host"), e.text("suffix")}, ""))
	}
	slices.Sort(texts)
	return texts
}

// listRow is a row about a list, of the default profile and of a custom one.
type listRow struct {
	method, list, what string
	class              class // where it is of the default profile
	run                func(t *try, path string)
}

func (r listRow) rows() []row {
	ofDefault, ofCustom := ofProfile(r.list)
	return []row{
		{op: r.method + " " + ofDefault, what: r.what, class: r.class, run: func(t *try) {
			if r.class == wide {
				keepDefaultLists(t)
			}
			r.run(t, ofDefault)
		}},
		{op: r.method + " " + ofCustom, what: r.what, class: own, run: func(t *try) {
			t.profile(990)
			r.run(t, ofCustom)
		}},
	}
}

func profileListRows() (all []row) {
	const docs, name = `[{"address":"192.0.2.0/24","description":"d"},{"host":"*.example.com"}]`, `[{"host":"example.com"}]`
	for _, r := range []listRow{
		{"GET", "exclude", "has sixteen entries from the start", simulated, func(t *try, path string) {
			t.same("how many", len(t.entries(path)), 16)
			t.holds("the ranges of Docker are among them", slices.Contains(t.entries(path), "172.16.0.0/12"))
		}},
		{"GET", "include", "is empty where addresses are excluded", simulated, func(t *try, path string) { t.same("how many", len(t.entries(path)), 0) }},
		{"GET", "fallback_domains", "has fourteen entries from the start", simulated, func(t *try, path string) {
			t.same("they", t.entries(path), []string{"corp", "domain", "home", "home.arpa", "host", "internal", "intranet", "invalid", "lan", "local",
				"localdomain", "localhost", "private", "test"})
		}},
		{"PUT", "exclude", "replaces the whole list", wide, func(t *try, path string) {
			t.raw("PUT", path, docs)
			t.same("it", t.entries(path), []string{"*.example.com", "192.0.2.0/24"})
			t.raw("PUT", path, `[]`)
			t.same("an empty one", len(t.entries(path)), 0)
		}},
		{"PUT", "include", "turns the meaning of the list round", wide, func(t *try, path string) {
			t.raw("PUT", path, docs)
			t.same("it", t.entries(path), []string{"*.example.com", "192.0.2.0/24"})
			other := strings.TrimSuffix(path, "include") + "exclude"
			t.same("what was excluded", len(t.entries(other)), 0)
			t.raw("PUT", other, name)
			t.same("what was included", len(t.entries(path)), 0)
		}},
		{"PUT", "fallback_domains", "replaces the whole list", wide, func(t *try, path string) {
			t.raw("PUT", path, `[{"suffix":"OCS.internal.","dns_server":["172.18.0.100"]}]`)
			t.same("it", t.entries(path), []string{"ocs.internal"})
		}},
		{"DELETE", "exclude", "gives the list of a new profile", wide, func(t *try, path string) {
			t.raw("PUT", path, name)
			t.raw("DELETE", path, "")
			t.same("how many", len(t.entries(path)), 16)
		}},
		{"DELETE", "fallback_domains", "gives the list of a new profile", wide, func(t *try, path string) {
			t.raw("PUT", path, `[]`)
			t.raw("DELETE", path, "")
			t.same("how many", len(t.entries(path)), 14)
		}},
	} {
		all = append(all, r.rows()...)
	}
	return slices.Concat(all, officialListRows(), modeRows(), rowsOf(listRefusals()))
}

// officialListRows have the lists written by the official client.
func officialListRows() []row {
	return []row{
		{op: "PUT " + oneProfile + "/exclude", what: "takes a bare array of the official client", class: own, run: func(t *try) {
			id := t.profile(990).PolicyID
			put := must[*excludePage](t)(t.zt.Devices.Policies.Custom.Excludes.Update(t.ctx, id, zero_trust.DevicePolicyCustomExcludeUpdateParams{AccountID: sdk.F(t.account),
				Body: []zero_trust.SplitTunnelExcludeUnionParam{zero_trust.SplitTunnelExcludeParam{Address: sdk.F("192.0.2.0/24"), Description: sdk.F("d")},
					zero_trust.SplitTunnelExcludeParam{Host: sdk.F("*.example.com")}}}))
			t.same("how many", len(put.Result), 2)
			got := must[*excludePage](t)(t.zt.Devices.Policies.Custom.Excludes.Get(t.ctx, id, zero_trust.DevicePolicyCustomExcludeGetParams{AccountID: sdk.F(t.account)}))
			t.holds("both are there", slices.ContainsFunc(got.Result, func(e zero_trust.SplitTunnelExclude) bool { return e.Address == "192.0.2.0/24" && e.Description == "d" }) &&
				slices.ContainsFunc(got.Result, func(e zero_trust.SplitTunnelExclude) bool { return e.Host == "*.example.com" }))
		}},
		{op: "PUT " + oneProfile + "/include", what: "takes a bare array of the official client", class: own, run: func(t *try) {
			id := t.profile(990).PolicyID
			must[*includePage](t)(t.zt.Devices.Policies.Custom.Includes.Update(t.ctx, id, zero_trust.DevicePolicyCustomIncludeUpdateParams{AccountID: sdk.F(t.account),
				Body: []zero_trust.SplitTunnelIncludeUnionParam{zero_trust.SplitTunnelIncludeParam{Address: sdk.F("192.0.2.0/24")}}}))
			got := must[*zero_trust.SettingsPolicy](t)(t.zt.Devices.Policies.Custom.Get(t.ctx, id, zero_trust.DevicePolicyCustomGetParams{AccountID: sdk.F(t.account)}))
			t.same("the lists of the profile", []int{len(got.Include), len(got.Exclude)}, []int{1, 0})
		}},
		{op: "PUT " + oneProfile + "/fallback_domains", what: "takes a bare array of the official client", class: own, run: func(t *try) {
			id := t.profile(990).PolicyID
			put := must[*fallbackPage](t)(t.zt.Devices.Policies.Custom.FallbackDomains.Update(t.ctx, id, zero_trust.DevicePolicyCustomFallbackDomainUpdateParams{AccountID: sdk.F(t.account),
				Domains: []zero_trust.FallbackDomainParam{{Suffix: sdk.F("ocs.internal"), DNSServer: sdk.F([]string{"172.18.0.100"})}}}))
			t.holds("it is there", len(put.Result) == 1 && put.Result[0].DNSServer[0] == "172.18.0.100")
		}},
		{op: "PUT " + oneProfile + "/fallback_domains", what: "does not keep the order", class: own, run: func(t *try) {
			t.profile(990)
			path, sent := oneProfile+"/fallback_domains", []string{}
			for _, suffix := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
				sent = append(sent, suffix+".example.org")
			}
			t.raw("PUT", path, `[{"suffix":"`+strings.Join(sent, `"},{"suffix":"`)+`"}]`)
			got := []string{}
			for _, e := range t.list(path) {
				got = append(got, e.text("suffix"))
			}
			t.holds("it is another one", !slices.Equal(got, sent))
			slices.Sort(got)
			t.same("what is there", got, sent)
		}},
	}
}

// modeRows are about the list that a profile does not use.
func modeRows() []row {
	return []row{
		{op: "PUT " + oneProfile + "/include", what: "is refused where addresses are excluded, where it is", class: simulated, options: modeKept, run: func(t *try) {
			t.profile(990)
			t.refusedRaw(t.raw("PUT", oneProfile+"/include", `[{"address":"192.0.2.0/24"}]`), 400, 2003, "cannot both be set")
			t.same("what is excluded", len(t.entries(oneProfile+"/exclude")), 16)
		}},
		{op: "PUT " + oneProfile + "/include", what: "changes nothing when it is empty and not in use", class: own, run: func(t *try) {
			t.profile(990)
			t.raw("PUT", oneProfile+"/include", `[]`)
			t.same("what is excluded", len(t.entries(oneProfile+"/exclude")), 16)
		}},
	}
}

func listRefusals() (all []refusal) {
	long := strings.Repeat("x", 101)
	for _, path := range []string{defaultProfile, oneProfile} {
		class, given := wide, keepDefaultLists
		if path == oneProfile {
			class, given = own, aProfile
		}
		for _, list := range []string{"/exclude", "/include"} {
			all = append(all,
				refusal{"PUT " + path + list, class, "an entry with an address and a host", given, `[{"address":"192.0.2.0/24","host":"example.com"}]`, 400, 2003, "either an address or a host", 0},
				refusal{"PUT " + path + list, class, "an entry with neither", given, `[{"description":"d"}]`, 400, 2003, "either an address or a host", 0},
				refusal{"PUT " + path + list, class, "an address that is none", given, `[{"address":"172.18.0.0/33"}]`, 400, 2049, "172.18.0.0/33 is an invalid domain name", 0},
				refusal{"PUT " + path + list, class, "a name that is none", given, `[{"host":"a/b"}]`, 400, 2049, "is an invalid domain name", 0},
				refusal{"PUT " + path + list, class, "a description that is too long", given, `[{"host":"example.com","description":"` + long + `"}]`, 400, 2003, "at most 100", 0},
				refusal{"PUT " + path + list, class, "an object", given, `{"exclude":[]}`, 400, 6007, "", 0})
		}
		all = append(all,
			refusal{"PUT " + path + "/fallback_domains", class, "a suffix that is none", given, `[{"suffix":"*.example.com"}]`, 400, 2049, "is an invalid domain name", 0},
			refusal{"PUT " + path + "/fallback_domains", class, "a server that is no address", given, `[{"suffix":"example.com","dns_server":["dns.example.com"]}]`, 400, 2003, "invalid dns_server", 0},
			refusal{"PUT " + path + "/fallback_domains", class, "a description that is too long", given, `[{"suffix":"example.com","description":"` + long + `"}]`, 400, 2003, "at most 100", 0})
	}
	for _, op := range []string{"GET /exclude", "PUT /exclude", "DELETE /exclude", "GET /include", "PUT /include", "GET /fallback_domains", "PUT /fallback_domains", "DELETE /fallback_domains"} {
		method, list, _ := strings.Cut(op, " ")
		body := ""
		if method == "PUT" {
			body = "[]"
		}
		all = append(all, refusal{method + " " + oneProfile + list, read, "an unknown profile", nil, body, 404, 1003, "not found", 0})
	}
	return all
}
