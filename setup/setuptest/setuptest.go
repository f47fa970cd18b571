// Package setuptest holds a small world for tests: one setup that stands as
// wanted, to be looked at and to be meddled with.
package setuptest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/culvert/culvert/setup"
)

// Account is the account of every sample.
const Account = "0123456789abcdef0123456789abcdef"

// Host is the public name of Sample("ocs").
const Host = "ocs.example.org"

// Sample is a setup with three doors and three paths that must stay locked.
func Sample(id setup.SetupID) setup.Answers {
	dir, project, host := "/srv/"+string(id), string(id), string(id)+".example.org"
	return setup.Answers{
		Setup: id, Profile: "open-chat-studio", Mode: setup.ModePublic, Account: Account, Zone: "example.org", Hostname: host,
		Team: setup.Team{Domains: []string{"example.org"}},
		Doors: []setup.Door{
			{ID: "telegram", Name: "Telegram", Destinations: []string{"/channels/telegram/*"}, Paths: []string{"^/channels/telegram/[0-9a-f-]+$"}},
			{ID: "whatsapp", Name: "WhatsApp", Destinations: []string{"/channels/whatsapp/meta/incoming_message"}, Paths: []string{"^/channels/whatsapp/meta/incoming_message$"}},
			{ID: "slack", Name: "Slack", Destinations: []string{"/slack/events/"}, Paths: []string{"^/slack/events/$"}},
		},
		Settings: []setup.Item{{Name: "CSRF_TRUSTED_ORIGINS", Value: "https://" + host}, {Name: "DJANGO_ALLOWED_HOSTS", Value: host}},
		Stack: setup.Stack{
			Project: project, Dir: dir, Files: []string{dir + "/docker-compose.prod.yml"},
			Service: "web", Target: 8000, Network: project + "_default",
			ComposeFile: dir + "/docker-compose.prod.yml", EnvFile: dir + "/.env.prod",
			Settings:      []string{"CSRF_TRUSTED_ORIGINS", "DJANGO_ALLOWED_HOSTS"},
			ConnectorFile: dir + "/docker-compose.culvert.yml", ConnectorProject: "culvert-" + project,
		},
		Image: "cloudflare/cloudflared:2026.8.2", Port: setup.PortLoopback, Session: "24h",
		Checks: []setup.Check{
			{ID: "telegram/1", Name: "Telegram", Door: "telegram", Method: "GET", Path: "/channels/telegram/x", NoUserAgent: true},
			{ID: "whatsapp/1", Name: "WhatsApp", Door: "whatsapp", Method: "GET", Path: "/channels/whatsapp/meta/incoming_message"},
			{ID: "slack/1", Name: "Slack", Door: "slack", Method: "GET", Path: "/slack/events/", Metadata: true},
			{ID: "locked/root", Name: "The pages", Locked: true, Method: "GET", Path: "/"},
			{ID: "locked/admin", Name: "Administration", Locked: true, Method: "GET", Path: "/admin/"},
			{ID: "locked/beside-telegram-1", Name: "Beside Telegram", Locked: true, Method: "GET", Path: "/channels/telegram-team/"},
		},
	}
}

// World is an account, a host and a folder in which a setup stands.
type World struct {
	testing.TB
	Answers setup.Answers
	Ledger  setup.Ledger
	Objects []setup.Object
	Unread  map[setup.ReadScope]setup.Problem
	made    int
}

// New makes a world in which everything that the answers want stands.
func New(t testing.TB, a setup.Answers) *World {
	t.Helper()
	w := &World{TB: t, Answers: a, Ledger: setup.Ledger{Install: "t1", Records: map[setup.Key]setup.Record{}}}
	scope := a.Stack.Project + "/" + a.Stack.Service
	w.Put(a.Account, "org", setup.Organization{AuthDomain: "team.cloudflareaccess.com"})
	w.Put(a.Account, "zone-1", setup.Zone{Name: a.Zone, Status: "active"})
	w.Put("docker", a.Stack.Network, appNetwork(a, AppAddress))
	w.Put(a.Stack.ComposeFile, "web", setup.ComposePort{Path: a.Stack.ComposeFile, Service: "web", Target: 8000, Exposure: setup.ExposedPublic})
	w.Put(scope, "web", setup.Published{Project: a.Stack.Project, Service: "web", Target: 8000, Exposure: setup.ExposedPublic})
	w.putPrivate()
	w.Build()
	return w
}

// Put puts something of somebody else into the world.
func (w *World) Put(scope, id string, s setup.State) {
	w.Objects = append(w.Objects, setup.Object{Scope: scope, ID: id, State: s})
}

// Look is the world as the Ports show it.
func (w *World) Look() setup.World {
	out := setup.World{Objects: slices.Clone(w.Objects)}
	for at, p := range w.Unread {
		out.Miss(at.Kind, at.Scope, p)
	}
	return out
}

// Plan is what the answers would change now.
func (w *World) Plan() setup.Plan {
	w.Helper()
	look := w.Look()
	now := w.Answers.Placed(look, w.Ledger)
	want, _ := setup.Merge(now.Setup, &now, map[setup.SetupID]setup.Answers{now.Setup: now})
	plan, err := setup.MakePlan(now.Setup, want, look, w.Ledger)
	if err != nil {
		w.Fatal(err)
	}
	return plan
}

// Build makes everything that is wanted and not there.
func (w *World) Build() {
	w.Helper()
	for range 100 {
		plan := w.Plan()
		ready := plan.Ready(setup.StepRemove)
		if len(ready) == 0 {
			if !plan.Empty() {
				w.Fatalf("the setup does not come to rest:\n%s", plan)
			}
			return
		}
		for _, c := range ready {
			w.make(plan, c)
		}
	}
}

// Make carries out one change of the plan as it is now.
func (w *World) Make(c setup.Change) {
	w.Helper()
	w.make(w.Plan(), c)
}

func (w *World) make(plan setup.Plan, c setup.Change) {
	if !c.Verb.Writes() {
		w.Ledger.Records[c.Key], _ = w.Ledger.Note(c)
		return
	}
	e, ok := plan.Entry(c, w.Ledger)
	if !ok {
		w.Fatalf("%s refers to something that does not stand", c.Key)
	}
	r, id := w.Ledger.Begin(c, e), e.ID
	if c.Verb == setup.Create {
		w.made++
		if id = natural(c.Key, e.To); id == "" {
			id = fmt.Sprintf("%s-%d", c.Key.Kind, w.made)
		}
		w.Objects = append(w.Objects, setup.Object{Scope: c.Key.Scope, ID: id, Mark: e.Mark})
	}
	o := w.object(c.Key, id)
	o.State = Plain(e.To)
	w.Ledger.Records[c.Key], _ = setup.Finish(r, c, setup.Outcome{ID: id, State: o.State})
}

// Plain is a state as a look gives it: without what only a want says.
func Plain(s setup.State) setup.State {
	switch s := s.(type) {
	case setup.EnvVar:
		s.Join, s.Items = "", nil
		return s
	case setup.Setting:
		s.Join, s.Items = "", nil
		return s
	}
	return s
}

func (w *World) object(k setup.Key, id string) *setup.Object {
	for i := range w.Objects {
		if o := &w.Objects[i]; o.Scope == k.Scope && o.ID == id && (o.State == nil || o.State.Kind() == k.Kind) {
			return o
		}
	}
	w.Fatalf("there is no %s", k)
	return nil
}

// Alter is somebody changing a thing of ours; nil deletes it.
func (w *World) Alter(k setup.Key, f func(setup.State) setup.State) {
	w.Helper()
	o := w.object(k, w.Ledger.Records[k].ID)
	if now := f(o.State); now != nil {
		o.State = now
		return
	}
	id := o.ID
	w.Objects = slices.DeleteFunc(w.Objects, func(o setup.Object) bool {
		return o.Scope == k.Scope && o.ID == id && o.State.Kind() == k.Kind
	})
}

// Gone deletes what Alter is about.
func Gone(setup.State) setup.State { return nil }

// Miss makes a kind unreadable.
func (w *World) Miss(k setup.Kind, scope string, p setup.Problem) {
	if w.Unread == nil {
		w.Unread = map[setup.ReadScope]setup.Problem{}
	}
	w.Unread[setup.ReadScope{Kind: k, Scope: scope}] = p
}

// Away makes everything at Cloudflare unreadable.
func (w *World) Away(p setup.Problem) {
	for _, k := range setup.Kinds() {
		switch k.Place() {
		case setup.AtAccount:
			w.Miss(k, w.Answers.Account, p)
		case setup.AtZone:
			w.Miss(k, w.Answers.Zone, p)
		}
	}
}
