package rehearsal_test

import (
	"context"
	"testing"

	docker "github.com/culvert/culvert/dockerx/sim"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/profile/django"
)

func TestTheMadeUpAppServesWhatItsProfileSays(t *testing.T) {
	w := open(t, t.TempDir())
	defer closed(t, w)
	profiles, err := profile.Load()
	if err != nil {
		t.Fatal(err)
	}
	p, _ := profiles.Get("open-chat-studio")
	beside := func(ctx context.Context, command []string) ([]byte, error) {
		return w.Docker.Beside(ctx, docker.Project, docker.Service, command)
	}
	served, err := django.Read(t.Context(), beside, p.Routes.Settings, p.Samples())
	if err != nil {
		t.Fatal(err)
	}
	if len(served.Routes) == 0 || len(served.Serves) != len(p.Samples()) {
		t.Fatalf("%d routes and %d answers", len(served.Routes), len(served.Serves))
	}
	r := p.Review(served)
	for _, s := range r.Stale {
		t.Errorf("the door for %s names %s, which the app does not serve", s.Door.Name, s.Path.Sample)
	}
	for _, n := range r.New {
		t.Errorf("nobody knows %s (%s)", n.Path, n.Sample)
	}
}
