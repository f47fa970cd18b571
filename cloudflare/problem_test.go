package cloudflare

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
)

func TestWhatCloudflareSaysBecomesAProblemWithAWayOut(t *testing.T) {
	fault := func(code int, text string) string {
		return fmt.Sprintf(`{"success":false,"errors":[{"code":%d,"message":%q}],"messages":[],"result":null}`, code, text)
	}
	tests := []struct {
		name   string
		status int
		body   string
		op     op
		code   setup.Code
		says   string // a part of the message
		lacks  string // the permission
	}{
		{"malformed token", 400, `{"success":false,"errors":[{"code":6003,"message":"Invalid request headers","error_chain":[{"code":6111,"message":"Invalid format for Authorization header"}]}]}`, readingTunnels, setup.CodeUnauthorized, "not written like", ""},
		{"malformed key", 400, fault(6103, "Invalid format for X-Auth-Key header"), readingTunnels, setup.CodeUnauthorized, "Global API Key", ""},
		{"unknown token", 403, fault(9109, "Invalid access token"), readingTunnels, setup.CodeUnauthorized, "Make a new one", ""},
		{"token of another account", 403, fault(9109, "Unauthorized to access requested resource"), readingTunnels, setup.CodeElsewhere, "is for another account", ""},
		{"token bound to an address", 403, fault(9109, "Cannot use the access token from location: 192.0.2.1"), readingTunnels, setup.CodeUnauthorized, "IP Address", ""},
		{"invalid token at verify", 401, fault(1000, "Invalid API Token"), readingTunnels, setup.CodeUnauthorized, "Make a new one", ""},
		{"account token lists accounts", 400, fault(1001, "List accounts endpoint does not support account owned tokens."), readingTunnels, setup.CodeInvalid, "Type the account id", ""},
		{"tunnel permission", 403, fault(10000, "Authentication error"), readingTunnels, setup.CodeDenied, "Cloudflare Tunnel: Edit", needsTunnel},
		{"apps permission", 403, fault(10000, "Authentication error"), readingApps, setup.CodeDenied, "Access: Apps and Policies: Edit", needsApps},
		{"zone permission, worded otherwise", 403, fault(0, `Requires permission "com.cloudflare.api.account.zone.list"`), readingZones, setup.CodeDenied, "Zone: Read", needsZone},
		{"zone in a wrong account", 400, fault(1068, "Permission denied"), readingZones, setup.CodeDenied, "Zone: Read", needsZone},
		{"403 without a known code", 403, fault(4711, "forbidden"), readingRecords, setup.CodeDenied, "DNS: Edit", needsDNS},
		{"no Zero Trust", 403, fault(9999, "access.api.error.not_enabled: Access is not enabled."), readingApps, setup.CodeNotEnabled, "one.dash.cloudflare.com", ""},
		{"tunnel name taken", 409, fault(1013, "You already have a tunnel with this name."), readingTunnels, setup.CodeConflict, "another name", ""},
		{"route taken", 409, fault(1014, "You already have a route defined for this exact IP subnet"), readingTunnels, setup.CodeConflict, "route", ""},
		{"tunnel in use", 400, fault(1022, "Cannot delete tunnel because it has active connections"), readingTunnels, setup.CodeInUse, "connector is still connected", ""},
		{"application exists", 409, fault(11010, "access.api.error.application_already_exists"), readingApps, setup.CodeConflict, "Access application", ""},
		{"login method exists", 409, fault(11010, "access.api.error.identity_provider_already_exists"), readingLogins, setup.CodeConflict, "login method", ""},
		{"host outside the zone", 400, fault(12130, "access.api.error.invalid_request: domain does not belong to zone"), readingApps, setup.CodeInvalid, "active in this account", ""},
		{"six destinations", 400, fault(12130, "access.api.error.invalid_request: an application can have at most 5 destinations"), readingApps, setup.CodeInvalid, "five addresses", ""},
		{"other invalid request", 400, fault(12130, "access.api.error.invalid_request: policy precedences must be unique"), readingApps, setup.CodeInvalid, "precedences must be unique", ""},
		{"policy in use", 400, fault(12130, "access.api.error.invalid_request: reusable policy is in use"), readingPolicies, setup.CodeInUse, "still uses it", ""},
		{"zone exists", 400, fault(1061, "example.org already exists"), readingZones, setup.CodeConflict, "at Cloudflare already", ""},
		{"CNAME over an address", 400, fault(81053, "An A, AAAA, or CNAME record with that host already exists."), readingRecords, setup.CodeConflict, "left alone", ""},
		{"address over a CNAME", 400, fault(81054, "A CNAME record with that host already exists."), readingRecords, setup.CodeConflict, "left alone", ""},
		{"record exists", 400, fault(81057, "Record already exists."), readingRecords, setup.CodeConflict, "same DNS record", ""},
		{"identical record", 400, fault(81058, "An identical record already exists."), readingRecords, setup.CodeConflict, "same DNS record", ""},
		{"DNS validation with its chain", 400, `{"success":false,"errors":[{"code":1004,"message":"DNS Validation Error","error_chain":[{"code":9021,"message":"ttl must be set to 1 when proxied is true"}]}]}`, readingRecords, setup.CodeInvalid, "ttl must be set", ""},
		{"id of a wrong shape", 404, `{"success":false,"errors":[{"code":7003,"message":"Could not route to /x"},{"code":7000,"message":"No route for that URI"}]}`, readingTunnels, setup.CodeInvalid, "32 characters", ""},
		{"method not allowed", 405, fault(10405, "Method not allowed"), readingTunnels, setup.CodeInternal, "too old", ""},
		{"unknown tunnel", 404, fault(1003, "Tunnel not found"), readingTunnels, setup.CodeNotFound, "any more", ""},
		{"unknown record", 404, fault(81044, "Record does not exist."), readingRecords, setup.CodeNotFound, "any more", ""},
		{"too many calls", 429, fault(10429, "More than 1200 requests per 300 seconds reached"), readingTunnels, setup.CodeRateLimited, "Wait 5m0s", ""},
		{"too many calls, by its other code", 400, fault(971, "Please wait and consider throttling your request speed"), readingTunnels, setup.CodeRateLimited, "Wait 5m0s", ""},
		{"gateway in HTML", 502, "<!DOCTYPE html><html><title>502 Bad Gateway</title></html>", readingTunnels, setup.CodeUnavailable, "HTTP 502", ""},
		{"error inside a refusal", 400, fault(1052, "An error(-502) has occurred"), readingZones, setup.CodeUnavailable, "trouble of its own", ""},
		{"success false without a reason", 200, `{"success":false,"errors":[],"result":null}`, readingTunnels, setup.CodeUnavailable, "without a reason", ""},
		{"success false with a reason", 200, fault(10000, "Authentication error"), readingTunnels, setup.CodeDenied, "lacks the permission", needsTunnel},
		{"a proxy on the way", 403, "<html>blocked by ACME firewall</html>", readingTunnels, setup.CodeUnavailable, "ACME firewall", ""},
		{"no JSON", 200, "hello", readingTunnels, setup.CodeUnavailable, "could not be understood", ""},
		{"conflict without a known code", 409, fault(4711, "busy"), readingTunnels, setup.CodeConflict, "busy", ""},
		{"refusal without a known code", 422, fault(4711, "makes no sense"), readingTunnels, setup.CodeInvalid, "makes no sense", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := stub(t, answer(test.status, test.body))
			_, err := c.write(t.Context(), test.op, http.MethodPost, "x", nil)
			if err == nil {
				t.Fatal("no error")
			}
			p := problem(err)
			if p.Code != test.code || p.Permission != test.lacks || !strings.Contains(p.Message, test.says) {
				t.Errorf("got %s, lacking %q: %s\nwant %s, lacking %q, saying %q", p.Code, p.Permission, p.Message, test.code, test.lacks, test.says)
			}
			if !strings.HasPrefix(p.Message, "Could not "+test.op.doing+". ") {
				t.Errorf("the message does not say what was being done: %s", p.Message)
			}
			if !errors.Is(p, err) {
				t.Error("the cause is lost")
			}
		})
	}
}

func TestEveryPermissionThatAProblemNamesIsOneThatIsAskedFor(t *testing.T) {
	for _, name := range []string{needsTunnel, needsApps, needsOrg, needsAccount, needsZone, needsDNS} {
		known := false
		for _, p := range setup.Permissions(setup.ModePublic) {
			known = known || p.Name == name
		}
		if !known {
			t.Errorf("%q is not in the table of permissions", name)
		}
	}
}
