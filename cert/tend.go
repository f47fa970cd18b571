package cert

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/culvert/culvert/internal/wholefile"
	"github.com/culvert/culvert/setup"
)

// tend does what a certificate needs now. force: also if that failed a moment
// ago. The error says why nginx has no good certificate.
func (m *Manager) tend(ctx context.Context, e *entry, force bool) (Status, error) {
	now := m.o.Clock()
	m.sweep(ctx, e)
	have := m.have(*e)
	due := m.due(*e, have, now)
	attempt := due && (force || e.Source != Public || e.Failure == nil || !now.Before(e.Failure.Next))
	var failed error
	made := have
	if attempt {
		if made, failed = m.obtain(ctx, e); failed != nil {
			made = have
		}
	}
	wrote, undelivered := m.deliver(*e, made)
	problem := problemOf(cmp.Or(failed, undelivered))
	switch {
	case ctx.Err() != nil && failed != nil:
		problem = nil // being stopped is no failure
	case problem != nil:
		e.Failure = e.Failure.again(*problem, now)
	case attempt || !due:
		e.Failure = nil
	}
	if err := m.disk.save(*e); err != nil {
		return e.status(made, now), err
	}
	status := e.status(made, now)
	m.tell(ctx, status, wrote || e.Into == "" && made != nil && !same(made, have), problem)
	if undelivered != nil || failed != nil && (made == nil || status.State == Expired) {
		return status, cmp.Or(failed, undelivered)
	}
	return status, nil
}

// have is the certificate that is there, if it is for the names that are wanted.
// One that cannot be read is as good as none.
func (m *Manager) have(e entry) *pair {
	p, err := m.disk.pair(e)
	if err != nil {
		m.o.Log.Warn("a certificate cannot be read any more", "name", e.Name(), "err", err)
		return nil
	}
	if p == nil || slices.ContainsFunc(e.Names, func(name string) bool { return !covers(p.leaf(), name) }) {
		return nil
	}
	return p
}

func same(a, b *pair) bool { return a != nil && b != nil && a.leaf().Equal(b.leaf()) }

// due says whether to look for a newer certificate. A clock that goes wrong must
// not lead to one order an hour, so one that was had is kept for a third of its
// life. The operator's files are always looked at.
func (m *Manager) due(e entry, have *pair, now time.Time) bool {
	if have == nil || e.Source == Own {
		return true
	}
	leaf := have.leaf()
	kept := e.Obtained.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 3)
	return !now.Before(renewFrom(leaf.NotBefore, leaf.NotAfter)) && !now.Before(kept)
}

// obtain gets a certificate from its source and stores it.
func (m *Manager) obtain(ctx context.Context, e *entry) (*pair, error) {
	var p pair
	var err error
	switch e.Source {
	case Public:
		p, err = m.order(ctx, e)
	case Internal:
		p, err = m.issue(*e)
	case Own:
		p, e.Note, err = m.readOwn(*e)
	}
	now := m.o.Clock()
	if err == nil {
		err = p.check(e.Names, now)
		if err != nil && e.Source != Own {
			err = unfit(err)
		}
	}
	if err == nil {
		err = m.disk.savePair(*e, p)
	}
	if err != nil {
		return nil, err
	}
	e.Obtained = now
	return &p, nil
}

// deliver writes a certificate where nginx reads it, unless it is there already.
func (m *Manager) deliver(e entry, p *pair) (wrote bool, err error) {
	if e.Into == "" || p == nil {
		return false, nil
	}
	path := filepath.Join(e.Into, FileName)
	have, err := os.ReadFile(path)
	if err == nil && bytes.Equal(have, p.pem) {
		return false, nil
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = wholefile.Write(path, p.pem)
	}
	if err != nil {
		return false, &setup.Problem{Code: setup.CodeUnavailable, Cause: err,
			Message: fmt.Sprintf("The certificate for %s could not be written to %s. Check that the folder is there, that Culvert may write to it, and that the disk is not full.", e.Name(), path)}
	}
	return true, nil
}

// again is a failure that happened once more, or for the first time.
func (f *Failure) again(p setup.Problem, now time.Time) *Failure {
	next := Failure{Code: p.Code, Message: p.Message, Permission: p.Permission, Since: now, Last: now, Attempts: 1}
	if f != nil {
		next.Since, next.Attempts = f.Since, f.Attempts+1
	}
	next.Next = now.Add(max(pause(next.Attempts), p.RetryAfter))
	return &next
}

// pause is how long to wait before a public authority is asked again. It stays
// far below what such allow: Let's Encrypt documents five failed proofs per name
// and hour.
func pause(attempts int) time.Duration {
	steps := []time.Duration{15 * time.Minute, time.Hour, 4 * time.Hour, 12 * time.Hour}
	return steps[min(attempts, len(steps))-1]
}

func (m *Manager) tell(ctx context.Context, s Status, changed bool, problem *setup.Problem) {
	log := m.o.Log.With("name", s.Name(), "source", s.Source, "ends", s.NotAfter)
	if problem != nil {
		log.WarnContext(ctx, "a certificate could not be had or written", "attempts", s.Failure.Attempts, "err", problem)
		if m.o.OnFailed != nil {
			m.o.OnFailed(s)
		}
	}
	if changed {
		log.InfoContext(ctx, "a certificate is new", "fingerprint", s.Fingerprint)
		if m.o.OnObtained != nil {
			m.o.OnObtained(s)
		}
	}
}

// sweep deletes the proofs that are left of an order. What cannot be deleted now
// is tried again at the next look.
func (m *Manager) sweep(ctx context.Context, e *entry) {
	if m.o.DNS == nil {
		return
	}
	var left []proof
	for _, p := range e.Proofs {
		if err := m.drop(ctx, p); err != nil {
			m.o.Log.WarnContext(ctx, "a record that proved a domain is still there", "record", p.Name, "err", err)
			left = append(left, p)
		}
	}
	e.Proofs = left
}

func (m *Manager) drop(ctx context.Context, p proof) error {
	all, err := m.o.DNS.TXT(ctx, p.Zone, p.Name, m.o.Mark)
	for id := range all {
		err = errors.Join(err, m.o.DNS.DropTXT(ctx, p.Zone, id, m.o.Mark))
	}
	return err
}
