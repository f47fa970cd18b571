package journey

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

func engineRequest(id setup.SetupID, a *setup.Answers, through setup.Step, hashes []string, actor string) engine.Request {
	return engine.Request{Setup: id, Answers: a, Through: through, Hashes: hashes, Actor: actor}
}

// Setups lists all setups with where to go on.
func (j *Journey) Setups(ctx context.Context) ([]Summary, error) {
	rows, err := j.Store.Setups(ctx)
	if err != nil {
		return nil, err
	}
	var all []Summary
	for _, row := range rows {
		o, err := j.Overview(ctx, row.ID)
		if err != nil {
			return nil, err
		}
		s := Summary{Setup: row.ID, Hostname: o.Draft.Hostname, At: StageDone, Status: Done, Stands: o.Stands}
		for _, st := range o.Stages {
			if st.Status != Done {
				s.At, s.Status = st.Stage, st.Status
				break
			}
		}
		all = append(all, s)
	}
	return all, nil
}

// Overview gathers everything that a page about a setup shows. It calls no API:
// plans and proofs are made in the background and shown with their age.
func (j *Journey) Overview(ctx context.Context, id setup.SetupID) (Overview, error) {
	row, draft, err := j.load(ctx, id)
	if err != nil {
		return Overview{}, err
	}
	o := Overview{Setup: id, Rehearsal: j.Rehearsal, Version: j.Version, Draft: draft, Modes: j.Modes, Authority: j.Authority}
	o.Profile, _ = j.Profiles.Get(draft.Profile)
	if len(row.Before) > 0 {
		o.Before = &Before{}
		if err := json.Unmarshal(row.Before, o.Before); err != nil {
			return Overview{}, fmt.Errorf("reading the first look: %w", err)
		}
	}
	if o.Candidate, err = j.chosen(ctx, draft); err != nil {
		return Overview{}, err
	}
	o.Draft.Questions.Guide = followsGuide(o.Candidate)
	answers, bad := j.resolve(id, draft)
	if draft.Answered {
		o.Errors = bad
	}
	if len(bad) == 0 {
		o.Answers = &answers
	}
	j.mu.Lock()
	o.Token, o.PlanProblem = j.token, j.trouble[id]
	j.mu.Unlock()
	if o.Token.Held && draft.Account != "" {
		o.Devices = j.devices(id, draft.Account)
	}
	if o.Routes, err = j.Reviewed(ctx, id); err != nil {
		return Overview{}, err
	}
	if err := j.addHistory(ctx, &o); err != nil {
		return Overview{}, err
	}
	j.addPlan(&o)
	if o.Approved != nil {
		o.Welcome = j.welcome(id, *o.Approved)
	}
	o.Stages = stages(o, j.Clock.Now())
	return o, nil
}

// chosen is the app of a draft as it was last seen.
func (j *Journey) chosen(ctx context.Context, d Draft) (*Candidate, error) {
	j.mu.Lock()
	seen := j.seen
	j.mu.Unlock()
	if seen == nil || j.Clock.Now().Sub(seen.At) > planAge {
		f, err := j.Look(ctx)
		if err != nil {
			return nil, err
		}
		seen = &f
	}
	for _, c := range seen.Candidates {
		if c.Project.Name == d.Project && c.Service.Name == d.Service {
			return &c, nil
		}
	}
	return nil, nil
}

func (j *Journey) addHistory(ctx context.Context, o *Overview) error {
	base, err := j.agreed(ctx)
	if err != nil {
		return err
	}
	if r, ok := base.revisions[o.Setup]; ok {
		o.Approved, o.TornDown = r.Answers, r.Answers == nil
	}
	o.Stands, _ = j.brief(o.Setup, base)
	runs, err := j.Store.Runs(ctx, o.Setup, 1)
	if err != nil {
		return err
	}
	if len(runs) > 0 {
		o.Run = &runs[0]
		if o.Changes, err = j.Store.RunChanges(ctx, runs[0].ID); err != nil {
			return err
		}
	}
	evidence, err := j.Store.Evidence(ctx, o.Setup)
	if err != nil {
		return err
	}
	o.Evidence = stillCounting(evidence, o.Approved)
	return nil
}

// stillCounting drops evidence for checks that the approved answers no longer
// have, and what the newest look did not find any more.
func stillCounting(evidence []setup.Evidence, a *setup.Answers) []setup.Evidence {
	if a == nil {
		return nil
	}
	asked := map[string]time.Time{}
	for _, v := range evidence {
		asked[v.Check.ID] = v.At
	}
	return slices.DeleteFunc(evidence, func(v setup.Evidence) bool {
		switch id := v.Check.ID; {
		case id == setup.BesidePrefix+setup.ConnectorCheck, v.Check.Port():
			return false
		case id == setup.BesidePrefix+setup.AppCheck: // only there if the app could not be asked
			return v.At.Before(asked[setup.BesidePrefix+setup.ConnectorCheck])
		case v.Check.Private():
			return !slices.ContainsFunc(a.PrivateChecks(), func(c setup.Check) bool { return c.ID == id })
		}
		id := strings.TrimPrefix(v.Check.ID, setup.BesidePrefix)
		return !slices.ContainsFunc(a.Checks, func(c setup.Check) bool { return c.ID == id })
	})
}

// addPlan shows the newest plan if it is one for these answers, and asks for a
// new one if it is missing or old.
func (j *Journey) addPlan(o *Overview) {
	if o.Answers == nil || !o.Token.Held || o.TornDown && !o.Draft.Answered {
		return
	}
	p, ok := j.Engine.Last(o.Setup)
	if ok && p.Answers != nil && p.Answers.Same(*o.Answers) {
		o.Answers, o.Plan, o.PlanAt = p.Answers, &p.Plan, p.At // as they are now
		o.Beside = p.Answers.Neighbours(p.World)
	}
	if o.Plan != nil && j.underWatch(o.Setup, o.Answers) {
		j.Watch.Look(o.Setup)
		return
	}
	if !o.Busy() && (o.Plan == nil && o.PlanProblem == nil || j.Clock.Now().Sub(o.PlanAt) > planAge) {
		j.lookSoon(o.Setup)
	}
}

// stages says where each stop stands. Later ones wait for earlier ones.
func stages(o Overview, now time.Time) []StageState {
	all := []StageState{
		lookState(o), answersState(o), accountState(o),
		stepState(o, StageBuild, setup.StepBuild),
		proveState(o, now),
		stepState(o, StageSwitch, setup.StepSwitch),
		stepState(o, StageClose, setup.StepClose),
	}
	open := false
	for i := range all {
		if open && all[i].Status == Ready {
			all[i].Status, all[i].Note = Waiting, "After the step before it."
		}
		open = open || all[i].Status != Done
	}
	return append(all, doneState(o, all, now))
}

func lookState(o Overview) StageState {
	s := StageState{Stage: StageLook, Status: Ready}
	switch {
	case o.Draft.Project == "":
	case o.Candidate == nil:
		s.Status, s.Note = Failed, fmt.Sprintf("The app %s is not running here now.", o.Draft.Project)
	case o.Candidate.Problem != nil:
		s.Status, s.Note = Failed, o.Candidate.Problem.Message
	default:
		s.Status = Done
	}
	return s
}

func answersState(o Overview) StageState {
	s := StageState{Stage: StageAnswers, Status: Ready}
	bad := at(StageAnswers, o.Errors)
	switch {
	case !o.Draft.Answered:
	case len(bad) > 0:
		s.Status, s.Note = Failed, bad[0].Message
	default:
		s.Status = Done
	}
	return s
}

func accountState(o Overview) StageState {
	s := StageState{Stage: StageAccount, Status: Ready}
	r := o.Token.Report
	switch {
	case !o.Token.Held:
	case r == nil:
		s.Status, s.Note = Running, "Checking the token."
	case r.Problem != nil:
		s.Status, s.Note = Failed, r.Problem.Message
	case len(r.Missing()) > 0:
		s.Status, s.Note = Failed, fmt.Sprintf("The token lacks %s.", r.Missing()[0].Name)
	case o.Draft.Account == "":
		s.Note = "Choose the account."
	case r.ZeroTrust == setup.GrantedNo:
		s.Status, s.Note = Waiting, "Zero Trust is not switched on for this account."
	default:
		s.Status = Done
	}
	return s
}

// stepState says where a step with changes stands, by the plan and the newest
// run.
func stepState(o Overview, stage Stage, step setup.Step) StageState {
	s := StageState{Stage: stage, Status: Ready}
	running := o.Busy() && o.Run.Step == step
	switch {
	case running && o.Run.State == setup.RunParked:
		return StageState{stage, Waiting, o.Run.Note}
	case running:
		return StageState{stage, Running, o.Run.Note}
	case o.Plan == nil:
		return StageState{stage, Waiting, "Looking how things stand."}
	}
	left := slices.ContainsFunc(o.Plan.Of(step), func(c setup.Change) bool { return c.Verb.Writes() })
	var bar *setup.Barrier
	for i, b := range o.Plan.Barriers {
		if setup.StepOf(b.Key.Kind) == step {
			bar = &o.Plan.Barriers[i]
		}
	}
	ran := o.Run != nil && o.Run.State == setup.RunFailed && o.Run.Step == step
	switch {
	case !left && bar == nil && o.Approved != nil:
		return provenStep(o, stage)
	case ran && (left || bar != nil):
		s.Status, s.Note = Failed, o.Run.Note
	case bar != nil && !left:
		s.Status, s.Note = Waiting, bar.Detail
	case o.anotherChoice():
		s.Note = "You chose something else than what stands; this is what it changes."
	case wasDone(o, step):
		s.Status, s.Note = Changed, "Something is no longer as it was set up."
	}
	return s
}

// provenStep is for a step with nothing left to change: what an API answered is
// no proof, so the switch and the port are done only once the outside says so.
func provenStep(o Overview, stage Stage) StageState {
	var belongs func(setup.Evidence) bool
	switch {
	case stage == StageSwitch:
		belongs = func(v setup.Evidence) bool { return v.Check.Outside() || v.Check.Private() }
	case stage == StageClose && o.Approved.Port == setup.PortKeep:
		return StageState{stage, Done, "The port stays as it is, as you chose."}
	case stage == StageClose:
		belongs = func(v setup.Evidence) bool { return v.Check.Port() }
	default:
		return StageState{Stage: stage, Status: Done}
	}
	seen := false
	for _, v := range o.Evidence {
		if !belongs(v) {
			continue
		}
		seen = true
		if !v.OK {
			return StageState{stage, Failed, v.Check.Name + ": " + v.Detail}
		}
	}
	if missing := unprovenRoute(o); stage == StageSwitch && missing {
		seen = false
	}
	if !seen {
		return StageState{stage, Ready, "Nothing is left to change here. It is not proven yet: prove it now."}
	}
	return StageState{Stage: stage, Status: Done}
}

// unprovenRoute says whether the team is to come in by a private name and nobody
// has seen that packets are carried there.
func unprovenRoute(o Overview) bool {
	return o.Approved.Mode.Private() && !slices.ContainsFunc(o.Evidence, func(v setup.Evidence) bool { return v.Check.ID == setup.RouteCheck })
}

// besideOrPrivate is what can be proven before anybody is sent here.
func besideOrPrivate(c setup.Check) bool {
	return c.Beside() || c.Private() && c.ID != setup.RouteCheck
}

// anotherChoice says whether the answers are not those that were carried out:
// then what is left to change comes of that, and of nobody's meddling.
func (o Overview) anotherChoice() bool {
	return o.Answers != nil && o.Approved != nil && !engine.Planned{Answers: o.Approved}.For(*o.Answers)
}

// wasDone says whether a run once finished this step.
func wasDone(o Overview, step setup.Step) bool {
	return o.Run != nil && o.Run.State == setup.RunSucceeded && step.Through(o.Run.Through)
}

// proveState stands for the proof beside: the app and the connector answer, and
// what is behind the private name. Nothing of it is done before all of it was
// asked.
func proveState(o Overview, now time.Time) StageState {
	asked := map[string]bool{}
	for _, v := range o.Evidence {
		if !besideOrPrivate(v.Check) {
			continue
		}
		asked[v.Check.ID] = true
		switch {
		case !v.OK:
			return StageState{StageProve, Failed, v.Check.Name + ": " + v.Detail}
		case !v.Counts(now) && !wasDone(o, setup.StepSwitch):
			return StageState{StageProve, Ready, "The last proof is too old. Prove again."}
		}
	}
	if len(asked) == 0 || o.Answers == nil {
		return StageState{Stage: StageProve, Status: Ready}
	}
	for _, c := range provenBeside(*o.Answers) {
		if !asked[c.ID] {
			return StageState{StageProve, Ready, "Not everything is proven yet: " + c.Name + ". Prove it now."}
		}
	}
	return StageState{Stage: StageProve, Status: Done}
}

// provenBeside is what has to be asked before anybody is sent here.
func provenBeside(a setup.Answers) []setup.Check {
	checks := append([]setup.Check{{ID: setup.BesidePrefix + setup.ConnectorCheck, Name: "Connector"}}, a.BesideChecks()...)
	return append(checks, slices.DeleteFunc(a.PrivateChecks(), func(c setup.Check) bool { return c.ID == setup.RouteCheck })...)
}

// doneState is green only with fresh proof from outside for everything.
func doneState(o Overview, earlier []StageState, now time.Time) StageState {
	for _, e := range earlier {
		if e.Status != Done {
			return StageState{StageDone, Waiting, ""}
		}
	}
	if o.Plan != nil && slices.ContainsFunc(o.Plan.Of(setup.StepRemove), func(c setup.Change) bool { return c.Verb.Writes() }) {
		return StageState{StageDone, Ready, "What is no longer wanted is still there. Take it away."}
	}
	outside, private, port := 0, 0, false
	for _, v := range o.Evidence {
		switch {
		case v.Check.Beside():
			continue
		case v.Check.Port():
			port = true
		case v.Check.Private():
			private++
		default:
			outside++
		}
		if !v.OK {
			return StageState{StageDone, Failed, v.Check.Name + ": " + v.Detail}
		}
		if !v.Counts(now) {
			return StageState{StageDone, Ready, "The last proof is too old. Prove again."}
		}
	}
	if o.Answers == nil || outside < len(o.Answers.Checks) || private < len(o.Answers.PrivateChecks()) || !port && o.Answers.Port != setup.PortKeep {
		return StageState{StageDone, Ready, "Not everything is proven yet. Prove it now."}
	}
	return StageState{StageDone, Done, "Everything is proven."}
}
