package journey

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// Errors that a page tells apart.
var (
	ErrNotFound = engine.ErrNotFound
	ErrBusy     = engine.ErrBusy
)

// Stale says that the plan is no longer the one that was agreed to.
type Stale struct{}

func (Stale) Error() string { return "the plan is no longer the one that was shown" }

// Store is what the journey keeps.
type Store interface {
	engine.Store
	PutSecret(ctx context.Context, name string, text secret.Text) error
	Secret(ctx context.Context, name string) (secret.Text, error) // ErrNotFound
	DeleteSecret(ctx context.Context, name string) error

	Value(ctx context.Context, name string) (string, error) // ErrNotFound
	PutValue(ctx context.Context, name, value string) error

	Readings(ctx context.Context, of setup.SetupID, check string, since time.Time) ([]setup.Reading, error)
	LastGood(ctx context.Context, of setup.SetupID) (map[string]time.Time, error)
	Hours(ctx context.Context, of setup.SetupID, check string, since time.Time) ([]setup.Bucket, error)
	Incidents(ctx context.Context, of setup.SetupID, before int64, limit int) ([]setup.Incident, error)
	Automatic(context.Context, setup.SetupID) ([]setup.Automatic, error)
	SaveAutomatic(context.Context, setup.SetupID, []setup.Automatic, setup.Audit) error
}

// Host is the Docker host, to look at.
type Host interface {
	Look(context.Context) ([]found.Project, error)
	Preflight(context.Context, setup.Stack) error
	// Beside runs a command in the running container of a service and gives
	// what it printed.
	Beside(ctx context.Context, project, service string, command []string) ([]byte, error)
	// Follow tells what the containers of a service write until the context ends.
	Follow(ctx context.Context, project, service string, tail int) (<-chan found.Line, error)
	// Digest asks the registry of an image what its tag stands for now.
	Digest(ctx context.Context, image string) (string, error)
}

// Cloud is the Cloudflare account, to be asked about tokens and looked at.
type Cloud interface {
	Observe(context.Context, setup.View) (setup.World, error)
	// Try reads with a token and says what it is good for, and whether it may
	// do what is needed. Nothing is stored.
	Try(ctx context.Context, token secret.Text, account string, needs []setup.Permission) (setup.TokenReport, error)
	// Use makes a token the one that everything works with; empty: none.
	Use(token secret.Text)
}

// Locator finds in a project's files where the port is published and where
// settings go. The sentences say what will not work as it is.
type Locator interface {
	Locate(ctx context.Context, s setup.Stack, envFiles, keys []string) (setup.Stack, []string, error)
	// Handmade reads a compose file that was made by hand as the app's guide
	// says; false: it is none.
	Handmade(ctx context.Context, project setup.Stack, file string) (setup.Handmade, bool, error)
}

// Onlooker asks the app how it can be reached today, before anything is changed.
type Onlooker interface {
	// Admin says in a word whether the administration pages answer anybody.
	Admin(context.Context, setup.Stack) string
	// Fronts lists what else on this server serves the app.
	Fronts(context.Context, setup.Stack) []string
}

// Options are what a Journey is made of.
type Options struct {
	Store    Store
	Engine   *engine.Engine
	Host     Host
	Cloud    Cloud
	Locator  Locator
	Onlooker Onlooker
	Watch    Watch   // nil: nothing is watched
	Telling  Telling // nil: nobody is told
	Profiles profile.Catalog
	Notify   engine.Notifier
	Clock    engine.Clock
	Log      *slog.Logger
	// Modes are the ways in that can be chosen; empty: the public one.
	Modes []setup.Mode
	// FrontDirs is the folder for what the fronts of private names need.
	FrontDirs string
	// Authority is the server that issues certificates by ACME; empty: Let's Encrypt's.
	Authority string
	// Root gives the root certificate that devices have to be told to trust
	// for answers; false: there is none. nil: nobody knows one.
	Root func(setup.Answers) (setup.Authority, bool, error)
	// Watched says whether anybody has a page open.
	Watched func() bool
	// Given is a token of the environment. It is used while none is stored, and
	// never stored itself.
	Given     secret.Text
	Rehearsal bool
	Practice  string // the rehearsal's token
	Version   string
}

// Journey leads through setups. It is safe for concurrent use.
type Journey struct {
	Options
	refresh chan setup.SetupID

	mu      sync.Mutex
	seen    *Found
	token   Token
	looking map[setup.SetupID]bool
	trouble map[setup.SetupID]*setup.Problem // why there is no plan
	series  map[seriesKey]readSeries
	// profiles are those of devices that were read for a page, by account.
	profiles map[string]Devices
	unheld   map[string]time.Time // images whose registry did not answer, and when
}

const tokenName = "cloudflare-token"

// New makes a journey.
func New(o Options) *Journey {
	needs := setup.Permissions(setup.ModePublic)
	return &Journey{
		Options:  o,
		refresh:  make(chan setup.SetupID, 64),
		token:    Token{Needs: needs, Link: setup.TokenLink(needs), Practice: o.Practice},
		looking:  map[setup.SetupID]bool{},
		trouble:  map[setup.SetupID]*setup.Problem{},
		series:   map[seriesKey]readSeries{},
		profiles: map[string]Devices{},
		unheld:   map[string]time.Time{},
	}
}

// Resume takes up the token that there is. Call it once, before anything else.
func (j *Journey) Resume(ctx context.Context) error {
	if _, err := j.needs(ctx); err != nil {
		return err
	}
	return j.takeUp(ctx)
}

// takeUp makes the stored token the one in use, or that of the environment.
func (j *Journey) takeUp(ctx context.Context) error {
	stored, err := j.StoredToken(ctx)
	if err != nil {
		return err
	}
	token := j.orGiven(stored)
	j.Cloud.Use(token)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.token.Held, j.token.Given = !token.Empty(), stored.Empty() && !token.Empty()
	return nil
}

func (j *Journey) orGiven(stored secret.Text) secret.Text {
	if stored.Empty() {
		return j.Given
	}
	return stored
}

// Serve makes plans in the background, so that no page waits for them, and
// looks by itself whether a gate has opened while somebody has a page open,
// until the context ends.
func (j *Journey) Serve(ctx context.Context) error {
	if j.hasToken() {
		j.recheck(ctx)
	}
	var pausing sync.WaitGroup
	defer pausing.Wait()
	pulse := j.pulse(ctx, &pausing)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-pulse:
			if j.Watched != nil && j.Watched() {
				j.lookAtGates(ctx)
			}
			pulse = j.pulse(ctx, &pausing)
		case id := <-j.refresh:
			if err := j.Refresh(ctx, id); err != nil && ctx.Err() == nil {
				j.Log.Warn("looking again", "setup", string(id), "err", err)
			}
			j.mu.Lock()
			delete(j.looking, id)
			j.mu.Unlock()
		}
	}
}

// gatePause is how long to wait between two looks at gates.
const gatePause = 10 * time.Second

func (j *Journey) pulse(ctx context.Context, pausing *sync.WaitGroup) <-chan struct{} {
	done := make(chan struct{})
	pausing.Go(func() {
		defer close(done)
		_ = j.Clock.Sleep(ctx, gatePause) // the context is looked at by the caller
	})
	return done
}

func (j *Journey) recheck(ctx context.Context) {
	if _, err := j.CheckToken(ctx); err != nil && ctx.Err() == nil {
		j.Log.Warn("checking the stored token", "err", err)
	}
}

// lookAtGates looks again at what waits for somebody else: Zero Trust to be
// switched on, a domain to become active, an app to be started.
func (j *Journey) lookAtGates(ctx context.Context) {
	j.mu.Lock()
	report := j.token.Report
	j.mu.Unlock()
	if report != nil && report.ZeroTrust == setup.GrantedNo {
		j.recheck(ctx)
	}
	rows, err := j.Store.Setups(ctx)
	if err != nil {
		return // the next look tells
	}
	for _, row := range rows {
		planned, ok := j.Engine.Last(row.ID)
		if ok && j.underWatch(row.ID, planned.Answers) {
			continue
		}
		waits := func(b setup.Barrier) bool { return b.Why != setup.WhyConflict }
		if ok && slices.ContainsFunc(planned.Plan.Barriers, waits) {
			j.lookSoon(row.ID)
		}
	}
}

func (j *Journey) hasToken() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.token.Held
}

func noToken() *setup.Problem {
	return &setup.Problem{Code: setup.CodeNoToken, Message: "There is no API token. Give one at the step Account first."}
}

// lookSoon asks for a new plan unless one is being made.
func (j *Journey) lookSoon(id setup.SetupID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.looking[id] {
		return
	}
	select {
	case j.refresh <- id:
		j.looking[id] = true
	default: // many are waiting; the next page view asks again
	}
}

// underWatch says whether the watcher looks at a setup by itself, with the same
// answers.
func (j *Journey) underWatch(id setup.SetupID, a *setup.Answers) bool {
	if j.Watch == nil || a == nil || !j.Watch.Health().Alive {
		return false
	}
	r, ok := j.Watch.Report(id)
	return ok && a.Same(r.Answers)
}

// planAge is how old a plan may be before a page view asks for a new one.
const planAge = time.Minute
