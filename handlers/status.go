package handlers

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/culvert/culvert/auth"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// Standings says how setups stand, and puts right what is wrong.
type Standings interface {
	Standing(context.Context, setup.SetupID) (journey.Standing, error)
	// Again looks at everything of a setup again, soon.
	Again(context.Context, setup.SetupID) error
	// Series tells how a check did over a stretch of time.
	Series(ctx context.Context, id setup.SetupID, check string, span journey.Span) (setup.Series, error)
	Repair(ctx context.Context, id setup.SetupID, m journey.Mending, actor string) (setup.Run, error)
	// RootCertificate is what each device has to be told to trust.
	RootCertificate(context.Context, setup.SetupID) (setup.Authority, error)
}

// recentChanges is how much of the history a status page shows.
const recentChanges = 6

// standing gathers what a page about how a setup stands shows.
func (s *site) standing(r *http.Request, at web.Page) (web.StandingView, error) {
	st, err := s.Journey.Standing(r.Context(), setupOf(r))
	if err != nil {
		return web.StandingView{}, err
	}
	v := web.StandingView{Frame: s.frame, At: at, Now: s.Clock(), S: st}
	if at == web.PageStatus {
		v.Recent, err = s.Journey.History(r.Context(), st.Setup, 0, recentChanges)
	}
	if err == nil && at.Span() != "" {
		v.Histories, err = s.histories(r.Context(), st, at.Span())
	}
	return v, err
}

// histories tells of each check that is made how it did.
func (s *site) histories(ctx context.Context, st journey.Standing, span journey.Span) ([]web.CheckHistory, error) {
	checks := slices.Clone(st.Answers.Checks)
	for _, v := range st.Evidence {
		if !slices.ContainsFunc(checks, func(c setup.Check) bool { return c.ID == v.Check.ID }) {
			checks = append(checks, v.Check)
		}
	}
	all := make([]web.CheckHistory, len(checks))
	for i, c := range checks {
		series, err := s.Journey.Series(ctx, st.Setup, c.ID, span)
		if err != nil {
			return nil, err
		}
		all[i] = web.CheckHistory{Check: c, Series: series}
	}
	return all, nil
}

// checks is the history of the checks.
func (s *site) checks(at web.Page) page {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, err := s.standing(r, at)
		if err != nil {
			return err
		}
		return s.show(w, r, http.StatusOK, v.Page(nil))
	}
}

// status is the page that says whether one may sleep.
func (s *site) status(w http.ResponseWriter, r *http.Request) error {
	v, err := s.standing(r, web.PageStatus)
	if err != nil {
		return err
	}
	if to := v.TryAt(); to != "" {
		auth.Connecting(w.Header(), strings.TrimSuffix(to, "/"))
	}
	return s.show(w, r, http.StatusOK, web.Status(v))
}

// again looks at everything now.
func (s *site) again(w http.ResponseWriter, r *http.Request) error {
	if err := s.Journey.Again(r.Context(), setupOf(r)); err != nil {
		return s.refused(w, r, err)
	}
	return s.said(w, r, "Looking again. What is seen shows here within a few seconds.")
}

// repair puts findings right as the page showed it.
func (s *site) repair(w http.ResponseWriter, r *http.Request) error {
	findings := r.PostForm["finding"]
	if len(findings) == 0 {
		return errForm
	}
	m := journey.Mending{Findings: findings, Hashes: r.PostForm["hash"], Domain: r.PostForm.Get("domain") != ""}
	if _, err := s.Journey.Repair(r.Context(), setupOf(r), m, s.actor(r)); err != nil {
		return s.refused(w, r, err)
	}
	return s.said(w, r, "Begun. This page shows how it goes; you may close it.")
}

// authority gives the root certificate to download, under the type by which
// devices offer to trust it.
func (s *site) authority(w http.ResponseWriter, r *http.Request) error {
	root, err := s.Journey.RootCertificate(r.Context(), setupOf(r))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-x509-ca-cert")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", web.RootFile(root.Domain)))
	_, err = w.Write(root.PEM)
	return err
}
