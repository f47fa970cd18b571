package notify

import (
	"context"
	"sync"
	"time"

	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// deliver sends what is due, on all channels at the same time and on each in its
// order, and says when the next attempt is due.
func (n *Notifier) deliver(ctx context.Context, now time.Time) (next time.Time, err error) {
	old := now.Add(-n.Pace.GiveUp)
	letters, err := n.Store.Letters(ctx, now)
	if err != nil {
		return time.Time{}, err
	}
	queues := map[int64][]setup.Letter{}
	tooOld := false
	for _, l := range letters {
		tooOld = tooOld || l.At.Before(old)
		if l.Sent.IsZero() && !l.At.Before(old) {
			queues[l.Channel] = append(queues[l.Channel], l)
		}
	}
	if tooOld {
		n.Log.Warn("messages that could not be sent for a day are forgotten")
	}
	if err := n.Store.DropLetters(ctx, old); err != nil {
		return time.Time{}, err
	}
	var work sync.WaitGroup
	var mu sync.Mutex
	for _, queue := range queues {
		work.Go(func() {
			due := n.send(ctx, queue)
			mu.Lock()
			defer mu.Unlock()
			if !due.IsZero() && (next.IsZero() || due.Before(next)) {
				next = due
			}
		})
	}
	work.Wait()
	if len(queues) > 0 {
		n.Notify.Publish("", Topic)
	}
	return next, nil
}

// send tries the messages of one channel until one fails, and says when it is
// tried again.
func (n *Notifier) send(ctx context.Context, queue []setup.Letter) time.Time {
	for _, l := range queue {
		if n.Clock.Now().Before(l.Due) {
			return l.Due
		}
		err := n.post(ctx, l)
		if ctx.Err() != nil {
			return time.Time{}
		}
		l.Attempts++
		if l.Problem = ""; err != nil {
			l.Problem = setup.AsProblem(err).Message
			l.Due = n.Clock.Now().Add(min(n.Pace.First<<min(l.Attempts-1, 10), n.Pace.Last))
			n.Log.Warn("a message was not sent", "channel", l.Channel, "attempt", l.Attempts, "why", l.Problem)
		} else {
			l.Sent = n.Clock.Now()
		}
		if err := n.Store.SaveLetter(ctx, l); err != nil {
			n.Log.Error("keeping what became of a message", "err", err)
			return n.Clock.Now().Add(n.Pace.First)
		}
		if l.Sent.IsZero() {
			return l.Due
		}
	}
	return time.Time{}
}

// post sends one message. A channel whose last attempt still hangs is not asked
// again, so that no more than one does.
func (n *Notifier) post(ctx context.Context, l setup.Letter) error {
	address, err := n.Store.ChannelAddress(ctx, l.Channel)
	if err != nil {
		return err
	}
	n.mu.Lock()
	hangs := n.hanging[l.Channel]
	n.hanging[l.Channel] = true
	n.mu.Unlock()
	if hangs {
		return unsent("The attempt before has not ended yet.")
	}
	ctx, cancel := context.WithTimeout(ctx, n.Pace.Wait)
	defer cancel()
	ended := make(chan error, 1)
	go n.attempt(ctx, l, address, ended)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return unsent("It did not answer in time.")
	}
}

// attempt sends, however long that takes.
func (n *Notifier) attempt(ctx context.Context, l setup.Letter, address secret.Text, ended chan<- error) {
	err := n.Send(ctx, address, l.Title, l.Text)
	n.mu.Lock()
	delete(n.hanging, l.Channel)
	n.mu.Unlock()
	ended <- err
}
