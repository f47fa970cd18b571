package diagnosis

import (
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
)

// alerted is a setup of which Cloudflare mails somebody when the server is gone.
func (p *patient) alerted() {
	a := p.Answers
	a.AlertEmail = "ana@example.org"
	*p = *stands(p.TB, a)
}

func rowsOfTheAlert() map[string]row {
	says := "But: if this server dies, nobody is told."
	return map[string]row{
		"the mail for the worst case was deleted": {func(p *patient) {
			p.alerted()
			p.alter(p.Answers.AlertKey(), setuptest.Gone)
		}, "alert", setup.SeverityRisk, says, []setup.Kind{setup.KindAlert}},
		"it was switched off": {func(p *patient) {
			p.alerted()
			p.alter(p.Answers.AlertKey(), func(s setup.State) setup.State {
				n := s.(setup.Alert)
				n.Enabled = false
				return n
			})
		}, "alert", setup.SeverityRisk, says, []setup.Kind{setup.KindAlert}},
		"it was never made": {func(p *patient) {
			p.Answers.AlertEmail = "ana@example.org"
			p.Run = &setup.Run{ID: 7, State: setup.RunFailed, Note: "Cloudflare does not take this mail."}
			p.plan()
		}, "alert", setup.SeverityRisk, says, []setup.Kind{setup.KindAlert}},
		"whether it stands cannot be read": {func(p *patient) {
			p.alerted()
			p.unread(setup.KindAlert, account, setup.Problem{Code: setup.CodeDenied, Message: "No.", Permission: "Notifications"})
		}, "permission/notifications", setup.SeverityUnknown, "the API token lacks the permission Notifications.", nil},
	}
}

func TestAnAlertThatStandsIsNoFinding(t *testing.T) {
	p := healthy(t)
	p.alerted()
	if got := Of(p.Input); len(got) > 0 {
		t.Errorf("found %s", list(got))
	}
}

func TestAnAlertThatIsStillToBeMadeIsNoFindingWhileARunIsAtWork(t *testing.T) {
	p := healthy(t)
	p.Answers.AlertEmail = "ana@example.org"
	p.Run = &setup.Run{ID: 7, State: setup.RunRunning}
	p.plan()
	if got := Of(p.Input); len(got) > 0 {
		t.Errorf("found %s", list(got))
	}
}

func TestWhyAMailCouldNotBeSetUpIsToldWithTheRun(t *testing.T) {
	_, f := only(t, rowsOfTheAlert()["it was never made"].ill)
	if f.Run != 7 || !strings.Contains(f.Cause, "does not take this mail") || !f.Repairable() {
		t.Errorf("told is %+v", f)
	}
	_, f = only(t, rowsOfTheAlert()["it was switched off"].ill)
	if !strings.Contains(f.Effect, "switched off") || strings.Contains(f.Fix.Does, "restarts cloudflared") {
		t.Errorf("told is %+v", f)
	}
}
