package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/setup"
)

// apply carries everything out that the plan shows; nil answers take down.
func (p *patient) apply(a *setup.Answers) setup.Run {
	p.Helper()
	run, err := p.live(&mortal{}, p.request(a))
	if err != nil {
		p.Fatal(err)
	}
	return run
}

func (p *patient) barrier(kind setup.Kind) *setup.Barrier {
	p.Helper()
	plan, err := p.engine.Plan(p.Context(), p.id, p.want)
	if err != nil {
		p.Fatal(err)
	}
	for _, b := range plan.Plan.Barriers {
		if b.Key.Kind == kind {
			return &b
		}
	}
	return nil
}

func TestATunnelOfTheSameNameIsTakenOverOnlyWhenToldAndSurvives(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	p.world.call("POST", "accounts/{account}/cfd_tunnel", object{"name": "open-chat-studio", "config_src": "cloudflare"})
	before := p.world.named(tunnels, "open-chat-studio")

	bar := p.barrier(setup.KindTunnel)
	if bar == nil || bar.Why != setup.WhyConflict || bar.Offer == nil || !strings.Contains(bar.Detail, "A tunnel open-chat-studio exists and is not ours. Take it over, or choose another name.") {
		t.Fatalf("the tunnel of somebody else stands in the way as %+v", bar)
	}
	if run := p.apply(p.want); run.State != setup.RunFailed || !strings.Contains(run.Note, "exists and is not ours") {
		t.Errorf("without being told to take it over, the run is %s: %s", run.State, run.Note)
	}
	if diff := cmp.Diff(before, p.world.named(tunnels, "open-chat-studio")); diff != "" {
		t.Errorf("the tunnel of somebody else was changed:\n%s", diff)
	}

	if err := p.journey.Accept(t.Context(), p.id, bar.Key, *bar.Offer); err != nil {
		t.Fatal(err)
	}
	answers, _, err := p.journey.FromFile(t.Context(), exampleFile(t), p.world.Token())
	if err != nil {
		t.Fatal(err)
	}
	p.want = &answers
	if run := p.apply(p.want); run.State != setup.RunSucceeded {
		t.Fatalf("told to take it over, the run is %s: %s", run.State, run.Note)
	}
	p.wantWhole("with the tunnel taken over")
	if got := p.world.named(tunnels, "open-chat-studio"); got.id() != before.id() {
		t.Errorf("there is another tunnel now: %v", got)
	}
	if run := p.apply(nil); run.State != setup.RunSucceeded {
		t.Fatalf("taking down is %s: %s", run.State, run.Note)
	}
	if got := p.world.named(tunnels, "open-chat-studio"); got.id() != before.id() {
		t.Errorf("their tunnel did not survive: %v", got)
	}
	if got, want := counts(p.world.account()), "0 apps, 0 policies, 1 login methods, 1 tunnels, 0 rules, 0 records"; got != want {
		t.Errorf("the account holds %s, want %s", got, want)
	}
}

func TestADockerThatIsNotRunningIsSaid(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	p.world.Docker.SetDown(true)
	_, _, err := p.journey.FromFile(t.Context(), exampleFile(t), p.world.Token())
	if err == nil || !strings.Contains(setup.AsProblem(err).Message, "Docker is not running. Start it, then try again.") {
		t.Errorf("without Docker the file gives %v", err)
	}
	p.world.Docker.SetDown(false)
	run := p.request(p.want)
	p.world.Docker.SetDown(true) // after everything was agreed to
	if run, err = p.live(&mortal{}, run); err != nil {
		t.Fatal(err)
	}
	if run.State != setup.RunParked || !strings.Contains(run.Note, "Docker is not running") {
		t.Errorf("without Docker the run is %s: %s", run.State, run.Note)
	}
	if got := p.world.list(records); len(got) > 0 {
		t.Errorf("without Docker the name was switched over: %v", got)
	}
	p.world.Docker.SetDown(false)
	if run, err = p.live(&mortal{}, run); err != nil || run.State != setup.RunSucceeded {
		t.Errorf("with Docker back the run is %s: %s (%v)", run.State, run.Note, err)
	}
	p.wantWhole("with Docker back")
}
