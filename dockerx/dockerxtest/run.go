package dockerxtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

// Image is the connector image that a Subject's engine must have.
const Image = "cloudflare/cloudflared:2026.8.2"

// Tunnels whose tokens a Subject's Write must be able to make.
const (
	TunnelA = "11111111-2222-4333-8444-555555555555"
	TunnelB = "66666666-7777-4888-8999-aaaaaaaaaaaa"
)

// Run carries out the suite. Its tests build on each other: they walk one app
// through what a setup does to it.
func Run(t *testing.T, s Subject) {
	steps := []struct {
		name string
		test func(*testing.T, Subject)
	}{
		{"the app is seen as it runs", seen},
		{"a look tells the project, its ports and the keys of its environment, not their values", looked},
		{"what is not there is absent, not unread", absent},
		{"a command runs beside the app and is heard out", besideTheApp},
		{"the connector comes up and is seen with its tunnel", connectorUp},
		{"a connector that is already there is not made again", connectorTwice},
		{"a connector that was stopped is seen so and is started", connectorStopped},
		{"the connector changes over to another tunnel", connectorOther},
		{"events tell that something happened", watched},
		{"one recreate carries settings and port, and its downtime is told", recreated},
		{"an entry that is no longer as shown holds up the whole call", stale},
		{"settings and port are put back", putBack},
		{"a network of our own is made and seen with its mark, and no address of it twice", networkMade},
		{"the running app joins it at a fixed address, and keeps what it has", joined},
		{"what does not fit is refused, and a network in use stays", misplaced},
		{"dnsmasq runs beside the connector", sidecarUp},
		{"it is removed and the connector stays", sidecarGone},
		{"the app leaves the network, and the network goes", left},
		{"the connector is removed", connectorGone},
		{"an app that was stopped is seen so, left alone, and started when that is asked for", appStopped},
		{"an engine that is down leaves everything unread", engineDown},
	}
	for _, step := range steps {
		if !t.Run(step.name, func(t *testing.T) { step.test(t, s) }) {
			return // the next ones stand on this one
		}
	}
}

func seen(t *testing.T, s Subject) {
	w := s.observe(t)
	if len(w.Unread) != 0 {
		t.Fatalf("unread: %v", w.Unread)
	}
	if !seesNetwork(w, s.Stack.Network) {
		t.Errorf("the app's network is not seen: %+v", w.Objects)
	}
	if p := s.published(t); p.Exposure != setup.ExposedPublic || p.Target != s.Stack.Target {
		t.Errorf("port: %+v", p)
	}
	list, ok := s.setting(t, s.List).(setup.Setting)
	if !ok || list.Value != "old.example" || list.Service != s.Stack.Service {
		t.Errorf("setting: %+v", list)
	}
	if err := s.Host.Preflight(s.context(t), s.Stack); err != nil {
		t.Errorf("nothing is in the way, but: %v", err)
	}
}

func looked(t *testing.T, s Subject) {
	all, err := s.Host.Look(s.context(t))
	if err != nil {
		t.Fatal(err)
	}
	var app found.Project
	for _, p := range all {
		if p.Name == s.Stack.Project {
			app = p
		}
	}
	web, ok := app.Find(s.Stack.Service)
	if !ok {
		t.Fatalf("no service %s in %+v", s.Stack.Service, all)
	}
	if len(app.Services) < 2 {
		t.Errorf("only %d service", len(app.Services))
	}
	if len(web.Ports) != 1 || web.Ports[0].Target != s.Stack.Target || web.Ports[0].Exposure != setup.ExposedPublic {
		t.Errorf("ports: %+v", web.Ports)
	}
	if web.Env[s.List] != "old.example" {
		t.Errorf("a value that may be shown is not: %v", web.Env)
	}
	if len(web.Keys) <= len(web.Env) {
		t.Errorf("values of all keys %v are shown", web.Keys)
	}
	st, _ := app.Stack(s.Stack.Service)
	if st.Dir != s.Stack.Dir || len(st.Files) != 1 || st.Files[0] != s.Stack.Files[0] || st.Network != s.Stack.Network {
		t.Errorf("stack: %+v", st)
	}
	if ips, err := s.Host.Addresses(s.context(t), s.Stack.Project, s.Stack.Service); err != nil || len(ips) == 0 {
		t.Errorf("addresses %v: %v", ips, err)
	}
}

func absent(t *testing.T, s Subject) {
	if c := s.connector(t); c != nil {
		t.Errorf("a connector: %+v", c)
	}
	if v := s.setting(t, s.Absent); v != nil {
		t.Errorf("a setting: %+v", v)
	}
	other := s
	other.Stack.Network = "no-such-network"
	w := other.observe(t)
	if seesNetwork(w, other.Stack.Network) || len(w.Unread) > 0 {
		t.Errorf("seen %+v, unread %v", w.Objects, w.Unread)
	}
}

func seesNetwork(w setup.World, name string) bool {
	return slices.ContainsFunc(w.Objects, func(o setup.Object) bool { return setup.Same(o.State, setup.Network{Name: name}) })
}

func connectorUp(t *testing.T, s Subject) {
	e := s.wantConnector(t, TunnelA)
	s.mustDo(t, e)
	now := s.connector(t)
	if now == nil || !setup.Same(now.State, e.To) {
		t.Fatalf("connector: %+v", now)
	}
	if now.Mark != e.Mark {
		t.Errorf("mark %q, want %q", now.Mark, e.Mark)
	}
	if r, err := s.Host.ConnectorReady(s.context(t), s.Stack.ConnectorProject); err != nil || !r.Answered {
		t.Errorf("it says %+v: %v", r, err)
	}
}

func connectorTwice(t *testing.T, s Subject) {
	e := s.wantConnector(t, TunnelB)
	e.From, e.Verb = nil, setup.Create
	wantCode(t, s.doUnwritten(t, e), setup.CodeChanged)
	if c := s.connector(t).State.(setup.Connector); c.Tunnel != setup.Lit(TunnelA) {
		t.Errorf("it runs with tunnel %s", c.Tunnel)
	}
}

func connectorStopped(t *testing.T, s Subject) {
	s.StopConnector(t)
	if c := s.connector(t).State.(setup.Connector); c.Running {
		t.Fatal("it is seen as running")
	}
	s.mustDo(t, s.wantConnector(t, TunnelA))
}

func connectorOther(t *testing.T, s Subject) {
	s.mustDo(t, s.wantConnector(t, TunnelB))
}

func watched(t *testing.T, s Subject) {
	events, err := s.Host.Watch(s.context(t), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	s.StopConnector(t)
	for e := range events {
		if e.Kind == "container" && e.Name != "" {
			s.mustDo(t, s.wantConnector(t, TunnelB))
			return
		}
	}
	t.Fatal("no event")
}

func recreated(t *testing.T, s Subject) {
	list := s.wantSetting(t, s.List, "old.example,new.example")
	fresh := s.wantSetting(t, s.Absent, "https://new.example")
	port := s.wantPort(t, setup.ExposedLoopback)
	s.mustDo(t, list, fresh, port)
	for _, e := range []setup.Entry{list, fresh} {
		if now := s.setting(t, e.Key.Name); !setup.Same(now, e.To) {
			t.Errorf("%s: %+v", e.Key.Name, now)
		}
	}
	if p := s.published(t); p.Exposure != setup.ExposedLoopback {
		t.Errorf("port: %+v", p)
	}
	if d := s.Host.LastDowntime(s.Stack.Project, s.Stack.Service); d <= 0 || d > patience {
		t.Errorf("downtime %v", d)
	}
}

func stale(t *testing.T, s Subject) {
	list := s.wantSetting(t, s.List, "taken.example")
	list.From = setup.Setting{Project: s.Stack.Project, Service: s.Stack.Service, Name: s.List, Value: "as-it-never-was"}
	port := s.wantPort(t, setup.ExposedNone)
	wantCode(t, s.doUnwritten(t, list, port), setup.CodeChanged)
	if v := s.setting(t, s.List).(setup.Setting).Value; v != "old.example,new.example" {
		t.Errorf("the setting is %q", v)
	}
	if p := s.published(t); p.Exposure != setup.ExposedLoopback {
		t.Errorf("port: %+v", p)
	}
}

func putBack(t *testing.T, s Subject) {
	gone := s.wantSetting(t, s.Absent, "")
	gone.Verb, gone.To = setup.Delete, nil
	s.mustDo(t, s.wantSetting(t, s.List, "old.example"), gone, s.wantPort(t, setup.ExposedPublic))
	if v := s.setting(t, s.Absent); v != nil {
		t.Errorf("%s is %+v", s.Absent, v)
	}
	if p := s.published(t); p.Exposure != setup.ExposedPublic {
		t.Errorf("port: %+v", p)
	}
}

func connectorGone(t *testing.T, s Subject) {
	e := s.wantConnector(t, TunnelB)
	e.Verb, e.To = setup.Delete, nil
	s.mustDo(t, e)
	if c := s.connector(t); c != nil {
		t.Errorf("it is still there: %+v", c)
	}
	wantCode(t, s.doUnwritten(t, e), setup.CodeChanged)
}

func appStopped(t *testing.T, s Subject) {
	port := s.wantPort(t, setup.ExposedNone)
	before, _ := s.setting(t, s.List).(setup.Setting)
	s.StopApp(t)
	if now, ok := s.setting(t, s.List).(setup.Setting); !ok || !now.Stopped || now.Value != before.Value {
		t.Fatalf("the setting is seen as %+v", now)
	}
	if p := s.published(t); p.Exposure != setup.ExposedPublic {
		t.Errorf("the port of the stopped app is seen as %+v", p)
	}
	for _, o := range s.doUnwritten(t, port) {
		if o.Err == nil || !strings.Contains(o.Err.Message, "start your app first") {
			t.Errorf("it was changed: %+v", o)
		}
	}
	if err := s.Host.Preflight(s.context(t), s.Stack); err == nil {
		t.Error("nothing is said to be in the way")
	}
	s.mustDo(t, s.wantSetting(t, s.List, before.Value))
	if now, ok := s.setting(t, s.List).(setup.Setting); !ok || now.Stopped || now.Value != before.Value {
		t.Errorf("after the start: %+v", now)
	}
	if p := s.published(t); p.Exposure != setup.ExposedPublic {
		t.Errorf("after the start: %+v", p)
	}
}

func engineDown(t *testing.T, s Subject) {
	port := s.wantPort(t, setup.ExposedNone)
	s.Down(t)
	w := s.observe(t)
	for _, at := range []setup.ReadScope{
		{Kind: setup.KindNetwork, Scope: "docker"}, {Kind: setup.KindConnector, Scope: s.Stack.ConnectorProject},
		{Kind: setup.KindSetting, Scope: s.appScope()}, {Kind: setup.KindPublished, Scope: s.appScope()},
		{Kind: setup.KindAttachment, Scope: s.appScope()}, {Kind: setup.KindPrivateNetwork, Scope: "docker"},
		{Kind: setup.KindSidecar, Scope: s.Stack.ConnectorProject},
	} {
		if p, unread := w.Unread[at]; !unread || p.Message == "" {
			t.Errorf("%v: unread %v, %q", at, unread, p.Message)
		}
	}
	if len(w.Objects) > 0 {
		t.Errorf("seen nevertheless: %+v", w.Objects)
	}
	if _, err := s.Host.Look(s.context(t)); err == nil {
		t.Error("a look succeeded")
	}
	for _, o := range s.doUnwritten(t, port) {
		if o.Err == nil {
			t.Errorf("it was changed: %+v", o)
		}
	}
	s.Up(t)
	s.published(t)
}
