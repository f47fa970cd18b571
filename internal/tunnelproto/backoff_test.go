package tunnelproto

import (
	"errors"
	"testing"
	"time"
)

func TestAConnectorWaitsLongerAfterEachFailureUpToHalfAMinute(t *testing.T) {
	c := &Connector{}
	for failures, most := range map[int]time.Duration{1: 2 * time.Second, 2: 4 * time.Second, 4: 16 * time.Second, 5: 30 * time.Second, 100: 30 * time.Second} {
		var longest time.Duration
		for range 200 {
			wait := c.wait(failures, errors.New("the edge is away"))
			if wait < 0 || wait >= most {
				t.Fatalf("after %d failures it waits %v, and at most it may %v", failures, wait, most)
			}
			longest = max(longest, wait)
		}
		if longest < most/2 {
			t.Errorf("after %d failures it waits %v at most, which is too short", failures, longest)
		}
	}
	if wait := c.wait(1, &RegisterError{RetryAfter: time.Minute}); wait < time.Minute {
		t.Errorf("asked to wait a minute it waits %v", wait)
	}
}
