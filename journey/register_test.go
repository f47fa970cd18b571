package journey

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
)

// talking is a host whose app answers commands.
type talking struct {
	Host
	domain string
	ran    [][]string
	err    error
}

func (h *talking) Beside(_ context.Context, _, _ string, command []string) ([]byte, error) {
	switch {
	case slices.Contains(command, "reregister_webhooks"):
		h.ran = append(h.ran, command)
		return []byte("telegram https://" + h.domain + "/channels/telegram/1\n\n"), h.err
	case strings.Contains(strings.Join(command, " "), "Team"):
		return []byte("\nblue\nred\n"), nil
	}
	return []byte("a warning\n" + h.domain + "\n"), nil
}

// talk is a setup that stands, with an app that takes domain for its address.
func talk(t *testing.T, domain string) (*walk, *talking) {
	h := &talking{domain: domain}
	w := newWalk(t, func(o *Options) { h.Host, o.Host = o.Host, h })
	w.choose()
	w.token()
	w.answer(good())
	w.plan()
	w.apply(setup.StepRemove)
	return w, h
}

func TestATeamsWebhooksAreRegisteredAgainAndTheHistoryKnows(t *testing.T) {
	w, h := talk(t, host)
	r, err := w.Registration(t.Context(), w.id)
	if err != nil || r.Address != host || !slices.Equal(r.Teams, []string{"blue", "red"}) {
		t.Fatalf("%+v, %v", r, err)
	}
	said, bad, err := w.Register(t.Context(), w.id, r, "red", "ana")
	if err != nil || len(bad) > 0 || len(said) != 1 || !strings.HasPrefix(said[0], "telegram ") {
		t.Fatalf("it said %v, %v, %v", said, bad, err)
	}
	if len(h.ran) != 1 || !slices.Equal(h.ran[0][2:], []string{"reregister_webhooks", "--team-slug", "red"}) {
		t.Errorf("it ran %v", h.ran)
	}
	w.tells("registered at "+host, "told to register")
}

func TestWhatFailsHalfWayIsInTheHistory(t *testing.T) {
	w, h := talk(t, host)
	h.err = &setup.Problem{Code: setup.CodeRefused, Message: "The command in web ended with status 1."}
	r := w.registration()
	if _, _, err := w.Register(t.Context(), w.id, r, "blue", "ana"); !errors.Is(err, h.err) {
		t.Errorf("it gives %v", err)
	}
	w.tells("failed, perhaps half-way: The command in web ended with status 1.", "told to register")
}

func TestOnlyATeamOfTheAppIsRegistered(t *testing.T) {
	w, h := talk(t, host)
	r := w.registration()
	for _, team := range []string{"", "green", "red; reboot"} {
		if _, bad, err := w.Register(t.Context(), w.id, r, team, "ana"); err != nil || len(bad) != 1 || bad[0].Field != "team" {
			t.Errorf("%q: %v, %v", team, bad, err)
		}
	}
	if len(h.ran) > 0 {
		t.Errorf("it ran %v", h.ran)
	}
}

// Otherwise every bot would be sent to localhost.
func TestNobodyIsToldAnAddressThatIsNotThePublicOne(t *testing.T) {
	w, h := talk(t, "localhost:8000")
	r, err := w.Registration(t.Context(), w.id)
	if p := setup.AsProblem(err); p == nil || p.Code != setup.CodeConflict || !strings.Contains(p.Message, "localhost:8000") || len(h.ran) > 0 {
		t.Errorf("%v, ran %v", err, h.ran)
	}
	if _, _, err := w.Register(t.Context(), w.id, r, "red", "ana"); !errors.Is(err, ErrNotFound) || len(h.ran) > 0 {
		t.Errorf("done all the same: %v, ran %v", err, h.ran)
	}
}

func (w *walk) registration() Registration {
	w.Helper()
	r, err := w.Registration(w.Context(), w.id)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// tells checks that the newest entries of the history contain texts, newest first.
func (w *walk) tells(texts ...string) {
	w.Helper()
	all, err := w.History(w.Context(), w.id, 0, len(texts))
	if err != nil || len(all) != len(texts) {
		w.Fatalf("the history is %v, %v", all, err)
	}
	for i, text := range texts {
		if e := all[i]; !strings.Contains(e.Text, text) || e.Actor != "ana" {
			w.Errorf("the history tells %q by %s, not %q", e.Text, e.Actor, text)
		}
	}
}
