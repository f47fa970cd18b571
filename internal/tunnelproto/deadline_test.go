package tunnelproto

import (
	"testing"
	"testing/synctest"
	"time"
)

func passed(d *deadline) bool {
	select {
	case <-d.wait():
		return true
	default:
		return false
	}
}

func TestADeadlineMayBeMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d deadline
		for _, step := range []struct {
			name string
			in   time.Duration // from now; 0: none
			wait time.Duration
			want bool
		}{
			{"it was never set", 0, time.Hour, false},
			{"it lies behind", -time.Second, 0, true},
			{"it is taken away again", 0, time.Hour, false},
			{"it lies ahead", time.Minute, time.Second, false},
			{"it is moved away before it passes", time.Hour, 2 * time.Minute, false},
			{"it passes", time.Minute, 2 * time.Minute, true},
			{"it is moved away after it passed", time.Hour, time.Minute, false},
			{"it is taken away before it passes", 0, 2 * time.Hour, false},
		} {
			at := time.Now().Add(step.in)
			if step.in == 0 {
				at = time.Time{}
			}
			d.set(at)
			time.Sleep(step.wait)
			synctest.Wait()
			if got := passed(&d); got != step.want {
				t.Errorf("%s: passed is %v", step.name, got)
			}
		}
	})
}

func TestWhoWaitsIsWokenByADeadlineThatIsSetLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d deadline
		woken := false
		go func() {
			<-d.wait()
			woken = true
		}()
		synctest.Wait()
		d.set(time.Now().Add(time.Minute))
		d.set(time.Now().Add(2 * time.Minute))
		time.Sleep(2*time.Minute + time.Second)
		synctest.Wait()
		if !woken {
			t.Error("it still waits")
		}
	})
}
