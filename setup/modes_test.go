package setup

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func modes() []Mode { return []Mode{ModePublic, ModeFallback, ModeHostname} }

func TestEveryModeIsBuiltInASafeOrder(t *testing.T) {
	for _, mode := range modes() {
		a := inMode(sample("ocs", "chat.example.org"), mode)
		m := hostWorld(a)
		if mode.Private() {
			golden(t, "mode-"+string(mode), m.plan(t, a.Setup, &a, nil).String())
		}
		converges(t, m, a, nil)
		b := withoutFront(a)
		m = hostWorld(b)
		if mode == ModeFallback {
			golden(t, "mode-fallback-without-front", m.plan(t, b.Setup, &b, nil).String())
		}
		converges(t, m, b, nil)
	}
}

// converges runs a setup to its end, and asks that its team gets in, its
// webhooks answer and nothing is open.
func converges(t *testing.T, m *model, a Answers, approved map[SetupID]Answers) {
	t.Helper()
	if left := m.run(t, a.Setup, &a, approved); !left.Empty() {
		t.Fatalf("%s: after a run there is something left:\n%s", a.Mode, left)
	}
	name := string(a.Setup) + ".your-org"
	if public, private := m.entersPublic(a), m.entersByDNS(a, name) || m.entersByGateway(a, name); public != a.teamInPublic() || private != a.Mode.Private() {
		t.Errorf("%s: the team comes in publicly %v, privately %v", a.Mode, public, private)
	}
	if got := m.answering(a); len(got) != len(a.Doors) {
		t.Errorf("%s: webhooks %v answer", a.Mode, got)
	}
	others := func(what string) bool {
		return strings.HasPrefix(what, "port of ") && what != "port of "+a.Stack.Project
	}
	if open := slices.DeleteFunc(m.exposed(a), others); len(open) > 0 {
		t.Errorf("%s: open without a login: %v", a.Mode, open)
	}
}

func TestEverySwitchIsAPlanAndLeavesNothingOver(t *testing.T) {
	for _, from := range modes() {
		for _, to := range modes() {
			if from == to {
				continue
			}
			name := "switch-" + string(from) + "-" + string(to)
			t.Run(name, func(t *testing.T) {
				a, b := inMode(sample("ocs", "chat.example.org"), from), inMode(sample("ocs", "chat.example.org"), to)
				m := hostWorld(a)
				converges(t, m, a, nil)
				approved := map[SetupID]Answers{a.Setup: a}
				p := m.plan(t, b.Setup, &b, approved)
				golden(t, name, p.String())
				if behind := b.LeftBehind(p.All()); (behind != "") != from.Private() || strings.Contains(behind, "WARP") != (from.Private() && to.Private()) {
					t.Errorf("of devices that know the old way it says %q", behind)
				}
				converges(t, m, b, approved)
				fresh := hostWorld(b)
				converges(t, fresh, b, nil)
				sameWorld(t, fresh, m)
			})
		}
	}
}

// sameWorld compares two worlds but for the ids that the providers gave.
func sameWorld(t *testing.T, want, got *model) {
	t.Helper()
	a, b := want.told(), got.told()
	for _, line := range a {
		if !slices.Contains(b, line) {
			t.Errorf("missing: %s", line)
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			t.Errorf("left over: %s", line)
		}
	}
}

func (m *model) told() []string {
	named := func(i ID) ID {
		for k, r := range m.ledger.Records {
			if i.Lit != "" && r.ID == i.Lit && k.Kind.referred() {
				return Ref(k)
			}
		}
		return i
	}
	var lines []string
	for _, o := range m.Objects {
		lines = append(lines, string(o.State.Kind())+" in "+o.Scope+": "+string(canon(o.State.mapIDs(named))))
	}
	for k := range m.ledger.Records {
		lines = append(lines, "recorded: "+k.String())
	}
	return lines
}

func TestTheWayRoundThroughAllModesKeepsTheOtherSetup(t *testing.T) {
	for _, otherMode := range modes() {
		a, other := sample("ocs", "chat.example.org"), inMode(sample("n8n", "flow.example.org"), otherMode)
		m := hostWorld(a, other)
		approved := map[SetupID]Answers{}
		converges(t, m, other, approved)
		approved[other.Setup] = other
		for _, mode := range []Mode{ModeFallback, ModeHostname, ModePublic, ModeFallback} {
			next := inMode(a, mode)
			converges(t, m, next, approved)
			approved[a.Setup] = next
			if p := m.plan(t, other.Setup, &other, approved); !p.Empty() {
				t.Fatalf("after %s the other setup (%s) needs:\n%s", mode, otherMode, p)
			}
			converges(t, m, other, approved)
		}
		if left := m.run(t, a.Setup, nil, approved); !left.Empty() {
			t.Fatalf("teardown leaves:\n%s", left)
		}
		delete(approved, a.Setup)
		converges(t, m, other, approved)
		for k, r := range m.ledger.Records {
			if slices.Contains(r.By, a.Setup) {
				t.Errorf("%s is still of the setup that is gone", k)
			}
		}
	}
}

func TestTeardownOfAPrivateModePutsTheAccountBackToTheLetter(t *testing.T) {
	for _, mode := range []Mode{ModeFallback, ModeHostname} {
		chosen := inMode(sample("ocs", "chat.example.org"), mode)
		for _, a := range []Answers{chosen, withoutFront(chosen), followed(chosen)} {
			m := hostWorld(a)
			before := m.clone()
			converges(t, m, a, nil)
			if a.Private.Front != nil {
				golden(t, "teardown-"+string(mode), m.plan(t, a.Setup, nil, nil).String())
			}
			if left := m.run(t, a.Setup, nil, nil); !left.Empty() {
				t.Fatal(left)
			}
			closed := func(line string) bool { return strings.Contains(line, "port in ") }
			got := slices.DeleteFunc(m.told(), closed)
			want := slices.DeleteFunc(before.told(), closed)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s: before\n%s\nafter\n%s", mode, strings.Join(want, "\n"), strings.Join(got, "\n"))
			}
		}
	}
}

func TestWhatOursReplacesIsStoppedLastAndNeverStartedAgain(t *testing.T) {
	a := inMode(sample("ocs", "chat.example.org"), ModeFallback)
	a.Private.Replaces = []Service{{"ocs", "dns"}}
	m := hostWorld(a)
	m.put("ocs/dns", "dns", "", Predecessor{Project: "ocs", Service: "dns", Running: true})
	p := m.plan(t, a.Setup, &a, nil)
	last := p.Of(StepClose)
	at := slices.IndexFunc(last, func(c Change) bool { return c.Key.Kind == KindPredecessor })
	if at < 0 || !slices.ContainsFunc(last[at].Needs, func(n Need) bool { return n.Key == a.fallbackKey(DefaultProfile) }) {
		t.Fatalf("it is not stopped last:\n%s", p)
	}
	converges(t, m, a, nil)
	if m.find(KindPredecessor, "dns").State.(Predecessor).Running {
		t.Error("it still runs")
	}
	if left := m.run(t, a.Setup, nil, nil); !left.Empty() || m.find(KindPredecessor, "dns").State.(Predecessor).Running {
		t.Errorf("teardown started it again, or leaves:\n%s", left)
	}
}

func TestTheTeamMayKeepThePublicWayInAPrivateMode(t *testing.T) {
	a := inMode(sample("ocs", "chat.example.org"), ModeHostname)
	a.PublicTeam, a.Private.ICMP = true, true
	m := hostWorld(a)
	converges(t, m, a, nil)
	if !m.find(KindICMPProxy, "icmp-proxy").State.(ICMPProxy).On {
		t.Error("pings stay out")
	}
	if m.ledger.Records[a.nobodyKey()].ID != "" {
		t.Error("there is a rule for nobody that nothing uses")
	}
}

func TestAnEntryThatOthersAddedStaysWhenOursGoes(t *testing.T) {
	a := inMode(sample("ocs", "chat.example.org"), ModeFallback)
	m := hostWorld(a)
	converges(t, m, a, nil)
	for _, o := range []*Object{m.find(KindEnvVar, "DJANGO_ALLOWED_HOSTS"), m.find(KindSetting, "DJANGO_ALLOWED_HOSTS")} {
		switch s := o.State.(type) {
		case EnvVar:
			s.Value += ",theirs.example.org"
			o.State = s
		case Setting:
			s.Value += ",theirs.example.org"
			o.State = s
		}
	}
	public := inMode(a, ModePublic)
	converges(t, m, public, map[SetupID]Answers{a.Setup: a})
	for _, want := range []string{m.find(KindEnvVar, "DJANGO_ALLOWED_HOSTS").State.(EnvVar).Value, m.find(KindSetting, "DJANGO_ALLOWED_HOSTS").State.(Setting).Value} {
		if want != "10.0.0.5,chat.example.org,theirs.example.org" {
			t.Errorf("the list is %s", want)
		}
	}
}

// A name that two containers have leads now to the one, now to the other, so
// nothing is made for the second while people come in by the first.
func TestAFrontIsNotTakenAwayOrPutBeforeUnderTheFeetOfTheTeam(t *testing.T) {
	for _, mode := range []Mode{ModeFallback, ModeHostname} {
		for _, fronted := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, with a front: %v", mode, fronted), func(t *testing.T) {
				with := inMode(sample("ocs", "chat.example.org"), mode)
				without := with
				private := *with.Private
				private.Front, private.Address = nil, "172.30.250.4"
				without.Private = &private
				from, to := without, with
				if fronted {
					from, to = with, without
				}
				m := hostWorld(from)
				converges(t, m, from, nil)
				p := m.plan(t, to.Setup, &to, map[SetupID]Answers{from.Setup: from})
				for _, b := range p.Barriers {
					if !strings.Contains(b.Detail, "Switch to the public way first") {
						t.Errorf("%s is barred: %s", b.Key, b.Detail)
					}
				}
				harmless := []Kind{KindApp, KindCertificate, KindFrontConfig} // nobody comes in by a lock or a file
				for _, c := range p.Changes {
					if c.Verb.Writes() && !p.stuck(c.Key, nil) && !slices.Contains(harmless, c.Key.Kind) {
						t.Errorf("it is done all the same: %s %s", c.Verb, c.Key)
					}
				}
				if len(p.Barriers) == 0 {
					t.Error("nothing is barred")
				}
			})
		}
	}
}

// What stands beside the connector serves one private name, so nothing is prepared
// for another while people come in by the first: in place nor with another way.
func TestTheNameIsNotChangedUnderTheFeetOfTheTeam(t *testing.T) {
	for _, from := range []Mode{ModeFallback, ModeHostname} {
		for _, to := range []Mode{ModeFallback, ModeHostname} {
			t.Run(fmt.Sprintf("%s to %s", from, to), func(t *testing.T) {
				a, b := inMode(sample("ocs", "chat.example.org"), from), inMode(sample("ocs", "chat.example.org"), to)
				private := *b.Private
				private.Name = "chat.your-org"
				b.Private, b.Settings = &private, slices.Clone(b.Settings)
				for i := range b.Settings {
					b.Settings[i].Value = strings.ReplaceAll(b.Settings[i].Value, "ocs.your-org", private.Name)
				}
				m := hostWorld(a)
				at := DefaultProfile + "/" + private.Name
				m.put(account, at, "", Fallback{Profile: DefaultProfile, Suffix: private.Name})
				m.put(account, at, "", Shadow{Profile: DefaultProfile, Hostname: private.Name})
				converges(t, m, a, nil)
				approved := map[SetupID]Answers{a.Setup: a}
				p := m.plan(t, b.Setup, &b, approved)
				for _, barrier := range p.Barriers {
					if !strings.Contains(barrier.Detail, "Your team comes in by ocs.your-org") {
						t.Errorf("%s is barred: %s", barrier.Key, barrier.Detail)
					}
				}
				if len(p.Barriers) == 0 {
					t.Error("nothing is barred")
				}
				for _, c := range p.Changes {
					if c.Verb.Writes() && !p.stuck(c.Key, nil) && c.Key.Kind != KindApp { // nobody comes in by a lock
						t.Errorf("it is done all the same: %s %s", c.Verb, c.Key)
					}
				}
				public := inMode(sample("ocs", "chat.example.org"), ModePublic)
				converges(t, m, public, approved)
				for _, barrier := range m.plan(t, b.Setup, &b, map[SetupID]Answers{public.Setup: public}).Barriers {
					t.Errorf("once the team comes in publicly, %s is barred: %s", barrier.Key, barrier.Detail)
				}
			})
		}
	}
}

// severalProfiles is an account with the default device profile and two others,
// the second of which the team's devices have as well.
func severalProfiles(mode Mode) (Answers, *model) {
	const field, kiosks = "6ff42ae2-765d-4adf-8112-31c55c1551ef", "0c2f1a3e-765d-4adf-8112-31c55c1551ef"
	a := inMode(sample("ocs", "chat.example.org"), mode)
	a.Private.Profiles = []string{DefaultProfile, field}
	m := hostWorld(a)
	m.put(account, field, "", DeviceProfile{ID: field, Carries: true, Name: "Field staff", Match: `identity.email == "ana@example.org"`, Include: true, Devices: 12, Precedence: 20})
	m.put(account, kiosks, "", DeviceProfile{ID: kiosks, Name: "Kiosks", Match: `os.name == "windows"`, Devices: 3, Precedence: 10})
	for _, network := range []string{a.Private.Subnet, ResolvedRange} {
		m.put(account, field+"/"+network, "", SplitTunnel{Profile: field, Network: network, Include: true})
	}
	m.put(account, field+"/"+a.Private.Name, "", Fallback{Profile: field, Suffix: a.Private.Name})
	m.put(account, field+"/"+a.Private.Name, "", Shadow{Profile: field, Hostname: a.Private.Name})
	return a, m
}

func TestAPlanNamesTheDeviceProfileAndCountsItsDevices(t *testing.T) {
	a, m := severalProfiles(ModeFallback)
	golden(t, "mode-fallback-profile", m.plan(t, a.Setup, &a, nil).String())
	converges(t, m, a, nil)
	a, m = severalProfiles(ModeHostname)
	field := a.Private.Profiles[1]
	m.find(KindShadow, field+"/"+a.Private.Name).State = Shadow{Profile: field, Hostname: a.Private.Name, Entries: []DomainEntry{{Suffix: "your-org"}}}
	b := m.plan(t, a.Setup, &a, nil).Bar(a.shadowKey(field), nil)
	if b == nil || !strings.Contains(b.Title(), "device profile “Field staff”") || !strings.Contains(b.Detail, "Devices of the device profile “Field staff” do not ask Gateway") {
		t.Errorf("what is in the way there reads %+v", b)
	}
}

func TestWhereANameDoesNotTellTheDeviceProfileTheIDDoes(t *testing.T) {
	for what, called := range map[string][2]string{"the name is not known": {"", "Kiosks"}, "two have the same name": {"Staff", "Staff"}} {
		a, m := severalProfiles(ModeFallback)
		for i, o := range []*Object{m.find(KindDeviceProfile, a.Private.Profiles[1]), m.find(KindDeviceProfile, "0c2f1a3e-765d-4adf-8112-31c55c1551ef")} {
			p := o.State.(DeviceProfile)
			p.Name = called[i]
			o.State = p
		}
		if text := m.plan(t, a.Setup, &a, nil).String(); !strings.Contains(text, "through WARP, device profile "+a.Private.Profiles[1]+" (split tunnel)") {
			t.Errorf("%s:\n%s", what, text)
		}
	}
}

func TestTheProfilesAreInTheOrderInWhichADeviceIsAsked(t *testing.T) {
	_, m := severalProfiles(ModeFallback)
	all, problem := DeviceProfilesIn(m.World, account)
	var names []string
	for _, p := range all {
		names = append(names, p.ID+p.Name)
	}
	if problem != nil || len(all) != 3 || all[0].Name != "Kiosks" || all[1].Name != "Field staff" || all[2].ID != DefaultProfile {
		t.Errorf("%q, %v", names, problem)
	}
	if none, problem := DeviceProfilesIn(m.World, "another"); len(none) > 0 || problem != nil {
		t.Errorf("of another account: %v, %v", none, problem)
	}
	m.World.Miss(KindDeviceProfile, account, Problem{Code: CodeDenied, Message: "no"})
	if none, problem := DeviceProfilesIn(m.World, account); len(none) > 0 || problem == nil || problem.Code != CodeDenied {
		t.Errorf("unread: %v, %v", none, problem)
	}
}
