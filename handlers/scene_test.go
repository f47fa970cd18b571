package handlers_test

import (
	"slices"
	"testing"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// Scenes are the states that a setup goes through, made with the real profile
// and the real planner.

const (
	ocs     = setup.SetupID("open-chat-studio")
	account = "0123456789abcdef0123456789abcdef"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func ocsProfile(t testing.TB) profile.Profile {
	t.Helper()
	catalog, err := profile.Load()
	if err != nil {
		t.Fatal(err)
	}
	p, ok := catalog.Get("open-chat-studio")
	if !ok {
		t.Fatal("the profile is not there")
	}
	return p
}

func project() found.Project {
	source := found.Source{Dir: "/srv/ocs", Files: []string{"/srv/ocs/docker-compose.prod.yml"}, Compose: "2.39.1"}
	service := func(name, image string, ports ...found.Port) found.Service {
		return found.Service{Name: name, Source: source, Image: image, Containers: 1, Running: 1, Ports: ports, Networks: []string{"open-chat-studio_default"}}
	}
	web := service("web", "open-chat-studio:latest", found.Port{Target: 8000, Protocol: "tcp", Published: 8000, Exposure: setup.ExposedPublic})
	web.Health = "healthy"
	return found.Project{Name: "open-chat-studio", Source: source, Services: []found.Service{
		service("celery_worker", "open-chat-studio:latest"), service("db", "pgvector/pgvector:pg16"), service("redis", "redis:7"), web,
	}}
}

func stack() setup.Stack {
	return setup.Stack{
		Project: "open-chat-studio", Dir: "/srv/ocs", Files: []string{"/srv/ocs/docker-compose.prod.yml"},
		Service: "web", Target: 8000, Network: "open-chat-studio_default",
		ComposeFile: "/srv/ocs/docker-compose.prod.yml", EnvFile: "/srv/ocs/.env.prod",
		ConnectorFile: "/srv/ocs/docker-compose.culvert.yml", ConnectorProject: "culvert-open-chat-studio",
	}
}

func candidate(t testing.TB) journey.Candidate {
	p := project()
	web, _ := p.Find("web")
	return journey.Candidate{Project: p, Service: web, Profile: ocsProfile(t), Stack: stack()}
}

func foundHere(t testing.TB) journey.Found {
	nginx := found.Project{Services: []found.Service{{
		Name: "nginx", Image: "nginx:1.27", Containers: 1, Running: 1,
		Ports: []found.Port{{Target: 443, Protocol: "tcp", Published: 443, Exposure: setup.ExposedPublic}},
	}}}
	other := found.Project{Name: "wiki", Services: []found.Service{{Name: "wiki", Image: "wiki:2", Containers: 1, Running: 1}}}
	return journey.Found{At: now, Candidates: []journey.Candidate{candidate(t)}, Others: []found.Project{nginx, other}}
}

func statuses(o *journey.Overview, upTo journey.Stage, at journey.Status, note string) {
	o.Stages = nil
	status := journey.Done
	for _, s := range journey.Stages() {
		st := journey.StageState{Stage: s, Status: status}
		switch {
		case s == upTo:
			st.Status, st.Note = at, note
			status = journey.Waiting
		case status == journey.Waiting:
			st.Note = "After the step before it."
		}
		o.Stages = append(o.Stages, st)
	}
}

// sceneChosen: an app was chosen, nothing was answered.
func sceneChosen(t testing.TB) journey.Overview {
	c := candidate(t)
	o := journey.Overview{
		Setup: ocs, Profile: c.Profile, Candidate: &c,
		Before: &journey.Before{
			At: now.Add(-time.Hour), Exposure: setup.ExposedPublic, Port: "0.0.0.0:8000",
			Fronts: []string{"nginx on port 443 (container nginx)"}, Admin: "open to everybody",
			Settings: []string{"DJANGO_ALLOWED_HOSTS=10.0.0.5"},
			Warnings: []string{"RATE_LIMIT_TRUSTED_PROXY_COUNT is 0: all callers through the tunnel would count as one."},
		},
		Draft: journey.Draft{Project: "open-chat-studio", Service: "web", Profile: c.Profile.ID, Stack: stack()},
		Token: journey.Token{Link: setup.TokenLink(setup.Permissions(setup.ModePublic)), Needs: setup.Permissions(setup.ModePublic)},
	}
	statuses(&o, journey.StageAnswers, journey.Ready, "")
	return o
}

// sceneAnswered: the questions are answered, there is no token.
func sceneAnswered(t testing.TB) journey.Overview {
	o := sceneChosen(t)
	o.Draft.Hostname, o.Draft.Zone = "chat.example.org", "example.org"
	o.Draft.Emails, o.Draft.Domains = "ana@partner.example", "example.org"
	o.Draft.Doors, o.Draft.Answered = []string{"telegram", "whatsapp", "slack"}, true
	a, bad := o.Profile.Resolve(profile.Choices{
		Setup: ocs, Account: account, Zone: "example.org", Hostname: "chat.example.org",
		Emails: []string{"ana@partner.example"}, Domains: []string{"example.org"}, Doors: o.Draft.Doors, Stack: stack(),
	})
	if len(bad) > 0 {
		t.Fatalf("the answers of the scene are wrong: %v", bad)
	}
	o.Answers = &a
	statuses(&o, journey.StageAccount, journey.Ready, "")
	return o
}

func goodReport() setup.TokenReport {
	r := setup.TokenReport{
		Kind: "user", Status: "active", Accounts: []setup.Account{{ID: account, Name: "Example NGO"}}, Account: account,
		Zones: []setup.Zone{{Name: "example.org", Status: "active"}}, ZeroTrust: setup.GrantedYes, TeamDomain: "example.cloudflareaccess.com",
	}
	for _, p := range setup.Permissions(setup.ModePublic) {
		g := setup.Grant{Permission: p, Granted: setup.GrantedYes}
		if p.Edit {
			g.Granted = setup.GrantedRead
		}
		r.Grants = append(r.Grants, g)
	}
	return r
}

// scenePlanned: everything is known, nothing was built.
func scenePlanned(t testing.TB) journey.Overview {
	o := sceneAnswered(t)
	r := goodReport()
	o.Draft.Account = account
	o.Token.Held, o.Token.Report, o.Token.Checked = true, &r, now.Add(-time.Minute)
	p := planFor(t, *o.Answers, hostWorld(*o.Answers))
	o.Plan, o.PlanAt = &p, now.Add(-20*time.Second)
	statuses(&o, journey.StageBuild, journey.Ready, "")
	return o
}

func planFor(t testing.TB, a setup.Answers, w setup.World) setup.Plan {
	t.Helper()
	want, _ := setup.Merge(a.Setup, &a, nil)
	p, err := setup.MakePlan(a.Setup, want, w, setup.Ledger{Install: "t1", Records: map[setup.Key]setup.Record{}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// hostWorld is an account with Zero Trust and an active domain, and the app
// running with its port open to everybody.
func hostWorld(a setup.Answers) setup.World {
	s := a.Stack
	service := s.Project + "/" + s.Service
	return setup.World{Objects: []setup.Object{
		{Scope: a.Account, ID: "org", State: setup.Organization{AuthDomain: "example.cloudflareaccess.com"}},
		{Scope: a.Account, ID: "zone-1", State: setup.Zone{Name: a.Zone, Status: "active"}},
		{Scope: "docker", ID: s.Network, State: setup.Network{Name: s.Network}},
		{Scope: s.EnvFile, ID: "DJANGO_ALLOWED_HOSTS", State: setup.EnvVar{Path: s.EnvFile, Name: "DJANGO_ALLOWED_HOSTS", Value: "10.0.0.5"}},
		{Scope: s.ComposeFile, ID: "web", State: setup.ComposePort{Path: s.ComposeFile, Service: "web", Target: 8000, Exposure: setup.ExposedPublic}},
		{Scope: service, ID: "DJANGO_ALLOWED_HOSTS", State: setup.Setting{Project: s.Project, Service: "web", Name: "DJANGO_ALLOWED_HOSTS", Value: "10.0.0.5"}},
		{Scope: service, ID: "web", State: setup.Published{Project: s.Project, Service: "web", Target: 8000, Exposure: setup.ExposedPublic}},
	}}
}

// after drops the steps that were carried out from a plan.
func after(o *journey.Overview, done ...setup.Step) {
	p := *o.Plan
	p.Changes = slices.DeleteFunc(slices.Clone(p.Changes), func(c setup.Change) bool { return slices.Contains(done, c.Step) })
	o.Plan, o.Approved = &p, o.Answers
}

func evidence(o *journey.Overview, age time.Duration, bad ...string) {
	see := func(c setup.Check, by setup.Answerer) {
		e := setup.Evidence{Check: c, URL: "https://chat.example.org" + c.Path, At: now.Add(-age), Took: 90 * time.Millisecond,
			By: by, Status: 405, OK: true, Detail: "It answers as it must.", Excerpt: []string{"Allow: POST"}}
		if slices.Contains(bad, c.ID) {
			e.OK, e.By, e.Status, e.Detail = false, setup.ByAccess, 302, "The lock answers instead of the app: its door in Cloudflare is missing."
			if c.Locked {
				e.By, e.Status, e.Detail = setup.ByApp, 200, "The app answers without a login."
			}
		}
		o.Evidence = append(o.Evidence, e)
	}
	o.Evidence = nil
	for _, c := range o.Answers.Checks {
		by := setup.ByApp
		if c.Locked {
			by = setup.ByAccess
		}
		see(c, by)
	}
	see(setup.Check{ID: setup.PortCheck, Name: "The published port"}, setup.ByNobody)
	see(setup.Check{ID: setup.FrontsCheck, Name: "Other ways in"}, setup.ByNobody)
	see(setup.Check{ID: setup.BesidePrefix + "app", Name: "The app"}, setup.ByApp)
	see(setup.Check{ID: setup.BesidePrefix + setup.ConnectorCheck, Name: "Connector"}, "")
}

// sceneRunning: a build is under way.
func sceneRunning(t testing.TB) journey.Overview {
	o := scenePlanned(t)
	o.Approved = o.Answers
	o.Run = &setup.Run{ID: 7, Setup: ocs, Through: setup.StepBuild, Step: setup.StepBuild, State: setup.RunRunning,
		Note: "Making the lock and the doors.", Actor: "operator", Created: now.Add(-9 * time.Second), Started: now.Add(-8 * time.Second)}
	for i, c := range o.Plan.Of(setup.StepBuild) {
		rc := setup.RunChange{Run: 7, Key: c.Key, Verb: c.Verb, Step: c.Step, Title: setup.Title(c), Attempt: 1,
			State: setup.ChangeDone, Started: now.Add(-8 * time.Second), Ended: now.Add(-7 * time.Second)}
		switch {
		case i == 2:
			rc.State, rc.Attempt = setup.ChangeFailed, 3
			rc.Problem = &setup.Problem{Code: setup.CodeDenied, Message: "The token lacks Access: Apps and Policies Edit."}
		case i == 3:
			rc.State, rc.Ended = setup.ChangeRunning, time.Time{}
		case i > 3:
			continue
		}
		o.Changes = append(o.Changes, rc)
	}
	statuses(&o, journey.StageBuild, journey.Running, "Making the lock and the doors.")
	return o
}

// sceneBarred: somebody else's tunnel has the name, and the domain is not there.
func sceneBarred(t testing.TB) journey.Overview {
	o := scenePlanned(t)
	w := hostWorld(*o.Answers)
	w.Objects = slices.DeleteFunc(w.Objects, func(ob setup.Object) bool { return ob.State.Kind() == setup.KindZone })
	w.Objects = append(w.Objects, setup.Object{Scope: account, ID: "tunnel-9", State: setup.Tunnel{Name: string(ocs), Remote: true, Connectors: 1}})
	w.Miss(setup.KindLoginMethod, account, setup.Problem{Code: setup.CodeDenied, Message: "The token may not read login methods."})
	p := planFor(t, *o.Answers, w)
	o.Plan = &p
	return o
}

// sceneBuilt: built and proven beside; the switch is next.
func sceneBuilt(t testing.TB) journey.Overview {
	o := scenePlanned(t)
	after(&o, setup.StepBuild)
	evidence(&o, 20*time.Second)
	o.Run = &setup.Run{ID: 7, Setup: ocs, Through: setup.StepBuild, Step: setup.StepBuild, State: setup.RunSucceeded,
		Note: "Done and proven.", Actor: "operator", Created: now.Add(-time.Minute), Started: now.Add(-time.Minute), Ended: now.Add(-30 * time.Second)}
	statuses(&o, journey.StageSwitch, journey.Ready, "")
	return o
}

// sceneSwitched: only the port is left.
func sceneSwitched(t testing.TB) journey.Overview {
	o := sceneBuilt(t)
	after(&o, setup.StepSwitch)
	statuses(&o, journey.StageClose, journey.Ready, "")
	return o
}

// sceneDone: all of it, proven.
func sceneDone(t testing.TB) journey.Overview {
	o := sceneSwitched(t)
	after(&o, setup.StepClose)
	statuses(&o, journey.StageDone, journey.Done, "Everything is proven.")
	o.Stands = sceneStanding(t, illness{}).Brief
	return o
}

// downPlan takes down what a plan builds.
func downPlan(o journey.Overview) setup.Plan {
	var p setup.Plan
	for i, c := range o.Plan.Changes {
		d := setup.Change{Key: c.Key, Verb: setup.Delete, From: c.To, FromID: "id", Drop: true, Step: setup.StepRemove, Cause: "no longer wanted", Reach: c.Reach}
		switch {
		case c.From != nil && c.Key.Kind == setup.KindPublished:
			d.Verb, d.Reach, d.Cause = setup.Release, setup.ReachHere, "the port stays closed; opening it again is up to you"
		case c.From != nil:
			d.Verb, d.To, d.Cause = setup.Update, c.From, "put back as it was"
		case i == 0:
			d.Verb, d.Reach, d.Cause = setup.Release, setup.ReachHere, "other applications of the account may use it, so it stays"
		}
		p.Changes = append(p.Changes, d)
	}
	return p
}
