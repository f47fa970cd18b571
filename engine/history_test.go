package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

func TestTheHistoryTellsWhoDidWhatWithBeforeAndAfter(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		run := h.run(setup.StepRemove)
		log := h.history()
		var actions []string
		for _, a := range log {
			actions = append(actions, a.Action)
			if a.Actor != "ana" {
				t.Errorf("%q is by %q, want who asked for it", a.Text, a.Actor)
			}
		}
		if actions[0] != "approved" || actions[1] != "requested" || actions[len(actions)-1] != "succeeded" {
			t.Errorf("the history goes %v, want approved, requested, … succeeded", actions)
		}
		told := map[setup.Key]engine.Audit{}
		for _, a := range h.noted("changed") {
			told[a.Key] = a
		}
		for _, c := range h.progress(run) {
			a, ok := told[c.Key]
			if !ok {
				t.Errorf("%s is not in the history", c.Key)
				continue
			}
			if (a.Before == nil) != (c.Verb == setup.Create) || (a.After == nil) != (c.Verb == setup.Delete) {
				t.Errorf("%s of %s: before %v, after %v", c.Verb, c.Key, a.Before, a.After)
			}
			if a.Run != run.ID || !strings.Contains(a.Text, c.Title) {
				t.Errorf("%s is told as %q of run %d", c.Key, a.Text, a.Run)
			}
		}
		file := told[setup.Key{Kind: setup.KindEnvVar, Scope: h.answers.Stack.EnvFile, Name: "DJANGO_ALLOWED_HOSTS"}]
		if file.Before.(setup.EnvVar).Value != "10.0.0.5" || file.After.(setup.EnvVar).Value != "10.0.0.5,"+host {
			t.Errorf("the line of the env file went from %v to %v", file.Before, file.After)
		}
	})
}

func TestTakingDownIsInTheHistoryToo(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.run(setup.StepRemove)
		run := h.execute(h.start(nil, setup.StepRemove))
		h.wantState(run, engine.RunSucceeded, "Everything that Culvert made is gone.")
		for _, kind := range []setup.Kind{setup.KindTunnel, setup.KindApp, setup.KindPolicy, setup.KindDNSRecord, setup.KindIngress, setup.KindConnector, setup.KindLoginMethod} {
			if got := h.world.all(kind); len(got) != 0 {
				t.Errorf("%s is left: %v", kind, got)
			}
		}
		var deleted int
		for _, a := range h.noted("changed") {
			if a.Run == run.ID && a.Verb == setup.Delete && a.Before != nil && a.After == nil {
				deleted++
			}
		}
		if deleted < 8 {
			t.Errorf("the history tells of %d deletions, want one for each thing that Culvert made", deleted)
		}
		if h.world.exposure() != setup.ExposedLoopback {
			t.Error("the port was opened again without being asked for")
		}
		ledger, err := h.store.Ledger(t.Context())
		if err != nil || len(ledger.Records) != 0 {
			t.Errorf("the ledger still has %d records (%v)", len(ledger.Records), err)
		}
	})
}

func TestEvidenceIsKept(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.run(setup.StepRemove)
		want := []string{"beside/telegram/1", "locked/admin", "port", "telegram/1"}
		if got := h.kept(); !slices.Equal(got, want) {
			t.Errorf("there is evidence for %v, want %v", got, want)
		}
		h.prober.says("outside", func(a setup.Answers) []setup.Evidence { return fails(a.Checks[0], setup.ByTunnel, "gone") })
		if _, err := h.engine.Verify(t.Context(), "ocs"); err != nil {
			t.Fatal(err)
		}
		evidence, err := h.store.Evidence(t.Context(), "ocs")
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range evidence {
			if v.Check.ID == "telegram/1" && (v.OK || v.Detail != "gone") {
				t.Errorf("evidence that no longer holds is still kept: %+v", v)
			}
		}
		if _, err := h.engine.Verify(t.Context(), "another"); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("verifying what was never applied gave %v, want not found", err)
		}
	})
}

func (h *harness) kept() []string {
	h.Helper()
	evidence, err := h.store.Evidence(h.Context(), "ocs")
	if err != nil {
		h.Fatal(err)
	}
	var ids []string
	for _, v := range evidence {
		ids = append(ids, v.Check.ID)
	}
	return ids
}

// Whoever is told reads the store, so what is told must be there.
func TestWhatIsPublishedIsInTheStoreAlready(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.pages.read = func(of, topic string) string {
			if topic != engine.TopicRun {
				return topic
			}
			runs, err := h.store.Runs(h.Context(), setup.SetupID(of), 1)
			if err != nil || len(runs) == 0 {
				return "run: nothing to read"
			}
			return "run: " + string(runs[0].State)
		}
		h.run(setup.StepRemove)
		got := slices.DeleteFunc(h.pages.got(), func(s string) bool { return !strings.HasPrefix(s, "run: ") })
		if got[0] != "run: queued" || got[len(got)-1] != "run: succeeded" || slices.Contains(got, "run: nothing to read") {
			t.Errorf("pages that are told read %v, want it to begin with queued and end with succeeded", slices.Compact(got))
		}
		if !slices.Contains(h.pages.got(), engine.TopicProof) {
			t.Error("nobody was told of the evidence")
		}
	})
}

// failing is a store of which one write does not succeed.
type failing struct {
	engine.Store
	what string
}

var errDisk = errors.New("the disk is full")

func (f failing) CreateRun(ctx context.Context, r engine.Run, a engine.Audit) (engine.Run, error) {
	if f.what == "run" {
		return engine.Run{}, errDisk
	}
	return f.Store.CreateRun(ctx, r, a)
}

func (f failing) SaveRecords(ctx context.Context, c []engine.RecordChange, a []engine.Audit) error {
	if f.what == "records" {
		return errDisk
	}
	return f.Store.SaveRecords(ctx, c, a)
}

func (f failing) SaveEvidence(ctx context.Context, id setup.SetupID, v []setup.Evidence) error {
	if f.what == "evidence" {
		return errDisk
	}
	return f.Store.SaveEvidence(ctx, id, v)
}

func TestARunThatCouldNotBeStoredIsNotTold(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.engine = h.process(failing{h.store, "run"})
		_, err := h.engine.Start(t.Context(), engine.Request{Setup: "ocs", Answers: &h.answers, Through: setup.StepRemove})
		if !errors.Is(err, errDisk) || len(h.pages.got()) > 0 {
			t.Errorf("a run that was not stored gave %v and told pages %v", err, h.pages.got())
		}
	})
}

func TestNothingIsDoneWhoseIntentCouldNotBeStored(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.engine = h.process(failing{h.store, "records"})
		run := h.start(&h.answers, setup.StepRemove)
		if _, err := h.engine.Execute(t.Context(), run); !errors.Is(err, errDisk) {
			t.Errorf("intents that could not be stored gave %v", err)
		}
		if got := h.world.calls(); len(got) > 0 {
			t.Errorf("without an intent on disk the run did %v", got)
		}
	})
}

func TestEvidenceThatCouldNotBeStoredProvesNothing(t *testing.T) {
	within(t, func(t *testing.T, h *harness) {
		h.engine = h.process(failing{h.store, "evidence"})
		run := h.start(&h.answers, setup.StepRemove)
		if _, err := h.engine.Execute(t.Context(), run); !errors.Is(err, errDisk) {
			t.Errorf("evidence that could not be stored gave %v", err)
		}
		if slices.Contains(h.pages.got(), engine.TopicProof) {
			t.Error("pages were told of evidence that is not there")
		}
		if len(h.world.all(setup.KindDNSRecord)) > 0 {
			t.Error("the name was switched over on evidence that was not kept")
		}
	})
}
