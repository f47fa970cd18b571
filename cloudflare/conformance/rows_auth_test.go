package conformance

import (
	"net/http"
	"strings"

	"github.com/culvert/culvert/cloudflare/sim"
)

const listTunnels = "GET " + A + "/cfd_tunnel"

// authRows are refusals that do not depend on the operation.
func authRows() []row {
	header := func(name, value string) http.Header { return http.Header{name: {value}} }
	return append([]row{
		{op: listTunnels, what: "refuses a call without a token", class: read, run: func(t *try) {
			t.refusedRaw(t.rawWith(nil, "GET", A+"/cfd_tunnel", ""), 400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
		}},
		{op: listTunnels, what: "refuses a header that is no token", class: read, run: func(t *try) {
			for _, value := range []string{"Bearer short", "Basic " + strings.Repeat("x", 40), "Bearer " + strings.Repeat("é", 40)} {
				r := t.rawWith(header("Authorization", value), "GET", A+"/cfd_tunnel", "")
				t.refusedRaw(r, 400, 6003, "Invalid request headers")
				t.chainedRaw(r, 6111)
			}
		}},
		{op: listTunnels, what: "refuses a token that nobody has", class: read, run: func(t *try) {
			r := t.rawWith(header("Authorization", "Bearer "+strings.Repeat("x", 40)), "GET", A+"/cfd_tunnel", "")
			t.refusedRaw(r, 403, 9109, "Invalid access token")
		}},
		{op: listTunnels, what: "refuses a key that is none", class: read, run: func(t *try) {
			r := t.rawWith(http.Header{"X-Auth-Email": {"nobody@example.org"}, "X-Auth-Key": {"short"}}, "GET", A+"/cfd_tunnel", "")
			t.refusedRaw(r, 400, 6003, "Invalid request headers")
			t.chainedRaw(r, 6103)
			r = t.rawWith(http.Header{"X-Auth-Email": {"nobody"}, "X-Auth-Key": {strings.Repeat("0", 37)}}, "GET", A+"/cfd_tunnel", "")
			t.chainedRaw(r, 6102)
		}},
		{op: listTunnels, what: "refuses a key that nobody has", class: read, run: func(t *try) {
			r := t.rawWith(http.Header{"X-Auth-Email": {"nobody@example.org"}, "X-Auth-Key": {strings.Repeat("0", 37)}}, "GET", A+"/cfd_tunnel", "")
			t.refusedRaw(r, 403, 9103, "Unknown X-Auth-Key or X-Auth-Email")
		}},
		{op: listTunnels, what: "refuses a token from elsewhere", class: simulated, run: func(t *try) {
			t.cloud.LimitToken(t.token, sim.TokenLimits{From: []string{"192.0.2.0/24"}})
			t.refusedRaw(t.raw("GET", A+"/cfd_tunnel", ""), 403, 9109, "Cannot use the access token from location: 127.0.0.1")
		}},
		{op: listTunnels, what: "refuses a token without the permission", class: simulated, run: func(t *try) {
			err := t.with("DNS Write").executeOp(t, listTunnels)
			t.refused(err, 403, 10000, "Authentication error")
		}},
		{op: "POST " + A + "/cfd_tunnel", what: "refuses a token that may only read", class: simulated, run: func(t *try) {
			may := t.with("Cloudflare Tunnel Read")
			if err := may.executeOp(t, listTunnels); err != nil {
				t.failf("reading: %s", told(err))
			}
			t.refused(may.executeOp(t, "POST "+A+"/cfd_tunnel"), 403, 10000, "Authentication error")
		}},
		{op: "GET " + A + "/cfd_tunnel/{id}/token", what: "is not for a token that may only read", class: simulated, run: func(t *try) {
			t.refused(t.with("Cloudflare Tunnel Read").executeOp(t, "GET "+A+"/cfd_tunnel/{id}/token"), 403, 10000, "Authentication error")
		}},
		{op: "GET /zones", what: "names the permission that is missing", class: simulated, run: func(t *try) {
			t.refused(t.with("DNS Write").executeOp(t, "GET /zones"), 403, 0, `requires permission "com.cloudflare.api.account.zone.list"`)
		}},
		{op: "POST /zones", what: "names the permission that is missing", class: simulated, run: func(t *try) {
			t.refused(t.with("Zone Read").executeOp(t, "POST /zones"), 403, 0, `requires permission "com.cloudflare.api.account.zone.create"`)
		}},
		{op: listTunnels, what: "refuses a path with an id of the wrong shape", class: read, run: func(t *try) {
			t.vars["account"] = "not-an-id"
			r := t.raw("GET", A+"/cfd_tunnel", "")
			t.refusedRaw(r, 404, 7003, "Could not route to /client/v4/accounts/not-an-id/cfd_tunnel, perhaps your object identifier is invalid?")
			t.holds("a second error says that there is no route", len(r.Errors) == 2 && r.Errors[1].Code == 7000 && r.Errors[1].Message == "No route for that URI")
			t.codes = append(t.codes, r.Errors[1].Code)
		}},
		{op: listTunnels, what: "refuses a method that the path has not", class: read, run: func(t *try) {
			t.refusedRaw(t.raw("DELETE", A+"/cfd_tunnel", ""), 405, 10405, "Method not allowed")
			t.raw("GET", A+"/cfd_tunnel", "")
		}},
	}, rowsOf([]refusal{
		{op: listTunnels, class: read, what: "an account of somebody else", given: func(t *try) { t.vars["account"] = unknownHex },
			status: 403, code: 9109, text: "Unauthorized to access requested resource"},
		{op: "GET " + Z + "/dns_records", class: read, what: "a zone of somebody else", given: func(t *try) { t.vars["zone"] = unknownHex },
			status: 403, code: 9109, text: "Unauthorized to access requested resource"},
		{op: "POST " + A + "/cfd_tunnel", class: own, what: "a body that is no JSON", body: `{"name":`, status: 400, code: 6007, text: "Malformed JSON in request body"},
	})...)
}

// chainedRaw wants a code in the first error's chain.
func (t *try) chainedRaw(r response, code int) {
	if len(r.Errors) == 0 || len(r.Errors[0].Chain) == 0 || r.Errors[0].Chain[0].Code != code {
		t.failf("the chain is in %s, want %d", r.body, code)
		return
	}
	t.codes = append(t.codes, code)
}

// with is the client with a token that has other permissions.
func (t *try) with(permissions ...string) services {
	return asToken(t.target, t.cloud.AddToken(sim.UserToken, "", permissions...))
}

// executeOp makes the call of an operation.
func (s services) executeOp(t *try, op string) error {
	method, path, _ := strings.Cut(op, " ")
	other := *t
	other.services = s
	return other.execute(method, path, "", nil)
}
