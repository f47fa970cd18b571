package journey

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/culvert/culvert/dockerx/sim"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

func TestTheRailFollowsThePerson(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	w.choose()
	w.wantStages("with an app chosen", Done, Ready, Waiting, Waiting, Waiting, Waiting, Waiting, Waiting)
	w.answer(good())
	w.wantStages("with the questions answered", Done, Done, Ready, Waiting, Waiting, Waiting, Waiting, Waiting)
	w.token()
	w.wantStages("with a token", Done, Done, Done, Waiting, Waiting, Waiting, Waiting, Waiting)
	w.plan()
	w.wantStages("with a plan", Done, Done, Done, Ready, Waiting, Waiting, Waiting, Waiting)
	w.apply(setup.StepBuild)
	w.wantStages("built and proven beside", Done, Done, Done, Done, Done, Ready, Waiting, Waiting)
	w.apply(setup.StepSwitch)
	w.wantStages("switched", Done, Done, Done, Done, Done, Done, Ready, Waiting)
	w.apply(setup.StepClose)
	w.wantStages("closed", Done, Done, Done, Done, Done, Done, Done, Done)
	all, err := w.Setups(t.Context())
	want := Summary{Setup: w.id, Hostname: host, At: StageDone, Status: Done, Stands: Brief{Live: true, Finished: true}}
	if err != nil || !reflect.DeepEqual(all, []Summary{want}) {
		t.Errorf("the list says %+v (%v)", all, err)
	}
}

func TestTheListSaysWhereToGoOn(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	if all, err := w.Setups(t.Context()); err != nil || len(all) != 0 {
		t.Fatalf("with nothing chosen the list is %v (%v)", all, err)
	}
	w.choose()
	at := func(stage Stage, status Status) {
		t.Helper()
		all, err := w.Setups(t.Context())
		if err != nil || len(all) != 1 || all[0].At != stage || all[0].Status != status {
			t.Errorf("the list says %+v (%v), want %s %s", all, err, stage, status)
		}
	}
	at(StageAnswers, Ready)
	w.answer(Draft{Hostname: "chat.example.org."})
	at(StageAnswers, Failed)
	w.answer(good())
	at(StageAccount, Ready)
	w.token()
	w.plan()
	at(StageBuild, Ready)
	w.outside.bad = "telegram/1"
	w.apply(setup.StepRemove)
	at(StageSwitch, Failed)
}

func TestNothingTypedIsLost(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	w.choose()
	typed := Draft{Hostname: "https://chat.example.org/x", Zone: "Example.org", Emails: "ana@example.org,\nnot an address", Domains: "gmail.com",
		Doors: []string{"telegram", "signal"}, Port: setup.PortNone, Tunnel: "My Tunnel"}
	bad := w.answer(typed)
	fields := map[string]bool{}
	for _, b := range bad {
		fields[b.Field] = true
		if b.Message == "" {
			t.Errorf("%s is wrong, and nobody says why", b.Field)
		}
	}
	for _, f := range []string{"hostname", "zone", "team.emails", "team.domains", "webhooks", "tunnel"} {
		if !fields[f] {
			t.Errorf("%s was typed wrong and is not told; told are %v", f, bad)
		}
	}
	if fields["account"] || fields["app"] {
		t.Errorf("fields of other pages are told here: %v", bad)
	}
	o := w.overview()
	got := o.Draft
	if got.Hostname != typed.Hostname || got.Zone != typed.Zone || got.Emails != typed.Emails || got.Domains != typed.Domains ||
		asJSON(t, got.Doors) != asJSON(t, typed.Doors) || got.Port != typed.Port || got.Tunnel != typed.Tunnel {
		t.Errorf("what was typed became %+v", got)
	}
	if o.Answers != nil {
		t.Error("wrong answers were worked in")
	}
	if w.answer(good()); w.overview().Draft.Project != sim.Project {
		t.Error("the app that was chosen is forgotten")
	}
}

func TestAnswersOfOneSetupDoNotTouchItsAccount(t *testing.T) {
	t.Parallel()
	w := ready(t)
	if got := w.overview().Draft.Account; got != accountID {
		t.Fatalf("the account is %q, want the only one that the token sees", got)
	}
	w.answer(good())
	if got := w.overview().Draft.Account; got != accountID {
		t.Errorf("after the answers the account is %q", got)
	}
	if bad, err := w.ChooseAccount(t.Context(), w.id, "mine"); err != nil || len(bad) != 1 || bad[0].Field != "account" {
		t.Errorf("a wrong account gives %v, %v", bad, err)
	}
	if got := w.overview().Draft.Account; got != "mine" {
		t.Errorf("the account that was typed became %q", got)
	}
}

func TestOnlyWhatIsShownNowCanBeAgreedTo(t *testing.T) {
	t.Parallel()
	w := ready(t)
	shown := writes(w.plan(), setup.StepBuild)
	for what, hashes := range map[string][]string{
		"nothing": nil, "a part": shown[1:], "more": append([]string{"x"}, shown...), "another": append([]string{"x"}, shown[1:]...),
	} {
		if run, err := w.Apply(t.Context(), w.id, setup.StepBuild, hashes, "ana"); !errors.Is(err, Stale{}) {
			t.Errorf("agreeing to %s gave %+v, %v; want Stale", what, run, err)
		}
	}
	if runs, err := w.Store.Runs(t.Context(), w.id, 0); err != nil || len(runs) > 0 {
		t.Errorf("what is stale was run: %v, %v", runs, err)
	}
	w.answer(Draft{Hostname: "talk.example.org", Zone: "example.org", Domains: "example.org"})
	if _, err := w.Apply(t.Context(), w.id, setup.StepBuild, shown, "ana"); !errors.Is(err, Stale{}) {
		t.Errorf("agreeing to the plan of other answers gave %v, want Stale", err)
	}
	w.answer(good())
	w.plan()
	if _, err := w.Apply(t.Context(), w.id, setup.StepBuild, shown, "ana"); err != nil {
		t.Errorf("agreeing to what is shown gave %v", err)
	}
	if _, err := w.Apply(t.Context(), w.id, setup.StepBuild, shown, "ben"); !errors.Is(err, ErrBusy) {
		t.Errorf("a second browser got %v, want ErrBusy", err)
	}
	w.wantStages("with a run that is queued", Done, Done, Done, Ready, Waiting, Waiting, Waiting, Waiting)
}

func TestWhatChangedOutsideIsShownAsChanged(t *testing.T) {
	t.Parallel()
	w := done(t)
	w.account.drop(setup.KindApp)
	w.plan()
	w.wantStages("with the lock deleted", Done, Done, Done, Changed, Done, Done, Done, Waiting)
}

func TestAnAppThatIsGoneOrBrokenIsSaid(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	if _, err := w.Choose(t.Context(), "no-such-project", "web", ""); setup.AsProblem(err).Code != setup.CodeNotFound {
		t.Errorf("choosing what does not run gave %v", err)
	}
	w.choose()
	compose := filepath.Join(w.dir, "docker-compose.prod.yml")
	if err := os.WriteFile(compose, []byte("services:\n\t- what\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.clock.pass(2 * planAge)
	if s := w.overview().Stage(StageLook); s.Status != Failed || !strings.Contains(s.Note, "docker-compose.prod.yml") {
		t.Errorf("with a broken compose file the look is %+v", s)
	}
	if _, err := w.Choose(t.Context(), sim.Project, sim.Service, ""); setup.AsProblem(err).Code != setup.CodeInvalid {
		t.Errorf("choosing an app with a broken compose file gave %v", err)
	}
	w.docker.SetDown(true)
	w.clock.pass(2 * planAge)
	if s := w.overview().Stage(StageLook); s.Status != Failed {
		t.Errorf("without Docker the look is %+v", s)
	}
	f, err := w.Look(t.Context())
	if err != nil || f.Problem == nil || !strings.Contains(f.Problem.Message, "Docker is not running") {
		t.Errorf("without Docker a look gives %+v, %v", f.Problem, err)
	}
	if _, err := w.Choose(t.Context(), sim.Project, sim.Service, ""); err == nil || !strings.Contains(err.Error(), "Docker is not running") {
		t.Errorf("choosing without Docker gave %v", err)
	}
}

func TestHowItWasBeforeIsKept(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	w.choose()
	before := w.overview().Before
	if before == nil || before.Exposure != setup.ExposedPublic || before.Port != "0.0.0.0:8000" || before.Admin != "open" || len(before.Fronts) != 1 {
		t.Fatalf("before is %+v", before)
	}
	w.answer(good())
	w.token()
	w.apply(setup.StepRemove)
	w.choose() // once more, with the port closed
	if again := w.overview().Before; asJSON(t, again) != asJSON(t, before) {
		t.Errorf("how it was before became %+v", again)
	}
}

func TestTakingDownIsAgreedToAndShown(t *testing.T) {
	t.Parallel()
	w := done(t)
	plan, err := w.TearDownPlan(t.Context(), w.id)
	if err != nil {
		t.Fatal(err)
	}
	if o := w.overview(); o.Plan == nil || !o.Plan.Empty() {
		t.Error("looking at what would go changed the plan of what is wanted")
	}
	if _, err := w.TearDown(t.Context(), w.id, nil, "ana"); !errors.Is(err, Stale{}) {
		t.Errorf("agreeing to nothing gave %v, want Stale", err)
	}
	run, err := w.TearDown(t.Context(), w.id, writes(plan, setup.StepRemove), "ana")
	if err != nil {
		t.Fatal(err)
	}
	if run, err = w.Engine.Execute(t.Context(), run); err != nil || run.State != setup.RunSucceeded {
		t.Fatalf("taking down is %s: %s (%v)", run.State, run.Note, err)
	}
	o := w.overview()
	if !o.TornDown || o.Approved != nil || len(o.Evidence) > 0 {
		t.Errorf("taken down, the page still shows %d proofs and %v", len(o.Evidence), o.Approved)
	}
	for _, s := range []Stage{StageBuild, StageProve, StageSwitch, StageClose, StageDone} {
		if st := o.Stage(s); st.Status == Done {
			t.Errorf("taken down, %s is still green", s)
		}
	}
}

func TestARunOfAnotherSetupIsNotFound(t *testing.T) {
	t.Parallel()
	w := ready(t)
	run := w.apply(setup.StepBuild)
	if _, _, err := w.RunOf(t.Context(), "another", run.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("reading it gave %v", err)
	}
	if err := w.Cancel(t.Context(), "another", run.ID, "ana"); !errors.Is(err, ErrNotFound) {
		t.Errorf("stopping it gave %v", err)
	}
	if got, changes, err := w.RunOf(t.Context(), w.id, run.ID); err != nil || got.ID != run.ID || len(changes) < 10 {
		t.Errorf("its own setup gets %+v with %d changes, %v", got, len(changes), err)
	}
	if _, err := w.Overview(t.Context(), "another"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the page of a setup that does not exist gave %v", err)
	}
}

func TestATokenIsKeptOnlyIfItIsValid(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	w.choose()
	w.answer(good())
	if _, err := w.SaveToken(t.Context(), secret.Text{}, ""); setup.AsProblem(err).Code != setup.CodeInvalid {
		t.Errorf("no token at all gave %v", err)
	}
	w.account.says(setup.TokenReport{Problem: &setup.Problem{Code: setup.CodeUnauthorized, Message: "The token is not valid."}})
	if r, err := w.SaveToken(t.Context(), secret.New(apiToken), ""); err != nil || r.Problem == nil {
		t.Errorf("an invalid token gave %+v, %v", r, err)
	}
	if kept, err := w.StoredToken(t.Context()); err != nil || !kept.Empty() || !w.account.inUse.Empty() {
		t.Errorf("an invalid token was kept (%v)", err)
	}

	lacking := goodReport()
	lacking.Grants[0].Granted = setup.GrantedNo
	w.account.says(lacking)
	w.token()
	if s := w.overview().Stage(StageAccount); s.Status != Failed || !strings.Contains(s.Note, lacking.Grants[0].Name) {
		t.Errorf("with a token that lacks a permission the account is %+v", s)
	}
	off := goodReport()
	off.ZeroTrust = setup.GrantedNo
	w.account.says(off)
	if _, err := w.CheckToken(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := w.overview().Stage(StageAccount); s.Status != Waiting || !strings.Contains(s.Note, "Zero Trust is not switched on") {
		t.Errorf("without Zero Trust the account is %+v", s)
	}
	w.account.says(goodReport())
	if _, err := w.CheckToken(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := w.overview().Stage(StageAccount); s.Status != Done {
		t.Errorf("with all of it the account is %+v", s)
	}

	if err := w.ForgetToken(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := w.overview().Stage(StageAccount); s.Status != Ready || !w.account.inUse.Empty() {
		t.Errorf("with the token forgotten the account is %+v", s)
	}
	if _, err := w.CheckToken(t.Context()); setup.AsProblem(err).Code != setup.CodeNoToken {
		t.Errorf("checking no token gave %v", err)
	}
}

func TestTheStoredTokenIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	w.token()
	again := New(w.Options)
	w.account.Use(secret.Text{})
	if err := again.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.account.inUse.Reveal() != apiToken {
		t.Error("the stored token is not in use")
	}
}

func TestATokenOfTheEnvironmentIsUsedWhileNoneIsStored(t *testing.T) {
	t.Parallel()
	const environment = "the-token-of-the-environment"
	w := newWalk(t, func(o *Options) { o.Given = secret.New(environment) })
	uses := func(when, want string, given bool) {
		t.Helper()
		if o := w.overview().Token; !o.Held || o.Given != given || w.account.inUse.Reveal() != want {
			t.Errorf("%s: %+v, and another token is in use: %v", when, o, w.account.inUse.Reveal() != want)
		}
	}
	w.choose()
	if err := w.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	uses("at the start", environment, true)
	if r, err := w.CheckToken(t.Context()); err != nil || r.Problem != nil {
		t.Errorf("checking it gave %+v, %v", r, err)
	}
	if kept, err := w.StoredToken(t.Context()); err != nil || !kept.Empty() {
		t.Errorf("it was stored (%v)", err)
	}
	w.token()
	uses("with one given on the page", apiToken, false)
	if err := w.ForgetToken(t.Context()); err != nil {
		t.Fatal(err)
	}
	uses("with that forgotten", environment, true)
}

func TestATokenIsOnNoPage(t *testing.T) {
	t.Parallel()
	w := done(t)
	if text := asJSON(t, w.overview()); strings.Contains(text, apiToken) {
		t.Errorf("the token is in %s", text)
	}
	log, err := w.History(t.Context(), w.id, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if text := asJSON(t, log); strings.Contains(text, apiToken) || strings.Contains(text, tunnelSecret) {
		t.Error("a token is in the history")
	}
	if w.overview().Token.Practice != "" {
		t.Error("a token to practise with is offered outside of the rehearsal")
	}
	p := newWalk(t, func(o *Options) { o.Rehearsal, o.Practice = true, "practice-token" })
	p.choose()
	if o := p.overview(); !o.Rehearsal || o.Token.Practice != "practice-token" {
		t.Errorf("the rehearsal offers %q", o.Token.Practice)
	}
}
