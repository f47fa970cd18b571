package web

import (
	"testing"
	"time"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

// What was proven before something broke on the way is proven no more, also in
// the lines below a channel.
func TestALightWhoseProofIsFromBeforeSomethingBrokeIsOut(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	c := setup.Check{ID: "slack/1", Name: "Slack installation", Door: "slack", Metadata: true}
	state := func(broke time.Time) LightState {
		v := StandingView{Now: now, S: journey.Standing{
			Answers:  setup.Answers{Checks: []setup.Check{c}},
			Evidence: []setup.Evidence{{Check: c, At: now.Add(-2 * time.Minute), OK: true, By: setup.ByApp}},
		}}
		v.S.Condition.Findings = []setup.Finding{{Class: setup.ClassEdgeBlocks, Severity: setup.SeverityBroken, Since: broke}}
		return v.channelRow(diagnosis.Channel{Door: "slack", Light: diagnosis.Bad}).Parts[0].State
	}
	if s := state(now.Add(-time.Minute)); s != LightOut {
		t.Errorf("with proof from before it is %v", s)
	}
	if s := state(now.Add(-3 * time.Minute)); s != LightOn {
		t.Errorf("with proof from after it is %v", s)
	}
}
