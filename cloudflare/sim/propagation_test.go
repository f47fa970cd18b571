package sim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// slow is a stack whose edge learns of everything after ten seconds.
func slow(t *testing.T) *stack {
	return newStack(t, Options{Propagation: Propagation{Min: 10 * time.Second, Max: 10 * time.Second}})
}

// after wants an answer now, and another one ten seconds later.
func (s *stack) after(change string, path string, before, then int) {
	s.Helper()
	for _, row := range []struct {
		wait time.Duration
		want int
	}{{0, before}, {10*time.Second - time.Millisecond, before}, {time.Millisecond, then}} {
		s.clock.advance(row.wait)
		if resp, body := s.visit("GET", "https://app.example.org"+path, nil); resp.StatusCode != row.want {
			s.Errorf("%s, after another %s: %d, want %d\n%s", change, row.wait, resp.StatusCode, row.want, body)
		}
	}
}

func TestAChangeReachesTheEdgeAfterItsTime(t *testing.T) {
	s := slow(t)
	s.after("a tunnel, its record and its rules", "/", 200, 200) // configure waited for them
	app := s.newApp("lock", "app.example.org")
	s.after("a new application", "/", 200, 302)
	door := s.newApp("door", "app.example.org/hooks", s.newPolicy("p", "bypass", `{"everyone":{}}`))
	s.after("a new bypass", "/hooks", 302, 200)
	s.ok("DELETE", "A/access/apps/"+door.text("id"), "")
	s.after("a bypass deleted", "/hooks", 200, 302)
	policy := s.newPolicy("q", "allow", `{"everyone":{}}`)
	app["policies"] = []string{policy}
	s.ok("PUT", "A/access/apps/"+app.text("id"), toJSON(app))
	s.clock.advance(10 * time.Second)
	s.ok("PUT", "A/access/policies/"+policy, `{"name":"q","decision":"bypass","include":[{"everyone":{}}]}`)
	s.after("a policy widened", "/", 302, 200)
	s.cloud.SetZoneSetting(s.ZoneID, "security_level", "under_attack")
	s.after("a setting", "/", 200, 403)
	s.ok("PUT", configEntry, `{"rules":[{"action":"set_config","action_parameters":{"security_level":"low"},"expression":"true"}]}`)
	s.after("a rule", "/", 403, 200)
	s.cloud.SetPaused(s.ZoneID, true)
	s.after("a pause", "/", 200, 421)
	s.cloud.SetPaused(s.ZoneID, false)
	s.after("the end of it", "/", 421, 200)
	s.cloud.SetZoneStatus(s.ZoneID, "moved")
	s.after("the zone moved away", "/", 200, 421)
	s.cloud.SetZoneStatus(s.ZoneID, "active")
	s.after("the zone is back", "/", 421, 200)
	record := s.list("Z/dns_records")[0]
	s.ok("DELETE", "Z/dns_records/"+record.text("id"), "")
	s.after("a record deleted", "/", 200, 421)
	if a, ok := s.cloud.Resolve("app.example.org"); ok {
		t.Errorf("DNS still has %+v", a)
	}
}

func TestAConfigurationReachesConnectorsAfterItsTime(t *testing.T) {
	s := slow(t)
	s.ok("PUT", "A/cfd_tunnel/"+s.tunnel.text("id")+"/configurations", `{"config":{"ingress":[{"service":"http_status:410"}]}}`)
	s.gets("https://app.example.org/", 200, "origin:")
	s.clock.advance(10 * time.Second)
	s.eventually("the connector has it", func() bool {
		resp, _ := s.visit("GET", "https://app.example.org/", nil)
		return resp.StatusCode == 410
	})
}

func TestAConfigurationArrivesThoughNobodyLooks(t *testing.T) {
	w := newWorld(t, Options{Clock: time.Now, Propagation: Propagation{Min: 20 * time.Millisecond, Max: 40 * time.Millisecond}})
	tunnel := w.newTunnel("t")
	if _, err := w.cloud.Attach(tunnel.text("token"), http.HandlerFunc(origin)); err != nil {
		t.Fatal(err)
	}
	w.ok("PUT", "A/cfd_tunnel/"+tunnel.text("id")+"/configurations", `{"config":{"ingress":[{"service":"http_status:410"}]}}`)
	w.eventually("the connector has it", func() bool {
		w.cloud.mu.RLock()
		defer w.cloud.mu.RUnlock()
		return slices.ContainsFunc(w.cloud.live.all(), func(c *connection) bool { return c.replica.applied == 1 })
	})
}

func TestANewApplicationIsFirstMissingThenNotReady(t *testing.T) {
	s := newStack(t, Options{Propagation: Propagation{Min: time.Second, Max: 20 * time.Second}})
	s.clock.advance(20 * time.Second)
	s.newApp("lock", "app.example.org")
	var seen []string
	for range 201 {
		resp, _ := s.visit("GET", "https://app.example.org/", nil)
		now := fmt.Sprint(resp.StatusCode)
		if resp.StatusCode == 403 && (resp.Header.Get("Www-Authenticate") != "" || resp.Header.Get("Cf-Access-Denied") != "") {
			t.Error("a bare 403 says that it is Access's")
		}
		if len(seen) == 0 || seen[len(seen)-1] != now {
			seen = append(seen, now)
		}
		s.clock.advance(100 * time.Millisecond)
	}
	if got := strings.Join(seen, " "); got != "200 403 302" {
		t.Errorf("it answers %s", got)
	}
}

func TestChangesOfOneObjectArriveInTheirOrder(t *testing.T) {
	s := newStack(t, Options{Propagation: Propagation{Min: 0, Max: time.Minute}})
	s.clock.advance(time.Minute)
	levels := []string{"under_attack", "low", "under_attack", "low", "under_attack"}
	for _, level := range levels {
		s.cloud.SetZoneSetting(s.ZoneID, "security_level", level)
		s.clock.advance(time.Second)
	}
	changes, last := 0, 200
	for range 120 {
		s.clock.advance(500 * time.Millisecond)
		if resp, _ := s.visit("GET", "https://app.example.org/", nil); resp.StatusCode != last {
			changes, last = changes+1, resp.StatusCode
		}
	}
	if last != 403 || changes > len(levels) {
		t.Errorf("in the end it answers %d, after %d changes", last, changes)
	}
}

func TestAfterItsTimeTheEdgeIsAsIfNothingWereDelayed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		longest := 30 * time.Second
		prompt, delayed := newStack(t, Options{}), newStack(t, Options{Propagation: Propagation{Max: longest}})
		both := []*stack{prompt, delayed}
		paths := []string{"/", "/a", "/a/b"}
		apps := map[string]bool{}
		for range rapid.IntRange(1, 12).Draw(rt, "changes") {
			path := rapid.SampledFrom(paths).Draw(rt, "path")
			what := rapid.SampledFrom([]string{"app", "app", "bypass", "record", "pause", "wait"}).Draw(rt, "what")
			for _, s := range both {
				s.shuffle(what, path, apps[path])
			}
			if what == "app" {
				apps[path] = !apps[path]
			}
		}
		for _, s := range both {
			s.clock.advance(longest)
		}
		for _, path := range paths {
			one, _ := prompt.visit("GET", "https://app.example.org"+path, nil)
			two, _ := delayed.visit("GET", "https://app.example.org"+path, nil)
			if one.StatusCode != two.StatusCode {
				rt.Errorf("%s: %d, and delayed %d", path, one.StatusCode, two.StatusCode)
			}
		}
	})
}

// shuffle makes one change. The same changes give the same ids.
func (s *stack) shuffle(what, path string, there bool) {
	switch {
	case what == "app" && there:
		for _, a := range s.list("A/access/apps") {
			if a.text("name") == path {
				s.ok("DELETE", "A/access/apps/"+a.text("id"), "")
			}
		}
	case what == "app":
		s.newApp(path, "app.example.org"+path)
	case what == "bypass":
		for _, a := range s.list("A/access/apps") {
			if a.text("name") == path {
				a["policies"] = []string{s.newPolicy("p", "bypass", `{"everyone":{}}`)}
				s.ok("PUT", "A/access/apps/"+a.text("id"), toJSON(a))
			}
		}
	case what == "record":
		r := s.list("Z/dns_records")[0]
		s.ok("PATCH", "Z/dns_records/"+r.text("id"), `{"proxied":`+fmt.Sprint(r["proxied"] != true)+`}`)
	case what == "pause":
		zone := s.ok("GET", "zones/"+s.ZoneID, "")
		s.cloud.SetPaused(s.ZoneID, zone["paused"] != true)
	default:
		s.clock.advance(7 * time.Second)
	}
}

func TestAfterARestartEverythingHasArrived(t *testing.T) {
	s := slow(t)
	s.newApp("lock", "app.example.org")
	state, err := s.cloud.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	s.gets("https://app.example.org/", 200, "")
	if err := s.cloud.Restore(state); err != nil {
		t.Fatal(err)
	}
	s.gets("https://app.example.org/", 302, "")
}

func TestTheSameSeedGivesTheSameDelays(t *testing.T) {
	when := func(seed uint64) (at time.Duration) {
		s := newStack(t, Options{Seed: seed, Propagation: Propagation{Max: time.Minute}})
		s.clock.advance(time.Minute)
		s.cloud.SetPaused(s.ZoneID, true)
		for ; at < time.Minute; at += 10 * time.Millisecond {
			if resp, _ := s.visit("GET", "https://app.example.org/", nil); resp.StatusCode == 421 {
				return at
			}
			s.clock.advance(10 * time.Millisecond)
		}
		return at
	}
	if one, two := when(3), when(3); one != two {
		t.Errorf("%s and %s", one, two)
	}
	if one, two := when(3), when(4); one == two {
		t.Errorf("another seed delays by %s as well", two)
	}
}
