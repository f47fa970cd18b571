package handlers

import (
	"context"
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/culvert/culvert/auth"
	"github.com/culvert/culvert/web"
)

const (
	startPath   = "/start/"
	signOutPath = "/sign-out"
)

// Sessions lets people in and out.
type Sessions interface {
	Redeem(ctx context.Context, token string) error
	SignOut(context.Context) error
	// Alive says whether the session of a stream's request is still good.
	Alive(context.Context) (bool, error)
}

// start changes nothing: mail and chat programs open links to preview them.
func (s *site) start(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, http.StatusOK, web.Start(s.outside(), nil))
}

func (s *site) redeem(w http.ResponseWriter, r *http.Request) error {
	err := s.Sessions.Redeem(r.Context(), chi.URLParam(r, "token"))
	if errors.Is(err, auth.ErrLink) {
		n := &web.Note{Bad: true, Text: upperFirst(auth.ErrLink.Error()) + "."}
		return s.show(w, r, http.StatusUnprocessableEntity, web.Start(s.outside(), n))
	}
	if err != nil {
		return err
	}
	return s.move(w, r, s.frame.To())
}

func (s *site) signedOut(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, http.StatusOK, web.SignedOut(s.outside()))
}

func (s *site) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.Sessions.SignOut(r.Context()); err != nil {
		return err
	}
	return s.move(w, r, "/signed-out")
}

// outside is the frame for people who are not signed in.
func (s *site) outside() web.Frame {
	f := s.frame
	f.SignOut = ""
	return f
}

func upperFirst(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
