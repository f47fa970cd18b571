package journey

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/culvert/culvert/notify"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// telling is a walk with a service that takes what it is sent, or not.
func telling(t *testing.T, refuses error) (*walk, *[]string) {
	t.Helper()
	var sent []string
	w := newWalk(t, func(o *Options) {
		o.Telling = notify.New(notify.Options{Store: o.Store.(notify.Store), Notify: o.Notify, Clock: o.Clock, Log: slog.New(slog.DiscardHandler),
			Send: func(_ context.Context, address secret.Text, title, _ string) error {
				sent = append(sent, address.Reveal()+" "+title)
				return refuses
			}})
	})
	return w, &sent
}

func TestAChannelIsAddedTriedAndRemoved(t *testing.T) {
	t.Parallel()
	w, sent := telling(t, nil)
	bad, err := w.AddChannel(t.Context(), "the team", secret.New("https://example.org/hook"), "ana")
	if err != nil || len(bad) != 0 {
		t.Fatalf("%v, %v", bad, err)
	}
	state, err := w.Notifications(t.Context())
	if err != nil || len(state.Channels) != 1 || state.Channels[0].Name != "the team" || state.Channels[0].Kind != "Webhook" {
		t.Fatalf("%+v, %v", state, err)
	}
	id := state.Channels[0].ID
	if err := w.TestChannel(t.Context(), id); err != nil || len(*sent) != 1 || !strings.HasPrefix((*sent)[0], "generic+https://example.org/hook") {
		t.Errorf("the test sent %q: %v", *sent, err)
	}
	if err := w.RemoveChannel(t.Context(), id, "ana"); err != nil {
		t.Fatal(err)
	}
	if err := w.TestChannel(t.Context(), id); !errors.Is(err, ErrNotFound) {
		t.Errorf("of a channel that is gone: %v", err)
	}
	log, err := w.Store.AuditLog(t.Context(), "", 0, 2)
	if err != nil || len(log) != 2 || log[1].Text != "Problems are told by Webhook from now on: the team." || log[1].Actor != "ana" {
		t.Errorf("the history is %+v, %v", log, err)
	}
}

func TestWhatIsTypedAsAnAddressIsCheckedAndNotShown(t *testing.T) {
	t.Parallel()
	w, _ := telling(t, nil)
	for field, try := range map[string]func(secret.Text) ([]setup.FieldError, error){
		"address":   func(a secret.Text) ([]setup.FieldError, error) { return w.AddChannel(t.Context(), "", a, "ana") },
		"heartbeat": func(a secret.Text) ([]setup.FieldError, error) { return w.SetHeartbeat(t.Context(), a) },
	} {
		bad, err := try(secret.New("hunter2"))
		if err != nil || len(bad) != 1 || bad[0].Field != field || strings.Contains(bad[0].Message, "hunter2") {
			t.Errorf("%s: %+v, %v", field, bad, err)
		}
	}
	if bad, err := w.SetHeartbeat(t.Context(), secret.New("https://hc-ping.com/0000")); err != nil || len(bad) > 0 {
		t.Errorf("a good one: %v, %v", bad, err)
	}
	if state, err := w.Notifications(t.Context()); err != nil || !state.Heartbeat.Set {
		t.Errorf("%+v, %v", state, err)
	}
}

func TestATestThatIsNotTakenSaysWhy(t *testing.T) {
	t.Parallel()
	w, _ := telling(t, &setup.Problem{Code: setup.CodeUnavailable, Message: "Nothing listens there."})
	if _, err := w.AddChannel(t.Context(), "", secret.New("https://example.org/hook"), "ana"); err != nil {
		t.Fatal(err)
	}
	state, err := w.Notifications(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var p *setup.Problem
	if err := w.TestChannel(t.Context(), state.Channels[0].ID); !errors.As(err, &p) || p.Message != "Nothing listens there." {
		t.Errorf("it says %v", err)
	}
}
