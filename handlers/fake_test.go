package handlers_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/notify"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// fake is a journey in memory: it shows what a test put there and writes down
// what it was asked for.
type fake struct {
	mu           sync.Mutex
	setups       []journey.Summary
	overview     journey.Overview
	standing     journey.Standing
	found        journey.Found
	down         setup.Plan
	undoing      journey.Undoing
	webhooks     journey.Webhooks
	told         notify.State
	lines        chan found.Line // what is written
	readers      int             // of it
	proposal     journey.Proposal
	refusal      error // why there is no proposal
	audit        []setup.Audit
	runs         map[int64]setup.Run
	wrong        []setup.FieldError // what SaveAnswers says
	registration journey.Registration
	elsewhere    error             // why nothing can be registered
	said         []string          // by the app
	handmade     setup.Handmade    // what the compose file says
	devices      journey.Devices   // what reading them gives
	unlisted     error             // why they cannot be read
	hangs        chan struct{}     // if set, reading them waits for it
	report       setup.TokenReport // what the token calls say
	err          error             // what every act says
	overErr      error             // what Overview says

	reads int // of Overview
	asked []any
	gate  chan struct{} // if set, Overview waits for one value
	begun chan struct{} // if set, told when an Overview began
}

type (
	askedApply struct {
		ID      setup.SetupID
		Through setup.Step
		Hashes  []string
		Actor   string
	}
	askedWayIn    struct{ Draft journey.Draft }
	askedRegister struct{ Team string }
	askedHandmade struct{ File string }
	askedDraft    struct{ Draft journey.Draft }
	askedAccept   struct {
		Key     setup.Key
		Consent setup.Consent
	}
	askedToken   struct{ Token, Account string }
	askedAccount struct{ Account string }
	askedCancel  struct{ Run int64 }
	askedDown    struct{ Hashes []string }
	askedRevert  struct {
		Decision int
		Hashes   []string
		Actor    string
	}
	askedAutomatic struct {
		Rules []setup.Automatic
		Actor string
	}
	askedAdd    struct{ Name, Address, Actor string }
	askedLife   struct{ Address string }
	askedAlert  struct{ Email, Actor string }
	askedSend   struct{ Channel int64 }
	askedRemove struct{ Channel int64 }
	askedChange struct {
		Edit   journey.Edit
		Hashes []string
		Actor  string
	}
	askedChoose struct{ Project, Service, Profile string }
	askedRepair struct{ journey.Mending }
	asked       string
)

func (f *fake) note(a any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, a)
	return f.err
}

func (f *fake) last() any {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.asked) == 0 {
		return nil
	}
	return f.asked[len(f.asked)-1]
}

func (f *fake) show(change func(*journey.Overview)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	// What a page is being made of stays as it was given out.
	f.overview.Stages = slices.Clone(f.overview.Stages)
	if f.overview.Run != nil {
		run := *f.overview.Run
		f.overview.Run = &run
	}
	change(&f.overview)
}

func (f *fake) timesRead() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reads
}

func (f *fake) Setups(context.Context) ([]journey.Summary, error) { return f.setups, f.overErr }

func (f *fake) Overview(ctx context.Context, id setup.SetupID) (journey.Overview, error) {
	if f.begun != nil {
		select {
		case f.begun <- struct{}{}:
		case <-ctx.Done():
			return journey.Overview{}, ctx.Err()
		}
	}
	if f.gate != nil {
		select {
		case <-f.gate:
		case <-ctx.Done():
			return journey.Overview{}, ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	if f.overErr != nil {
		return journey.Overview{}, f.overErr
	}
	if f.overview.Setup != id {
		return journey.Overview{}, journey.ErrNotFound
	}
	return f.overview, nil
}

// stand changes how the setup stands.
func (f *fake) stand(s journey.Standing) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.standing = s
}

func (f *fake) RootCertificate(_ context.Context, id setup.SetupID) (setup.Authority, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range []*journey.Welcome{f.standing.Welcome, f.overview.Welcome} {
		if w != nil && w.Authority != nil {
			return *w.Authority, nil
		}
	}
	return setup.Authority{}, journey.ErrNotFound
}

func (f *fake) Standing(_ context.Context, id setup.SetupID) (journey.Standing, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	if f.standing.Setup != "" && f.standing.Setup != id || f.standing.Setup == "" && f.overview.Setup != id {
		return journey.Standing{}, journey.ErrNotFound
	}
	return f.standing, f.overErr
}

// Series is one of a check that failed for a while, and was not asked for
// another while.
func (f *fake) Series(_ context.Context, _ setup.SetupID, check string, span journey.Span) (setup.Series, error) {
	step := 10 * time.Minute
	if span == journey.LastMonth {
		step = time.Hour
	}
	s := setup.Series{Check: check, Step: step}
	for i := range 144 {
		b := setup.Bucket{From: now.Truncate(step).Add(-time.Duration(i) * step), Count: 30, OK: 30, Least: 60 * time.Millisecond,
			Mean: time.Duration(80+i%40) * time.Millisecond, Most: time.Duration(120+i%70) * time.Millisecond}
		switch {
		case strings.HasPrefix(check, "whatsapp") && i < 2:
			b = setup.Bucket{From: b.From, Count: 30}
		case strings.HasPrefix(check, "whatsapp") && i == 2:
			b.OK = 18
		case i > 100 && i < 110:
			continue
		}
		s.Buckets = append([]setup.Bucket{b}, s.Buckets...)
	}
	return s, f.err
}

func (f *fake) Again(context.Context, setup.SetupID) error { return f.note(asked("again")) }

func (f *fake) Repair(_ context.Context, _ setup.SetupID, m journey.Mending, _ string) (setup.Run, error) {
	return setup.Run{ID: 12}, f.note(askedRepair{m})
}

func (f *fake) Look(context.Context) (journey.Found, error) { return f.found, f.overErr }

func (f *fake) Choose(_ context.Context, project, service, profile string) (setup.SetupID, error) {
	return ocs, f.note(askedChoose{project, service, profile})
}

func (f *fake) SaveAnswers(_ context.Context, _ setup.SetupID, d journey.Draft) ([]setup.FieldError, error) {
	return f.wrong, f.note(askedDraft{d})
}

func (f *fake) SaveWayIn(_ context.Context, _ setup.SetupID, d journey.Draft) ([]setup.FieldError, error) {
	return f.wrong, f.note(askedWayIn{d})
}

func (f *fake) Handmade(_ context.Context, _ setup.SetupID, d journey.Draft, file string) (journey.Draft, setup.Handmade, []setup.FieldError, error) {
	d.Mode, d.Inside.Name, d.Inside.Replaces = setup.ModeFallback, f.handmade.Name, f.handmade.Services
	return d, f.handmade, f.wrong, f.note(askedHandmade{file})
}

func (f *fake) ReadDevices(ctx context.Context, _ setup.SetupID) (journey.Devices, error) {
	if err := f.note(asked("devices")); err != nil {
		return journey.Devices{}, err
	}
	if f.hangs != nil {
		select {
		case <-f.hangs:
		case <-ctx.Done():
			return journey.Devices{}, ctx.Err()
		}
	}
	return f.devices, f.unlisted
}

func (f *fake) Registration(context.Context, setup.SetupID) (journey.Registration, error) {
	return f.registration, f.elsewhere
}

func (f *fake) Register(_ context.Context, _ setup.SetupID, _ journey.Registration, team, _ string) ([]string, []setup.FieldError, error) {
	return f.said, f.wrong, f.note(askedRegister{team})
}

func (f *fake) SaveToken(_ context.Context, t secret.Text, account string) (setup.TokenReport, error) {
	return f.report, f.note(askedToken{t.Reveal(), account})
}

func (f *fake) CheckToken(context.Context) (setup.TokenReport, error) {
	return f.report, f.note(asked("check"))
}

func (f *fake) ChooseAccount(_ context.Context, _ setup.SetupID, account string) ([]setup.FieldError, error) {
	return f.wrong, f.note(askedAccount{account})
}

func (f *fake) ForgetToken(context.Context) error { return f.note(asked("forget")) }

func (f *fake) Refresh(context.Context, setup.SetupID) error { return f.note(asked("refresh")) }

func (f *fake) Apply(_ context.Context, id setup.SetupID, through setup.Step, hashes []string, actor string) (setup.Run, error) {
	return setup.Run{ID: 7}, f.note(askedApply{id, through, hashes, actor})
}

func (f *fake) Accept(_ context.Context, _ setup.SetupID, k setup.Key, c setup.Consent) error {
	return f.note(askedAccept{k, c})
}

func (f *fake) Cancel(_ context.Context, _ setup.SetupID, run int64, _ string) error {
	return f.note(askedCancel{run})
}

func (f *fake) Verify(context.Context, setup.SetupID) error { return f.note(asked("verify")) }

func (f *fake) TearDownPlan(context.Context, setup.SetupID) (setup.Plan, error) { return f.down, nil }

func (f *fake) TearDown(_ context.Context, _ setup.SetupID, hashes []string, _ string) (setup.Run, error) {
	return setup.Run{ID: 9}, f.note(askedDown{hashes})
}

func (f *fake) History(_ context.Context, _ setup.SetupID, before int64, limit int) ([]journey.Entry, error) {
	var page []journey.Entry
	for _, a := range f.audit {
		if (before == 0 || a.ID < before) && len(page) < limit {
			e := journey.Entry{Audit: a}
			if a.Action == "approved" {
				e.Undoes = 4
			}
			page = append(page, e)
		}
	}
	return page, f.overErr
}

func (f *fake) Undo(_ context.Context, _ setup.SetupID, decision int) (journey.Undoing, error) {
	if decision != 4 {
		return journey.Undoing{}, journey.ErrNotFound
	}
	return f.undoing, f.refusal
}

func (f *fake) Revert(_ context.Context, _ setup.SetupID, decision int, hashes []string, actor string) (setup.Run, error) {
	return setup.Run{ID: 8}, f.note(askedRevert{decision, hashes, actor})
}

func (f *fake) RunOf(_ context.Context, _ setup.SetupID, run int64) (setup.Run, []setup.RunChange, error) {
	r, ok := f.runs[run]
	if !ok {
		return setup.Run{}, nil, journey.ErrNotFound
	}
	return r, nil, nil
}

func (f *fake) Webhooks(_ context.Context, id setup.SetupID) (journey.Webhooks, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.webhooks.Setup != id {
		return journey.Webhooks{}, journey.ErrNotFound
	}
	return f.webhooks, f.overErr
}

func (f *fake) Propose(_ context.Context, _ setup.SetupID, e journey.Edit) (journey.Proposal, []setup.FieldError, error) {
	_ = f.note(e)
	return f.proposal, f.wrong, f.refusal
}

func (f *fake) Change(_ context.Context, _ setup.SetupID, e journey.Edit, hashes []string, actor string) (setup.Run, []setup.FieldError, error) {
	err := f.note(askedChange{e, hashes, actor})
	if !f.proposal.Live {
		return setup.Run{}, f.wrong, err
	}
	return setup.Run{ID: 8}, f.wrong, err
}

func (f *fake) ReviewRoutes(context.Context, setup.SetupID) (*journey.Reviewed, error) {
	return f.webhooks.Routes, f.note(asked("review"))
}

func (f *fake) SaveAutomatic(_ context.Context, _ setup.SetupID, rules []setup.Automatic, actor string) ([]setup.FieldError, error) {
	return f.wrong, f.note(askedAutomatic{rules, actor})
}

func (f *fake) Logs(ctx context.Context, _ setup.SetupID, _ string) (<-chan found.Line, error) {
	if err := f.note(asked("logs")); err != nil {
		return nil, err
	}
	f.read(1)
	out := make(chan found.Line)
	go func() {
		defer f.read(-1)
		defer close(out)
		for {
			select {
			case <-ctx.Done():
				return
			case l := <-f.lines:
				select {
				case out <- l:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out, nil
}

func (f *fake) read(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.readers += n
}

func (f *fake) reading() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.readers
}

func (f *fake) Notifications(context.Context) (notify.State, error) { return f.told, nil }

func (f *fake) AddChannel(_ context.Context, name string, address secret.Text, actor string) ([]setup.FieldError, error) {
	return f.wrong, f.note(askedAdd{name, address.Reveal(), actor})
}

func (f *fake) RemoveChannel(_ context.Context, id int64, _ string) error {
	return f.note(askedRemove{id})
}

func (f *fake) TestChannel(_ context.Context, id int64) error { return f.note(askedSend{id}) }

func (f *fake) SetHeartbeat(_ context.Context, address secret.Text) ([]setup.FieldError, error) {
	return f.wrong, f.note(askedLife{address.Reveal()})
}

func (f *fake) SetAlert(_ context.Context, _ setup.SetupID, email, actor string) (setup.Run, []setup.FieldError, error) {
	return setup.Run{}, f.wrong, f.note(askedAlert{email, actor})
}
