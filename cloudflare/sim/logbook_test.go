package sim

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
)

func TestWhoLogsInIsLoggedWithWhetherTheyWereAllowed(t *testing.T) {
	var changes atomic.Int64
	s := newStack(t, Options{OnChange: func() { changes.Add(1) }})
	s.lock("app.example.org", `allow|{"email_domain":{"domain":"example.org"}}`)
	s.lock("boss.example.org", `allow|{"email":{"email":"boss@example.org"}}`)
	s.newApp("door", "app.example.org/hooks", s.newPolicy("p", "bypass", `{"everyone":{}}`))
	s.newCNAME("boss", s.tunnel.text("id")+".cfargotunnel.com")
	b := s.surfer()
	b.goes("https://app.example.org/hooks")
	sent := b.types(b.goes("https://app.example.org/"), map[string][]string{"email": {"ann@example.org"}})
	if n := len(s.list("A/access/logs/access_requests")); n != 0 {
		t.Errorf("%d are logged before the code is typed", n)
	}
	before := changes.Load()
	b.types(sent, map[string][]string{"code": {sent.code()}})
	if changes.Load() == before {
		t.Error("what a login changes is not announced")
	}
	b.goes("https://boss.example.org/")
	var got []string
	for _, e := range s.list("A/access/logs/access_requests?direction=asc") {
		got = append(got, fmt.Sprint(e["user_email"], " ", e["app_domain"], " ", e["allowed"], " ", e["connection"], " ", e["ip_address"]))
	}
	if want := []string{"ann@example.org app.example.org true onetimepin 203.0.113.9", "ann@example.org boss.example.org false onetimepin 203.0.113.9"}; !slices.Equal(got, want) {
		t.Errorf("logged is %q, want %q", got, want)
	}
}
