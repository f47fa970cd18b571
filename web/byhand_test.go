package web

import (
	"slices"
	"strings"
	"testing"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
)

// privateSetups are setups that together want a thing of every kind.
func privateSetups() []setup.Answers {
	var all []setup.Answers
	for _, mode := range []setup.Mode{setup.ModeFallback, setup.ModeHostname} {
		for _, source := range []setup.Source{setup.FromACME, setup.FromInternal, setup.FromOwner} {
			a := setuptest.InMode(setuptest.Sample("ocs"), mode)
			a.Private.Name, a.Private.ICMP, a.Private.Location, a.Private.Front.Source = "ocs.team.internal", true, true, source
			a.Private.Replaces = []setup.Service{{Project: "ocs", Service: "dnsmasq"}}
			a.Settings = append(a.Settings, setup.Item{Name: "RATE_LIMIT_TRUSTED_PROXY_COUNT", Value: "1", Whole: true})
			a.Site, a.AlertEmail = "ocs.example.org", "ops@example.org"
			a.Remedies = []setup.Remedy{setup.RemedySkip, setup.RemedyBots, setup.RemedyLevel, setup.RemedyActive}
			all = append(all, a)
		}
		plain := setuptest.InMode(setuptest.Sample("ocs"), mode)
		plain.Private.Front = nil
		all = append(all, plain)
	}
	return all
}

// byHandOf is what the pages say of each thing that a setup wants.
func byHandOf(a setup.Answers) map[setup.Key]Manual {
	want, _ := setup.Merge(a.Setup, &a, nil)
	h := hand{want: want, stack: a.Stack}
	says := map[setup.Key]Manual{}
	for k, w := range want {
		if m, ok := h.manual(k, w.State); ok {
			says[k] = m
		}
	}
	return says
}

func (m Manual) text() string {
	lines := []string{m.Where, m.Not}
	for _, v := range m.Values {
		lines = append(lines, v.Name+": "+v.Text)
	}
	return strings.Join(lines, "\n")
}

// Whatever a plan may hold is told how to do, or why it is not done by hand. What
// is only looked at is nobody's to do.
func TestEveryThingIsToldHowToDoByHandOrWhyNot(t *testing.T) {
	lookedAt := []setup.Kind{setup.KindOrganization, setup.KindZone, setup.KindNetwork, setup.KindVirtualNetwork, setup.KindDeviceProfile}
	told := slices.Clone(lookedAt)
	for _, a := range privateSetups() {
		says := byHandOf(a)
		want, _ := setup.Merge(a.Setup, &a, nil)
		for k := range want {
			m, ok := says[k]
			if ok == slices.Contains(lookedAt, k.Kind) {
				t.Errorf("%s: told by hand: %v", k.Short(), ok)
			}
			if ok && (m.Title == "" || (m.Where == "") == (m.Not == "") || m.Not != "" && len(m.Values) > 0) {
				t.Errorf("%s: told %+v", k.Short(), m)
			}
			told = append(told, k.Kind)
		}
	}
	for _, k := range setup.Kinds() {
		if !slices.Contains(told, k) {
			t.Errorf("no setup here wants a %s", k)
		}
	}
}

// An application is told with the very rules that the plan gives it: another one
// would let in people whom it is there to keep out.
func TestEveryApplicationIsToldWithItsOwnRules(t *testing.T) {
	for _, a := range privateSetups() {
		want, _ := setup.Merge(a.Setup, &a, nil)
		for k, m := range byHandOf(a) {
			app, ok := want[k].State.(setup.App)
			if !ok {
				continue
			}
			var rules []string
			for _, v := range m.Values {
				if v.Name == "Policy" {
					rules = append(rules, v.Text)
				}
				if strings.Contains(v.Text, "://") {
					t.Errorf("%s: %q is no word of Cloudflare's dashboard", k.Short(), v.Text)
				}
			}
			var wanted []string
			for _, id := range app.Policies {
				wanted = append(wanted, want[id.Of].State.(setup.Policy).Name)
			}
			if !slices.Equal(rules, wanted) {
				t.Errorf("%s is told with the rules %q, the plan gives it %q", k.Short(), rules, wanted)
			}
		}
	}
}

func TestThePrivateWayByHandHasTheExactValues(t *testing.T) {
	fallback, hostname := privateSetups()[0], privateSetups()[4]
	own := privateSetups()[2]
	rows := []struct {
		a     setup.Answers
		stage journey.Stage
		title string
		says  []string
	}{
		{fallback, journey.StageBuild, "Lock on ocs.example.org", []string{"Public hostname and path: ocs.example.org", "Policy: Nobody"}},
		{fallback, journey.StageBuild, "Lock on ocs.team.internal", []string{"Private hostname: ocs.team.internal", "Policy: Team of ocs"}},
		{fallback, journey.StageBuild, "Lock on 172.30.250.2 (ocs.team.internal)", []string{"Private IP: 172.30.250.2/32", "Policy: Team of ocs"}},
		{fallback, journey.StageBuild, "Rule “Nobody”", []string{"Action: Block"}},
		{fallback, journey.StageBuild, "File docker-compose.culvert.yml with the token beside it", []string{
			"TUNNEL_TRANSPORT_PROTOCOL: quic", "External network: ocs_default", "External network: culvert-ocs", "dns: ipv4_address: 172.30.250.3",
			"dns: command: dnsmasq --keep-in-foreground", "front: image: nginx@sha256:2", "front: aliases: ocs.team.internal"}},
		{fallback, journey.StageBuild, "RATE_LIMIT_TRUSTED_PROXY_COUNT in .env.prod", []string{"RATE_LIMIT_TRUSTED_PROXY_COUNT: 1"}},
		{fallback, journey.StageBuild, "How devices join your account", []string{"Session duration: at least 24h"}},
		{fallback, journey.StageBuild, "Culvert's own Docker network culvert-ocs", []string{"docker network create --subnet 172.30.250.0/28 culvert-ocs"}},
		{fallback, journey.StageSwitch, "Devices' traffic goes through Gateway", []string{"TCP: On", "UDP: On"}},
		{fallback, journey.StageSwitch, "Way to 172.30.250.3/32 through the tunnel", []string{"CIDR: 172.30.250.3/32", "Tunnel: ocs"}},
		{fallback, journey.StageSwitch, "Whom devices ask for ocs.team.internal", []string{"DNS server: 172.30.250.3"}},
		{hostname, journey.StageSwitch, "Whom devices ask for ocs.team.internal", []string{"Remove, if it is there: ocs.team.internal"}},
		{hostname, journey.StageSwitch, "What keeps devices from asking Gateway for ocs.team.internal", []string{"it is there: team.internal", "it is there: internal"}},
		{hostname, journey.StageSwitch, "Way to ocs.team.internal through the tunnel", []string{"Hostname: ocs.team.internal", "Tunnel: ocs"}},
		{own, journey.StageBuild, "Certificate for ocs.team.internal", []string{"/var/lib/culvert/ocs", "fullchain.pem", "privkey.pem"}},
		{fallback, journey.StageBuild, "Certificate for ocs.team.internal", []string{"Let’s Encrypt asks for a record"}},
	}
	for _, r := range rows {
		v := view(r.stage)
		v.O.Setup, v.O.Answers = r.a.Setup, &r.a
		manual := v.byHand()
		i := slices.IndexFunc(manual, func(m Manual) bool { return m.Title == r.title })
		if i < 0 {
			t.Errorf("%s, %s: %q is not told", r.a.Mode, r.stage, r.title)
			continue
		}
		for _, text := range r.says {
			if !strings.Contains(manual[i].text(), text) {
				t.Errorf("%s does not say %q:\n%s", r.title, text, manual[i].text())
			}
		}
	}
}

func TestTheSwitchSaysThatTheOldWayIsStillThere(t *testing.T) {
	old := setup.Change{Key: setup.Key{Kind: setup.KindHostnameRoute, Name: "ocs.internal"}, Verb: setup.Delete, Drop: true, Step: setup.StepRemove}
	for stage, want := range map[journey.Stage]int{journey.StageBuild: 0, journey.StageSwitch: 1, journey.StageClose: 1} {
		v := view(stage)
		v.O.Plan = &setup.Plan{Changes: []setup.Change{old, {Verb: setup.Release, Drop: true, Step: setup.StepRemove}}}
		if got := v.leftOver(); got != want {
			t.Errorf("%s says of %d things, want %d", stage, got, want)
		}
	}
}

// Devices take new settings within ten minutes, and until then know only the old way.
func TestRemovingTheOldWayIsAnnouncedToWhoeverKnowsItAlone(t *testing.T) {
	a := setuptest.InMode(setuptest.Sample("ocs"), setup.ModeFallback)
	v := view(journey.StageDone)
	v.O.Answers = &a
	v.O.Plan = &setup.Plan{Changes: []setup.Change{{Key: setup.Key{Kind: setup.KindHostnameRoute, Name: "ocs.internal"}, Verb: setup.Delete,
		From: setup.HostnameRoute{Hostname: "ocs.internal"}, Drop: true, Step: setup.StepRemove, Reach: setup.ReachAccount}}}
	if p, _ := v.plan(); len(p.Effects) != 2 || !strings.Contains(p.Effects[0], "within ten minutes") {
		t.Errorf("before the button it says %q", p.Effects)
	}
}

// The app's own address is told with this step, also when the port is closed already.
func TestAButtonPromisesToCloseAPortOnlyIfItDoes(t *testing.T) {
	port := setup.Change{Key: setup.Key{Kind: setup.KindPublished, Name: "web"}, Verb: setup.Update, Step: setup.StepClose}
	site := setup.Change{Key: setup.Key{Kind: setup.KindSite, Name: "web"}, Verb: setup.Update, Step: setup.StepClose}
	for label, changes := range map[string][]setup.Change{"Close the port": {port, site}, "Make 1 change": {site}} {
		v := view(journey.StageClose)
		v.O.Plan = &setup.Plan{Changes: changes}
		if p, _ := v.plan(); p.Label != label {
			t.Errorf("the button says %q, want %q", p.Label, label)
		}
	}
}
