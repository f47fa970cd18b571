package setup

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// model is a world that changes the way Cloudflare, Docker and files do, small
// enough to step through every prefix of every plan.
type model struct {
	World
	ledger Ledger
	made   int
	// restless: whatever is made anew gets another address from Docker.
	restless bool
}

func newModel() *model {
	return &model{ledger: Ledger{Install: "t1", Records: map[Key]Record{}}}
}

func (m *model) clone() *model {
	c := *m
	c.Objects = slices.Clone(m.Objects)
	c.ledger = m.ledger.Clone()
	return &c
}

func (m *model) put(scope, id, mark string, s State) {
	m.Objects = append(m.Objects, Object{Scope: scope, ID: id, Mark: mark, State: s})
}

// find gives the first object of a kind with an id.
func (m *model) find(kind Kind, id string) *Object {
	for i := range m.Objects {
		if o := &m.Objects[i]; o.State.Kind() == kind && o.ID == id {
			return o
		}
	}
	return nil
}

func (m *model) remove(kind Kind, id string) {
	m.Objects = slices.DeleteFunc(m.Objects, func(o Object) bool { return o.State.Kind() == kind && o.ID == id })
}

// naturalID is the id of things that have one by nature; others get a new one.
func (m *model) naturalID(k Key, s State) string {
	switch s := s.(type) {
	case EnvVar:
		return s.Name
	case Setting:
		return s.Name
	case ComposePort, Published:
		return k.Name
	case ConnectorFile:
		return s.Path
	case Connector:
		return s.Project
	case Ingress:
		return s.Tunnel.Lit + "/" + s.Host
	}
	if id := privateID(k, s); id != "" {
		return id
	}
	m.made++
	return fmt.Sprintf("%s-%d", k.Kind, m.made)
}

// do carries out one call and gives its outcomes, as a Port would: the
// preconditions of all entries first, one recreate for all.
func (m *model) do(entries []Entry) []Outcome {
	outs := make([]Outcome, len(entries))
	for i, e := range entries {
		if e.Verb == Create {
			continue
		}
		if o := m.byID(e.Key, e.ID); o == nil || !Same(o.State, e.From) {
			outs[i].Err = &Problem{Code: CodeChanged, Message: "changed"}
		}
	}
	for i, e := range entries {
		if outs[i].Err == nil {
			outs[i].ID = m.write(e)
		}
	}
	for _, e := range entries {
		m.recreate(e.Key)
	}
	for i, e := range entries {
		if o := m.byID(e.Key, outs[i].ID); o != nil && outs[i].Err == nil {
			outs[i].State = o.State
		}
	}
	return outs
}

func (m *model) write(e Entry) string {
	switch e.Verb {
	case Create:
		id := m.naturalID(e.Key, e.To)
		m.put(e.Key.Scope, id, e.Mark, plain(e.To))
		return id
	case Delete:
		m.Objects = slices.DeleteFunc(m.Objects, func(o Object) bool {
			return o.State.Kind() == e.Key.Kind && o.Scope == e.Key.Scope && o.ID == e.ID
		})
	default:
		m.byID(e.Key, e.ID).State = plain(e.To)
	}
	return e.ID
}

// plain is a state as an observation gives it: without what only a want says.
func plain(s State) State {
	switch s := s.(type) {
	case EnvVar:
		s.Join, s.Items = "", nil
		return s
	case Setting:
		s.Join, s.Items = "", nil
		return s
	}
	return s
}

// recreate makes the service run what its files say, all of it, whenever a
// change of it was the reason.
func (m *model) recreate(k Key) {
	if k.Kind != KindSetting && k.Kind != KindPublished {
		return
	}
	project, service, _ := strings.Cut(k.Scope, "/")
	if m.restless {
		m.move(project)
	}
	m.Objects = slices.DeleteFunc(m.Objects, func(o Object) bool { return o.Scope == k.Scope && o.State.Kind() != KindSite })
	for _, o := range slices.Clone(m.Objects) {
		if !strings.HasPrefix(o.Scope, "/srv/"+project+"/") {
			continue
		}
		switch s := o.State.(type) {
		case EnvVar:
			m.put(k.Scope, s.Name, "", Setting{Project: project, Service: service, Name: s.Name, Value: s.Value})
		case ComposePort:
			m.put(k.Scope, s.Service, "", Published{Project: project, Service: service, Target: s.Target, Exposure: s.Exposure})
		case ComposeNetwork:
			m.put(k.Scope, s.Network, "", Attachment{Project: project, Service: service, Endpoint: s.Endpoint})
		}
	}
}

// reaches says whether requests for a host get through the name, the tunnel and
// the rules to the app's container.
func (m *model) reaches(host string) bool {
	for _, o := range m.Objects {
		d, ok := o.State.(DNSRecord)
		if !ok || d.Name != host || !d.Proxied || d.Tunnel.Lit == "" {
			continue
		}
		if m.find(KindIngress, d.Tunnel.Lit+"/"+host) != nil && m.connected(d.Tunnel.Lit) {
			return true
		}
	}
	return false
}

func (m *model) connected(tunnel string) bool {
	for _, o := range m.Objects {
		if c, ok := o.State.(Connector); ok && c.Running && c.Tunnel.Lit == tunnel {
			return m.find(KindTunnel, tunnel) != nil
		}
	}
	return false
}

// lets says whether Access lets anybody pass to a path of a host: the most
// specific application decides; none at all lets everybody pass.
func (m *model) lets(host, path string) bool {
	best, open := -1, true
	for _, o := range m.Objects {
		app, ok := o.State.(App)
		if !ok {
			continue
		}
		for _, d := range app.Destinations {
			if length := matchLength(d, host, path); length > best {
				best, open = length, m.bypasses(app)
			}
		}
	}
	return open
}

func matchLength(destination, host, path string) int {
	if destination == host {
		return 0
	}
	prefix, wild := strings.CutSuffix(destination, "*")
	if destination == host+path || wild && strings.HasPrefix(host+path, prefix) {
		return len(prefix)
	}
	return -1
}

func (m *model) bypasses(app App) bool {
	for _, id := range app.Policies {
		if o := m.find(KindPolicy, id.Lit); o != nil && o.State.(Policy).Decision == Bypass {
			return true
		}
	}
	return false
}

// accepts says whether the running app answers for a host.
func (m *model) accepts(a Answers, host string) bool {
	for _, item := range a.Settings {
		if item.Whole || strings.TrimPrefix(item.Value, "https://") != host {
			continue
		}
		o := m.byID(a.settingKey(item.Name), item.Name)
		if o == nil || !slices.Contains(strings.Split(o.State.(Setting).Value, ","), item.Value) {
			return false
		}
	}
	return true
}

// exposed lists what can be reached without a login and should not be.
func (m *model) exposed(a Answers) []string {
	var open []string
	if m.reaches(a.Hostname) && m.lets(a.Hostname, "/admin/") {
		open = append(open, "/admin/ on "+a.Hostname)
	}
	for _, o := range m.Objects {
		if p, ok := o.State.(Published); ok && p.Exposure == ExposedPublic {
			open = append(open, "port of "+p.Project)
		}
	}
	return append(open, m.openInside()...)
}

// answering lists the webhooks that get through to the app.
func (m *model) answering(a Answers) []string {
	var ok []string
	if !m.reaches(a.Hostname) || !m.accepts(a, a.Hostname) {
		return nil
	}
	for _, d := range a.Doors {
		path := strings.ReplaceAll(d.Destinations[0], "*", "x")
		if m.lets(a.Hostname, path) && m.minds(a, d) {
			ok = append(ok, d.ID)
		}
	}
	return ok
}

// minds says whether the edge lets callers of a door through that are no
// browsers: Browser Integrity Check is on in every zone.
func (m *model) minds(a Answers, d Door) bool {
	for _, o := range m.Objects {
		if r, ok := o.State.(EdgeRule); ok && r.Enabled && r.Host == a.Hostname && slices.Contains(r.Paths, d.Destinations[0]) {
			return true
		}
	}
	return false
}

// failer is what the model needs of a test, plain or drawn.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

const account = "0123456789abcdef0123456789abcdef"

func sample(id SetupID, host string) Answers {
	project := string(id)
	return Answers{
		Setup: id, Profile: "open-chat-studio", Mode: ModePublic, Account: account, Zone: "example.org", Hostname: host,
		Team: Team{Domains: []string{"example.org"}, Emails: []string{"guest@partner.example"}},
		Doors: []Door{
			{ID: "telegram", Name: "Telegram", Destinations: []string{"/channels/telegram/*"}, Paths: []string{"^/channels/telegram/[0-9a-f-]+$"}},
			{ID: "slack", Name: "Slack", Destinations: []string{"/slack/events", "/slack/oauth_redirect"}, Paths: []string{"^/slack/events$", "^/slack/oauth_redirect$"}},
		},
		Settings: []Item{{Name: "CSRF_TRUSTED_ORIGINS", Value: "https://" + host}, {Name: "DJANGO_ALLOWED_HOSTS", Value: host}},
		Stack: Stack{
			Project: project, Dir: "/srv/" + project, Files: []string{"/srv/" + project + "/docker-compose.prod.yml"},
			Service: "web", Target: 8000, Network: project + "_default",
			ComposeFile: "/srv/" + project + "/docker-compose.prod.yml", EnvFile: "/srv/" + project + "/.env.prod",
			Settings:      []string{"CSRF_TRUSTED_ORIGINS", "DJANGO_ALLOWED_HOSTS"},
			ConnectorFile: "/srv/" + project + "/docker-compose.culvert.yml", ConnectorProject: "culvert-" + project,
		},
		Image: "cloudflare/cloudflared:2026.8.2", Port: PortLoopback, Session: "24h",
	}
}

// hostWorld is an account with Zero Trust and an active domain, and the app
// running with its port open to everybody.
func hostWorld(setups ...Answers) *model {
	m := newModel()
	m.putPrivate(setups...)
	m.put(account, "org", "", Organization{AuthDomain: "team.cloudflareaccess.com"})
	m.put(account, "idp-cf", "", LoginMethod{Type: "cloudflare", Name: "Cloudflare"})
	zones := map[string]bool{}
	for _, a := range setups {
		if !zones[a.Zone] {
			m.put(account, "zone-"+a.Zone, "", Zone{Name: a.Zone, Status: "active"})
			m.put(a.Zone, "zone-"+a.Zone, "", BotFight{On: true})
			m.put(a.Zone, "zone-"+a.Zone, "", SecurityLevel{Level: UnderAttack})
			m.put(a.Zone, "zone-"+a.Zone, "", ZonePause{Paused: true})
			zones[a.Zone] = true
		}
		m.put("docker", a.Stack.Network, "", appNetwork(a))
		m.put(a.Stack.EnvFile, "DJANGO_ALLOWED_HOSTS", "", EnvVar{Path: a.Stack.EnvFile, Name: "DJANGO_ALLOWED_HOSTS", Value: "10.0.0.5"})
		m.put(a.Stack.ComposeFile, "web", "", ComposePort{Path: a.Stack.ComposeFile, Service: "web", Target: 8000, Exposure: ExposedPublic})
		scope := a.Stack.serviceScope()
		m.put(scope, "DJANGO_ALLOWED_HOSTS", "", Setting{Project: a.Stack.Project, Service: "web", Name: "DJANGO_ALLOWED_HOSTS", Value: "10.0.0.5"})
		m.put(scope, "web", "", Published{Project: a.Stack.Project, Service: "web", Target: 8000, Exposure: ExposedPublic})
	}
	return m
}

func (m *model) plan(t failer, focus SetupID, candidate *Answers, approved map[SetupID]Answers) Plan {
	t.Helper()
	settled, barriers := Settle(m.World, m.ledger)
	m.ledger = settled
	if candidate != nil {
		candidate = new(candidate.Placed(m.World, m.ledger))
	}
	approved = maps.Clone(approved)
	for id, a := range approved {
		approved[id] = a.Placed(m.World, m.ledger)
	}
	want, bad := Merge(focus, candidate, approved)
	if len(bad) > 0 {
		t.Fatalf("merging: %v", bad)
	}
	p, err := MakePlan(focus, want, m.World, m.ledger)
	if err != nil {
		t.Fatal(err)
	}
	p.Barriers = append(p.Barriers, barriers...)
	return p
}

func (m *model) byID(k Key, id string) *Object { return m.index().byID(k, id) }

// crash says where the process ends while a change is made.
type crash int

const (
	survives crash = iota
	beforeCall
	afterCall // the call took place, its outcome was not written down
)

// apply makes the changes of one call the way the engine does: intents, call,
// outcomes.
func (m *model) apply(t failer, p Plan, changes []Change, end crash) {
	t.Helper()
	if !changes[0].Verb.Writes() {
		for _, c := range changes {
			m.keep(c.Key, func() (Record, bool) { return m.ledger.Note(c) })
		}
		return
	}
	entries := make([]Entry, len(changes))
	records := make([]Record, len(changes))
	for i, c := range changes {
		e, ok := p.Entry(c, m.ledger)
		if !ok {
			t.Fatalf("%s is ready but refers to what does not stand", c.Key)
		}
		entries[i], records[i] = e, m.ledger.Begin(c, e)
		m.ledger.Records[c.Key] = records[i]
	}
	if end == beforeCall {
		return
	}
	outs := m.do(entries)
	if end == afterCall {
		return
	}
	for i, c := range changes {
		m.keep(c.Key, func() (Record, bool) { return Finish(records[i], c, outs[i]) })
	}
}

// call gives the ready changes that go together with the first of them: all
// notes in our ledger, or one call.
func call(ready []Change) []Change {
	first := ready[0]
	if i := slices.IndexFunc(ready, func(c Change) bool { return !c.Verb.Writes() }); i >= 0 {
		first = ready[i]
	}
	var together []Change
	for _, c := range ready {
		if c.Verb.Writes() == first.Verb.Writes() && (!first.Verb.Writes() || c.Footprint() == first.Footprint()) {
			together = append(together, c)
		}
	}
	return together
}

func (m *model) keep(k Key, f func() (Record, bool)) {
	rec, keep := f()
	if keep {
		m.ledger.Records[k] = rec
	} else {
		delete(m.ledger.Records, k)
	}
}

// run applies everything that can be applied and gives the plan that is left.
func (m *model) run(t failer, focus SetupID, candidate *Answers, approved map[SetupID]Answers) Plan {
	t.Helper()
	for range 200 {
		p := m.plan(t, focus, candidate, approved)
		ready := p.Ready(StepRemove)
		if len(ready) == 0 {
			return p
		}
		m.apply(t, p, call(ready), survives)
	}
	t.Fatal("the plan never ends")
	return Plan{}
}
