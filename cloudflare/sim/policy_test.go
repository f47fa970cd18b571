package sim

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// The pages are of the Access documentation: "Policies" by its headings, and
// "One-time PIN login". Rows without one are the simulator's reading.
func TestPoliciesAreTakenInTheDocumentedOrder(t *testing.T) {
	all, org := `{"everyone":{}}`, `{"email_domain":{"domain":"example.org"}}`
	ann, bob := `{"email":{"email":"Ann@example.org"}}`, `{"email":{"email":"bob@example.org"}}`
	here, there := `{"ip":{"ip":"203.0.113.0/24"}}`, `{"ip":{"ip":"192.0.2.1"}}`
	any := `{"any_valid_service_token":{}}`
	for _, row := range []struct {
		heading  string
		what     string
		policies string // decision include[; exclude][; require] per line
		stranger int
		ann, bob int
		program  int // with a good service token
	}{
		{"Block", "deny by default: no policy", "", 302, 403, 403, 403},
		{"Block", "a block that does not match lets nobody in", "deny|" + bob, 302, 403, 403, 403},
		{"Allow", "a domain", "allow|" + org, 302, 200, 200, 403},
		{"Allow", "one address", "allow|" + ann, 302, 200, 403, 403},
		{"Allow", "everyone still asks for a login", "allow|" + all, 302, 200, 200, 403},
		{"Order of execution", "the first match ends: block above allow", "deny|" + bob + "\nallow|" + org, 302, 200, 403, 403},
		{"Order of execution", "the first match ends: allow above block", "allow|" + org + "\ndeny|" + bob, 302, 200, 200, 403},
		{"Order of execution", "a bypass below an allow opens all of it", "allow|" + ann + "\nbypass|" + all, 200, 200, 200, 200},
		{"Order of execution", "a bypass below a block does", "deny|" + all + "\nbypass|" + all, 200, 200, 200, 200},
		{"Order of execution", "Service Auth below a block lets programs in", "deny|" + all + "\nnon_identity|" + any, 302, 403, 403, 200},
		{"Order of execution", "the example of the page", "allow|" + ann + "\ndeny|" + bob + "\nnon_identity|" + any + "\nbypass|" + there + "\nallow|" + org, 302, 200, 403, 200},
		{"Bypass", "for an address", "bypass|" + here, 200, 200, 200, 200},
		{"Bypass", "for another address", "bypass|" + there + "\nallow|" + ann, 302, 200, 403, 403},
		{"Bypass", "it cannot know who asks", "bypass|" + ann, 302, 403, 403, 403},
		{"Bypass", "nor which program does", "bypass|" + any, 302, 403, 403, 403},
		{"Service Auth", "alone", "non_identity|" + any, 403, 403, 403, 200},
		{"Service Auth", "beside an allow", "non_identity|" + any + "\nallow|" + ann, 302, 200, 403, 200},
		{"Service Auth", "an allow knows no programs", "allow|" + any, 302, 403, 403, 403},
		{"Include", "one of several", "allow|" + ann + "," + bob, 302, 200, 200, 403},
		{"Exclude", "takes away", "allow|" + org + "|" + bob, 302, 200, 403, 403},
		{"Exclude", "any of several takes away", "allow|" + org + "|" + bob + "," + ann, 302, 403, 403, 403},
		{"Require", "must be so as well", "allow|" + org + "||" + ann, 302, 200, 403, 403},
		{"Require", "all of several must be", "allow|" + org + "||" + ann + "," + bob, 302, 403, 403, 403},
		{"Require", "of a bypass too", "bypass|" + all + "||" + there, 302, 403, 403, 403},
		{"Selectors", "a country", `allow|{"geo":{"country_code":"PT"}}`, 302, 200, 200, 403},
		{"Selectors", "another country", `bypass|{"geo":{"country_code":"RU"}}`, 302, 403, 403, 403},
		{"Selectors", "a device posture that nobody has here", `allow|{"device_posture":{"integration_uid":"x"}}`, 302, 403, 403, 403},
		{"", "a domain with its @", `allow|{"email_domain":{"domain":"@example.org"}}`, 302, 403, 403, 403},
	} {
		t.Run(row.heading+": "+row.what, func(t *testing.T) {
			s := newStack(t, Options{})
			_, token := s.serviceToken(`{"name":"ci"}`)
			s.lock("app.example.org", row.policies)
			s.gets("https://app.example.org/", row.stranger, "")
			for email, want := range map[string]int{"ann@example.org": row.ann, "bob@example.org": row.bob} {
				if got := s.surfer().logsIn("https://app.example.org/", email); got.status != want {
					t.Errorf("%s gets %d, want %d\n%s", email, got.status, want, got.body)
				}
			}
			if resp, _ := s.visit("GET", "https://app.example.org/", token); resp.StatusCode != row.program {
				t.Errorf("a program gets %d, want %d", resp.StatusCode, row.program)
			}
		})
	}
}

// lock makes an application on a host with policies, one a line: a decision,
// what it includes, excludes and requires, with | between.
func (s *stack) lock(host, policies string) object {
	s.Helper()
	var ids []string
	for line := range strings.SplitSeq(policies, "\n") {
		if line == "" {
			continue
		}
		part := append(strings.Split(line, "|"), "", "")
		ids = append(ids, s.ok("POST", "A/access/policies", `{"name":"p","decision":"`+part[0]+`","include":[`+part[1]+
			`],"exclude":[`+part[2]+`],"require":[`+part[3]+`]}`).text("id"))
	}
	return s.newApp("lock", host, ids...)
}

func TestEverySelectorOfTheAPIIsTakenAndTheUnknownIsNot(t *testing.T) {
	s := newStack(t, Options{})
	var unseen []string
	for kind, simulated := range selectors() {
		if !simulated {
			unseen = append(unseen, `{"`+kind+`":{"id":"x"}}`)
		}
	}
	s.lock("app.example.org", "allow|"+strings.Join(unseen, ","))
	s.refused(400, 12130, "POST", "A/access/policies", `{"name":"p","decision":"allow","include":[{"favourite_colour":{}}]}`)
	page := s.surfer().logsIn("https://app.example.org/", "ann@example.org")
	_, text, _ := strings.Cut(page.body, "the simulator does not have them: ")
	text, _, _ = strings.Cut(text, ".")
	named := strings.Split(text, ", ")
	for kind, simulated := range selectors() {
		if got := slices.Contains(named, kind); got == simulated {
			t.Errorf("that nobody matches %s is on the page: %v", kind, got)
		}
	}
}

func TestWhatIsCheckedContinuouslyEndsASessionAtOnce(t *testing.T) {
	away := func(c *http.Cookie) http.Header { return http.Header{"Cookie": {c.String()}} }
	for what, policy := range map[string]string{
		"a required network": `allow|{"everyone":{}}||{"ip":{"ip":"203.0.113.0/24"}}`,
		"an excluded one":    `allow|{"everyone":{}}|{"ip":{"ip":"198.51.100.0/24"}}`,
		"an included one":    `allow|{"ip":{"ip":"203.0.113.0/24"}}`,
	} {
		s := newStack(t, Options{})
		s.lock("app.example.org", policy)
		cookie := s.signedIn("https://app.example.org/", "ann@example.org")
		s.gets("https://app.example.org/", 200, "", cookie)
		if resp, _ := s.visitFrom("198.51.100.7:1", "GET", "https://app.example.org/", away(cookie)); resp.StatusCode != 302 {
			t.Errorf("%s: from elsewhere it gives %d", what, resp.StatusCode)
		}
		s.gets("https://app.example.org/", 200, "", cookie)
	}
}

func TestAServiceTokensSessionEndsWithTheToken(t *testing.T) {
	old := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC) // an organization that is not strict
	for _, end := range []struct{ method, path, body string }{{"DELETE", "", ""}, {"PUT", "", `{"enabled":false}`}} {
		s := newStack(t, Options{Clock: (&clock{now: old}).Now})
		token, header := s.serviceToken(`{"name":"ci"}`)
		s.lock("app.example.org", `non_identity|{"any_valid_service_token":{}}`)
		resp, _ := s.visit("GET", "https://app.example.org/", header)
		if len(resp.Cookies()) != 1 {
			t.Fatalf("it has no session: %v", resp.Header)
		}
		s.gets("https://app.example.org/", 200, "", resp.Cookies()[0])
		s.ok(end.method, "A/access/service_tokens/"+token.text("id")+end.path, end.body)
		s.gets("https://app.example.org/", 403, "", resp.Cookies()[0])
	}
}
