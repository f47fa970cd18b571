package diagnosis

import (
	"slices"
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
)

// privately is a setup whose team comes in by a private name, where one thing is
// no longer as it was left.
func privately(t *testing.T, changes ...setup.Change) *patient {
	t.Helper()
	p := healthy(t)
	p.Answers.Private = &setup.Private{Name: "ocs.your-org"}
	for _, c := range changes {
		p.Ledger.Records[c.Key] = setup.Record{Left: c.To, By: []setup.SetupID{"ocs"}}
		p.Plan.Changes = append(p.Plan.Changes, c)
	}
	return p
}

const ownNetwork = "culvert-ocs-private"

// place is the app in the network of Culvert's own.
func place(address string, aliases ...string) setup.State {
	return setup.Attachment{Project: "ocs", Service: "web", Endpoint: setup.Endpoint{Network: ownNetwork, Address: address, Aliases: aliases}}
}

func replaced(from setup.State) setup.Change {
	c := setup.Change{Key: setup.Key{Kind: setup.KindAttachment, Scope: "ocs/web", Name: ownNetwork}, Verb: setup.Update,
		From: from, To: place("172.30.250.4", "ocs.your-org")}
	if from == nil {
		c.Verb = setup.Create
	}
	return c
}

func takenOutOfTheFile() setup.Change {
	return setup.Change{Key: setup.Key{Kind: setup.KindComposeNetwork, Scope: "/srv/ocs/docker-compose.prod.yml", Name: "web/" + ownNetwork}, Verb: setup.Create,
		To: setup.ComposeNetwork{Path: "/srv/ocs/docker-compose.prod.yml", Service: "web", Endpoint: setup.Endpoint{Network: ownNetwork, Address: "172.30.250.4"}}}
}

func TestAnAddressThatChangedIsNamedAndGivenBackWithoutARestart(t *testing.T) {
	rows := map[string]struct {
		from  setup.State
		title string
	}{
		"another address":    {place("172.30.250.9", "ocs.your-org"), "The app has the address 172.30.250.9 instead of 172.30.250.4."},
		"any address":        {place("", "ocs.your-org"), "The app lost its fixed address 172.30.250.4."},
		"not in the network": {nil, "The app is no longer in the network culvert-ocs-private."},
		"without its name":   {place("172.30.250.4"), "The app is no longer known as ocs.your-org in the network culvert-ocs-private."},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			p := privately(t, replaced(row.from))
			found := Of(p.Input)
			if len(found) != 1 || found[0].Class != setup.ClassAppReaddressed || found[0].Title != row.title || found[0].Severity != setup.SeverityBroken {
				t.Fatalf("found %+v", found)
			}
			f := found[0]
			if !f.Repairable() || len(f.Fix.Restarts) > 0 || !strings.Contains(f.Effect, "does not reach ocs.your-org") {
				t.Errorf("it is told as %+v, and its fix is %+v", f, f.Fix)
			}
			if at := Broken(PrivateWay(p.Now, p.Answers, found, p.Facts, p.Evidence, p.Now)); at < 0 {
				t.Error("the private way does not break")
			}
			if at := Broken(Way(p.Now, found, p.Facts, p.Evidence)); at >= 0 {
				t.Error("the way of a message breaks, which does not lead there")
			}
		})
	}
}

func TestWhatStandsBesideTheConnectorIsNamedWhereItMoved(t *testing.T) {
	front := func(running bool, networks ...setup.Endpoint) setup.Sidecar {
		return setup.Sidecar{Project: "culvert-ocs", Spec: setup.SidecarSpec{Service: setup.FrontService, Networks: networks}, Running: running}
	}
	own, theirs := setup.Endpoint{Network: ownNetwork, Address: "172.30.250.4"}, setup.Endpoint{Network: "ocs_default"}
	change := setup.Change{Key: setup.Key{Kind: setup.KindSidecar, Scope: "culvert-ocs", Name: setup.FrontService}, Verb: setup.Update,
		From: front(true, theirs), To: front(true, own, theirs)}
	found := Of(privately(t, change).Input)
	if len(found) != 1 || found[0].ID != "app-readdressed/front" || found[0].Title != "The server that speaks TLS for the private name is no longer in the network culvert-ocs-private." {
		t.Errorf("found %+v", found)
	}
	change.From = front(false, own, theirs)
	if found = Of(privately(t, change).Input); len(found) != 1 || found[0].Class == setup.ClassAppReaddressed {
		t.Errorf("of one that is stopped: found %+v", found)
	}
}

func TestAnAddressThatIsOnlyGoneFromTheFileIsARisk(t *testing.T) {
	found := Of(privately(t, takenOutOfTheFile()).Input)
	if len(found) != 1 || found[0].ID != "app-readdressed/file" || found[0].Severity != setup.SeverityRisk || !strings.Contains(found[0].Title, "docker-compose.prod.yml") {
		t.Errorf("found %+v", found)
	}
	found = Of(privately(t, takenOutOfTheFile(), replaced(nil)).Input)
	if len(found) != 1 || found[0].ID != "app-readdressed" || len(found[0].Keys) != 2 {
		t.Errorf("with the running app: found %+v", found)
	}
}

func TestAFollowedAppThatMovedIsNamedWithWhoHasItsAddressNow(t *testing.T) {
	p := stands(t, setuptest.Following(setuptest.Sample("ocs")))
	if found := Of(p.Input); len(found) > 0 {
		t.Fatalf("of one that did not move: %+v", found)
	}
	p.world.Move("172.18.0.9", setup.Member{Project: "ocs", Service: "db", Address: "172.18.0.7"})
	p.plan()
	p.fail(setup.ByUnknown, setup.DNSCheck, setup.RouteCheck)
	found := Of(p.Input)
	if len(found) != 1 || found[0].ID != string(setup.ClassAppReaddressed) || found[0].Severity != setup.SeverityBroken {
		t.Fatalf("found\n%s", list(found))
	}
	f := found[0]
	for _, row := range [][2]string{
		{f.Title, "The app has the address 172.18.0.9 instead of 172.18.0.7."}, {f.Effect, "Your team does not reach ocs.your-org"},
		{f.Effect, "The old address is that of db now"}, {f.Fix.Does, "restarts nothing"}, {f.Fix.Then, "proves: "},
	} {
		if !strings.Contains(row[0], row[1]) {
			t.Errorf("%q is not in %q", row[1], row[0])
		}
	}
	if !f.Repairable() || len(f.Fix.Keys) != len(p.Plan.Changes) {
		t.Errorf("it is put right by %d of %d changes", len(f.Fix.Keys), len(p.Plan.Changes))
	}
	hops := PrivateWay(p.Now, p.Answers, found, p.Facts, p.Evidence, p.Now)
	if at := Broken(hops); at < 0 || hops[at].Stop != StopDNS {
		t.Errorf("the first broken stop is number %d of %+v", at, hops)
	}
}

func TestAWayLeftToWhereAFollowedAppWasIsARisk(t *testing.T) {
	p := stands(t, setuptest.Following(setuptest.Sample("ocs")))
	p.world.Move("172.18.0.9")
	p.plan()
	for _, c := range p.Plan.Changes {
		if !c.Drop {
			p.world.Make(c)
		}
	}
	p.plan()
	found := Of(p.Input)
	if len(found) != 1 || found[0].Severity != setup.SeverityRisk || found[0].Title != "A way to 172.18.0.7 is left, where the app was before." || !found[0].Repairable() {
		t.Errorf("found\n%s", list(found))
	}
}

func TestOfAnAppInAWholeRoutedNetworkOnlyTheNameIsPutRight(t *testing.T) {
	p := stands(t, setuptest.Whole(setuptest.Sample("ocs")))
	p.world.Move("172.18.0.9", setup.Member{Project: "ocs", Service: "db", Address: "172.18.0.7"})
	p.plan()
	found := Of(p.Input)
	if len(found) != 1 || found[0].Class != setup.ClassAppReaddressed || !found[0].Repairable() || strings.Contains(found[0].Effect, "old address is that of") {
		t.Errorf("found\n%s", list(found))
	}

	p = stands(t, setuptest.Whole(setuptest.Sample("ocs")))
	for i, o := range p.world.Objects {
		if n, ok := o.State.(setup.Network); ok && n.Name == p.Answers.Stack.Network {
			n.Subnets, n.Members = []string{"172.25.0.0/16"}, []setup.Member{{Project: "ocs", Service: "web", Address: "172.25.0.2"}}
			p.world.Objects[i].State = n
		}
	}
	p.put(account, setup.DefaultProfile+"/172.25.0.0/16", setup.SplitTunnel{Profile: setup.DefaultProfile, Network: "172.25.0.0/16"})
	p.plan()
	found = Of(p.Input)
	if len(found) != 1 || found[0].Severity != setup.SeverityBroken || !strings.Contains(found[0].Cause, "another range") || !strings.Contains(found[0].Advice, "web 172.25.0.2") {
		t.Errorf("with another range: found\n%s", list(found))
	}
}

func TestAWholeRouteThatIsGoneIsAskedAboutOnlyIfSomethingJoined(t *testing.T) {
	for joined, title := range map[string]string{"": "was deleted", "redis": "waits for your yes"} {
		p := stands(t, setuptest.Whole(setuptest.Sample("ocs")))
		if joined != "" {
			p.world.Move(setuptest.AppAddress, setup.Member{Project: "ocs", Service: joined, Address: "172.18.0.8"})
		}
		p.alter(p.Answers.AppRouteKey(), setuptest.Gone)
		found := Of(p.Input)
		if len(found) != 1 || found[0].Class != setup.ClassPrivateRoute || !strings.Contains(found[0].Title, title) || found[0].Repairable() != (joined == "") {
			t.Errorf("joined %q: found\n%s", joined, list(found))
		}
	}
}

// A lock over a network that a route of others still leads to is told as what it is.
func TestALockThatStaysForARouteOfOthersIsTold(t *testing.T) {
	p := stands(t, setuptest.Whole(setuptest.Sample("ocs")))
	tunnel := p.Ledger.Records[p.Answers.TunnelKey()].ID
	next := p.Answers
	private := *next.Private
	private.Whole, next.Private = false, &private
	p.Answers = next
	p.world.Answers = next
	p.put(account, "by-hand", setup.Route{Network: "172.18.0.0/17", VNet: setup.Lit("vnet-1"), Tunnel: setup.Lit(tunnel)})
	p.plan()
	found := Of(p.Input)
	if !slices.ContainsFunc(found, func(f setup.Finding) bool {
		return strings.Contains(f.Title, "stays: Lock on 172.18.0.0/16") && strings.Contains(f.Advice, "Delete that route")
	}) {
		t.Errorf("found\n%s", list(found))
	}
}
