package django

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/internal/need"
	"github.com/culvert/culvert/profile"
)

// shop runs commands as they would run beside the small app in testdata, with
// the Django that Debian packages.
func shop(t *testing.T) Beside {
	t.Helper()
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import django").Run(); err != nil {
		need.Need(t, "django", errors.New("apt-get install python3-django"))
	}
	return func(ctx context.Context, command []string) ([]byte, error) {
		c := exec.CommandContext(ctx, python, command[1:]...)
		c.Dir, c.Env = "testdata/shop", []string{"PYTHONPATH=."}
		return c.Output()
	}
}

func TestTheAddressesOfARunningAppAreRead(t *testing.T) {
	got, err := Read(t.Context(), shop(t), "shopsettings", []string{"/channels/telegram/00000000-0000-0000-0000-000000000000", "/slack/events"})
	if err != nil {
		t.Fatal(err)
	}
	want := profile.Served{
		Routes: []profile.Route{
			{Path: "/", Sample: "/", View: "shopurls.page"},
			{Path: "/channels/telegram/<uuid:channel>", Sample: "/channels/telegram/00000000-0000-0000-0000-000000000000", View: "shopurls.page", Exempt: true},
			{Path: "/channels/<slug:team>/settings/", Sample: "/channels/x/settings/", View: "shopurls.page"},
			{Path: "/channels/^old/(?P<year>[0-9]{4})/(in|out)$", Sample: "/channels/old/0000/in", View: "shopurls.page", Exempt: true},
			{Path: "/channels/^odd/(?!never)x$", View: "shopurls.page", Exempt: true},
			{Path: "/orders/<int:order>/paid", Sample: "/orders/0/paid", View: "shopurls.Hook", Exempt: true, Methods: []string{"OPTIONS", "POST"}},
			{Path: "/feed", Sample: "/feed", View: "shopurls.Feed", Exempt: true, Methods: []string{"GET", "OPTIONS"}},
		},
		Serves: map[string]bool{"/channels/telegram/00000000-0000-0000-0000-000000000000": true, "/slack/events": false},
	}
	for i, r := range got.Routes { // an empty list and none are the same
		if len(r.Methods) == 0 {
			got.Routes[i].Methods = nil
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadingLeavesNothingBehind(t *testing.T) {
	before, err := os.ReadDir("testdata/shop")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Read(t.Context(), shop(t), "shopsettings", nil); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadDir("testdata/shop")
	if err != nil {
		t.Fatal(err)
	}
	if len(before) != len(after) {
		t.Errorf("%d files before, %d after", len(before), len(after))
	}
}

func TestAnAppThatDoesNotLoadIsAnError(t *testing.T) {
	if _, err := Read(t.Context(), shop(t), "missing", nil); err == nil {
		t.Error("no error")
	}
}

func TestAnAnswerWithoutAddressesIsAnError(t *testing.T) {
	for name, out := range map[string]string{"nothing": "", "only talk": "hello\n", "cut off": "\nroutes:{\"routes\":[{"} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(t.Context(), func(context.Context, []string) ([]byte, error) { return []byte(out), nil }, "", nil)
			if err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestTheScriptIsToldWhenToEnd(t *testing.T) {
	var seen []string
	_, err := Read(t.Context(), func(_ context.Context, command []string) ([]byte, error) {
		seen = command
		return nil, errors.New("the container is gone")
	}, "shopsettings", []string{"/a"})
	if err == nil || !strings.Contains(err.Error(), "the container is gone") {
		t.Errorf("error: %v", err)
	}
	if got := strings.Join(seen[len(seen)-3:], " "); got != `30 shopsettings ["/a"]` {
		t.Errorf("arguments %s", got)
	}
}
