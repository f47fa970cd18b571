package setup_test

import (
	"testing"
	"time"

	"github.com/culvert/culvert/setup"
)

func TestEvidenceCountsForAWhileAndNotBeforeItsTime(t *testing.T) {
	now := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)
	for ago, want := range map[time.Duration]bool{
		0: true, 2 * time.Minute: true, 3 * time.Minute: false, -2 * time.Second: true, -time.Minute: false, -time.Hour: false,
	} {
		if v := (setup.Evidence{At: now.Add(-ago), OK: true}); v.Counts(now) != want {
			t.Errorf("of %v ago it counts: %v", ago, !want)
		}
	}
}
