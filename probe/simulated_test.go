package probe_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/probe"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// account is the simulated Cloudflare, built up by hand over its API.
type account struct {
	*testing.T
	sim.Basics
	cloud  *sim.Cloud
	served *sim.Server
	tunnel map[string]any
	bypass string
}

func newAccount(t *testing.T, o sim.Options) *account {
	t.Helper()
	cloud := sim.Example(o)
	served, err := cloud.Listen(sim.ServeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- served.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		cloud.Close()
	})
	a := &account{T: t, Basics: cloud.Basics(), cloud: cloud, served: served}
	a.call("POST", "A/access/identity_providers", `{"name":"PIN","type":"onetimepin","config":{}}`)
	a.tunnel = a.call("POST", "A/cfd_tunnel", `{"name":"ocs","config_src":"cloudflare"}`)
	a.call("POST", "Z/dns_records", fmt.Sprintf(`{"type":"CNAME","name":%q,"content":"%s.cfargotunnel.com","proxied":true,"ttl":1}`, public, a.tunnel["id"]))
	a.call("PUT", fmt.Sprintf("A/cfd_tunnel/%s/configurations", a.tunnel["id"]),
		fmt.Sprintf(`{"config":{"ingress":[{"hostname":%q,"service":"http://web:8000"},{"service":"http_status:404"}]}}`, public))
	a.bypass, _ = a.call("POST", "A/access/policies", `{"name":"doors","decision":"bypass","include":[{"everyone":{}}]}`)["id"].(string)
	return a
}

func (a *account) call(method, path, body string) map[string]any {
	a.Helper()
	path = strings.Replace(path, "A/", "accounts/"+a.AccountID+"/", 1)
	path = strings.Replace(path, "Z/", "zones/"+a.ZoneID+"/", 1)
	req, err := http.NewRequest(method, a.served.URL+"/"+path, bytes.NewReader([]byte(body)))
	if err != nil {
		a.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		a.Fatal(err)
	}
	var envelope struct {
		Success bool           `json:"success"`
		Result  map[string]any `json:"result"`
	}
	if err := json.Unmarshal(raw, &envelope); err != nil || !envelope.Success {
		a.Fatalf("%s %s: %s", method, path, raw)
	}
	return envelope.Result
}

// lock puts an application without a policy on the whole host: nobody gets in.
func (a *account) lock() (id string) {
	id, _ = a.call("POST", "A/access/apps", fmt.Sprintf(
		`{"type":"self_hosted","name":"lock","destinations":[{"type":"public","uri":%q}]}`, public))["id"].(string)
	return id
}

// door puts a bypass on paths.
func (a *account) door(name string, paths ...string) {
	a.Helper()
	var to []string
	for _, path := range paths {
		to = append(to, fmt.Sprintf(`{"type":"public","uri":%q}`, public+path))
	}
	a.call("POST", "A/access/apps", fmt.Sprintf(`{"type":"self_hosted","name":%q,"destinations":[%s],"policies":[{"id":%q,"precedence":1}]}`,
		name, strings.Join(to, ","), a.bypass))
}

// lift takes paths out of Browser Integrity Check, which the domain has on.
func (a *account) lift(doors []setup.Door) (rule string) {
	a.Helper()
	var paths []string
	for _, d := range doors {
		paths = append(paths, d.Destinations...)
	}
	rule, err := a.cloud.AddRule(a.ZoneID, sim.Rule{Phase: "http_config_settings", Action: "set_config",
		Parameters: map[string]any{"bic": false}, Expression: setup.EdgeExpression(public, paths)})
	if err != nil {
		a.Fatal(err)
	}
	return rule
}

// connect runs a connector with the stand-in of the app behind it.
func (a *account) connect(hosts string) (detach func()) {
	a.Helper()
	token, _ := a.tunnel["token"].(string)
	detach, err := a.cloud.Attach(token, standIn(a.T, hosts))
	if err != nil {
		a.Fatal(err)
	}
	return detach
}

func (a *account) prober() *probe.Prober {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(a.served.CA))
	return probe.New(probe.Options{Dial: a.cloud.Dial, TLS: &tls.Config{RootCAs: pool}, Timeout: 5 * time.Second})
}

func TestASetupByTheProfileIsProvenFromOutside(t *testing.T) {
	for _, unsure := range []sim.Unsure{{}, {NoMetadataOnBypass: true}, {ExactPaths: true}} {
		t.Run(fmt.Sprintf("%+v", unsure), func(t *testing.T) {
			_, want := answers(t)
			a := newAccount(t, sim.Options{Unsure: unsure})
			lock := a.lock()
			a.lift(want.Doors)
			for _, d := range want.Doors {
				a.door(d.Name, d.Destinations...)
			}
			detach := a.connect(public)
			for _, e := range a.prober().Run(t.Context(), public, want.Checks) {
				if !e.OK {
					t.Errorf("%s %s: %s: %s %v", e.Check.ID, e.Check.Path, e.By, e.Detail, e.Excerpt)
				}
			}

			// Without its lock the same host raises an alarm for every locked path.
			a.call("DELETE", "A/access/apps/"+lock, "")
			for _, e := range a.prober().Run(t.Context(), public, want.Checks) {
				if e.Check.Locked && (e.OK || e.By != setup.ByApp || !strings.Contains(e.Detail, "answers without a login")) {
					t.Errorf("unlocked: %s: %s: %s", e.Check.ID, e.By, e.Detail)
				}
			}

			// A connector that is gone is not the same as a closed door.
			detach()
			for _, e := range a.prober().Run(t.Context(), public, want.Checks) {
				if e.OK || e.By != setup.ByTunnel {
					t.Errorf("without a connector: %s: %s, ok %v: %s", e.Check.ID, e.By, e.OK, e.Detail)
				}
			}
		})
	}
}

func TestTheGuidesTableLeavesPlatformsOutside(t *testing.T) {
	p, want := answers(t)
	a := newAccount(t, sim.Options{})
	a.lock()
	a.lift(want.Doors)
	var paths []string
	for _, row := range p.Guide {
		paths = append(paths, row.Path)
	}
	a.door("guide 1", paths[:5]...)
	a.door("guide 2", paths[5:]...)
	a.connect(public)
	closed := map[string]bool{}
	for _, e := range a.prober().Run(t.Context(), public, want.Checks) {
		if e.By == setup.ByAccess && !e.Check.Locked {
			closed[e.Check.Door] = true
		}
	}
	for _, row := range p.Guide {
		missing := row.Verdict == profile.VerdictWrong || row.Verdict == profile.VerdictPartial
		if closed[row.Door] != missing {
			t.Errorf("%s is called %s for %s, and a closed door there is %v", row.Path, row.Verdict, row.Door, closed[row.Door])
		}
	}
}

func TestAHostThatTheAppRefusesIsToldApart(t *testing.T) {
	_, want := answers(t)
	a := newAccount(t, sim.Options{})
	a.lock()
	a.lift(want.Doors)
	for _, d := range want.Doors {
		a.door(d.Name, d.Destinations...)
	}
	a.connect("other.example.org")
	for _, e := range a.prober().Run(t.Context(), public, want.Checks) {
		switch {
		case e.Check.Locked, e.Check.Metadata, e.Check.Door == "static":
			if e.By == setup.ByAppHost {
				t.Errorf("%s: %s", e.Check.ID, e.By)
			}
		case e.OK || e.By != setup.ByAppHost:
			t.Errorf("%s: %s, ok %v: %s", e.Check.ID, e.By, e.OK, e.Detail)
		}
	}
}

func TestANameThatDoesNotExistIsNobodys(t *testing.T) {
	_, want := answers(t)
	a := newAccount(t, sim.Options{})
	es := a.prober().Run(t.Context(), "nosuch.example.org", want.Checks)
	if slices.ContainsFunc(es, func(e setup.Evidence) bool { return e.OK || e.By != setup.ByNobody }) {
		t.Errorf("got %+v", es)
	}
}

func TestWhatStandsBeforeTheDoorsIsTheEdges(t *testing.T) {
	_, want := answers(t)
	a := newAccount(t, sim.Options{})
	a.lock()
	rule := a.lift(want.Doors)
	for _, d := range want.Doors {
		a.door(d.Name, d.Destinations...)
	}
	a.connect(public)
	block := func(c *sim.Cloud) error {
		_, err := c.AddRule(a.ZoneID, sim.Rule{Phase: "http_request_firewall_custom", Action: "block", Expression: "true"})
		return err
	}
	for _, row := range []struct {
		what    string
		turnOn  func(*sim.Cloud) error
		by      setup.Answerer
		silent  bool // only callers without a User-Agent meet it
		explain string
	}{
		{"Browser Integrity Check", func(c *sim.Cloud) error { c.RemoveRule(a.ZoneID, rule); return nil }, setup.ByEdge, true, "Browser Integrity Check"},
		{"Under Attack mode", func(c *sim.Cloud) error { c.SetZoneSetting(a.ZoneID, "security_level", "under_attack"); return nil }, setup.ByEdge, false, "challenge"},
		{"Bot Fight Mode", func(c *sim.Cloud) error { c.SetBotFight(a.ZoneID, true); return nil }, setup.ByEdge, false, "challenge"},
		{"a rule that blocks", block, setup.ByEdge, false, "1020"},
		{"a paused zone", func(c *sim.Cloud) error { c.SetPaused(a.ZoneID, true); return nil }, setup.ByNobody, false, ""},
	} {
		before, err := a.cloud.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		if err := row.turnOn(a.cloud); err != nil {
			t.Fatal(err)
		}
		met := 0
		for _, e := range a.prober().Run(t.Context(), public, want.Checks) {
			if row.silent && !e.Check.NoUserAgent {
				continue
			}
			if e.Check.Metadata && e.By == row.by && !e.OK { // a HEAD has no page that names the reason
				continue
			}
			if met++; e.OK || e.By != row.by || !strings.Contains(e.Detail+strings.Join(e.Excerpt, " "), row.explain) {
				t.Errorf("%s: %s: %s, ok %v: %s %v", row.what, e.Check.ID, e.By, e.OK, e.Detail, e.Excerpt)
			}
		}
		if met == 0 {
			t.Errorf("%s: no check meets it", row.what)
		}
		if err := a.cloud.Restore(before); err != nil {
			t.Fatal(err)
		}
	}
}
