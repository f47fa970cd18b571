package watch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/setup"
)

// Accounts tells what was changed in a Cloudflare account, and by whom.
type Accounts interface {
	// Deeds are what was changed since a time. It makes one call.
	Deeds(ctx context.Context, account string, since time.Time) ([]setup.Deed, error)
}

// farthest is how far back who changed something is looked for, at most; the log
// itself ends there.
const farthest = 29 * 24 * time.Hour

// lag is how long before the look that found everything in order a change may
// have been made all the same: a look takes its time.
const lag = time.Minute

// askAgain is when to ask again who brought something about: the log is behind.
func askAgain() []time.Duration {
	return []time.Duration{0, time.Minute, 4 * time.Minute, 15 * time.Minute}
}

// question is a finding of which it is not known who brought it about.
type question struct {
	about string    // how things were found; otherwise it is another question
	since time.Time // before that everything was in order
	due   time.Time
	tries int
}

// open says whether it is worth asking again.
func (q question) open() bool { return q.tries < len(askAgain()) }

// aboutOf tells two changes of the same thing apart.
func aboutOf(f setup.Finding) string {
	if f.Fix == nil {
		return fmt.Sprint(f.Keys)
	}
	return fmt.Sprint(f.Keys, f.Fix.Hashes)
}

// wonder notes which standing findings somebody may have brought about in the
// account.
func (h *heart) wonder(s *subject, in diagnosis.Input) {
	if h.Accounts == nil {
		return
	}
	for _, i := range s.track.standing {
		q, asked := s.questions[i.Finding.ID]
		about := aboutOf(i.Finding)
		if i.Finding.Deed != nil || asked && q.about == about || !in.Traceable(i.Finding) {
			continue
		}
		s.questions[i.Finding.ID] = question{about: about, since: s.inOrder(in.Now), due: in.Now}
	}
	for id := range s.questions {
		if s.track.index(id) < 0 {
			delete(s.questions, id)
		}
	}
	if len(s.questions) == 0 {
		s.untold = ""
	}
}

// inOrder is the last moment of which it is known that nothing of what is found
// now was so.
func (s *subject) inOrder(now time.Time) time.Time {
	at := now.Add(-farthest)
	if looked := s.before.Add(-lag); looked.After(at) {
		at = looked
	}
	if s.run != nil && s.run.Ended.After(at) {
		at = s.run.Ended
	}
	return at
}

// inquire reads the log of each account of which there is something to ask.
func (h *heart) inquire(ctx context.Context, now time.Time) {
	for _, id := range sortedAccounts(h.accounts) {
		a := h.accounts[id]
		since, due := h.questions(id, now)
		if !due || a.inquiring {
			continue
		}
		a.inquiring = true
		h.beside(ctx, func() func() {
			log, err := h.Accounts.Deeds(ctx, id, since)
			return func() {
				a.inquiring = false
				if ctx.Err() == nil {
					h.told(ctx, id, log, err)
				}
			}
		})
	}
}

// questions says since when there is something to ask about an account, and
// whether to ask now.
func (h *heart) questions(account string, now time.Time) (since time.Time, due bool) {
	for _, s := range h.subjects {
		for _, q := range s.questions {
			if s.answers.Account != account || !q.open() || q.due.After(now) {
				continue
			}
			if !due || q.since.Before(since) {
				since = q.since
			}
			due = true
		}
	}
	return since, due
}

// told takes in what a log says.
func (h *heart) told(ctx context.Context, account string, log []setup.Deed, err error) {
	now := h.Clock.Now()
	problem := setup.AsProblem(err)
	if problem != nil {
		h.Log.Info("reading who changed something", "err", err)
	}
	for _, id := range sortedIDs(h.subjects) {
		s := h.subjects[id]
		if s.answers.Account != account {
			continue
		}
		s.untold, s.dirty = "", true
		if problem != nil && problem.Code == setup.CodeDenied {
			s.untold = Untold
		}
		for finding, q := range s.questions {
			if !q.open() || q.due.After(now) {
				continue
			}
			if q.tries++; q.open() {
				q.due = now.Add(askAgain()[q.tries])
			}
			if h.answer(ctx, s, finding, since(log, q.since)) {
				q.tries = len(askAgain())
			}
			s.questions[finding] = q
		}
	}
}

// Untold says why nobody is told who changed something, and what to do about it.
const Untold = "Who changed something in Cloudflare is not told, because the API token may not read the account's audit log. " +
	"To have it told, edit the token in the dashboard and add Account Settings: Read. Nothing else needs it."

func since(log []setup.Deed, at time.Time) []setup.Deed {
	return slices.DeleteFunc(slices.Clone(log), func(d setup.Deed) bool { return d.At.Before(at) })
}

// answer keeps who brought a finding about, and says whether the log left no
// doubt.
func (h *heart) answer(ctx context.Context, s *subject, finding string, log []setup.Deed) bool {
	at := s.track.index(finding)
	if at < 0 {
		return false
	}
	i := s.track.standing[at]
	deed := s.input(h.Clock.Now(), nil).Doer(i.Finding, log)
	if deed == nil {
		return false
	}
	i.Finding = i.Finding.DoneBy(deed)
	if _, err := h.Store.SaveIncident(ctx, i, nil); err != nil {
		h.Log.Error("keeping who brought something about", "finding", finding, "err", err)
		return false
	}
	s.track.standing[at] = i
	return true
}

// askOnce finds out for a command who brought about what was found.
func (h *heart) askOnce(ctx context.Context, s *subject, in diagnosis.Input, found []setup.Finding) {
	open := func(f setup.Finding) bool { return f.Deed == nil && in.Traceable(f) }
	if h.Accounts == nil || !slices.ContainsFunc(found, open) {
		return
	}
	log, err := h.Accounts.Deeds(ctx, s.answers.Account, s.inOrder(in.Now))
	if p := setup.AsProblem(err); p != nil && p.Code == setup.CodeDenied {
		s.untold = Untold
	}
	for i, f := range found {
		if open(f) {
			found[i] = f.DoneBy(in.Doer(f, log))
		}
	}
}
