package setup

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func inAnyMode(t *rapid.T, a Answers) Answers {
	a = inMode(a, rapid.SampledFrom(modes()).Draw(t, "mode"))
	switch rapid.IntRange(0, 7).Draw(t, "without front") {
	case 0:
		a = withoutFront(a)
	case 1, 2:
		a = followed(a)
	case 3, 4:
		a = whole(a)
	}
	a.PublicTeam = a.Private != nil && rapid.IntRange(0, 3).Draw(t, "team in public too") == 0
	if rapid.IntRange(0, 3).Draw(t, "site") == 0 {
		a.Site = a.Hostname
	}
	if rapid.IntRange(0, 3).Draw(t, "alert") == 0 {
		a.AlertEmail = "ana@example.org"
	}
	for _, r := range Remedies() {
		if rapid.IntRange(0, 3).Draw(t, string(r)) == 0 {
			a = a.With(r)
		}
	}
	return a
}

// strangersInside is what others have in the account's private networks, and in
// what its devices are told.
func strangersInside(t *rapid.T, m *model, a Answers) {
	odds := func(what string) bool { return rapid.IntRange(0, 7).Draw(t, what) == 0 }
	p := inMode(a, ModeFallback).Private
	at := DefaultProfile + "/" + p.Name
	if odds("gateway on") {
		m.find(KindGatewayProxy, "gateway-proxy").State = GatewayProxy{TCP: true}
	}
	if odds("DNS only") {
		m.find(KindDeviceProfile, DefaultProfile).State = DeviceProfile{ID: DefaultProfile}
	}
	if odds("entry for the name") {
		m.find(KindFallback, at).State = Fallback{Profile: DefaultProfile, Suffix: p.Name, Servers: []string{"10.0.0.53"}}
	}
	if odds("entry above the name") {
		m.find(KindShadow, at).State = Shadow{Profile: DefaultProfile, Hostname: p.Name, Entries: []DomainEntry{{Suffix: "your-org"}}}
	}
	if odds("range through WARP") {
		m.find(KindSplitTunnel, DefaultProfile+"/"+p.Subnet).State = SplitTunnel{Profile: DefaultProfile, Network: p.Subnet, Through: true}
	}
	if odds("route over all") {
		m.put(account, "route-"+p.Subnet, "", Route{Network: "172.16.0.0/12", VNet: Lit("vnet-1"), Tunnel: Lit("theirs")})
	}
	if odds("enrolment of others") && m.find(KindEnrolment, "warp-app") == nil {
		m.put(account, "warp-app", "", Enrolment{Session: rapid.SampledFrom([]string{"30m", "720h"}).Draw(t, "session")})
		m.put(account, "their-policy", "", EnrolmentRule{App: Lit("warp-app"), Policy: Lit("their-policy")})
	}
}

// meddleInside is a stranger changing what stands for everybody.
func meddleInside(t *rapid.T, m *model) {
	i := rapid.IntRange(0, len(m.Objects)-1).Draw(t, "what")
	switch s := m.Objects[i].State.(type) {
	case GatewayProxy:
		m.Objects[i].State = GatewayProxy{TCP: !s.TCP, UDP: s.UDP}
	case SplitTunnel:
		s.Through = !s.Through
		m.Objects[i].State = s
	case Fallback:
		s.Servers = []string{"10.9.9.9"}
		m.Objects[i].State = s
	case Shadow:
		s.Entries = append(slices.Clone(s.Entries), DomainEntry{Suffix: "org"})
		m.Objects[i].State = s
	case ComposeNetwork, Attachment:
		m.Objects = slices.Delete(m.Objects, i, i+1)
	case Network:
		m.move(s.Members[0].Project)
	}
}

// TestEveryPrefixOfASwitchKeepsTheTeamInAndTheRestOut walks between modes in any
// order that the plans allow, with crashes at every boundary and meddling
// strangers, and never loses the team, a webhook or a lock on the way.
func TestEveryPrefixOfASwitchKeepsTheTeamInAndTheRestOut(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, other := inAnyMode(rt, sample("ocs", "chat.example.org")), inAnyMode(rt, sample("n8n", "flow.example.org"))
		m := anyWorld(rt, a, other)
		approved := map[SetupID]Answers{a.Setup: a, other.Setup: other}
		walk(rt, m, other, approved, false)
		walk(rt, m, a, approved, false)
		for range 3 {
			next := inAnyMode(rt, sample("ocs", "chat.example.org"))
			open, kept, inside := m.exposed(other), m.answering(other), m.enters(other)
			others := m.unowned()
			approved[a.Setup] = next
			p := walk(rt, m, next, approved, true)
			checkUnowned(rt, others, m.unowned())
			subset(rt, "the other setup: open", m.exposed(other), append(open, m.exposed(next)...), p)
			subset(rt, "the other setup stopped answering", kept, m.answering(other), p)
			if inside && !m.enters(other) {
				rt.Fatalf("the other setup's team no longer gets in; the plan was\n%s", p)
			}
			if rapid.Bool().Draw(rt, "meddle") {
				meddle(rt, m)
				meddleInside(rt, m)
			}
		}
		if p := walk(rt, m, approved[a.Setup], approved, false); len(p.Barriers) == 0 && len(p.Changes) > 0 {
			rt.Fatalf("nothing bars, yet this is left:\n%s", p)
		}
	})
}
