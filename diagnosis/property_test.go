package diagnosis

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
)

// sicken draws what may be wrong at the same time: things deleted and changed,
// reads that fail, checks that fail or were not made, containers that are down.
func sicken(t *rapid.T, p *patient) {
	some := func(what string) bool { return rapid.IntRange(0, 9).Draw(t, what) == 0 }
	for _, k := range sortedKeys(p.Ledger.Records) {
		switch {
		case !some("meddled with " + k.Short()):
		case rapid.Bool().Draw(t, "deleted") || k.Kind == setup.KindPublished || always(k.Kind):
			p.alter(k, meddle)
		default:
			p.alter(k, setuptest.Gone)
		}
	}
	for _, k := range setup.Kinds() {
		if some("unread " + string(k)) {
			scope := map[setup.Place]string{setup.AtAccount: account, setup.AtZone: "example.org"}[k.Place()]
			if scope == "" {
				scope = map[setup.Kind]string{setup.KindConnector: "culvert-ocs", setup.KindNetwork: "docker",
					setup.KindEnvVar: "/srv/ocs/.env.prod", setup.KindComposePort: "/srv/ocs/docker-compose.prod.yml",
					setup.KindConnectorFile: "/srv/ocs/docker-compose.culvert.yml"}[k]
			}
			if scope == "" {
				scope = "ocs/web"
			}
			codes := []setup.Code{setup.CodeUnavailable, setup.CodeRateLimited, setup.CodeDenied, setup.CodeUnauthorized, setup.CodeInternal, setup.CodeNotFound}
			p.unread(k, scope, setup.Problem{Code: rapid.SampledFrom(codes).Draw(t, "code"), Message: rapid.SampledFrom([]string{"one", "two"}).Draw(t, "why")})
		}
	}
	everybody := []setup.Answerer{"", setup.ByApp, setup.ByAppHost, setup.ByAccess, setup.ByEdge, setup.ByTunnel, setup.ByConnector, setup.ByNobody, setup.ByUnknown}
	for _, c := range p.Needed() {
		switch rapid.IntRange(0, 5).Draw(t, c.ID) {
		case 0:
			p.see(c, false, rapid.SampledFrom(everybody).Draw(t, "by"))
		case 1:
			p.edit(c.ID, func(v *setup.Evidence) { v.At = noon().Add(-time.Hour) })
		}
	}
	if some("docker away") {
		p.Facts = found.Facts{At: noon(), Problem: &setup.Problem{Code: setup.CodeUnavailable, Message: "away"}}
	}
	p.Facts.App.Running = rapid.IntRange(0, 1).Draw(t, "app runs")
	p.Facts.App.Health = rapid.SampledFrom([]string{"", "healthy", "unhealthy"}).Draw(t, "health")
	p.Facts.Ready.Ready = rapid.Bool().Draw(t, "ready")
}

// always kinds are answers to a question: none is never the answer.
func always(k setup.Kind) bool {
	return slices.Contains([]setup.Kind{setup.KindGatewayProxy, setup.KindICMPProxy, setup.KindSplitTunnel, setup.KindFallback, setup.KindShadow}, k)
}

func meddle(s setup.State) setup.State {
	switch s := s.(type) {
	case setup.App:
		s.Destinations = []string{host + "/*"}
		return s
	case setup.Policy:
		s.Include = nil
		return s
	case setup.DNSRecord:
		s.Proxied = false
		return s
	case setup.Tunnel:
		s.Name += "x"
		return s
	case setup.Ingress:
		s.Rules = nil
		return s
	case setup.Connector:
		s.Running = false
		return s
	case setup.ConnectorFile:
		s.Image = "x"
		return s
	case setup.EnvVar:
		s.Value = ""
		return s
	case setup.Setting:
		s.Value = ""
		return s
	case setup.ComposePort:
		s.Exposure = setup.ExposedPublic
		return s
	case setup.Published:
		s.Exposure = setup.ExposedPublic
		return s
	case setup.Sidecar:
		s.Running = false
		return s
	case setup.Route:
		s.Tunnel = setup.Lit("another")
		return s
	case setup.HostnameRoute:
		s.Tunnel = setup.Lit("another")
		return s
	case setup.Fallback:
		s.Servers = []string{"192.0.2.53"}
		return s
	case setup.SplitTunnel:
		s.Through = false
		return s
	case setup.GatewayProxy:
		return setup.GatewayProxy{}
	case setup.FrontConfig:
		s.Upstream = "other:1"
		return s
	case setup.Certificate:
		s.Valid = false
		return s
	case setup.Enrolment:
		s.Session = "1h"
		return s
	}
	return s
}

func sortedKeys(m map[setup.Key]setup.Record) []setup.Key {
	var keys []setup.Key
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b setup.Key) int {
		if a.Less(b) {
			return -1
		}
		return 1
	})
	return keys
}

// Nothing is told twice, and nothing that fails or was not read goes untold.
func TestEveryFaultIsToldOnce(t *testing.T) {
	for _, well := range []*patient{healthy(t), led(t, setup.ModeFallback), led(t, setup.ModeHostname)} {
		t.Run(string(well.Answers.Mode), func(t *testing.T) { toldOnce(t, well) })
	}
}

func toldOnce(t *testing.T, well *patient) {
	rapid.Check(t, func(rt *rapid.T) {
		p := *well
		world := *well.world
		world.Ledger, world.Objects = well.world.Ledger.Clone(), slices.Clone(well.world.Objects)
		p.world, p.Evidence = &world, slices.Clone(well.Evidence)
		sicken(rt, &p)
		findings := Of(p.Input)
		ids, checks, keys := map[string]int{}, map[string]int{}, map[setup.Key]int{}
		for _, f := range findings {
			ids[f.ID]++
			for _, c := range f.Checks {
				checks[c]++
			}
			for _, k := range f.Keys {
				keys[k]++
			}
		}
		for id, n := range ids {
			if n > 1 {
				rt.Errorf("%d findings are called %s", n, id)
			}
		}
		x := examine(p.Input)
		for _, v := range x.failing {
			if checks[v.Check.ID] != 1 {
				rt.Errorf("%s fails (%s) and is told %d times:\n%s", v.Check.ID, v.By, checks[v.Check.ID], list(findings))
			}
		}
		for _, c := range x.missing {
			if checks[c.ID] != 1 {
				rt.Errorf("%s has no proof and is told %d times", c.ID, checks[c.ID])
			}
		}
		for _, b := range x.barriers {
			if keys[b.Key] == 0 {
				rt.Errorf("%s is barred (%s) and untold:\n%s", b.Key, b.Detail, list(findings))
			}
		}
		for _, c := range x.changes {
			if keys[c.Key] != 1 {
				rt.Errorf("%s changed and is told %d times:\n%s", c.Key, keys[c.Key], list(findings))
			}
		}
		wantHonest(rt, p.Input, findings, x)
	})
}

// wantHonest: a good light stands for proof of everything.
func wantHonest(t *rapid.T, in Input, findings []setup.Finding, x *examination) {
	c := Sum(in, findings)
	if c.Sentence == "" {
		t.Error("the sentence is empty")
	}
	if c.Light == Good && len(x.failing)+len(x.missing) > 0 {
		for _, f := range findings {
			if f.Severity != setup.SeverityRisk {
				t.Errorf("the light is good with %s", f.ID)
			}
		}
	}
	for _, ch := range c.Channels {
		for _, check := range in.Answers.Checks {
			if v, ok := in.fresh(check); check.Door == ch.Door && ch.Light == Good && (!ok || !v.OK) {
				t.Errorf("%s is good without %s", ch.Name, check.ID)
			}
		}
		if ch.Light != Good && len(ch.Findings) == 0 {
			t.Errorf("%s is %s and no finding says why:\n%s", ch.Name, ch.Light, list(findings))
		}
	}
	for i := 1; i < len(findings); i++ {
		if findings[i].Severity.Worse(findings[i-1].Severity) {
			t.Errorf("%s comes before the worse %s", findings[i-1].ID, findings[i].ID)
		}
	}
}

// A repair never lets callers in while the lock is not as it should be: then the
// lock belongs to it, or it is barred.
func TestARepairThatOpensBringsItsLock(t *testing.T) {
	p := healthy(t)
	p.alter(p.Answers.LockKey(), setuptest.Gone)
	p.alter(p.Answers.DoorKey(p.Answers.Doors[0]), setuptest.Gone)
	for _, f := range Of(p.Input) {
		if f.Class == setup.ClassDoorMissing && !slices.Contains(f.Fix.Keys, p.Answers.LockKey()) {
			t.Errorf("the door is repaired without its lock: %+v", f.Fix)
		}
	}
	p.unread(setup.KindApp, account, setup.Problem{Code: setup.CodeUnavailable, Message: "away"})
	for _, f := range Of(p.Input) {
		if f.Repairable() {
			t.Errorf("%s can be repaired although nobody knows how the lock stands", f.ID)
		}
	}
}
