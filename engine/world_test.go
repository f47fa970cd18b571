package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/culvert/culvert/setup"
)

const (
	account = "0123456789abcdef0123456789abcdef"
	host    = "chat.example.org"
)

// world is an account, a Docker host and a project folder in memory. It changes
// things as the real ones do: by precondition, with read-back, one recreate for
// all settings of a service.
type world struct {
	mu      sync.Mutex
	objects []setup.Object
	unread  map[setup.ReadScope]setup.Problem
	made    int
	log     []string // what was done and what was asked, in order

	// call, if set, stands between the engine and the world. do carries the
	// call out.
	call func(ctx context.Context, c setup.Call, do func() []setup.Outcome) ([]setup.Outcome, error)
	// look, if set, is told before each look at a Port.
	look func(context.Context)
	// viewed, if set, is told what each look at the account is about.
	viewed func(setup.View)
}

// port is the part of a world that lives in some places.
type port struct {
	*world
	places []setup.Place
}

func (p port) Observe(ctx context.Context, v setup.View) (setup.World, error) {
	if p.look != nil {
		p.look(ctx)
	}
	if p.viewed != nil && slices.Contains(p.places, setup.AtAccount) {
		p.viewed(v)
	}
	if err := ctx.Err(); err != nil {
		return setup.World{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var w setup.World
	for _, o := range p.objects {
		if slices.Contains(p.places, o.State.Kind().Place()) {
			w.Objects = append(w.Objects, o)
		}
	}
	for at, problem := range p.unread {
		if slices.Contains(p.places, at.Kind.Place()) {
			w.Miss(at.Kind, at.Scope, problem)
		}
	}
	return w, nil
}

func (p port) Do(ctx context.Context, c setup.Call) ([]setup.Outcome, error) {
	do := func() []setup.Outcome { return p.carryOut(c) }
	if p.call != nil {
		return p.call(ctx, c, do)
	}
	return do(), nil
}

func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

func (w *world) noted() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.log)
}

// calls are the changes among what was noted.
func (w *world) calls() []string {
	return slices.DeleteFunc(w.noted(), func(s string) bool { return strings.HasPrefix(s, "prove ") })
}

func callName(c setup.Call) string { return string(c.Entries[0].Verb) + " " + c.Entries[0].Key.Short() }

func (w *world) carryOut(c setup.Call) []setup.Outcome {
	w.note("%s", callName(c))
	w.mu.Lock()
	defer w.mu.Unlock()
	outs := make([]setup.Outcome, len(c.Entries))
	for i, e := range c.Entries {
		o := w.find(e.Key, e.ID)
		if e.Verb != setup.Create && (o == nil || !setup.Same(o.State, e.From)) {
			outs[i].Err = &setup.Problem{Code: setup.CodeChanged, Message: "It is no longer as it was."}
			continue
		}
		outs[i].ID = w.write(e)
	}
	w.recreate(c.Entries[0].Key)
	for i, e := range c.Entries {
		if o := w.find(e.Key, outs[i].ID); o != nil && outs[i].Err == nil {
			outs[i].State = o.State
		}
	}
	return outs
}

func (w *world) find(k setup.Key, id string) *setup.Object {
	for i := range w.objects {
		if o := &w.objects[i]; o.State.Kind() == k.Kind && o.Scope == k.Scope && o.ID == id {
			return o
		}
	}
	return nil
}

func (w *world) write(e setup.Entry) string {
	switch e.Verb {
	case setup.Create:
		id := w.newID(e)
		w.objects = append(w.objects, setup.Object{Scope: e.Key.Scope, ID: id, Mark: e.Mark, State: plain(e.To)})
		return id
	case setup.Delete:
		w.objects = slices.DeleteFunc(w.objects, func(o setup.Object) bool {
			return o.State.Kind() == e.Key.Kind && o.Scope == e.Key.Scope && o.ID == e.ID
		})
	default:
		w.find(e.Key, e.ID).State = plain(e.To)
	}
	return e.ID
}

// newID: what lives on the host has an id by nature.
func (w *world) newID(e setup.Entry) string {
	switch e.Key.Kind.Place() {
	case setup.AtDocker, setup.AtFiles:
		if e.Key.Kind == setup.KindConnector || e.Key.Kind == setup.KindConnectorFile {
			return e.Key.Scope
		}
		return e.Key.Name
	}
	w.made++
	return fmt.Sprintf("%s-%d", e.Key.Kind, w.made)
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

// recreate makes a service run what its files say.
func (w *world) recreate(k setup.Key) {
	if k.Kind != setup.KindSetting && k.Kind != setup.KindPublished {
		return
	}
	project, service, _ := strings.Cut(k.Scope, "/")
	w.objects = slices.DeleteFunc(w.objects, func(o setup.Object) bool { return o.Scope == k.Scope })
	for _, o := range slices.Clone(w.objects) {
		if !strings.HasPrefix(o.Scope, "/srv/"+project+"/") {
			continue
		}
		switch s := o.State.(type) {
		case setup.EnvVar:
			w.put(k.Scope, s.Name, setup.Setting{Project: project, Service: service, Name: s.Name, Value: s.Value})
		case setup.ComposePort:
			w.put(k.Scope, s.Service, setup.Published{Project: project, Service: service, Target: s.Target, Exposure: s.Exposure})
		}
	}
}

func (w *world) put(scope, id string, s setup.State) {
	w.objects = append(w.objects, setup.Object{Scope: scope, ID: id, State: s})
}

// all gives the states of a kind.
func (w *world) all(k setup.Kind) []setup.State {
	w.mu.Lock()
	defer w.mu.Unlock()
	var states []setup.State
	for _, o := range w.objects {
		if o.State.Kind() == k {
			states = append(states, o.State)
		}
	}
	return states
}

// change is somebody changing every object of a kind behind our back; a nil
// state removes it.
func (w *world) change(k setup.Kind, f func(setup.State) setup.State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var kept []setup.Object
	for _, o := range w.objects {
		if o.State.Kind() == k {
			o.State = f(o.State)
		}
		if o.State != nil {
			kept = append(kept, o)
		}
	}
	w.objects = kept
}

// miss makes a kind unreadable, until it is cured.
func (w *world) miss(k setup.Kind, scope string, p setup.Problem) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unread = map[setup.ReadScope]setup.Problem{{Kind: k, Scope: scope}: p}
}

func (w *world) cure() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unread = nil
}

func (w *world) exposure() setup.Exposure {
	return w.all(setup.KindPublished)[0].(setup.Published).Exposure
}

func sample(id setup.SetupID, host string) setup.Answers {
	project := string(id)
	dir := "/srv/" + project
	return setup.Answers{
		Setup: id, Profile: "open-chat-studio", Mode: setup.ModePublic, Account: account, Zone: "example.org", Hostname: host,
		Team: setup.Team{Domains: []string{"example.org"}},
		Doors: []setup.Door{
			{ID: "telegram", Name: "Telegram", Destinations: []string{"/channels/telegram/*"}, Paths: []string{"^/channels/telegram/[0-9a-f-]+$"}},
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
			{ID: "telegram/1", Name: "Telegram", Door: "telegram", Method: "GET", Path: "/channels/telegram/x"},
			{ID: "locked/admin", Name: "Administration", Locked: true, Method: "GET", Path: "/admin/"},
		},
	}
}

// newWorld has Zero Trust, an active domain, and each app running with its port
// open to everybody.
func newWorld(apps ...setup.Answers) *world {
	w := &world{}
	w.put(account, "org", setup.Organization{AuthDomain: "team.cloudflareaccess.com"})
	w.put(account, "zone-1", setup.Zone{Name: "example.org", Status: "active"})
	for _, a := range apps {
		scope := a.Stack.Project + "/web"
		w.put("docker", a.Stack.Network, setup.Network{Name: a.Stack.Network})
		w.put(a.Stack.EnvFile, "DJANGO_ALLOWED_HOSTS", setup.EnvVar{Path: a.Stack.EnvFile, Name: "DJANGO_ALLOWED_HOSTS", Value: "10.0.0.5"})
		w.put(a.Stack.ComposeFile, "web", setup.ComposePort{Path: a.Stack.ComposeFile, Service: "web", Target: 8000, Exposure: setup.ExposedPublic})
		w.put(scope, "DJANGO_ALLOWED_HOSTS", setup.Setting{Project: a.Stack.Project, Service: "web", Name: "DJANGO_ALLOWED_HOSTS", Value: "10.0.0.5"})
		w.put(scope, "web", setup.Published{Project: a.Stack.Project, Service: "web", Target: 8000, Exposure: setup.ExposedPublic})
	}
	return w
}
