package journey

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvert/culvert/setup"
)

// passing is time that passes by itself within a bubble.
type passing struct{}

func (passing) Now() time.Time { return time.Now() }

func (passing) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// zone makes the domain active, or pending.
func (a *account) zone(status string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.objects, func(o setup.Object) bool { return o.ID == "zone" })
	a.objects[i].State = setup.Zone{Name: "example.org", Status: status}
}

func TestAGateThatOpensIsSeenWhileAPageIsOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var watched atomic.Bool
		w := newWalk(t, func(o *Options) { o.Clock, o.Watched = passing{}, watched.Load })
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.Serve(ctx) }()
		w.choose()
		w.account.zone("pending")
		w.answer(good())
		w.token()
		waits := func() bool {
			synctest.Wait()
			p, ok := w.Engine.Last(w.id)
			if !ok {
				t.Fatal("nobody made a plan")
			}
			return len(p.Plan.Barriers) > 0
		}
		if !waits() {
			t.Error("the plan does not tell that the domain is pending")
		}
		w.account.zone("active")
		time.Sleep(5 * gatePause)
		if !waits() {
			t.Error("the account was looked at although no page is open")
		}
		watched.Store(true)
		time.Sleep(gatePause + time.Second)
		if waits() {
			t.Error("the domain is active, and nobody looked")
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
	})
}
