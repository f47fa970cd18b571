package probe_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/culvert/culvert/internal/standin/app"
	"github.com/culvert/culvert/probe"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

const public = "chat.example.org"

// standIn is the stand-in of Open Chat Studio in its production settings.
func standIn(t *testing.T, hosts string) http.Handler {
	t.Helper()
	env := map[string]string{
		"DJANGO_SETTINGS_MODULE": "config.settings_production", "DJANGO_ALLOWED_HOSTS": hosts,
		"SLACK_CLIENT_ID": "", "SLACK_CLIENT_SECRET": "",
	}
	settings, err := app.FromEnv(func(key string) (string, bool) { v, ok := env[key]; return v, ok }, func() string { return "172.18.0.7" })
	if err != nil {
		t.Fatal(err)
	}
	return app.Handler(settings, io.Discard)
}

// answers are those of a setup with every door that the profile has.
func answers(t *testing.T) (profile.Profile, setup.Answers) {
	t.Helper()
	catalog, err := profile.Load()
	if err != nil {
		t.Fatal(err)
	}
	p, ok := catalog.Get("open-chat-studio")
	if !ok {
		t.Fatal("no profile")
	}
	c := profile.Choices{Hostname: public}
	for _, d := range p.Doors {
		c.Doors = append(c.Doors, d.ID)
	}
	a, _ := p.Resolve(c) // what is missing in them does not matter here
	return p, a
}

func TestTheAppAnswersEveryProbeOfItsProfile(t *testing.T) {
	s := httptest.NewServer(standIn(t, public))
	defer s.Close()
	p, want := answers(t)
	asked := map[string]bool{}
	for _, e := range probe.New(probe.Options{}).Origin(t.Context(), s.Listener.Addr().String(), public, want.Checks) {
		asked[e.Check.Door] = true
		if !e.OK {
			t.Errorf("%s (%s %s): %s %v", e.Check.ID, e.Check.Method, e.Check.Path, e.Detail, e.Excerpt)
		}
	}
	for _, d := range p.Doors {
		if !asked[d.ID] {
			t.Errorf("door %s was not asked", d.ID)
		}
	}
}

func TestTheAppWithAnotherHostIsRecognisedBehindEveryDoor(t *testing.T) {
	s := httptest.NewServer(standIn(t, "other.example.org"))
	defer s.Close()
	_, want := answers(t)
	for _, e := range probe.New(probe.Options{}).Origin(t.Context(), s.Listener.Addr().String(), public, want.Checks) {
		if e.Check.Door == "static" {
			continue // files are served before the host is looked at
		}
		if e.OK || e.By != setup.ByAppHost {
			t.Errorf("%s: %s, ok %v: %s", e.Check.ID, e.By, e.OK, e.Detail)
		}
	}
}
