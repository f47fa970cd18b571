package journey

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
)

// A rail without proof, with old proof, or with proof that does not hold ends in
// no green light.
func TestNoLightWithoutFreshProof(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		spoil func(w *walk)
		want  []Status // build, prove, switch, close, done
	}{
		"all of it fresh": {func(*walk) {}, []Status{Done, Done, Done, Done, Done}},
		"all of it old":   {func(w *walk) { w.clock.pass(setup.Check{}.Fresh() + time.Second) }, []Status{Done, Done, Done, Done, Ready}},
		"a door does not answer": {func(w *walk) {
			w.outside.bad = "telegram/1"
			w.verify()
		}, []Status{Done, Done, Failed, Done, Waiting}},
		"a lock is open": {func(w *walk) {
			w.outside.bad = "locked/admin"
			w.verify()
		}, []Status{Done, Done, Failed, Done, Waiting}},
		"the connector is away": {func(w *walk) {
			w.outside.bad = setup.BesidePrefix + setup.ConnectorCheck
			w.verify()
		}, []Status{Done, Failed, Done, Done, Waiting}},
		"the port is open": {func(w *walk) {
			w.outside.bad = setup.PortCheck
			w.verify()
		}, []Status{Done, Done, Done, Failed, Waiting}},
		"the connector was away, long ago": {func(w *walk) {
			w.outside.bad = setup.BesidePrefix + setup.ConnectorCheck
			w.verify()
			w.clock.pass(setup.Check{}.Fresh() + time.Second)
		}, []Status{Done, Failed, Done, Done, Waiting}},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := done(t)
			row.spoil(w)
			w.plan()
			w.wantStages(what, append([]Status{Done, Done, Done}, row.want...)...)
		})
	}
}

func (w *walk) verify() {
	w.Helper()
	if err := w.Verify(w.Context(), w.id); err != nil {
		w.Fatal(err)
	}
}

func TestEvidenceOfADoorThatWasAddedIsStillMissing(t *testing.T) {
	t.Parallel()
	w := done(t)
	o := w.overview()
	o.Evidence = o.Evidence[:len(o.Evidence)-1]
	for i := range o.Evidence {
		if o.Evidence[i].Check.ID == "telegram/1" {
			o.Evidence = append(o.Evidence[:i], o.Evidence[i+1:]...)
			break
		}
	}
	if s := last(stages(o, w.clock.Now())); s.Status != Ready || s.Note != "Not everything is proven yet. Prove it now." {
		t.Errorf("with a check that nobody made, the end is %+v", s)
	}
}

func last(all []StageState) StageState { return all[len(all)-1] }

// What is still to be taken away, such as a door that nobody wants any more, is
// open to the world until it is.
func TestWhatIsNoLongerWantedKeepsTheEndFromBeingGreen(t *testing.T) {
	t.Parallel()
	w := done(t)
	d := good()
	d.Doors = []string{"telegram"}
	w.answer(d)
	plan := w.plan()
	if len(plan.Of(setup.StepRemove)) == 0 {
		t.Fatalf("closing doors takes nothing away:\n%s", plan)
	}
	w.apply(setup.StepClose)
	w.plan()
	if s := w.overview().Stage(StageDone); s.Status == Done {
		t.Errorf("with doors that are still open, the end is %+v", s)
	}
	w.apply(setup.StepRemove)
	w.plan()
	w.wantStages("with the doors closed", Done, Done, Done, Done, Done, Done, Done, Done)
}

func TestAPortThatIsKeptNeedsNoProofThatItIsClosed(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	w.choose()
	d := good()
	d.Port = setup.PortKeep
	w.answer(d)
	w.token()
	w.apply(setup.StepRemove)
	w.plan()
	w.wantStages("with the port kept", Done, Done, Done, Done, Done, Done, Done, Done)
	if w.docker.Exposure("open-chat-studio") != setup.ExposedPublic {
		t.Error("the port was closed all the same")
	}
}

// Each row is a page while a run is under way or ended.
func TestARunIsSeenAtItsStage(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		run  setup.Run
		want Status
		note string
	}{
		"running":   {setup.Run{State: setup.RunRunning, Step: setup.StepBuild}, Running, ""},
		"parked":    {setup.Run{State: setup.RunParked, Step: setup.StepBuild, Note: "Set the name servers."}, Waiting, "Set the name servers."},
		"failed":    {setup.Run{State: setup.RunFailed, Step: setup.StepBuild, Note: "The token may not."}, Failed, "The token may not."},
		"elsewhere": {setup.Run{State: setup.RunFailed, Step: setup.StepSwitch, Note: "The token may not."}, Ready, ""},
		"cancelled": {setup.Run{State: setup.RunCancelled, Step: setup.StepBuild}, Ready, ""},
	}
	w := ready(t)
	o := w.overview()
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			o.Run = &row.run
			for _, s := range stages(o, w.clock.Now()) {
				if s.Stage == StageBuild && (s.Status != row.want || s.Note != row.note) {
					t.Errorf("the stage is %+v, want %s %q", s, row.want, row.note)
				}
			}
		})
	}
}

func TestWhatStandsInTheWayIsSeenAtItsStage(t *testing.T) {
	t.Parallel()
	w := ready(t)
	o := w.overview()
	o.Plan = &setup.Plan{Barriers: []setup.Barrier{{Key: o.Answers.RecordKey(), Why: setup.WhyConflict, Detail: "The name is in use."}}}
	all := stages(o, w.clock.Now())
	if s := all[5]; s.Stage != StageSwitch || s.Status != Waiting || s.Note != "The name is in use." {
		t.Errorf("the switch is %+v, want it to say what is in the way", s)
	}
	o.Plan = nil
	for _, s := range stages(o, w.clock.Now())[3:] {
		if s.Status == Done || s.Status == Ready {
			t.Errorf("without a plan %s is %s", s.Stage, s.Status)
		}
	}
}

func (w *walk) keep(v setup.Evidence) {
	w.Helper()
	v.At = w.clock.Now()
	if err := w.Store.SaveEvidence(w.Context(), w.id, []setup.Evidence{v}); err != nil {
		w.Fatal(err)
	}
}

// What is told only when it is found would stay for ever: it counts until the
// next time that somebody looks for it.
func TestWhatWasFoundOnceCountsUntilTheNextLook(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		found setup.Evidence
		stage Stage
	}{
		"another way in":          {setup.Evidence{Check: setup.Check{ID: setup.FrontsCheck, Name: "Other ways in"}, Detail: "nginx"}, StageClose},
		"an app without address":  {setup.Evidence{Check: setup.Check{ID: setup.BesidePrefix + setup.AppCheck, Name: "The app"}, Detail: "no address"}, StageProve},
		"a connector that is off": {setup.Evidence{Check: setup.Check{ID: setup.BesidePrefix + setup.ConnectorCheck, Name: "Connector"}, Detail: "off"}, StageProve},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := done(t)
			w.clock.pass(time.Second)
			w.keep(row.found)
			if s := w.overview().Stage(row.stage); s.Status != Failed || s.Note != row.found.Check.Name+": "+row.found.Detail {
				t.Errorf("with %s the stage is %+v", what, s)
			}
			w.clock.pass(time.Second)
			w.verify()
			w.wantStages("looked at again", Done, Done, Done, Done, Done, Done, Done, Done)
		})
	}
}

func TestEvidenceOfAnEarlierSetOfDoorsDoesNotCount(t *testing.T) {
	t.Parallel()
	w := done(t)
	w.keep(setup.Evidence{Check: setup.Check{ID: "signal/1", Name: "Signal"}, Detail: "gone"})
	w.wantStages("with a door that nobody wants any more", Done, Done, Done, Done, Done, Done, Done, Done)
}

// The private way is proven only if each of its checks was asked: one answer of
// the app says nothing of the name, the certificate or the login.
func TestTheProofBesideIsDoneOnlyWithAllOfItsChecks(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	public := setuptest.Sample("ocs")
	for _, a := range []setup.Answers{public, setuptest.InMode(public, setup.ModeFallback), setuptest.InMode(public, setup.ModeHostname)} {
		o := Overview{Answers: &a}
		for _, c := range provenBeside(a) {
			o.Evidence = append(o.Evidence, setup.Evidence{Check: c, At: now, OK: true})
		}
		if s := proveState(o, now); s.Status != Done {
			t.Errorf("%s, all of it asked: %+v", a.Mode, s)
		}
		private := len(a.PrivateChecks())
		if a.Mode.Private() {
			private-- // the route is made with the switch
		}
		if len(o.Evidence) != 1+len(a.BesideChecks())+private || private < 0 {
			t.Errorf("%s: %d checks are asked beside", a.Mode, len(o.Evidence))
		}
		all := o.Evidence
		for i, v := range all {
			o.Evidence = slices.Delete(slices.Clone(all), i, i+1)
			if s := proveState(o, now); s.Status != Ready || !strings.Contains(s.Note, v.Check.Name) {
				t.Errorf("%s, without %s: %+v", a.Mode, v.Check.ID, s)
			}
		}
	}
}

// What a new choice changes is no alarm: nobody meddled.
func TestAnotherChoiceIsNoChangeFromOutside(t *testing.T) {
	t.Parallel()
	w := done(t)
	d := good()
	d.Domains = "example.org other.example"
	w.answer(d)
	w.plan()
	s := w.overview().Stage(StageBuild)
	if s.Status != Ready || s.Note != "You chose something else than what stands; this is what it changes." {
		t.Errorf("after a choice of one's own, Build is %+v", s)
	}
	w.answer(good())
	w.plan()
	if s := w.overview().Stage(StageBuild); s.Status != Done {
		t.Errorf("with the old choice, Build is %+v", s)
	}
}
