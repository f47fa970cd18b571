package handlers

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// Tokens keeps the API token and tells what it is good for.
type Tokens interface {
	SaveToken(ctx context.Context, token secret.Text, account string) (setup.TokenReport, error)
	CheckToken(context.Context) (setup.TokenReport, error)
	ForgetToken(context.Context) error
	// ChooseAccount stores what was typed; the errors say what is wrong with it.
	ChooseAccount(ctx context.Context, id setup.SetupID, account string) ([]setup.FieldError, error)
}

func (s *site) account(w http.ResponseWriter, r *http.Request) error {
	v, err := s.view(r, web.Page(journey.StageAccount))
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, web.Account(v))
}

// showAccount answers a form of the account page.
func (s *site) showAccount(w http.ResponseWriter, r *http.Request, status int, change func(*web.View)) error {
	v, err := s.view(r, web.Page(journey.StageAccount))
	if err != nil {
		return err
	}
	change(&v)
	if scripted(r) {
		return s.show(w, r, status, web.AccountForms(v))
	}
	return s.show(w, r, status, web.Account(v))
}

// accountChanged shows the account page as it is now.
func (s *site) accountChanged(w http.ResponseWriter, r *http.Request) error {
	if scripted(r) {
		return s.showAccount(w, r, http.StatusOK, func(*web.View) {})
	}
	return s.move(w, r, s.frame.To(string(setupOf(r)), string(journey.StageAccount)))
}

func (s *site) saveToken(w http.ResponseWriter, r *http.Request) error {
	account := strings.TrimSpace(r.PostFormValue("account"))
	report, err := s.Journey.SaveToken(r.Context(), secret.New(strings.TrimSpace(r.PostFormValue("token"))), account)
	if err == nil && report.Problem != nil {
		err = report.Problem
	}
	if err == nil {
		return s.accountChanged(w, r)
	}
	f := faultOf(err)
	if f.private {
		return err
	}
	return s.showAccount(w, r, f.status, func(v *web.View) {
		v.Wrong, v.TokenFault, v.TypedAccount = true, f.text, account
	})
}

// saveAccount chooses the account where a token leaves a choice, and asks what
// the token may do there.
func (s *site) saveAccount(w http.ResponseWriter, r *http.Request) error {
	account := strings.TrimSpace(r.PostFormValue("account"))
	bad, err := s.Journey.ChooseAccount(r.Context(), setupOf(r), account)
	if err != nil {
		return err
	}
	if len(bad) > 0 {
		return s.showAccount(w, r, http.StatusUnprocessableEntity, func(v *web.View) {
			v.O.Draft.Account, v.O.Errors, v.Wrong = account, bad, true
		})
	}
	return s.checkToken(w, r)
}

func (s *site) checkToken(w http.ResponseWriter, r *http.Request) error {
	_, err := s.Journey.CheckToken(r.Context())
	var p *setup.Problem
	if errors.As(err, &p) && !faultOf(err).private && !scripted(r) {
		return s.showAccount(w, r, faultOf(err).status, func(v *web.View) { v.Note = &web.Note{Bad: true, Text: p.Message} })
	}
	if err != nil {
		return err
	}
	return s.accountChanged(w, r)
}

func (s *site) forgetToken(w http.ResponseWriter, r *http.Request) error {
	if err := s.Journey.ForgetToken(r.Context()); err != nil {
		return err
	}
	return s.accountChanged(w, r)
}
