package journey

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/culvert/culvert/dockerx/sim"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/files"
	"github.com/culvert/culvert/live"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/store"
)

const (
	accountID = "0123456789abcdef0123456789abcdef"
	host      = "chat.example.org"
	apiToken  = "the-token-that-nobody-may-see"

	tunnelSecret = "dHVubmVsLXNlY3JldA=="
)

// clock goes on only when somebody waits, or when the test says so.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.pass(d)
	return ctx.Err()
}

// account is a Cloudflare account in memory, and what there is to say of tokens.
type account struct {
	mu      sync.Mutex
	objects []setup.Object
	made    int
	report  setup.TokenReport
	inUse   secret.Text
	denied  *setup.Problem // why notifications cannot be read; nil: they can
	shut    *setup.Problem // why device profiles cannot be read; nil: they can
	hangs   bool           // until nobody waits any more
	views   []setup.View   // that were asked for
}

func (a *account) Observe(ctx context.Context, v setup.View) (setup.World, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.views = append(a.views, v)
	if a.hangs {
		<-ctx.Done()
		return setup.World{}, ctx.Err()
	}
	w := setup.World{Objects: slices.Clone(a.objects)}
	if a.denied != nil && v.Asks(setup.KindAlert) {
		w.Miss(setup.KindAlert, v.Account, *a.denied)
	}
	if a.shut != nil && v.Asks(setup.KindDeviceProfile) {
		w.Miss(setup.KindDeviceProfile, v.Account, *a.shut)
	}
	return w, nil
}

func (a *account) Do(_ context.Context, c setup.Call) ([]setup.Outcome, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	outs := make([]setup.Outcome, len(c.Entries))
	for i, e := range c.Entries {
		outs[i] = a.do(e)
	}
	return outs, nil
}

func (a *account) do(e setup.Entry) setup.Outcome {
	at := slices.IndexFunc(a.objects, func(o setup.Object) bool { return o.State.Kind() == e.Key.Kind && o.ID == e.ID })
	switch {
	case e.Verb == setup.Create:
		a.made++
		id := fmt.Sprintf("%s-%d", e.Key.Kind, a.made)
		a.objects = append(a.objects, setup.Object{Scope: e.Key.Scope, ID: id, Mark: e.Mark, State: e.To})
		return setup.Outcome{ID: id, State: e.To}
	case at < 0 || !setup.Same(a.objects[at].State, e.From):
		return setup.Outcome{Err: &setup.Problem{Code: setup.CodeChanged, Message: "changed"}}
	case e.Verb == setup.Delete:
		a.objects = slices.Delete(a.objects, at, at+1)
		return setup.Outcome{ID: e.ID}
	}
	a.objects[at].State = e.To
	return setup.Outcome{ID: e.ID, State: e.To}
}

// drop is somebody deleting everything of a kind.
func (a *account) drop(k setup.Kind) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.objects = slices.DeleteFunc(a.objects, func(o setup.Object) bool { return o.State.Kind() == k })
}

func (a *account) Try(_ context.Context, _ secret.Text, account string, _ []setup.Permission) (setup.TokenReport, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.report
	if account != "" {
		r.Account = account
	}
	return r, nil
}

func (a *account) says(r setup.TokenReport) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.report = r
}

func (a *account) Use(token secret.Text) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.inUse = token
}

// outside gives the evidence that a test wants to be seen, and looks at the app.
type outside struct {
	clock *clock
	bad   string // the check that does not hold
	down  bool   // the app's container is stopped
}

func (p *outside) see(id string, c setup.Check) setup.Evidence {
	c.ID = id
	return setup.Evidence{Check: c, At: p.clock.Now(), OK: id != p.bad, Detail: "as seen"}
}

func (p *outside) Beside(_ context.Context, a setup.Answers) []setup.Evidence {
	all := []setup.Evidence{p.see(setup.BesidePrefix+setup.ConnectorCheck, setup.Check{Name: "Connector"})}
	for _, c := range a.Checks {
		if !c.Locked && !c.Metadata {
			all = append(all, p.see(setup.BesidePrefix+c.ID, c))
		}
	}
	return all
}

func (p *outside) Outside(_ context.Context, a setup.Answers) []setup.Evidence {
	var all []setup.Evidence
	for _, c := range a.Checks {
		all = append(all, p.see(c.ID, c))
	}
	return all
}

func (p *outside) Closed(context.Context, setup.Answers) []setup.Evidence {
	return []setup.Evidence{p.see(setup.PortCheck, setup.Check{Name: "The published port"}), p.see(setup.FrontsCheck, setup.Check{Name: "Other ways in"})}
}

func (p *outside) Private(_ context.Context, a setup.Answers, only ...setup.Check) []setup.Evidence {
	var all []setup.Evidence
	for _, c := range append(a.PrivateChecks(), only...) {
		if c.ID != setup.RouteCheck {
			all = append(all, p.see(c.ID, c))
		}
	}
	return all
}

func (p *outside) Admin(context.Context, setup.Stack) string { return "open" }

func (p *outside) Fronts(context.Context, setup.Stack) []string { return []string{"nginx on port 80"} }

// walk is a journey over the real store and engine, a made-up Docker host, real
// files and an account in memory.
type walk struct {
	*testing.T
	*Journey
	clock   *clock
	account *account
	docker  *sim.Host
	outside *outside
	dir     string
	id      setup.SetupID
}

func newWalk(t *testing.T, change ...func(*Options)) *walk {
	t.Helper()
	w := &walk{T: t, clock: &clock{now: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)}, id: sim.Project, dir: project(t)}
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "data"), store.Options{Clock: w.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	profiles, err := profile.Load()
	if err != nil {
		t.Fatal(err)
	}
	w.outside = &outside{clock: w.clock}
	w.account = &account{report: goodReport(), objects: []setup.Object{
		{Scope: accountID, ID: "org", State: setup.Organization{AuthDomain: "team.cloudflareaccess.com"}},
		{Scope: accountID, ID: "zone", State: setup.Zone{Name: "example.org", Status: "active"}},
	}}
	w.docker = sim.New(sim.Options{Apps: []sim.App{{Dir: w.dir, Env: map[string]string{"DJANGO_ALLOWED_HOSTS": ""}}}, Reveal: []string{"DJANGO_ALLOWED_HOSTS"}, Clock: w.clock.Now})
	folder := files.New(files.Options{
		Backups: filepath.Join(t.TempDir(), "backups"), Seal: s.Box().Seal, Open: s.Box().Open,
		Token:    tunnelToken,
		TokenDir: filepath.Join(t.TempDir(), "connectors"), Log: slog.New(slog.DiscardHandler), Clock: w.clock.Now,
	})
	hub := live.New()
	o := Options{
		Store: s, Host: w.docker, Cloud: w.account, Locator: folder, Onlooker: w.outside, Profiles: profiles,
		Notify: hub, Clock: w.clock, Log: slog.New(slog.DiscardHandler), Version: "test",
		Engine: engine.New(engine.Options{Store: s, Ports: engine.Ports{Cloud: w.account, Docker: w.docker, Files: folder},
			Prober: w.outside, Notify: hub, Clock: w.clock, Log: slog.New(slog.DiscardHandler)}),
	}
	for _, f := range change {
		f(&o)
	}
	w.Journey = New(o)
	t.Cleanup(func() {
		hub.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// tunnelToken is in the form in which Cloudflare gives it.
func tunnelToken(_ context.Context, tunnel string) (secret.Text, error) {
	text, err := json.Marshal(map[string]string{"a": accountID, "t": tunnel, "s": tunnelSecret})
	return secret.New(base64.StdEncoding.EncodeToString(text)), err
}

// project is the folder of an app to practise on.
func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for from, to := range map[string]string{"docker-compose.prod.yml": "docker-compose.prod.yml", "env.prod": ".env.prod"} {
		text, err := os.ReadFile(filepath.Join("..", "rehearsal", "project", from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte("POSTGRES_PASSWORD=practice\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func goodReport() setup.TokenReport {
	r := setup.TokenReport{Kind: "user", Status: "active", Account: accountID, ZeroTrust: setup.GrantedYes,
		Accounts: []setup.Account{{ID: accountID, Name: "Example"}}, Zones: []setup.Zone{{Name: "example.org", Status: "active"}}}
	for _, p := range setup.Permissions(setup.ModePublic) {
		r.Grants = append(r.Grants, setup.Grant{Permission: p, Granted: setup.GrantedRead})
	}
	return r
}

// The steps of a person.

func (w *walk) choose() {
	w.Helper()
	id, err := w.Choose(w.Context(), sim.Project, sim.Service, "")
	if err != nil {
		w.Fatal(err)
	}
	if id != w.id {
		w.Fatalf("the setup is called %q", id)
	}
}

func good() Draft { return Draft{Hostname: host, Zone: "example.org", Domains: "example.org"} }

func (w *walk) answer(d Draft) []setup.FieldError {
	w.Helper()
	bad, err := w.SaveAnswers(w.Context(), w.id, d)
	if err != nil {
		w.Fatal(err)
	}
	return bad
}

func (w *walk) token() {
	w.Helper()
	if report, err := w.SaveToken(w.Context(), secret.New(apiToken), ""); err != nil || report.Problem != nil {
		w.Fatalf("the token gave %+v, %v", report, err)
	}
}

func (w *walk) plan() setup.Plan {
	w.Helper()
	if err := w.Refresh(w.Context(), w.id); err != nil {
		w.Fatal(err)
	}
	o := w.overview()
	if o.Plan == nil {
		w.Fatal("there is no plan")
	}
	return *o.Plan
}

// apply agrees to what is shown and carries it out.
func (w *walk) apply(through setup.Step) setup.Run {
	w.Helper()
	run, err := w.Apply(w.Context(), w.id, through, writes(w.plan(), through), "ana")
	if err != nil {
		w.Fatal(err)
	}
	if run, err = w.Engine.Execute(w.Context(), run); err != nil {
		w.Fatal(err)
	}
	return run
}

// ready is a walk up to the plan.
func ready(t *testing.T) *walk {
	t.Helper()
	w := newWalk(t)
	w.choose()
	w.answer(good())
	w.token()
	w.plan()
	return w
}

// done is a walk to its end.
func done(t *testing.T) *walk {
	t.Helper()
	w := ready(t)
	if run := w.apply(setup.StepRemove); run.State != setup.RunSucceeded {
		t.Fatalf("the run is %s: %s", run.State, run.Note)
	}
	w.plan()
	return w
}

func (w *walk) overview() Overview {
	w.Helper()
	o, err := w.Overview(w.Context(), w.id)
	if err != nil {
		w.Fatal(err)
	}
	return o
}

// wantStages compares the rail with its stops in order.
func (w *walk) wantStages(when string, want ...Status) {
	w.Helper()
	o := w.overview()
	for i, s := range o.Stages {
		if s.Status != want[i] {
			w.Errorf("%s, %s is %s (%s), want %s", when, s.Stage, s.Status, s.Note, want[i])
		}
	}
	if len(o.Stages) != len(want) {
		w.Errorf("%s, there are %d stages, want %d", when, len(o.Stages), len(want))
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
