package journey

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
)

// answering is a host whose app says what it serves: everything that it is
// asked about but one path, and one address that nobody knows.
type answering struct {
	Host
	missing string
	problem error
}

func (a answering) Beside(_ context.Context, _, _ string, command []string) ([]byte, error) {
	if a.problem != nil {
		return nil, a.problem
	}
	var asked []string
	if err := json.Unmarshal([]byte(command[len(command)-1]), &asked); err != nil {
		return nil, err
	}
	serves := map[string]bool{}
	for _, path := range asked {
		serves[path] = path != a.missing
	}
	said, err := json.Marshal(map[string]any{"serves": serves, "routes": []any{
		map[string]any{"path": "/channels/signal", "regex": []string{"^channels/signal$"}, "exempt": true},
	}})
	return append([]byte("\nroutes:"), said...), err
}

func TestTheDoorsAreComparedWithTheAppsOwnAddresses(t *testing.T) {
	t.Parallel()
	w := newWalk(t, func(o *Options) { o.Host = answering{Host: o.Host, missing: "/slack/events"} })
	w.choose()
	if w.overview().Routes != nil {
		t.Error("a review is there before anybody looked")
	}
	if _, err := w.ReviewRoutes(t.Context(), w.id); err != nil {
		t.Fatal(err)
	}
	r := w.overview().Routes // as it is stored
	if d := r.Doubts(); len(d.Fresh) != 1 || d.Fresh[0] != "/channels/signal" || len(d.Stale) != 1 || d.Stale[0].Door != "slack" {
		t.Errorf("the watcher is told %+v", d)
	}
	if r == nil || r.Problem != nil || !r.At.Equal(w.clock.Now()) {
		t.Fatalf("the review is %+v", r)
	}
	if len(r.Review.Stale) != 1 || r.Review.Stale[0].Path.Path != "/slack/events" {
		t.Errorf("no longer served: %+v", r.Review.Stale)
	}
	if len(r.Review.New) != 1 || r.Review.New[0].Path != "/channels/signal" {
		t.Errorf("new: %+v", r.Review.New)
	}
}

func TestAddressesThatCannotBeReadAreNotTakenForNone(t *testing.T) {
	t.Parallel()
	down := &setup.Problem{Code: setup.CodeUnavailable, Message: "web is not running."}
	w := newWalk(t, func(o *Options) { o.Host = answering{Host: o.Host, problem: down} })
	w.choose()
	r, err := w.ReviewRoutes(t.Context(), w.id)
	if err != nil {
		t.Fatal(err)
	}
	if r.Problem == nil || !strings.Contains(r.Problem.Message, "web is not running.") || len(r.Review.Stale)+len(r.Review.New) > 0 {
		t.Errorf("the review is %+v", r)
	}
}

// What was read before is not forgotten when it cannot be read again.
func TestAReviewThatFailsKeepsWhatWasRead(t *testing.T) {
	t.Parallel()
	var host *answering
	w := newWalk(t, func(o *Options) {
		host = &answering{Host: o.Host}
		o.Host = host
	})
	w.choose()
	if _, err := w.ReviewRoutes(t.Context(), w.id); err != nil {
		t.Fatal(err)
	}
	host.problem = &setup.Problem{Code: setup.CodeUnavailable, Message: "web is not running."}
	r, err := w.ReviewRoutes(t.Context(), w.id)
	if err != nil || r.Problem == nil || len(r.Review.New) != 1 {
		t.Errorf("the review is %+v, %v", r, err)
	}
	if stored := w.overview().Routes; stored.Problem == nil || stored.Problem.Message != r.Problem.Message {
		t.Errorf("stored is %+v", stored)
	}
}
