package handlers_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// sceneWayIn: every way in can be chosen, and nothing was said of it yet.
func sceneWayIn(t testing.TB) journey.Overview {
	o := scenePlanned(t)
	o.Modes = []setup.Mode{setup.ModePublic, setup.ModeFallback, setup.ModeHostname}
	return o
}

// sceneFallback: the guide's way was chosen, and a plan is made for it.
func sceneFallback(t testing.TB) journey.Overview {
	o := sceneWayIn(t)
	o.Draft.Questions = setup.Questions{WARP: setup.Yes, Domain: setup.Yes, Padlock: setup.No, Guide: true}
	o.Draft.Mode, o.Draft.Inside = setup.ModeFallback, profile.Inside{Name: "ocs.your-org"}
	o.Candidate.Project.Services = append(o.Candidate.Project.Services, found.Service{Name: "dns", Image: "jpillora/dnsmasq", Containers: 1, Running: 1})
	o.Draft.Fixes, o.Draft.Site = []string{"RATE_LIMIT_TRUSTED_PROXY_COUNT"}, true
	a, bad := o.Profile.Resolve(profile.Choices{
		Setup: ocs, Account: account, Zone: "example.org", Hostname: "chat.example.org", Domains: []string{"example.org"},
		Doors: o.Draft.Doors, Stack: stack(), Mode: o.Draft.Mode, Inside: o.Draft.Inside, FrontDir: "/var/lib/culvert/fronts/ocs",
		Fixes: o.Draft.Fixes, Site: true,
	})
	if len(bad) > 0 {
		t.Fatalf("the answers of the scene are wrong: %v", bad)
	}
	plan := planFor(t, a, insideWorld(a))
	o.Answers, o.Plan = &a, &plan
	return o
}

// insideWorld is what an account and a server show for a private way.
func insideWorld(a setup.Answers) setup.World {
	w := hostWorld(a)
	p, profile := a.Private, setup.DefaultProfile
	for _, s := range []setup.Object{
		{ID: "vnet", State: setup.VirtualNetwork{Name: "default", Default: true}},
		{ID: profile, State: setup.DeviceProfile{ID: profile, Carries: true, Devices: 14}},
		{ID: "gateway-proxy", State: setup.GatewayProxy{TCP: true}},
		{ID: profile + "/" + p.Subnet, State: setup.SplitTunnel{Profile: profile, Network: p.Subnet}},
		{ID: profile + "/" + p.Name, State: setup.Fallback{Profile: profile, Suffix: p.Name}},
	} {
		s.Scope = account
		w.Objects = append(w.Objects, s)
	}
	w.Objects = append(w.Objects, setup.Object{Scope: a.Stack.Project + "/web", ID: "site",
		State: setup.Site{Project: a.Stack.Project, Service: "web", Domain: "localhost:8000"}})
	return w
}

// sceneWayInWrong: what was chosen contradicts itself.
func sceneWayInWrong(t testing.TB) journey.Overview {
	o := sceneFallback(t)
	o.Draft.Inside.Name = "ocs.local"
	o.Errors = []setup.FieldError{{Field: "private.name", Message: "Names in .local are asked in the local network (mDNS) and not of WARP. Choose another ending, such as ocs.your-org."}}
	return o
}

// sceneFollowed: the app keeps to its own network, and was seen there.
func sceneFollowed(t testing.TB) journey.Overview {
	o := sceneFallback(t)
	o.Draft.Inside.Front, o.Draft.Inside.Follow = profile.NoFront, true
	private := *o.Answers.Private
	private.Front, private.Follow, private.Address, private.Within = nil, true, "172.18.0.7", "172.18.0.0/16"
	a := *o.Answers
	a.Private = &private
	o.Answers = &a
	return o
}

// Whoever chooses a way on which nobody could log in reads so at once, and before
// the button.
func TestThatNobodyCouldLogInIsSaidWhereItIsChosen(t *testing.T) {
	const module = "DJANGO_SETTINGS_MODULE"
	for value, says := range map[string]string{
		"config.settings_production": "Nobody will be able to log in at http://ocs.your-org:8000/",
		"ours.settings":              "cannot be told: DJANGO_SETTINGS_MODULE is ours.settings",
		"config.settings":            "",
	} {
		o := sceneFollowed(t)
		o.Candidate.Service.Env = map[string]string{module: value}
		p := openOn(t, o)
		for _, page := range []string{"way-in", "answers"} {
			a := p.get(at(page)).status(200)
			if says != "" {
				a.says("#no-plain-login", "Mind:", says, "Choose", "certificate")
			} else if a.doc.Find("#no-plain-login").Length() > 0 {
				t.Errorf("with %s the page %s warns", value, page)
			}
		}
		if a := p.get(at("build")).status(200); says != "" {
			a.says(".effects", says)
		}
	}
	if a := openOn(t, sceneFallback(t)).get(at("way-in")).status(200); a.doc.Find("#no-plain-login").Length() > 0 {
		t.Error("with a certificate the page warns")
	}
}

// sceneWhole: all of the app's own network is to be routed, and nobody agreed to
// what is in it yet.
func sceneWhole(t testing.TB) journey.Overview { return wholeWith(t) }

// sceneWholeAgreed: it was agreed to.
func sceneWholeAgreed(t testing.TB) journey.Overview {
	for _, b := range sceneWhole(t).Plan.Barriers {
		if b.Opens() {
			return wholeWith(t, setup.GivenConsent{Key: b.Key, Consent: *b.Offer})
		}
	}
	t.Fatal("nothing is to be agreed to")
	return journey.Overview{}
}

func wholeWith(t testing.TB, consents ...setup.GivenConsent) journey.Overview {
	o := sceneFallback(t)
	o.Draft.Inside.Front, o.Draft.Inside.Follow, o.Draft.Inside.Whole = profile.NoFront, true, true
	a, bad := o.Profile.Resolve(profile.Choices{
		Setup: ocs, Account: account, Zone: "example.org", Hostname: "chat.example.org", Domains: []string{"example.org"},
		Doors: o.Draft.Doors, Stack: stack(), Mode: o.Draft.Mode, Inside: o.Draft.Inside, Consents: consents,
	})
	if len(bad) > 0 {
		t.Fatalf("the answers of the scene are wrong: %v", bad)
	}
	w := insideWorld(a)
	for i := range w.Objects {
		if n, ok := w.Objects[i].State.(setup.Network); ok && n.Name == a.Stack.Network {
			n.Subnets = []string{"172.18.0.0/16"}
			for _, m := range [][2]string{{"db", "172.18.0.3"}, {"redis", "172.18.0.4"}, {"web", "172.18.0.7"}} {
				n.Members = append(n.Members, setup.Member{Project: a.Stack.Project, Service: m[0], Address: m[1]})
			}
			w.Objects[i].State = n
		}
	}
	w.Objects = append(w.Objects, setup.Object{Scope: account, ID: setup.DefaultProfile + "/172.18.0.0/16",
		State: setup.SplitTunnel{Profile: setup.DefaultProfile, Network: "172.18.0.0/16"}})
	a = a.Placed(w, setup.Ledger{})
	plan := planFor(t, a, w)
	o.Answers, o.Plan, o.Beside = &a, &plan, a.Neighbours(w)
	return o
}

func TestTheWayInIsThereOnlyIfThereIsAChoice(t *testing.T) {
	openOn(t, scenePlanned(t)).get(at("way-in")).status(404)
	if a := openOn(t, scenePlanned(t)).get(at("answers")).status(200); a.doc.Find(`a[href$="/way-in"]`).Length() > 0 {
		t.Error("the answers lead to a choice that there is not")
	}
	a := openOn(t, sceneWayIn(t)).get(at("answers")).status(200)
	a.says("#answers", "Through the public address", "Choose how your team comes in")
}

func TestTheWayInIsSavedAsItWasChosen(t *testing.T) {
	p := openOn(t, sceneWayIn(t))
	action, form := p.get(at("way-in")).status(200).form("#way-in")
	form.Del("ask")
	for name, value := range map[string]string{
		"warp": "yes", "domain": "yes", "padlock": "no", "mode": "hostname", "private-name": " ocs.your-org ", "front": "internal",
		"private-profiles": "default, 0123456789abcdef0123456789abcdef", "icmp": "yes", "fix": "DJANGO_SETTINGS_MODULE", "site": "yes",
	} {
		form.Set(name, value)
	}
	res := p.post(action, form).status(303)
	if to := res.Header.Get("Location"); to != at("answers") {
		t.Errorf("it leads to %s", to)
	}
	got := p.fake.last().(askedWayIn)
	want := profile.Inside{Name: "ocs.your-org", Front: "internal", Profiles: []string{"default", "0123456789abcdef0123456789abcdef"}, ICMP: true}
	if diff := cmp.Diff(want, got.Draft.Inside); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	q := setup.Questions{WARP: setup.Yes, Domain: setup.Yes, Padlock: setup.No}
	if got.Draft.Mode != setup.ModeHostname || got.Draft.Questions != q || !got.Draft.Site || strings.Join(got.Draft.Fixes, "") != "DJANGO_SETTINGS_MODULE" {
		t.Errorf("asked: %+v", got.Draft)
	}
	if got.Draft.Hostname != "chat.example.org" {
		t.Error("the other answers were lost")
	}
}

func TestWhatTheGuideMadeByHandIsStoppedOnlyIfTicked(t *testing.T) {
	p := openOn(t, sceneFallback(t))
	action, form := p.get(at("way-in")).status(200).form("#way-in")
	form.Del("ask")
	p.post(action, form).status(303)
	if got := p.fake.last().(askedWayIn).Draft.Inside.Replaces; len(got) > 0 {
		t.Errorf("unasked: %v", got)
	}
	form.Set("replaces", "open-chat-studio/dns")
	p.post(action, form).status(303)
	want := []setup.Service{{Project: "open-chat-studio", Service: "dns"}}
	if diff := cmp.Diff(want, p.fake.last().(askedWayIn).Draft.Inside.Replaces); diff != "" {
		t.Error(diff)
	}
}

func TestTheNetworkOfTheAppIsAChoiceThatSaysWhatItCosts(t *testing.T) {
	a := openOn(t, sceneFallback(t)).get(at("way-in")).status(200)
	a.says("#networks", "A network of its own, with a fixed address (recommended)", "until Culvert has followed it, colleagues do not reach the app",
		"behind the login", "Docker refuses them where nobody set the network’s range", "without a break")
	if on, _ := a.doc.Find(`input[name="network"][checked]`).Attr("value"); on != "" {
		t.Errorf("chosen is %q", on)
	}
	p := openOn(t, sceneFollowed(t))
	a = p.get(at("way-in")).status(200)
	a.says("#networks", "The app is at 172.18.0.7 now.")
	a.says("#modes", "two ranges in the split tunnels")
	action, form := a.form("#way-in")
	form.Del("ask")
	p.post(action, form).status(303)
	if got := p.fake.last().(askedWayIn).Draft.Inside; !got.Follow || got.Front != profile.NoFront {
		t.Errorf("saved: %+v", got)
	}
	form.Set("network", "")
	p.post(action, form).status(303)
	if p.fake.last().(askedWayIn).Draft.Inside.Follow {
		t.Error("it cannot be unchosen")
	}
}

// What a route to the whole network opens is told by name before it is chosen,
// beside the change, and asked about.
func TestTheWholeNetworkIsChosenKnowingWhatItOpens(t *testing.T) {
	const inIt = "db 172.18.0.3, redis 172.18.0.4, web 172.18.0.7"
	openOn(t, sceneFallback(t)).get(at("way-in")).status(200).says("#networks", "databases too", "What is in it is not known yet")
	p := openOn(t, sceneWhole(t))
	a := p.get(at("way-in")).status(200)
	a.says("#networks", "In it now: "+inIt, "The other two open the app and nothing else")
	a.says("#modes", "by the route for the app’s whole network")
	action, form := a.form("#way-in")
	form.Del("ask")
	p.post(action, form).status(303)
	if got := p.fake.last().(askedWayIn).Draft.Inside; !got.Follow || !got.Whole {
		t.Errorf("saved: %+v", got)
	}
	form.Set("network", "app")
	p.post(action, form).status(303)
	if got := p.fake.last().(askedWayIn).Draft.Inside; !got.Follow || got.Whole {
		t.Errorf("saved after another choice: %+v", got)
	}

	a = p.get(at("switch")).status(200)
	a.says(".barrier", "The way to 172.18.0.0/16", "Every device of the team gets to all of 172.18.0.0/16", inIt, "All of this may be reached", "not asked again for what joins the network later")
	action, form = a.form(".barrier form")
	p.post(action, form)
	want := setup.Consent{ObjectID: stack().Network, Seen: "open-chat-studio/db,open-chat-studio/redis,open-chat-studio/web"}
	if got := (setup.Consent{ObjectID: form.Get("object"), Seen: form.Get("seen")}); got != want {
		t.Errorf("agreed to %+v", got)
	}
	a = openOn(t, sceneWholeAgreed(t)).get(at("switch")).status(200)
	if a.doc.Find(".barrier").Length() > 0 {
		t.Error("it is asked about again")
	}
	a.says(".changes", "Way to 172.18.0.0/16 through the tunnel", "Every device of the team gets to all of 172.18.0.0/16", inIt)
}

func TestANetworkThatCannotBeIsToldAtItsField(t *testing.T) {
	o := sceneFallback(t)
	_, bad := o.Profile.Resolve(profile.Choices{
		Setup: ocs, Account: account, Zone: "example.org", Hostname: "chat.example.org", Domains: []string{"example.org"},
		Doors: o.Draft.Doors, Stack: stack(), Mode: o.Draft.Mode, Inside: profile.Inside{Name: "ocs.your-org", Follow: true}, FrontDir: "/var/lib/culvert/fronts/ocs",
	})
	p := open(t, &fake{overview: o, wrong: bad})
	action, form := p.get(at("way-in")).status(200).form("#way-in")
	form.Del("ask")
	form.Set("network", "app")
	a := p.post(action, form).status(422)
	a.says("#faults", "Network", "Choose no certificate")
	a.says("#networks-error", "nginx has a fixed address of its own")
}

func TestAskingForARecommendationSavesNothing(t *testing.T) {
	p := openOn(t, sceneWayIn(t))
	action, _ := p.get(at("way-in")).status(200).form("#way-in")
	form := url.Values{"ask": {"yes"}, "warp": {"no"}, "domain": {"yes"}, "padlock": {"yes"}, "mode": {"public"}, "private-name": {"typed"}}
	a := p.post(action, form, htmx...).status(200)
	a.says("#recommended", "Through the public address", "Not everybody has WARP")
	if len(p.fake.asked) > 0 {
		t.Errorf("it saved %v", p.fake.asked)
	}
	if typed, _ := a.doc.Find("#private-name").Attr("value"); typed != "typed" {
		t.Errorf("what was typed is now %q", typed)
	}
}

func TestAWrongWayInIsToldAtItsField(t *testing.T) {
	f := &fake{overview: sceneWayIn(t), wrong: []setup.FieldError{{Field: "private.subnet", Message: "Type a range of private addresses, such as 172.30.250.0/28."}}}
	p := open(t, f)
	action, form := p.get(at("way-in")).status(200).form("#way-in")
	form.Del("ask")
	form.Set("private-subnet", "10.0.0.0")
	a := p.post(action, form).status(422)
	a.says("#faults", "Range of addresses", "172.30.250.0/28")
	a.says("#private-subnet-error", "Type a range")
}

func TestWhatCountsForTheWholeAccountIsShownWithReachAndPriorValue(t *testing.T) {
	a := openOn(t, sceneFallback(t)).get(at("way-in")).status(200)
	a.says("#whole-account", "Affects 14 devices", "TCP on", "UDP off", "no entry", "asked of 172.30.250.3", "Local Domain Fallback")
	a.says("#modes", "add a private hostname route", "it would never be used")
	openOn(t, sceneFallback(t)).get(at("switch")).status(200).says(".changes", "Affects 14 devices")
}

func TestWhatTheGuideHadMadeIsReadAndNotSaved(t *testing.T) {
	f := &fake{overview: sceneFallback(t)}
	f.overview.Draft.Inside.Name = ""
	f.handmade = setup.Handmade{File: "/srv/ocs/docker-compose.cloudflare.yml", Name: "ocs.your-org", Address: "172.18.0.7", Tunnel: "8e1f9c1c-1111-4222-8333-944455556666",
		Services: []setup.Service{{Project: "open-chat-studio", Service: "dns"}}}
	p := open(t, f)
	action, form := p.get(at("way-in")).status(200).form("#way-in")
	form.Del("ask")
	form.Set("read", "yes")
	form.Set("handmade", "docker-compose.cloudflare.yml")
	form.Set("private-comment", "typed")
	a := p.post(action, form, htmx...).status(200)
	if got := p.fake.last(); got != (askedHandmade{"docker-compose.cloudflare.yml"}) || len(p.fake.asked) != 1 {
		t.Errorf("asked: %v", p.fake.asked)
	}
	a.says("#note", "nothing saved yet", "ocs.your-org", "172.18.0.7 is not used", "stays in your account", "stopped once everything here works")
	for id, want := range map[string]string{"#private-name": "ocs.your-org", "#private-comment": "typed", "#handmade": "docker-compose.cloudflare.yml"} {
		if got, _ := a.doc.Find(id).Attr("value"); got != want {
			t.Errorf("%s is %q", id, got)
		}
	}
	if a.doc.Find(`input[value="fallback"][checked]`).Length() != 1 || a.doc.Find(`input[name="replaces"][checked]`).Length() != 1 {
		t.Error("the choices are not filled in")
	}
	p.fake.wrong = []setup.FieldError{{Field: "private.handmade", Message: "other.yml runs neither cloudflared nor dnsmasq. Name the file that does."}}
	a = p.post(action, form).status(422)
	a.says("#handmade-error", "neither cloudflared nor dnsmasq")
	a.says("#faults", "Compose file")
}
