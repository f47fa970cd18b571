package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvert/culvert/cloudflare"
	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
	"github.com/culvert/culvert/store"
	"github.com/culvert/culvert/watch"
)

// bubble is the time of a test that passes by itself.
type bubble struct{}

func (bubble) Now() time.Time { return time.Now() }

func (bubble) Sleep(ctx context.Context, d time.Duration) error { return wallClock{}.Sleep(ctx, d) }

// direct carries requests to a handler without any network, whose time would not
// be the bubble's.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Result(), nil
}

// street is a number of setups side by side: one simulated account with the real
// adapter, and a host on which everything is as it should be.
type street struct {
	testing.TB
	cloud  *sim.Cloud
	client *cloudflare.Client
	host   []setup.Object
	ledger setup.Ledger
	setups map[setup.SetupID]setup.Answers
	store  *store.Store
}

// rulesOfADomain is how many configuration rules a domain can have on the Free
// plan, and so how many setups.
const rulesOfADomain = 10

func newStreet(t testing.TB, houses int) *street {
	t.Helper()
	s := &street{TB: t, cloud: sim.Example(sim.Options{RateLimit: -1, Seed: 5}), setups: map[setup.SetupID]setup.Answers{}}
	t.Cleanup(s.cloud.Close)
	basics := s.cloud.Basics()
	var err error
	if s.client, err = cloudflare.New(cloudflare.Options{Token: secret.New(basics.Token), BaseURL: "http://account/client/v4",
		HTTP: &http.Client{Transport: direct{s.cloud.API()}}}); err != nil {
		t.Fatal(err)
	}
	if s.store, err = store.Open(t.Context(), t.TempDir(), store.Options{Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.store.Close() })
	if s.ledger, err = s.store.Ledger(t.Context()); err != nil {
		t.Fatal(err)
	}
	zone := ""
	for i := range houses {
		if i%rulesOfADomain == 0 {
			zone = fmt.Sprintf("example%d.org", i/rulesOfADomain)
			s.cloud.AddZone(basics.AccountID, zone, "active")
		}
		a := setuptest.Sample(setup.SetupID(fmt.Sprintf("app%d", i)))
		a.Account, a.Zone, a.Hostname = basics.AccountID, zone, string(a.Setup)+"."+zone
		s.setups[a.Setup] = a
		s.put(a.Stack.ComposeFile, "web", setup.ComposePort{Path: a.Stack.ComposeFile, Service: "web", Target: 8000, Exposure: setup.ExposedPublic})
		s.put(a.Stack.Project+"/web", "8000", setup.Published{Project: a.Stack.Project, Service: "web", Target: 8000, Exposure: setup.ExposedPublic})
		s.put("docker", a.Stack.Network, setup.Network{Name: a.Stack.Network})
	}
	s.build()
	s.keep()
	return s
}

func (s *street) put(scope, id string, state setup.State) {
	s.host = append(s.host, setup.Object{Scope: scope, ID: id, State: state})
}

func (s *street) order() []setup.SetupID {
	var ids []setup.SetupID
	for id := range s.setups {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// build makes everything that the setups want, wave by wave.
func (s *street) build() {
	s.Helper()
	want, _ := setup.Merge("", nil, s.setups)
	var view setup.View
	for _, a := range s.setups {
		view = view.Join(a.View())
	}
	for range 20 {
		world, err := s.client.Observe(s.Context(), view)
		if err != nil {
			s.Fatal(err)
		}
		world.Objects = append(world.Objects, s.host...)
		done := map[setup.Key]bool{}
		for _, id := range s.order() {
			plan, err := setup.MakePlan(id, want, world, s.ledger)
			if err != nil {
				s.Fatal(err)
			}
			for _, c := range plan.Ready(setup.StepRemove) {
				if !done[c.Key] {
					done[c.Key] = true
					s.make(plan, c)
				}
			}
		}
		if len(done) == 0 {
			return
		}
	}
	s.Fatal("the setups do not come to rest")
}

func (s *street) make(plan setup.Plan, c setup.Change) {
	s.Helper()
	if !c.Verb.Writes() {
		s.ledger.Records[c.Key], _ = s.ledger.Note(c)
		return
	}
	e, ok := plan.Entry(c, s.ledger)
	if !ok {
		s.Fatalf("%s refers to something that does not stand", c.Key)
	}
	record := s.ledger.Begin(c, e)
	out := setup.Outcome{ID: e.ID, State: setuptest.Plain(e.To)}
	if place := c.Key.Kind.Place(); place == setup.AtAccount || place == setup.AtZone {
		outs, err := s.client.Do(s.Context(), setup.Call{Footprint: c.Footprint(), Entries: []setup.Entry{e}})
		if err != nil || outs[0].Err != nil {
			s.Fatalf("%s: %v %v", c.Key, err, outs)
		}
		out = outs[0]
	} else {
		if out.ID == "" {
			out.ID = c.Key.Name
		}
		s.host = slices.DeleteFunc(s.host, func(o setup.Object) bool {
			return o.Scope == c.Key.Scope && o.ID == out.ID && o.State.Kind() == c.Key.Kind
		})
		s.host = append(s.host, setup.Object{Scope: c.Key.Scope, ID: out.ID, Mark: e.Mark, State: out.State})
	}
	s.ledger.Records[c.Key], _ = setup.Finish(record, c, out)
}

// keep stores what was made, as its runs would have, and has the connectors run.
func (s *street) keep() {
	s.Helper()
	var records []engine.RecordChange
	for key, r := range s.ledger.Records {
		records = append(records, engine.RecordChange{Key: key, Record: &r})
	}
	if err := s.store.SaveRecords(s.Context(), records, nil); err != nil {
		s.Fatal(err)
	}
	for _, id := range s.order() {
		a := s.setups[id]
		if err := s.store.SaveSetup(s.Context(), setup.Setup{ID: id}); err != nil {
			s.Fatal(err)
		}
		if _, err := s.store.Approve(s.Context(), setup.Revision{Setup: id, Answers: &a}, setup.Audit{Action: "approved"}); err != nil {
			s.Fatal(err)
		}
		token, err := s.client.TunnelToken(s.Context(), s.ledger.Records[a.TunnelKey()].ID)
		if err != nil {
			s.Fatal(err)
		}
		leave, err := s.cloud.Attach(token.Reveal(), http.NotFoundHandler())
		if err != nil {
			s.Fatal(err)
		}
		s.Cleanup(leave)
	}
}

// hostPort shows the host.
type hostPort struct{ *street }

func (p hostPort) Observe(context.Context, setup.View) (setup.World, error) {
	return setup.World{Objects: slices.Clone(p.host)}, nil
}

func (hostPort) Do(context.Context, setup.Call) ([]setup.Outcome, error) { panic("nothing is wrong") }

// content is a prober to whom everything is as it should be.
type content struct{}

func (content) sees(checks ...setup.Check) []setup.Evidence {
	var all []setup.Evidence
	for _, c := range checks {
		by := setup.ByApp
		if c.Locked {
			by = setup.ByAccess
		}
		all = append(all, setup.Evidence{Check: c, At: time.Now(), OK: true, By: by})
	}
	return all
}

func (p content) Outside(_ context.Context, a setup.Answers) []setup.Evidence {
	return p.sees(a.Checks...)
}

func (p content) Beside(_ context.Context, a setup.Answers) []setup.Evidence {
	checks := []setup.Check{{ID: setup.BesidePrefix + setup.ConnectorCheck}}
	for _, c := range a.Checks {
		if !c.Locked && !c.Metadata {
			c.ID = setup.BesidePrefix + c.ID
			checks = append(checks, c)
		}
	}
	return p.sees(checks...)
}

func (p content) Port(context.Context, setup.Answers) []setup.Evidence {
	return p.sees(setup.Check{ID: setup.PortCheck})
}

func (content) Private(context.Context, setup.Answers, ...setup.Check) []setup.Evidence { return nil }

func (p content) Closed(ctx context.Context, a setup.Answers) []setup.Evidence { return p.Port(ctx, a) }

func (p content) Others(context.Context, setup.Answers) []setup.Evidence {
	return p.sees(setup.Check{ID: setup.FrontsCheck})
}

func (content) Facts(_ context.Context, all ...setup.Answers) []found.Facts {
	facts := make([]found.Facts, len(all))
	for i, a := range all {
		facts[i] = found.Facts{At: time.Now(), App: found.Service{Containers: 1, Running: 1, Networks: []string{a.Stack.Network}},
			Connector: found.Service{Containers: 1, Running: 1}, Ready: found.Ready{Answered: true, Ready: true, Connections: 4}}
	}
	return facts
}

type unheard struct{}

func (unheard) Publish(string, string) {}

// callsIn watches the street for a while with the page of one setup open, and
// gives the most calls that five minutes took.
func (s *street) callsIn(d time.Duration) uint64 {
	s.Helper()
	port := hostPort{s}
	e := engine.New(engine.Options{Store: s.store, Ports: engine.Ports{Cloud: s.client, Docker: port, Files: port},
		Prober: content{}, Notify: unheard{}, Clock: bubble{}, Log: slog.New(slog.DiscardHandler)})
	w := watch.New(watch.Options{Store: s.store, Engine: e, Prober: content{}, Notify: unheard{}, Clock: bubble{}, Log: slog.New(slog.DiscardHandler),
		Accounts: s.client, Calls: s.client.Calls, Viewed: func(id string) bool { return id == "app0" }, Seed: 3})
	ctx, stop := context.WithCancel(s.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Serve(ctx) }()
	var made []uint64 // after each second
	before := s.client.Calls()
	for range int(d / time.Second) {
		time.Sleep(time.Second)
		synctest.Wait()
		made = append(made, s.client.Calls()-before)
	}
	for _, r := range w.Reports() {
		if r.Condition.Light != diagnosis.Good {
			s.Fatalf("%s is %s: %s %+v", r.Setup, r.Condition.Light, r.Condition.Sentence, r.Condition.Findings)
		}
	}
	if n := len(w.Reports()); n != len(s.setups) {
		s.Errorf("%d setups are watched", n)
	}
	stop()
	if err := <-ended; err != nil {
		s.Error(err)
	}
	const window = 300
	most := made[min(window, len(made))-1]
	for i := window; i < len(made); i++ {
		most = max(most, made[i]-made[i-window])
	}
	return most
}

// Lists of the account are read once, however many setups live in it.
func TestFiftySetupsOnOneAccountCostFewCalls(t *testing.T) {
	for _, row := range []struct {
		setups int
		below  uint64
	}{{1, 40}, {50, 300}} {
		synctest.Test(t, func(t *testing.T) {
			n := newStreet(t, row.setups).callsIn(9 * time.Minute)
			t.Logf("%d setups cost at most %d calls in five minutes", row.setups, n)
			if n >= row.below || n == 0 {
				t.Errorf("%d setups cost %d calls in five minutes; below %d is the aim", row.setups, n, row.below)
			}
		})
	}
}

// What a look at the host costs beside the look: a plan for each setup.
func BenchmarkPlanningFiftySetups(b *testing.B) {
	s := newStreet(b, 50)
	var view setup.View
	for _, a := range s.setups {
		view = view.Join(a.View())
	}
	world, err := s.client.Observe(s.Context(), view)
	if err != nil {
		b.Fatal(err)
	}
	world.Objects = append(world.Objects, s.host...)
	for b.Loop() {
		want, _ := setup.Merge("", nil, s.setups)
		for _, id := range s.order() {
			if _, err := setup.MakePlan(id, want, world, s.ledger); err != nil {
				b.Fatal(err)
			}
		}
	}
}
