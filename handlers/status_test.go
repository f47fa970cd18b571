package handlers_test

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/handlers"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

// standOn opens the pages on a finished setup.
func standOn(t testing.TB, s journey.Standing, change ...func(*handlers.Options)) *pages {
	t.Helper()
	return open(t, &fake{overview: sceneDone(t), standing: s, audit: entries(t, 60)}, change...)
}

func (p *pages) status() answer {
	p.t.Helper()
	return p.get(at("status")).status(200)
}

func TestTheStatusPageSaysFirstWhatIsWrongAndWhatFixDoes(t *testing.T) {
	a := standOn(t, sceneWhatsAppSilent(t)).status()
	a.says("#region-headline", "✘ WhatsApp (Meta) messages do NOT arrive", "(13 min)", "Telegram and Slack fine", "was deleted", "Fix: 3 s, no restart")
	a.says(".problem", "Effect", "gets a login page", "Proof", "GET https://chat.example.org/channels/whatsapp/meta/incoming_message → 302, answered by the lock",
		"restarts nothing, about 3 s", "proves: the door for WhatsApp (Meta) open", "If not", "nothing else breaks", "Copy for help")
	a.says("#region-lights", "✔ Telegram messages arrive", "✘ WhatsApp (Meta) NO messages, door missing", "Team login asked for", "Everything else locked", "closed")
	if first := a.doc.Find("main .verdict .word").First().Text(); !strings.Contains(first, "NOT") {
		t.Errorf("the first thing that it says is %q", first)
	}
	if n := a.doc.Find("#region-lights form").Length(); n != 1 {
		t.Errorf("%d channels have a button, want the one that is broken", n)
	}
}

// Until its checks were made again, a channel whose door is gone has no light.
func TestAChannelIsDarkWhileItsChecksAreFromBeforeSomethingBroke(t *testing.T) {
	s := sceneStanding(t, illness{})
	for i := range s.Condition.Channels {
		if ch := &s.Condition.Channels[i]; ch.Door == "whatsapp" {
			ch.Light, ch.State = diagnosis.Unknown, "missing"
		}
	}
	a := standOn(t, s).status()
	a.says("#region-lights", "✔ Telegram messages arrive", "○ WhatsApp (Meta) door missing, being checked")
}

// What changes the whole domain is said above its own button, which is unfolded
// first, and is part of no other button.
func TestWhatChangesTheWholeDomainAsksForAYesOfItsOwn(t *testing.T) {
	s := sceneBotFight(t)
	f := s.Condition.Findings[0]
	p := standOn(t, s)
	a := p.status()
	a.says(".problem", "Bot Fight Mode is on for the whole domain", "switches Bot Fight Mode off for all of example.org", "Bot Management: Edit", "make a new token with it",
		"so also for every other address in it, such as shop.example.org", "Fix it for the whole domain", "Yes, change it for the whole domain: 3 s, no restart")
	if n := a.doc.Find("#region-headline form, #region-lights form").Length(); n != 0 {
		t.Errorf("%d other buttons do it as well", n)
	}
	if button := a.doc.Find(".problem form button"); button.Length() != 1 || button.Closest("details").Length() != 1 {
		t.Error("the button can be pressed before it is said what it changes")
	}
	fields := url.Values{"page": {"status"}, "finding": {f.ID}, "hash": f.Fix.Hashes}
	for _, yes := range []bool{false, true} {
		if yes {
			fields.Set("domain", "yes")
		}
		p.post(at("repair"), fields)
		if got, want := p.fake.last(), (askedRepair{journey.Mending{Findings: []string{f.ID}, Hashes: f.Fix.Hashes, Domain: yes}}); !reflect.DeepEqual(got, want) {
			t.Errorf("sent %+v, want %+v", got, want)
		}
	}
}

func TestProblemsStandWorstFirst(t *testing.T) {
	s := sceneMuchWrong(t)
	a := standOn(t, s).status()
	a.says("#region-headline", "Fix all 2")
	titles := a.doc.Find(".problem h3")
	if titles.Length() != len(s.Condition.Findings) || titles.Length() < 3 {
		t.Fatalf("there are %d problems for %d findings", titles.Length(), len(s.Condition.Findings))
	}
	for i, f := range s.Condition.Findings {
		if !strings.Contains(titles.Eq(i).Text(), f.Title) {
			t.Errorf("problem %d is %q, want %q", i, words(titles.Eq(i).Text()), f.Title)
		}
		if i > 0 && f.Severity.Worse(s.Condition.Findings[i-1].Severity) {
			t.Errorf("%s stands behind %s", f.Severity, s.Condition.Findings[i-1].Severity)
		}
	}
}

// Each button sends exactly what was shown: of one problem, of one channel, of
// all.
func TestEachFixSendsWhatItWasShownToDo(t *testing.T) {
	s := sceneMuchWrong(t)
	p := standOn(t, s)
	a := p.status()
	of := func(ids ...string) askedRepair {
		fix, found, err := journey.FixOf(s.Condition.Findings, ids)
		if err != nil {
			t.Fatal(err)
		}
		return askedRepair{journey.Mending{Findings: found, Hashes: fix.Hashes}}
	}
	var whatsapp string
	for _, f := range s.Condition.Findings {
		if f.Repairable() && slices.Contains(f.Doors, "whatsapp") {
			whatsapp = f.ID
		}
	}
	for selector, want := range map[string]askedRepair{
		"#fix-all": of(), "#fix-channel-whatsapp": of(whatsapp),
		"#" + strings.ReplaceAll("fix-"+whatsapp, "/", "-"): of(whatsapp),
	} {
		action, form := a.form(selector)
		p.post(action, form, htmx...).status(200).says(".note", "Begun")
		if got := p.fake.last(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s asked for %v, want %v", selector, got, want)
		}
		p.post(action, form).status(303)
	}
}

func TestWhatIsNoLongerAsItWasShownIsNotRepaired(t *testing.T) {
	p := standOn(t, sceneWhatsAppSilent(t))
	action, form := p.status().form("#fix-all")
	p.fake.err = journey.Stale{}
	p.post(action, form, htmx...).status(http.StatusConflict).says(".note.bad", "no longer the one that was shown")
	a := p.post(action, form).status(http.StatusConflict)
	a.says("#note", "no longer the one that was shown")
	a.says("#region-headline", "do NOT arrive")
	p.post(at("repair"), url.Values{"hash": {"x"}}, htmx...).status(422)
	if got := p.fake.last(); reflect.DeepEqual(got, askedRepair{journey.Mending{Hashes: []string{"x"}}}) {
		t.Error("a form without findings asks for all of them")
	}
}

func TestARepairShowsItsProgressAndThatItIsProven(t *testing.T) {
	a := standOn(t, sceneMending(t)).status()
	a.says("#region-mending", "Putting it right", "running", "Door for WhatsApp on chat.example.org")
	a.says(".problem", "It is being put right now")
	a.lacks("form[data-plan]")
	a = standOn(t, sceneMended(t)).status()
	a.says("#region-mending", "The last repair: done", "Put right and proven.", "took 1.0 s")
	a.says("#region-headline", "3 of 3 channels reach the app; everything else is locked", "Proven from outside")
}

func TestLookAgainNowAsksForIt(t *testing.T) {
	p := standOn(t, sceneStanding(t, illness{}))
	action, form := p.status().form("form[action$=again]")
	p.post(action, form, htmx...).status(200).says(".note", "Looking again")
	if got := p.fake.last(); got != asked("again") {
		t.Errorf("asked for %v", got)
	}
}

func TestNothingIsGreenWithoutFreshProof(t *testing.T) {
	good := sceneStanding(t, illness{})
	blind := good
	blind.Brief = journey.Brief{Live: true, Watching: true}
	dead := good
	dead.Watching, dead.At = false, now.Add(-time.Hour)
	for name, s := range map[string]journey.Standing{
		"old proof":                  sceneStanding(t, illness{age: 10 * time.Minute}),
		"nothing was looked at yet":  blind,
		"nobody watches any more":    dead,
		"everything was taken down":  {Setup: ocs, TornDown: true},
		"a proof that has just aged": aged(good),
	} {
		a := standOn(t, s).status()
		if on := a.doc.Find(".verdict.on, .way .on, .waytext.on"); on.Length() > 0 {
			t.Errorf("%s: there is a light on: %s", name, words(on.Text()))
		}
	}
	a := standOn(t, good).status()
	a.doc.Find(".light.on, .light.off").Each(func(_ int, l *goquery.Selection) {
		until, err := time.Parse(time.RFC3339, l.AttrOr("data-fades", ""))
		if err != nil || !until.After(now) || until.After(now.Add(20*time.Minute)) {
			t.Errorf("a light fades at %q: %s", l.AttrOr("data-fades", ""), words(l.Text()))
		}
	})
}

// aged is a condition that was good and whose first proof has stopped to count.
func aged(s journey.Standing) journey.Standing {
	s.Condition.Until = now
	for i := range s.Evidence {
		s.Evidence[i].At = now.Add(-21 * time.Minute)
	}
	return s
}

func TestWhatWasNotSetUpYetSaysSo(t *testing.T) {
	a := standOn(t, journey.Standing{Setup: ocs, Brief: journey.Brief{Watching: true}}).status()
	a.says("#region-headline", "Nothing was set up yet")
	a.lacks(".light.on")
}

func TestAFinishedSetupOpensOnItsStatus(t *testing.T) {
	p := standOn(t, sceneWhatsAppSilent(t))
	a := p.get("/" + string(ocs)).status(303)
	if to := a.Header.Get("Location"); to != at("status") {
		t.Errorf("it leads to %s", to)
	}
}

func TestTheWayOfAColleagueIsGreenByProofAloneAndNeverOnTheDevice(t *testing.T) {
	private := func(s *journey.Standing) {
		s.Answers.Mode = setup.ModeFallback
		s.Answers.Private = &setup.Private{Name: "ocs.example", Subnet: "10.9.0.0/28", Address: "10.9.0.3", DNS: "10.9.0.4"}
	}
	proven := func(s *journey.Standing) {
		private(s)
		for _, c := range s.Answers.PrivateChecks() {
			s.Evidence = append(s.Evidence, setup.Evidence{Check: c, At: now.Add(-20 * time.Second), OK: true, Detail: "as it must be"})
		}
	}
	if on := standOn(t, sceneStanding(t, illness{standby: private})).status().doc.Find("#region-way section").Eq(1).Find(".hop.on"); on.Length() != 0 {
		t.Errorf("%d stops are on without proof: %s", on.Length(), words(on.Text()))
	}
	a := standOn(t, sceneStanding(t, illness{standby: proven})).status()
	a.lacks("#row-team-login") // nobody logs in at the public address
	a.says("#region-lights", "Everything else locked")
	a.says("#region-way", "The way of a colleague", "Who answers for ocs.example", "CIDR route", "Every other stop is proven.", "nobody can see what happens on a colleague’s device", "nor that Cloudflare asks it for the login")
	a.says("#try", "From this server nobody can see what WARP does", "http://ocs.example:8000/", "What the test proves")
	if policy := a.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "connect-src 'self' http://ocs.example:8000;") {
		t.Errorf("the page may not ask it: %s", policy)
	}
	colleague := a.doc.Find("#region-way section").Eq(1)
	if on := colleague.Find(".hop.on"); on.Length() != 4 || colleague.Find(".hop").Eq(1).HasClass("on") {
		t.Errorf("%d stops are on, the device among them or not: %s", on.Length(), words(on.Text()))
	}
	if to := a.doc.Find("#try a.button").AttrOr("href", ""); to != "http://ocs.example:8000/" {
		t.Errorf("it is tried at %s", to)
	}
	a = standOn(t, sceneStanding(t, illness{standby: func(s *journey.Standing) {
		private(s)
		s.Condition.Findings = []setup.Finding{{ID: "changed/f", Class: setup.ClassChanged, Severity: setup.SeverityBroken, Title: "The entry for ocs.example is gone.",
			Keys: []setup.Key{{Kind: setup.KindFallback, Scope: account, Name: "default/ocs.example"}}}}
	}})).status()
	a.says("#region-way section:nth-child(2) .waytext.off", "It breaks at “Who answers for ocs.example”: The entry for ocs.example is gone.")
	a.says("#region-way section:nth-child(2) .hop.first", "Local Domain Fallback")
	if n := standOn(t, sceneStanding(t, illness{})).status().doc.Find("#region-way section").Length(); n != 1 {
		t.Errorf("without a private name there are %d ways", n)
	}
}

func TestTheListSaysOfEachSetupHowItStands(t *testing.T) {
	for _, s := range shots() {
		if s.name != "front-standing" {
			continue
		}
		a := s.open(t).get("/").status(200)
		a.says(".setups li:nth-child(1) .stands.off", "WhatsApp (Meta) messages do NOT arrive", "was deleted")
		a.says(".setups li:nth-child(2) .stands.on", "3 of 3 channels reach the app")
		a.says(".setups li:nth-child(3) .status", "Close: ready")
	}
}

func TestTheWayNamesItsFirstBrokenStop(t *testing.T) {
	a := standOn(t, sceneWhatsAppSilent(t)).status()
	a.says(".waytext.off", "It breaks at “Doors and lock”: The door for WhatsApp (Meta) was deleted.")
	if n := a.doc.Find(".way .hop").Length(); n != 1+len(diagnosis.Stops()) {
		t.Errorf("the way has %d stops", n)
	}
	a.says(".hop.first", "Doors and lock", "broken", "Why")
	s := sceneStanding(t, illness{silent: []string{"telegram", "whatsapp", "slack"}, by: setup.ByTunnel})
	standOn(t, s).status().says(".hop.first", "Tunnel to this server", "no connector is connected")
}
