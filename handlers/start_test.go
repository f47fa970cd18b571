package handlers_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/culvert/culvert/auth"
	"github.com/culvert/culvert/handlers"
)

func TestALoginLinkChangesNothingUntilItsButtonIsPressed(t *testing.T) {
	s := &sessions{}
	p := open(t, &fake{}, func(o *handlers.Options) { o.Sessions = s })
	p.get("/start/SECRETTOKEN").status(200).says("form button", "Sign in")
	if to := p.post("/start/SECRETTOKEN", nil).status(303).Header.Get("Location"); to != "/" {
		t.Errorf("it leads to %s", to)
	}
	s.err = auth.ErrLink
	a := p.post("/start/SECRETTOKEN", nil).status(422)
	a.says("#note", "This login link was used already")
	a.says("main", "culvert link")
	s.err = errors.New("disk full")
	p.post("/start/SECRETTOKEN", nil).status(500)
	if strings.Contains(p.log.String(), "SECRETTOKEN") {
		t.Errorf("the link is in the log: %s", p.log)
	}
}

func TestSigningOutLeadsOut(t *testing.T) {
	p := open(t, &fake{}, func(o *handlers.Options) { o.Sessions = &sessions{} })
	action, _ := p.get("/").status(200).form("header form")
	if to := p.post(action, nil).status(303).Header.Get("Location"); to != "/signed-out" {
		t.Errorf("it leads to %s", to)
	}
	a := p.get("/signed-out").status(200)
	a.says("main", "culvert link")
	a.lacks("header form")
}
