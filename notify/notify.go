package notify

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// Topic is published when something else is known of how telling goes.
const Topic = "notify"

// Store keeps what has to be told, and what was.
type Store interface {
	SaveChannel(context.Context, setup.Channel, secret.Text, setup.Audit) (setup.Channel, error)
	Channels(context.Context) ([]setup.Channel, error)
	ChannelAddress(ctx context.Context, id int64) (secret.Text, error) // engine.ErrNotFound
	DeleteChannel(ctx context.Context, id int64, a setup.Audit) error

	Notices(ctx context.Context, since time.Time) ([]setup.Notice, error)
	Tell(ctx context.Context, told []setup.Notice, letters []setup.Letter) error
	Letters(ctx context.Context, since time.Time) ([]setup.Letter, error)
	SaveLetter(context.Context, setup.Letter) error
	DropLetters(ctx context.Context, before time.Time) error

	PutSecret(ctx context.Context, name string, text secret.Text) error
	Secret(ctx context.Context, name string) (secret.Text, error) // engine.ErrNotFound
	DeleteSecret(ctx context.Context, name string) error
}

// Options are what a Notifier is made of.
type Options struct {
	Store  Store
	Send   Send
	Ping   Ping
	Heart  func() Heart               // how things stand now
	Name   func(setup.SetupID) string // the public name of a setup
	Link   func(setup.SetupID) string // to its page; empty: none
	Flags  func(setup.SetupID) string // behind a command about it that is typed on the server
	Prefix string                     // before every title
	Notify engine.Notifier
	Clock  engine.Clock
	Log    *slog.Logger
	Pace   Pace
}

// Notifier tells people. It does nothing until Serve is called, and is safe for
// concurrent use.
type Notifier struct {
	Options
	poke chan struct{}

	mu        sync.Mutex
	hanging   map[int64]bool // channels with an attempt under way
	heartbeat Heartbeat
	beatDue   time.Time
	beatBad   bool // the last one told that something is broken
}

// New makes a notifier.
func New(o Options) *Notifier {
	o.Pace = o.Pace.orDefault()
	return &Notifier{Options: o, poke: make(chan struct{}, 1), hanging: map[int64]bool{}}
}

// Opened and Closed say that there may be something to tell. They do not wait.
func (n *Notifier) Opened(setup.Incident) { n.wake() }

// Closed is like Opened.
func (n *Notifier) Closed(setup.Incident) { n.wake() }

func (n *Notifier) wake() {
	select {
	case n.poke <- struct{}{}:
	default: // it is awake already
	}
}

// Serve tells until the context ends.
func (n *Notifier) Serve(ctx context.Context) error {
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() { n.pulse(ctx) })
	for ctx.Err() == nil {
		next := n.round(ctx)
		resting, stop := context.WithCancel(ctx)
		rested := make(chan struct{})
		work.Go(func() {
			defer close(rested)
			_ = n.Clock.Sleep(resting, max(next.Sub(n.Clock.Now()), time.Millisecond)) // the context is looked at by the loop
		})
		select {
		case <-ctx.Done():
		case <-rested:
		case <-n.poke:
		}
		stop()
	}
	return nil
}

// round tells what is to be told now and says when to look again.
func (n *Notifier) round(ctx context.Context) time.Time {
	now := n.Clock.Now()
	next := now.Add(n.Pace.Beat)
	sooner := func(at time.Time, err error) {
		if err != nil && ctx.Err() == nil {
			n.Log.Error("telling of problems", "err", err)
		}
		if err == nil && !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	sooner(n.write(ctx, now))
	sooner(n.deliver(ctx, now))
	return next
}

// write works out what is to be told and stores it as messages.
func (n *Notifier) write(ctx context.Context, now time.Time) (next time.Time, err error) {
	channels, err := n.Store.Channels(ctx)
	if err != nil || len(channels) == 0 {
		return time.Time{}, err
	}
	notices, err := n.Store.Notices(ctx, now.Add(-n.Pace.GiveUp))
	if err != nil {
		return time.Time{}, err
	}
	since := channels[0].Created
	for _, c := range channels {
		if c.Created.Before(since) {
			since = c.Created
		}
	}
	d := n.Pace.decide(notices, now, since)
	told, letters, free, err := n.word(ctx, d, notices, channels, now)
	if err != nil {
		return time.Time{}, err
	}
	if !free.IsZero() {
		d.sooner(free)
	}
	if len(told) == 0 {
		return d.next, nil
	}
	return d.next, n.Store.Tell(ctx, told, letters)
}

// word makes messages of what is to be told, as many as may be, and says when
// there may be more; zero: all was told.
func (n *Notifier) word(ctx context.Context, d decision, all []setup.Notice, channels []setup.Channel, now time.Time) ([]setup.Notice, []setup.Letter, time.Time, error) {
	hour, err := n.Store.Letters(ctx, now.Add(-time.Hour))
	if err != nil {
		return nil, nil, time.Time{}, err
	}
	sent := moments(hour, now.Add(-time.Hour))
	told := d.silent
	var letters []setup.Letter
	var free time.Time
	for _, b := range d.bundles {
		if len(sent) >= n.Pace.PerHour && !b.urgent() {
			free = sent[len(sent)-n.Pace.PerHour].Add(time.Hour)
			continue
		}
		title, text := n.about(b.setup, all, now).letter(b)
		for _, c := range channels {
			letters = append(letters, setup.Letter{Channel: c.ID, At: now, Title: title, Text: text, Due: now})
		}
		told = append(told, b.told(now)...)
		sent = append(sent, now)
	}
	return told, letters, free, nil
}

// moments are when messages were written after a moment, oldest first. What
// went through several channels counts once.
func moments(letters []setup.Letter, after time.Time) []time.Time {
	var at []time.Time
	seen := map[string]bool{}
	for _, l := range letters {
		id := l.At.String() + l.Title
		if l.At.After(after) && !seen[id] {
			seen[id] = true
			at = append(at, l.At)
		}
	}
	return at
}

func (n *Notifier) about(id setup.SetupID, all []setup.Notice, now time.Time) about {
	return about{prefix: n.Prefix, name: n.Name(id), link: n.Link(id), flags: n.Flags(id), zone: now.Location(), comes: func(of setup.Notice) int {
		for i := range all {
			if all[i].ID == of.ID {
				if times := n.Pace.times(all, i); times >= n.Pace.Flaps {
					return times
				}
			}
		}
		return 0
	}}
}
