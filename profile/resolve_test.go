package profile

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
	"github.com/google/go-cmp/cmp"
)

func choices() Choices {
	return Choices{
		Account:  "0123456789abcdef0123456789abcdef",
		Zone:     "example.org",
		Hostname: "chat.example.org",
		Domains:  []string{"example.org"},
		Stack: setup.Stack{
			Project: "open-chat-studio", Dir: "/srv/ocs", Files: []string{"/srv/ocs/docker-compose.prod.yml"},
			Network: "open-chat-studio_default", ComposeFile: "/srv/ocs/docker-compose.prod.yml", EnvFile: "/srv/ocs/.env.prod",
		},
	}
}

func resolved(t *testing.T, c Choices) setup.Answers {
	t.Helper()
	a, bad := openChatStudio(t).Resolve(c)
	for _, e := range bad {
		t.Errorf("unexpected: %v", e)
	}
	return a
}

func TestFewChoicesGiveCompleteAnswers(t *testing.T) {
	a := resolved(t, choices())
	if a.Setup != "open-chat-studio" || a.Mode != setup.ModePublic || a.Port != setup.PortLoopback ||
		a.Session != "24h" || a.Image != "cloudflare/cloudflared:2026.8.2" {
		t.Errorf("got %+v", a)
	}
	want := []setup.Item{
		{Name: "DJANGO_ALLOWED_HOSTS", Value: "chat.example.org"},
		{Name: "CSRF_TRUSTED_ORIGINS", Value: "https://chat.example.org"},
	}
	if diff := cmp.Diff(want, a.Settings); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if a.Stack.Service != "web" || a.Stack.Target != 8000 || !slices.Contains(a.Stack.Settings, "DJANGO_SETTINGS_MODULE") {
		t.Errorf("stack: %+v", a.Stack)
	}
}

func TestWhatWasDiscoveredGoesBeforeTheProfile(t *testing.T) {
	c := choices()
	c.Stack.Service, c.Stack.Target = "app", 9000
	if a := resolved(t, c); a.Stack.Service != "app" || a.Stack.Target != 9000 {
		t.Errorf("stack: %+v", a.Stack)
	}
}

func TestNoDoorIsNotTheSameAsTheUsualDoors(t *testing.T) {
	c := choices()
	if a := resolved(t, c); len(a.Doors) != 7 {
		t.Errorf("by default: %d doors", len(a.Doors))
	}
	c.Doors = []string{}
	if a := resolved(t, c); len(a.Doors) != 0 {
		t.Errorf("none chosen: %d doors", len(a.Doors))
	}
}

func TestTheOrderOfTheChoiceMakesNoDifference(t *testing.T) {
	one, other := choices(), choices()
	one.Doors = []string{"slack", "telegram"}
	other.Doors = []string{"telegram", "slack", "telegram"}
	if diff := cmp.Diff(resolved(t, one), resolved(t, other)); diff != "" {
		t.Errorf("(-one +other):\n%s", diff)
	}
}

func TestADoorThatTheAppDoesNotHaveIsNamedWithThoseItHas(t *testing.T) {
	c := choices()
	c.Doors = []string{"telegram", "facebook"}
	a, bad := openChatStudio(t).Resolve(c)
	if len(bad) != 1 || bad[0].Field != "webhooks" || !strings.Contains(bad[0].Message, `"facebook"`) ||
		!strings.Contains(bad[0].Message, "whatsapp") {
		t.Errorf("got %v", bad)
	}
	if len(a.Doors) != 1 || a.Doors[0].ID != "telegram" {
		t.Errorf("the rest of the answers is lost: %+v", a.Doors)
	}
}

func TestABadHostNameIsToldAtItsField(t *testing.T) {
	c := choices()
	c.Hostname = "https://chat.example.org"
	_, bad := openChatStudio(t).Resolve(c)
	if len(bad) != 1 || bad[0].Field != "hostname" {
		t.Errorf("got %v", bad)
	}
}

// The checks of a setup are only worth something together: every open path is
// asked through its own door, and nothing that must be locked lies in one.
func TestTheChecksFitTheDoors(t *testing.T) {
	c := choices()
	c.Doors = openChatStudio(t).doorIDs()
	a := resolved(t, c)
	seen := map[string]bool{}
	proven := map[string]bool{}
	for _, check := range a.Checks {
		if seen[check.ID] {
			t.Errorf("check %s is there twice", check.ID)
		}
		seen[check.ID] = true
		for _, d := range a.Doors {
			in := slices.ContainsFunc(d.Destinations, func(p string) bool { return mayCover(p, check.Path) })
			if in != (d.ID == check.Door) {
				t.Errorf("check %s (%s) and door %s: in the door is %v", check.ID, check.Path, d.ID, in)
			}
			if in && !slices.ContainsFunc(d.Paths, func(p string) bool { return regexp.MustCompile(p).MatchString(check.Path) }) {
				t.Errorf("check %s (%s) fits no ingress path of door %s", check.ID, check.Path, d.ID)
			}
		}
		if check.Locked == (check.Door != "") {
			t.Errorf("check %s is neither a door's nor locked", check.ID)
		}
		proven[check.Door] = true
	}
	for _, d := range a.Doors {
		if !proven[d.ID] {
			t.Errorf("door %s has no check", d.ID)
		}
	}
	for _, id := range []string{"locked/front", "locked/admin", "locked/login", "locked/beside-telegram-1", "slack/2"} {
		if !seen[id] {
			t.Errorf("no check %s", id)
		}
	}
}
