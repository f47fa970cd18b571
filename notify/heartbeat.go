package notify

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

const heartbeatName = "heartbeat"

// Heart is what is known when a sign of life is due.
type Heart struct {
	Good   bool // everything was looked at lately, and nothing is wrong
	Broken bool // something does not work, or is open
}

// Heartbeat is where a sign of life goes, and what became of the last.
type Heartbeat struct {
	Set     bool
	Sent    time.Time // the last one that was taken
	Failed  bool      // it told that something is broken
	Problem string    // why the newest was not taken
}

// SetHeartbeat keeps the address that is asked after every good round; empty:
// none. What is wrong with it never shows it.
func (n *Notifier) SetHeartbeat(ctx context.Context, typed secret.Text) error {
	text := strings.TrimSuffix(strings.TrimSpace(typed.Reveal()), "/")
	if text == "" {
		n.forgetHeartbeat()
		return n.Store.DeleteSecret(ctx, heartbeatName)
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return badAddress("This is no web address. It begins with https://, for example https://hc-ping.com/ and a long number.")
	}
	if err := n.Store.PutSecret(ctx, heartbeatName, secret.New(text)); err != nil {
		return err
	}
	n.forgetHeartbeat()
	n.wake()
	return nil
}

func (n *Notifier) forgetHeartbeat() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.heartbeat, n.beatDue, n.beatBad = Heartbeat{}, time.Time{}, false
}

// pulse gives signs of life until the context ends. What is sent to people may
// take its time; this goes on beside it.
func (n *Notifier) pulse(ctx context.Context) {
	for n.Clock.Sleep(ctx, n.Pace.Pulse) == nil {
		n.beat(ctx)
	}
}

// due says whether a sign of life is to be given now: every minute, and at once
// when something breaks.
func (n *Notifier) due(heart Heart, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !heart.Good && !heart.Broken || now.Before(n.beatDue) && (n.beatBad || !heart.Broken) {
		return false
	}
	n.beatDue, n.beatBad = now.Add(n.Pace.Beat), heart.Broken
	return true
}

// beat gives a sign of life: after a good round, or that something is broken.
// When it is not known how things stand there is none, and that is a sign too.
func (n *Notifier) beat(ctx context.Context) {
	now, heart := n.Clock.Now(), n.Heart()
	if !n.due(heart, now) {
		return
	}
	address, err := n.Store.Secret(ctx, heartbeatName)
	if errors.Is(err, engine.ErrNotFound) {
		return
	}
	if err != nil {
		n.Log.Error("reading where the sign of life goes", "err", err)
		return
	}
	suffix := ""
	if heart.Broken {
		suffix = "/fail"
	}
	ctx, cancel := context.WithTimeout(ctx, n.Pace.Wait)
	defer cancel()
	err = n.Ping(ctx, address, suffix)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.heartbeat.Problem = ""
	if err != nil {
		n.heartbeat.Problem = setup.AsProblem(err).Message
		n.Log.Warn("the sign of life was not taken", "why", n.heartbeat.Problem)
		return
	}
	n.heartbeat.Sent, n.heartbeat.Failed = now, heart.Broken
}
