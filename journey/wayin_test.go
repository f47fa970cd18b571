package journey

import (
	"strings"
	"testing"

	"github.com/culvert/culvert/config"
	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

func withEveryMode(o *Options) {
	o.Modes = []setup.Mode{setup.ModePublic, setup.ModeFallback, setup.ModeHostname}
	o.FrontDirs = "/var/lib/culvert/fronts"
}

func (w *walk) wayIn(d Draft) []setup.FieldError {
	w.Helper()
	bad, err := w.SaveWayIn(w.Context(), w.id, d)
	if err != nil {
		w.Fatal(err)
	}
	return bad
}

func TestTheWayInIsPartOfTheDraft(t *testing.T) {
	w := newWalk(t, withEveryMode)
	w.choose()
	w.token()
	w.answer(good())
	asked := setup.Questions{WARP: setup.Yes, Domain: setup.Yes, Padlock: setup.No}
	if bad := w.wayIn(Draft{Questions: asked, Mode: setup.ModeFallback, Inside: profile.Inside{Name: "ocs.your-org"}}); len(bad) > 0 {
		t.Fatal(bad)
	}
	o := w.overview()
	if o.Answers == nil || o.Answers.Mode != setup.ModeFallback || o.Answers.Private.Name != "ocs.your-org" || o.Draft.Questions != asked || o.Draft.Hostname != host {
		t.Fatalf("draft %+v with errors %v", o.Draft, o.Errors)
	}
	if want := "/var/lib/culvert/fronts/" + o.Answers.Stack.Project; o.Answers.Stack.FrontDir != want {
		t.Errorf("the front is in %q", o.Answers.Stack.FrontDir)
	}
	last := o.Token.Needs[len(o.Token.Needs)-1]
	if last.Key != "teams" || !strings.Contains(o.Token.Link, "teams") {
		t.Errorf("the token needs %v", o.Token.Needs)
	}
	w.wayIn(Draft{Mode: setup.ModePublic})
	if o := w.overview(); len(o.Token.Needs) != len(setup.Permissions(setup.ModePublic)) || o.Answers.Private != nil {
		t.Errorf("back in public: %+v", o.Answers)
	}
}

func TestAWayInThatIsNotOfferedIsRefusedEverywhere(t *testing.T) {
	w := newWalk(t)
	w.choose()
	w.answer(good())
	bad := w.wayIn(Draft{Mode: setup.ModeHostname, Inside: profile.Inside{Name: "ocs.your-org"}})
	if len(bad) != 1 || bad[0].Field != "mode" {
		t.Errorf("told: %v", bad)
	}
	f := config.File{App: "open-chat-studio", Hostname: host, Zone: "example.org", Domains: []string{"example.org"},
		Mode: setup.ModeHostname, Inside: profile.Inside{Name: "ocs.your-org"}}
	if _, _, err := w.FromFile(t.Context(), f, secret.New(apiToken)); err == nil || !strings.Contains(err.Error(), "public address only") {
		t.Errorf("the file gives %v", err)
	}
}

func TestAFileAndThePagesSayTheSameOfTheWayIn(t *testing.T) {
	w := newWalk(t, withEveryMode)
	f := config.File{App: "open-chat-studio", Name: string(w.id), Hostname: host, Zone: "example.org", Domains: []string{"example.org"},
		Mode: setup.ModeFallback, Inside: profile.Inside{Name: "ocs.your-org", Subnet: "10.213.250.0/28"},
		Fixes: []string{"RATE_LIMIT_TRUSTED_PROXY_COUNT"}, Site: true}
	answers, _, err := w.FromFile(t.Context(), f, secret.New(apiToken))
	if err != nil {
		t.Fatal(err)
	}
	o := w.overview()
	if o.Answers == nil || setup.Digest(setup.Site{Domain: o.Answers.Site}) != setup.Digest(setup.Site{Domain: answers.Site}) ||
		o.Answers.Private.Subnet != "10.213.250.0/28" || len(o.Draft.Fixes) != 1 || !o.Draft.Site {
		t.Errorf("the pages say %+v", o.Draft)
	}
	written, err := config.Parse(config.Write(config.FromAnswers(answers)))
	if err != nil || written.Mode != f.Mode || written.Inside.Subnet != f.Inside.Subnet || !written.Site {
		t.Errorf("written down: %+v, %v", written, err)
	}
}

func TestAnotherRangeIsTakenUntilSomethingStandsInIt(t *testing.T) {
	w := newWalk(t, withEveryMode)
	w.choose()
	w.token()
	w.answer(good())
	w.wayIn(Draft{Mode: setup.ModeFallback, Inside: profile.Inside{Name: "ocs.your-org"}})
	a := w.overview().Answers
	network := setup.Key{Kind: setup.KindPrivateNetwork, Scope: "docker", Name: a.Stack.PrivateNetwork}
	p := engine.Planned{Answers: a, Plan: setup.Plan{Barriers: []setup.Barrier{{Key: network, Why: setup.WhyConflict}}},
		World: setup.World{Objects: []setup.Object{{Scope: "docker", ID: "n", State: setup.Network{Name: "n", Subnets: []string{"172.30.250.0/28"}}}}}}
	if again, err := w.ChooseRange(t.Context(), w.id, p); !again || err != nil {
		t.Fatalf("%v, %v", again, err)
	}
	if got := w.overview().Answers.Private.Subnet; got != "172.30.250.16/28" {
		t.Errorf("the other range is %s", got)
	}
	p.Ledger.Records = map[setup.Key]setup.Record{network: {ID: "ours", By: []setup.SetupID{a.Setup}}}
	if again, err := w.ChooseRange(t.Context(), w.id, p); again || err != nil {
		t.Errorf("a range in use was given up: %v, %v", again, err)
	}
	w.wayIn(Draft{Mode: setup.ModeHostname, Inside: profile.Inside{Name: "ocs.your-org"}})
	if got := w.overview().Answers.Private.Subnet; got != "172.30.250.16/28" {
		t.Errorf("a switch forgot the range: %s", got)
	}
}

func TestTheGuidesOwnDNSServerIsNoticed(t *testing.T) {
	dns := found.Service{Name: "dns", Image: "jpillora/dnsmasq", Running: 1}
	web := found.Service{Name: "web", Image: "open-chat-studio", Running: 1}
	beside := func(s ...found.Service) *Candidate { return &Candidate{Project: found.Project{Services: s}} }
	if !followsGuide(beside(web, dns)) || followsGuide(beside(web)) || followsGuide(nil) {
		t.Error("it is not")
	}
	dns.Running = 0
	if followsGuide(beside(web, dns)) {
		t.Error("a stopped one counts")
	}
}

func TestWithoutADomainNoPermissionForOneIsAskedFor(t *testing.T) {
	t.Parallel()
	w := newWalk(t, withEveryMode)
	w.choose()
	zones := func() (n int) {
		for _, p := range w.overview().Token.Needs {
			if p.Zone {
				n++
			}
		}
		return n
	}
	if zones() == 0 {
		t.Error("before anything is answered no permission for the domain is asked for")
	}
	w.wayIn(Draft{Mode: setup.ModeHostname, Inside: profile.Inside{Name: "ocs.your-org"}})
	if n := zones(); n != 0 {
		t.Errorf("with a private name alone, %d are for a domain", n)
	}
	w.answer(good())
	if zones() == 0 || !strings.Contains(w.overview().Token.Link, "dns") {
		t.Error("with a public address no permission for its domain is asked for")
	}
}
