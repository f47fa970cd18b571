package journey

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/setup"
)

// alert asks for a mail for the case that the server is gone, and carries it out.
func (w *walk) alert(email string) setup.Run {
	w.Helper()
	w.clock.pass(time.Minute)
	run, bad, err := w.SetAlert(w.Context(), w.id, email, "ana")
	if err != nil || len(bad) > 0 {
		w.Fatalf("asking for a mail to %q: %v, %v", email, bad, err)
	}
	if run, err = w.Engine.Execute(w.Context(), run); err != nil {
		w.Fatal(err)
	}
	return run
}

// mailed are the addresses that the account mails.
func (w *walk) mailed() (emails []string) {
	w.account.mu.Lock()
	defer w.account.mu.Unlock()
	for _, o := range w.account.objects {
		if n, ok := o.State.(setup.Alert); ok {
			emails = append(emails, n.Emails...)
		}
	}
	return emails
}

func TestAMailForTheWorstCaseIsSetUpByItselfAndTakenAwayAgain(t *testing.T) {
	t.Parallel()
	w := done(t)
	before := len(w.account.objects)
	if _, bad, err := w.SetAlert(t.Context(), w.id, "ana", "ana"); err != nil || len(bad) != 1 || bad[0].Field != "alert_email" {
		t.Errorf("told is %v, %v", bad, err)
	}
	run := w.alert(" ana@example.org ")
	if run.State != setup.RunSucceeded || !strings.Contains(run.Note, "only a test") || len(run.Only) != 1 {
		t.Fatalf("the run is %+v", run)
	}
	if !slices.Equal(w.mailed(), []string{"ana@example.org"}) || len(w.account.objects) != before+1 {
		t.Errorf("mailed are %v, there are %d things, before %d", w.mailed(), len(w.account.objects), before)
	}
	if got := w.said("approved").Text; !strings.Contains(got, "Decided to have Cloudflare mail ana@example.org") {
		t.Errorf("the history says %q", got)
	}
	if o := w.overview(); !strings.Contains(o.Token.Link, "notifications") || !slices.Contains(o.Token.Needs, setup.AlertPermission()) {
		t.Errorf("the token needs %v", o.Token.Needs)
	}
	if _, _, err := w.SetAlert(t.Context(), w.id, "ana@example.org", "ana"); !strings.Contains(setup.AsProblem(err).Message, "already") {
		t.Errorf("asked for once more: %v", err)
	}
	if run := w.alert(""); run.State != setup.RunSucceeded || len(w.mailed()) > 0 || len(w.account.objects) != before {
		t.Errorf("the run is %s: %s; mailed are %v", run.State, run.Note, w.mailed())
	}
	if o := w.overview(); strings.Contains(o.Token.Link, "notifications") {
		t.Errorf("the token still needs %v", o.Token.Needs)
	}
}

func TestAMailIsNotedUntilTheRestIsSetUp(t *testing.T) {
	t.Parallel()
	w := ready(t)
	if run, bad, err := w.SetAlert(t.Context(), w.id, "ana@example.org", "ana"); err != nil || len(bad) > 0 || run.ID != 0 {
		t.Fatalf("it began %+v: %v, %v", run, bad, err)
	}
	if len(w.mailed()) > 0 {
		t.Error("it was set up before anything else")
	}
	w.plan()
	if run := w.apply(setup.StepRemove); run.State != setup.RunSucceeded || len(w.mailed()) != 1 {
		t.Errorf("the run is %s: %s; mailed are %v", run.State, run.Note, w.mailed())
	}
}

func TestWithoutThePermissionNothingIsDecided(t *testing.T) {
	t.Parallel()
	w := done(t)
	w.account.denied = &setup.Problem{Code: setup.CodeDenied, Message: "The token lacks it.", Permission: "Notifications"}
	_, _, err := w.SetAlert(t.Context(), w.id, "ana@example.org", "ana")
	var p *setup.Problem
	if !errors.As(err, &p) || p.Permission != "Notifications" {
		t.Errorf("told is %v", err)
	}
	if o := w.overview(); o.Draft.AlertEmail != "" || o.Answers.AlertEmail != "" {
		t.Error("it is wanted all the same")
	}
}

func TestAMailAboutATunnelThatIsGoneWaitsForTheTunnel(t *testing.T) {
	t.Parallel()
	w := done(t)
	w.account.drop(setup.KindTunnel)
	if _, _, err := w.SetAlert(t.Context(), w.id, "ana@example.org", "ana"); err == nil || !strings.Contains(err.Error(), "First put this right") {
		t.Errorf("told is %v", err)
	}
}
