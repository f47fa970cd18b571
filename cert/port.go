package cert

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/culvert/culvert/setup"
)

// Port is the setup.Port over a Manager: the certificates of private names, each
// in the folder where the front reads it.
type Port struct {
	manager *Manager
	install string // whose certificates they are
	// practice: an authority of our own stands in for the public one, which is
	// not asked in a rehearsal.
	practice bool
}

var _ setup.Port = (*Port)(nil)

// NewPort makes the Port of an installation.
func NewPort(m *Manager, install string, practice bool) *Port { return &Port{m, install, practice} }

// Observe looks at the certificates of a view. The operator's own are taken to
// where the front reads them as soon as they are there and good: no plan does
// that, and nothing of theirs changes by it.
func (p *Port) Observe(ctx context.Context, v setup.View) (setup.World, error) {
	var w setup.World
	if !v.Asks(setup.KindCertificate) {
		return w, nil
	}
	for _, c := range v.Certificates {
		if c.Source == setup.FromOwner && c.Valid {
			p.takeOwn(ctx, c)
		}
		have, err := p.look(c)
		if have != nil && have.Source == setup.FromOwner && !have.Valid {
			p.manager.forgetUnused(p.wantOf(c).Name())
		}
		if err != nil {
			w.Miss(setup.KindCertificate, setup.CertificateScope, *problemOf(err))
			continue
		}
		if have != nil {
			w.Objects = append(w.Objects, p.object(*have))
		}
	}
	return w, nil
}

func (p *Port) object(c setup.Certificate) setup.Object {
	o := setup.Object{Scope: setup.CertificateScope, ID: c.Name, State: c}
	if c.Source != setup.FromOwner {
		o.Mark = setup.Mark(p.install, setup.Key{Kind: setup.KindCertificate, Scope: setup.CertificateScope, Name: c.Name})
	}
	return o
}

// wantOf is a certificate as a Manager wants it. Who chose a public authority
// agreed to its terms where they were shown.
func (p *Port) wantOf(c setup.Certificate) Want {
	name := c.Name
	if c.Wildcard {
		_, parent, _ := strings.Cut(c.Name, ".")
		name = "*." + parent
	}
	w := Want{Names: []string{name}, Into: c.Dir}
	switch {
	case c.Source == setup.FromACME && !p.practice:
		w.Source, w.Agreed = Public, true
	case c.Source == setup.FromACME, c.Source == setup.FromInternal:
		w.Source = Internal
	case c.Source == setup.FromOwner:
		w.Source, w.Names = Own, []string{c.Name}
		w.CertificateFile, w.KeyFile = filepath.Join(c.Dir, setup.CertificateFile), filepath.Join(c.Dir, setup.KeyFile)
	}
	return w
}

func sourceOf(s Source) setup.Source {
	switch s {
	case Public:
		return setup.FromACME
	case Internal:
		return setup.FromInternal
	}
	return setup.FromOwner
}

// takeOwn looks after the operator's files if both are there. While other work
// goes on, that is for the next look.
func (p *Port) takeOwn(ctx context.Context, c setup.Certificate) {
	want, err := p.wantOf(c).tidy()
	if err != nil {
		return // look says so
	}
	for _, path := range []string{want.CertificateFile, want.KeyFile} {
		if _, err := os.Stat(path); err != nil {
			return
		}
	}
	select {
	case p.manager.work <- struct{}{}:
		defer p.manager.end()
	default:
		return
	}
	if _, err := p.manager.ensure(ctx, want); err != nil {
		p.manager.o.Log.InfoContext(ctx, "the operator's certificate cannot be used", "name", c.Name, "err", err)
	}
}

// look tells how a certificate stands where the front reads it; nil if there is
// none there, or none that is looked after.
func (p *Port) look(c setup.Certificate) (*setup.Certificate, error) {
	want, err := p.wantOf(c).tidy()
	if err != nil {
		return nil, err
	}
	s, found, err := p.manager.Status(want.Name())
	if err != nil || !found || s.Into != c.Dir {
		return nil, err
	}
	have := setup.Certificate{Name: c.Name, Wildcard: c.Wildcard, Source: sourceOf(s.Source), Dir: s.Into, Until: s.NotAfter, Issuer: s.Issuer, Note: s.Note}
	if p.practice && s.Source == Internal && c.Source == setup.FromACME {
		have.Source = setup.FromACME
	}
	if problem := s.Problem(); problem != nil {
		have.Fault, have.Overdue = problem.Message, s.Source != Own
	}
	served, err := os.ReadFile(filepath.Join(c.Dir, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		if s.Source == Own && s.Failure != nil { // it was found and cannot be used
			return &have, nil
		}
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the certificate for %s: %w", c.Name, err)
	}
	pair, err := parsePair(served, served)
	if err == nil {
		err = pair.check(want.Names, p.manager.o.Clock())
	}
	if err == nil && fingerprint(pair.leaf()) != s.Fingerprint && p.replaced(s) {
		err = setup.FieldError{Field: fieldCertificate, Message: fmt.Sprintf("%s is not the file that Culvert put there.", filepath.Join(s.Into, FileName))}
	}
	have.Valid = err == nil
	if err != nil {
		have.Overdue, have.Fault = false, cmp.Or(have.Fault, problemOf(err).Message)
	}
	return &have, nil
}

// replaced says whether somebody put another certificate where the front reads
// it. While a new one is on its way there, nobody can tell.
func (p *Port) replaced(s Status) bool {
	select {
	case p.manager.work <- struct{}{}:
		defer p.manager.end()
	default:
		return false
	}
	kept, found, err := p.manager.Status(s.Name())
	served, unread := os.ReadFile(filepath.Join(s.Into, FileName))
	if err != nil || unread != nil || !found {
		return false
	}
	pair, err := parsePair(served, served)
	return err == nil && fingerprint(pair.leaf()) != kept.Fingerprint
}

// Do gets a certificate, which takes as long as its authority needs, or ends
// looking after one and takes it away from the front.
func (p *Port) Do(ctx context.Context, call setup.Call) ([]setup.Outcome, error) {
	out := make([]setup.Outcome, len(call.Entries))
	for i, e := range call.Entries {
		out[i] = p.do(ctx, e)
	}
	return out, nil
}

func (p *Port) do(ctx context.Context, e setup.Entry) setup.Outcome {
	about, ok := e.To.(setup.Certificate)
	if !ok {
		about, ok = e.From.(setup.Certificate)
	}
	if !ok || e.Key.Kind != setup.KindCertificate {
		return setup.Outcome{ID: e.ID, Err: &setup.Problem{Code: setup.CodeInternal, Message: "This is no change of a certificate."}}
	}
	o := setup.Outcome{ID: about.Name}
	if o.Err = p.stands(e, about, &o); o.Err != nil {
		return o
	}
	if e.To == nil {
		o.Err = p.drop(ctx, about)
	} else {
		o.Err = p.get(ctx, about)
	}
	p.fill(&o, about)
	return o
}

// stands refuses what is no longer as the plan saw it.
func (p *Port) stands(e setup.Entry, about setup.Certificate, o *setup.Outcome) *setup.Problem {
	if from, ok := e.From.(setup.Certificate); ok {
		about = from
	}
	p.fill(o, about)
	if o.Err != nil || setup.Same(o.State, e.From) {
		return o.Err
	}
	return &setup.Problem{Code: setup.CodeChanged, Message: "The certificate for " + about.Name + " changed since it was looked at. Nothing was done; look again."}
}

// fill tells how a certificate stands now.
func (p *Port) fill(o *setup.Outcome, about setup.Certificate) {
	have, err := p.look(about)
	o.State = nil
	if have != nil {
		o.State = *have
	}
	if err != nil && o.Err == nil {
		o.Err = problemOf(err)
	}
}

func (p *Port) get(ctx context.Context, c setup.Certificate) *setup.Problem {
	want := p.wantOf(c)
	if s, found, err := p.manager.Status(want.Name()); err == nil && found && s.Into != c.Dir && s.State != Missing {
		return &setup.Problem{Code: setup.CodeConflict, Message: fmt.Sprintf("The certificate for %s is in use by another setup (%s). Choose one for the name alone.", want.Name(), s.Into)}
	}
	s, err := p.manager.Ensure(ctx, want)
	if err == nil && s.Failure != nil { // the old one is good for a while: that it is still there is no success
		return s.Problem()
	}
	return problemOf(err)
}

func (p *Port) drop(ctx context.Context, c setup.Certificate) *setup.Problem {
	err := p.manager.Forget(ctx, p.wantOf(c).Name())
	if gone := os.Remove(filepath.Join(c.Dir, FileName)); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, fmt.Errorf("removing the certificate for %s: %w", c.Name, gone))
	}
	if err == nil {
		return nil
	}
	return problemOf(err)
}

// Roots are the authorities that devices have to trust for a certificate; nil:
// those that every system knows. Where ours was not made yet nothing is trusted.
func (p *Port) Roots(c setup.Certificate) (*x509.CertPool, error) {
	want := p.wantOf(c)
	if want.Source != Internal {
		return nil, nil
	}
	roots := x509.NewCertPool()
	authority, made, err := p.manager.Authority(want.Names[0])
	if err != nil {
		return nil, problemOf(err)
	}
	if made {
		roots.AppendCertsFromPEM(authority.PEM)
	}
	return roots, nil
}

// Authority is the root that devices have to be told to trust for a certificate,
// without its key; false: there is none.
func (p *Port) Authority(c setup.Certificate) (setup.Authority, bool, error) {
	if c.Source != setup.FromInternal {
		return setup.Authority{}, false, nil
	}
	a, made, err := p.manager.Authority(p.wantOf(c).Names[0])
	if err != nil {
		return setup.Authority{}, false, problemOf(err)
	}
	return setup.Authority{Domain: a.Domain, PEM: a.PEM, Fingerprint: a.Fingerprint}, made, nil
}
