package handlers_test

import (
	"slices"
	"testing"
	"time"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// illness is what is wrong with a finished setup.
type illness struct {
	own     []setup.OwnPath // that the operator has; this is no illness
	doors   []string        // deleted
	by      setup.Answerer  // who answers at the doors that fail; empty: the lock
	silent  []string        // doors that fail, though they stand
	open    []string        // locks that do not hold
	age     time.Duration   // of all proof; 0: 20 seconds
	facts   func(*found.Facts)
	world   []setup.Object // seen of the domain
	standby func(*journey.Standing)
}

// sceneStanding is a finished setup, with what the real diagnosis says of it.
func sceneStanding(t testing.TB, ill illness) journey.Standing {
	t.Helper()
	o := sceneAnswered(t)
	a := *o.Answers
	if len(ill.own) > 0 {
		a, _ = o.Profile.Resolve(profile.Choices{
			Setup: ocs, Account: account, Zone: "example.org", Hostname: "chat.example.org", Domains: []string{"example.org"},
			Emails: a.Team.Emails, Doors: o.Draft.Doors, Own: ill.own, Stack: stack(),
		})
	}
	full := planFor(t, a, hostWorld(a))
	in := diagnosis.Input{Now: now, Answers: a, Ledger: setup.Ledger{Install: "t1", Records: map[setup.Key]setup.Record{}}}
	for _, c := range full.Changes {
		in.Ledger.Records[c.Key] = setup.Record{ID: "id", Owner: setup.Created, By: []setup.SetupID{a.Setup}, Left: c.To}
	}
	for _, d := range a.Doors {
		for _, c := range full.Changes {
			if slices.Contains(ill.doors, d.ID) && c.Key == a.DoorKey(d) {
				c.Needs = nil
				in.Plan.Changes = append(in.Plan.Changes, c)
			}
		}
	}
	in.Facts = found.Facts{At: now.Add(-12 * time.Second), App: found.Service{Name: "web", Image: "open-chat-studio:latest", Containers: 1, Running: 1, Health: "healthy", Networks: []string{a.Stack.Network}},
		Connector: found.Service{Name: "cloudflared", Image: a.Image, Containers: 1, Running: 1},
		Ready:     found.Ready{Answered: true, Ready: true, Connections: 4, ConnectorID: "9d4f1c0e-6f6b-4a0e-8a57-2f5b3c1f7e11", Version: 3}}
	if ill.facts != nil {
		ill.facts(&in.Facts)
	}
	in.Evidence, in.World.Objects = evidenceOf(in, ill), ill.world
	findings := diagnosis.Of(in)
	for i := range findings {
		findings[i].Since = now.Add(-13 * time.Minute)
	}
	s := journey.Standing{Setup: ocs, Hostname: a.Hostname, Version: "0.1.0", Answers: a, Profile: o.Profile, Facts: in.Facts, Evidence: in.Evidence,
		Seen:  engine.Seen{Cloud: now.Add(-40 * time.Second), Docker: now.Add(-12 * time.Second), Files: now.Add(-12 * time.Second)},
		Brief: journey.Brief{Live: true, Finished: true, Known: true, Watching: true, At: now, Condition: diagnosis.Sum(in, findings)}}
	s.Replicas = []setup.Replica{{ID: in.Facts.Ready.ConnectorID, Version: "2026.8.2", Arch: "linux_amd64", Config: 3, Since: now.Add(-52 * time.Hour),
		Connections: 4, Colos: []string{"lis01", "mad05"}, Origins: []string{"203.0.113.7"}, Seen: now.Add(-40 * time.Second)}}
	s.Ended = []setup.Incident{{ID: 3, Setup: ocs, Finding: setup.Finding{Title: "The app has another address than what leads to it.",
		Cause: "Its container was made anew.", Since: now.Add(-50 * time.Hour)}, Opened: now.Add(-50 * time.Hour), Closed: now.Add(-50*time.Hour + 3*time.Second),
		Ended: "Put right in run 5, by Culvert itself.", Run: 5}}
	if ill.standby != nil {
		ill.standby(&s)
	}
	return s
}

// evidenceOf is what the checks of a setup with an illness see.
func evidenceOf(in diagnosis.Input, ill illness) []setup.Evidence {
	age := ill.age
	if age == 0 {
		age = 20 * time.Second
	}
	var all []setup.Evidence
	for i, c := range in.Needed() {
		v := setup.Evidence{Check: c, At: now.Add(-age - time.Duration(i%7)*time.Second), Took: 90 * time.Millisecond, By: setup.ByApp, Status: 405, OK: true,
			Detail: "It answers as it must.", Excerpt: []string{"Allow: POST"}}
		if c.Outside() {
			v.URL = "https://chat.example.org" + c.Path
		}
		if c.Locked {
			v.By, v.Status, v.Excerpt = setup.ByAccess, 302, []string{"Location: https://example.cloudflareaccess.com/cdn-cgi/access/login"}
		}
		switch {
		case c.Outside() && (slices.Contains(ill.doors, c.Door) || slices.Contains(ill.silent, c.Door)):
			v.OK, v.By, v.Status, v.Detail = false, setup.ByAccess, 302, "The lock answers instead of the app."
			if ill.by != "" {
				v.By, v.Status, v.Detail = ill.by, 502, "Cloudflare answers that it does not reach the app."
			}
			if ill.by == setup.ByEdge {
				v.Status, v.Detail, v.Excerpt = 403, "Cloudflare blocked the caller (403, challenge): a security setting of your domain stands in the way.", []string{"HTTP 403", "Cf-Mitigated: challenge"}
			}
		case slices.Contains(ill.open, c.ID):
			v.OK, v.By, v.Status, v.Detail = false, setup.ByApp, 200, "The app answers without a login."
		case c.Port():
			v.By, v.Status, v.Detail, v.Excerpt = setup.ByNobody, 0, "Nobody answers there.", nil
		}
		all = append(all, v)
	}
	return all
}

// sceneWhatsAppSilent: somebody deleted the door of WhatsApp.
func sceneWhatsAppSilent(t testing.TB) journey.Standing {
	return sceneStanding(t, illness{doors: []string{"whatsapp"}})
}

// sceneBotFight: Cloudflare challenges every webhook.
func sceneBotFight(t testing.TB) journey.Standing {
	var doors []string
	for _, d := range sceneAnswered(t).Answers.Doors {
		doors = append(doors, d.ID)
	}
	seen := func(id string, s setup.State) setup.Object {
		return setup.Object{Scope: "example.org", ID: id, State: s}
	}
	zone := seen("zone-1", setup.Zone{Name: "example.org", Status: "active"})
	zone.Scope = account
	return sceneStanding(t, illness{silent: doors, by: setup.ByEdge, world: []setup.Object{zone, seen("zone-1", setup.BotFight{On: true}),
		seen("zone-1", setup.SecurityLevel{Level: "medium"}),
		seen("record-2", setup.DNSRecord{Zone: setup.Lit("zone-1"), Name: "shop.example.org", Type: "A", Content: "192.0.2.1"})}})
}

// sceneMuchWrong: a door is gone, a page is open, and the connector is not what
// it was.
func sceneMuchWrong(t testing.TB) journey.Standing {
	return sceneStanding(t, illness{doors: []string{"whatsapp", "slack"}, open: []string{"locked/admin"}})
}

// sceneMending: the door is being put right.
func sceneMending(t testing.TB) journey.Standing {
	s := sceneWhatsAppSilent(t)
	f := s.Condition.Findings[0]
	s.Run = &setup.Run{ID: 12, Setup: ocs, Only: f.Keys, Mends: []string{f.ID}, State: setup.RunRunning, Note: "Making the door.", Actor: "ana",
		Created: now.Add(-2 * time.Second), Started: now.Add(-2 * time.Second)}
	s.Changes = []setup.RunChange{{Run: 12, Key: f.Keys[0], Verb: setup.Create, Title: "Door for WhatsApp on chat.example.org (Access application)", Attempt: 1,
		State: setup.ChangeRunning, Started: now.Add(-time.Second)}}
	return s
}

// sceneMended: it was put right and proven.
func sceneMended(t testing.TB) journey.Standing {
	s, was := sceneStanding(t, illness{}), sceneMending(t)
	s.Run, s.Changes = was.Run, was.Changes
	s.Run.State, s.Run.Note, s.Run.Ended = setup.RunSucceeded, "Put right and proven.", now.Add(-time.Second)
	s.Changes[0].State, s.Changes[0].Ended = setup.ChangeDone, now.Add(-time.Second)
	return s
}

// rules are the classes that can be repaired without asking, some of them on.
func rules(on ...setup.Class) []journey.AutomaticRule {
	suggested := []setup.Class{setup.ClassAppReaddressed, setup.ClassConnectorStopped, setup.ClassConnectorMissing}
	var all []journey.AutomaticRule
	for _, c := range append(slices.Clone(suggested), setup.ClassConnectorNetwork, setup.ClassDoorMissing, setup.ClassDoorWide, setup.ClassDoorChanged,
		setup.ClassDoorsClosed, setup.ClassLockMissing, setup.ClassLockChanged, setup.ClassTeamChanged, setup.ClassLoginMissing,
		setup.ClassRecordMissing, setup.ClassRecordGrey, setup.ClassIngressChanged, setup.ClassPortReopened, setup.ClassSettingLost) {
		all = append(all, journey.AutomaticRule{Class: c, On: slices.Contains(on, c), PerHour: 3, Suggested: slices.Contains(suggested, c)})
	}
	return all
}

func sceneSettings(t testing.TB) journey.Standing {
	return sceneStanding(t, illness{standby: func(s *journey.Standing) { s.Automatic = rules() }})
}

// sceneGivenUp: a repair that is made without asking did not hold.
func sceneGivenUp(t testing.TB) journey.Standing {
	s := sceneWhatsAppSilent(t)
	s.Automatic = rules(setup.ClassDoorMissing)
	s.Stopped = map[string]string{s.Condition.Findings[0].ID: "It was repaired in run 12 and did not hold: the door was deleted again within a minute."}
	return s
}
