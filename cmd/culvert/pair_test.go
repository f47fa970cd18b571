package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/culvert/culvert/rehearsal"
	"github.com/culvert/culvert/setup"
)

// secondRange is the range of addresses of the setup that comes second.
const secondRange = "172.30.250.16/28"

// gone is the mode of a setup that was taken down.
const gone setup.Mode = ""

// pair is two setups on one server and in one account: what is there once for all
// devices they share.
type pair struct {
	*testing.T
	a, b   *shop
	subnet string // that the file of a names; empty: none
}

func newPair(t *testing.T) *pair {
	t.Helper()
	s := newShop(t)
	s.fresh(func(*stranger) {})
	s.second = true
	s.behindOurBack(theirs)
	return &pair{T: t, a: s, b: &shop{T: t, data: s.data, clock: s.clock}}
}

// theirs is what the operator had before: an account in which devices are joined
// already and lists have entries of others.
func theirs(w *stranger) {
	w.call("PATCH", "accounts/{account}/devices/settings", object{"gateway_proxy_enabled": true})
	w.call("PATCH", "accounts/{account}/zerotrust/connectivity_settings", object{"icmp_proxy_enabled": false})
	w.call("PUT", "zones/{zone}/rulesets/phases/http_config_settings/entrypoint", object{"rules": []object{
		{"expression": `(http.host eq "blog.example.org")`, "action": "set_config", "action_parameters": object{"bic": false}, "description": "the blog"}}})
	w.call("PUT", "accounts/{account}/devices/policy/fallback_domains", []object{
		{"suffix": "corp.example.net", "dns_server": []string{"10.9.0.53"}}, {"suffix": "example.com"}, {"suffix": "other-org"}})
	w.call("PUT", "accounts/{account}/devices/policy/exclude", []object{
		{"address": "172.16.0.0/12", "description": "offices"}, {"address": "192.168.0.0/16"}, {"host": "*.example.net"}, {"address": "172.64.0.0/13"}})
}

// file writes the culvert.yaml of one of the two in a mode.
func (p *pair) file(s *shop, mode setup.Mode) *shop {
	p.Helper()
	text, err := os.ReadFile(example)
	if err != nil {
		p.Fatal(err)
	}
	id, host, project := "chat", "chat.example.org", "open-chat-studio"
	if s == p.b {
		id, host, project = "second", "second.example.org", rehearsal.SecondProject
	}
	yaml := strings.NewReplacer(
		`name: ""`, "name: "+id,
		"hostname: chat.example.org", "hostname: "+host,
		`project_folder: ""`, "project_folder: "+filepath.Join(s.data, "practice", "world", project),
	).Replace(string(text))
	if mode.Private() {
		yaml += fmt.Sprintf("\nmode: %s\nprivate:\n  name: %s.your-org\n  front: internal\n  icmp: true\n  dns_location: true\n", mode, id)
		if s == p.a && p.subnet != "" {
			yaml += "  subnet: " + p.subnet + "\n"
		}
	}
	s.file = filepath.Join(p.TempDir(), "culvert.yaml")
	if err := os.WriteFile(s.file, []byte(yaml), 0o600); err != nil {
		p.Fatal(err)
	}
	return s
}

// rests checks that nothing is left to do for either and that all proofs hold.
func (p *pair) rests() {
	p.Helper()
	for _, s := range []*shop{p.a, p.b} {
		if s.file == "" {
			continue
		}
		if r := s.must("plan"); len(r.writes()) > 0 || !strings.Contains(r.out, "nothing to do") {
			p.Errorf("planning wrote %v and says:\n%s", r.writes(), r.out)
		}
		s.must("verify")
		s.must("status")
	}
}

// gone takes one of the two down.
func (p *pair) gone(s *shop) {
	p.Helper()
	s.must("destroy", "--yes")
	s.file = ""
}

// with is a world of its own in which the two were set up in these modes at once.
func with(t *testing.T, a, b setup.Mode) []string {
	t.Helper()
	p := newPair(t)
	if p.subnet = secondRange; b != gone {
		p.file(p.b, b).applied()
	}
	p.file(p.a, a).applied()
	return p.a.told()
}

func TestTheWaysInOfOneSetupFollowEachOtherBesideAnother(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	before := p.a.told()
	p.file(p.b, setup.ModeFallback).applied()
	alone := p.a.told()
	for _, mode := range []setup.Mode{setup.ModeFallback, setup.ModeHostname, setup.ModePublic, setup.ModeFallback} {
		p.file(p.a, mode).applied()
		p.rests()
		if diff := differ(with(t, mode, setup.ModeFallback), p.a.told()); diff != "" {
			t.Errorf("after the switch to %s (against one that was set up so):\n%s", mode, diff)
		}
	}
	p.gone(p.a)
	p.rests()
	if diff := differ(opened(alone), opened(p.a.told())); diff != "" {
		t.Errorf("the one that stays (against before):\n%s", diff)
	}
	p.gone(p.b)
	if diff := differ(opened(before), opened(p.a.told())); diff != "" {
		t.Errorf("the account and the server (against before):\n%s", diff)
	}
}

func TestASetupGoesWhileTheOtherIsOnItsWayThroughTheModes(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	before := p.a.told()
	p.file(p.b, setup.ModeFallback).applied()
	p.file(p.a, setup.ModeFallback).applied()
	p.file(p.a, setup.ModeHostname).applied()
	p.gone(p.b)
	p.rests()
	if diff := differ(opened(with(t, setup.ModeHostname, gone)), opened(p.a.told())); diff != "" {
		t.Errorf("without the other (against one that was set up alone):\n%s", diff)
	}
	p.file(p.a, setup.ModePublic).applied()
	p.rests()
	p.gone(p.a)
	if diff := differ(opened(before), opened(p.a.told())); diff != "" {
		t.Errorf("the account and the server (against before):\n%s", diff)
	}
}
