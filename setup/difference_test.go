package setup_test

import (
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
)

func TestWhatBothSidesReferToIsNoDifference(t *testing.T) {
	a := setuptest.Sample("ocs")
	w := setuptest.New(t, a)
	w.Answers.Doors = w.Answers.Doors[:2]
	plan := w.Plan()
	seen := 0
	for _, c := range plan.Changes {
		if c.Key.Kind != setup.KindIngress {
			continue
		}
		seen++
		text := strings.Join(plan.Difference(c), "\n")
		if strings.Contains(text, "in tunnel") || !strings.Contains(text, "- ^/slack/events/$") {
			t.Errorf("the difference is\n%s", text)
		}
		if !strings.Contains(strings.Join(setup.Difference(c.From, c.To), "\n"), "in tunnel") {
			t.Error("without the plan the two spellings would be the same: this test shows nothing")
		}
	}
	if seen != 1 {
		t.Errorf("%d changes of the way to the app", seen)
	}
}
