package diagnosis

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

const (
	account = "0123456789abcdef0123456789abcdef"
	host    = "chat.example.org"
)

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

func sample() setup.Answers {
	dir := "/srv/ocs"
	return setup.Answers{
		Setup: "ocs", Profile: "open-chat-studio", Mode: setup.ModePublic, Account: account, Zone: "example.org", Hostname: host,
		Team: setup.Team{Domains: []string{"example.org"}},
		Doors: []setup.Door{
			{ID: "telegram", Name: "Telegram", Destinations: []string{"/channels/telegram/*"}, Paths: []string{"^/channels/telegram/[0-9a-f-]+$"}},
			{ID: "whatsapp", Name: "WhatsApp", Destinations: []string{"/channels/whatsapp/meta/incoming_message"}, Paths: []string{"^/channels/whatsapp/meta/incoming_message$"}},
			{ID: "slack", Name: "Slack", Destinations: []string{"/slack/events/"}, Paths: []string{"^/slack/events/$"}},
		},
		Settings: []setup.Item{{Name: "CSRF_TRUSTED_ORIGINS", Value: "https://" + host}, {Name: "DJANGO_ALLOWED_HOSTS", Value: host}},
		Stack: setup.Stack{
			Project: "ocs", Dir: dir, Files: []string{dir + "/docker-compose.prod.yml"},
			Service: "web", Target: 8000, Network: "ocs_default",
			ComposeFile: dir + "/docker-compose.prod.yml", EnvFile: dir + "/.env.prod",
			Settings:      []string{"CSRF_TRUSTED_ORIGINS", "DJANGO_ALLOWED_HOSTS"},
			ConnectorFile: dir + "/docker-compose.culvert.yml", ConnectorProject: "culvert-ocs",
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

// patient is one setup that stands as wanted, to be made ill.
type patient struct {
	testing.TB
	Input
	objects []setup.Object
	made    int
}

func healthy(t testing.TB) *patient {
	t.Helper()
	a := sample()
	p := &patient{TB: t, Input: Input{Now: noon(), Answers: a, Ledger: setup.Ledger{Install: "t1", Records: map[setup.Key]setup.Record{}}}}
	scope := a.Stack.Project + "/" + a.Stack.Service
	p.put(account, "org", setup.Organization{AuthDomain: "team.cloudflareaccess.com"})
	p.put(account, "zone-1", setup.Zone{Name: a.Zone, Status: "active"})
	p.put("docker", a.Stack.Network, setup.Network{Name: a.Stack.Network})
	p.put(a.Stack.ComposeFile, "web", setup.ComposePort{Path: a.Stack.ComposeFile, Service: "web", Target: 8000, Exposure: setup.ExposedPublic})
	p.put(scope, "web", setup.Published{Project: "ocs", Service: "web", Target: 8000, Exposure: setup.ExposedPublic})
	p.build()
	p.Facts = found.Facts{At: noon(), App: found.Service{Name: "web", Containers: 1, Running: 1},
		Connector: found.Service{Name: "cloudflared", Containers: 1, Running: 1}, Ready: found.Ready{Answered: true, Ready: true, Connections: 4}}
	for _, c := range p.Needed() {
		p.see(c, true, "")
	}
	p.plan()
	return p
}

func (p *patient) put(scope, id string, s setup.State) {
	p.objects = append(p.objects, setup.Object{Scope: scope, ID: id, State: s})
}

// plan looks at the world again.
func (p *patient) plan() {
	p.Helper()
	want, _ := setup.Merge(p.Answers.Setup, &p.Answers, map[setup.SetupID]setup.Answers{p.Answers.Setup: p.Answers})
	p.World.Objects = p.objects
	plan, err := setup.MakePlan(p.Answers.Setup, want, p.World, p.Ledger)
	if err != nil {
		p.Fatal(err)
	}
	p.Plan = plan
}

// build makes everything that is wanted.
func (p *patient) build() {
	p.Helper()
	for range 100 {
		p.plan()
		ready := p.Plan.Ready(setup.StepRemove)
		if len(ready) == 0 {
			if !p.Plan.Empty() {
				p.Fatalf("the setup does not come to rest:\n%s", p.Plan)
			}
			return
		}
		for _, c := range ready {
			p.make(c)
		}
	}
}

func (p *patient) make(c setup.Change) {
	if !c.Verb.Writes() {
		r, _ := p.Ledger.Note(c)
		p.Ledger.Records[c.Key] = r
		return
	}
	e, ok := p.Plan.Entry(c, p.Ledger)
	if !ok {
		p.Fatalf("%s refers to something that does not stand", c.Key)
	}
	r := p.Ledger.Begin(c, e)
	id := e.ID
	if c.Verb == setup.Create {
		p.made++
		id = fmt.Sprintf("%s-%d", c.Key.Kind, p.made)
		p.objects = append(p.objects, setup.Object{Scope: c.Key.Scope, ID: id, Mark: e.Mark})
	}
	o := p.object(c.Key, id)
	o.State = plain(e.To)
	r, _ = setup.Finish(r, c, setup.Outcome{ID: id, State: o.State})
	p.Ledger.Records[c.Key] = r
}

// plain is a state as a look gives it: without what only a want says.
func plain(s setup.State) setup.State {
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

func (p *patient) object(k setup.Key, id string) *setup.Object {
	for i := range p.objects {
		if o := &p.objects[i]; o.Scope == k.Scope && o.ID == id && (o.State == nil || o.State.Kind() == k.Kind) {
			return o
		}
	}
	p.Fatalf("there is no %s", k)
	return nil
}

// alter is somebody changing a thing of ours; nil deletes it.
func (p *patient) alter(k setup.Key, f func(setup.State) setup.State) {
	p.Helper()
	o := p.object(k, p.Ledger.Records[k].ID)
	now := f(o.State)
	if now == nil {
		id := o.ID
		p.objects = slices.DeleteFunc(p.objects, func(o setup.Object) bool {
			return o.Scope == k.Scope && o.ID == id && o.State.Kind() == k.Kind
		})
	} else {
		o.State = now
	}
	p.plan()
}

func gone(setup.State) setup.State { return nil }

// unread makes a kind unreadable.
func (p *patient) unread(k setup.Kind, scope string, problem setup.Problem) {
	p.World.Miss(k, scope, problem)
	p.plan()
}

// see gives a check its evidence.
func (p *patient) see(c setup.Check, ok bool, by setup.Answerer) {
	if by == "" {
		by = setup.ByApp
		if c.Locked {
			by = setup.ByAccess
		}
	}
	v := setup.Evidence{Check: c, At: p.Now.Add(-20 * time.Second), OK: ok, By: by, Detail: "seen " + string(by), Status: 200}
	for i := range p.Evidence {
		if p.Evidence[i].Check.ID == c.ID {
			p.Evidence[i] = v
			return
		}
	}
	p.Evidence = append(p.Evidence, v)
}

// fail makes the checks whose ids begin so fail.
func (p *patient) fail(by setup.Answerer, ids ...string) {
	p.Helper()
	hit := false
	for _, c := range p.Needed() {
		if slices.ContainsFunc(ids, func(id string) bool { return strings.HasPrefix(c.ID, id) }) {
			p.see(c, false, by)
			hit = true
		}
	}
	if !hit {
		p.Fatalf("there is no check %v", ids)
	}
}

// edit changes the evidence of a check.
func (p *patient) edit(id string, f func(*setup.Evidence)) {
	for i := range p.Evidence {
		if p.Evidence[i].Check.ID == id {
			f(&p.Evidence[i])
		}
	}
}

func doors() []string { return []string{"telegram", "whatsapp", "slack"} }
