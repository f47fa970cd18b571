package notify

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// ChannelState is a channel with what became of its messages.
type ChannelState struct {
	setup.Channel
	Sent    time.Time // when the last message was taken; zero: none was lately
	Waiting int       // messages that could not be sent yet
	Problem string    // why not
	Since   time.Time // since when not
}

// State is how telling goes.
type State struct {
	Channels  []ChannelState
	Heartbeat Heartbeat
}

// State says how telling goes.
func (n *Notifier) State(ctx context.Context) (State, error) {
	channels, err := n.Store.Channels(ctx)
	if err != nil {
		return State{}, err
	}
	letters, err := n.Store.Letters(ctx, n.Clock.Now().Add(-n.Pace.GiveUp))
	if err != nil {
		return State{}, err
	}
	var s State
	for _, c := range channels {
		s.Channels = append(s.Channels, stateOf(c, letters))
	}
	_, err = n.Store.Secret(ctx, heartbeatName)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return State{}, err
	}
	n.mu.Lock()
	s.Heartbeat = n.heartbeat
	n.mu.Unlock()
	s.Heartbeat.Set = err == nil
	return s, nil
}

func stateOf(c setup.Channel, letters []setup.Letter) ChannelState {
	s := ChannelState{Channel: c}
	for _, l := range letters {
		switch {
		case l.Channel != c.ID:
		case !l.Sent.IsZero():
			s.Sent = l.Sent
		case l.Attempts > 0 || s.Waiting > 0:
			if s.Waiting++; s.Problem == "" {
				s.Problem, s.Since = l.Problem, l.At
			}
		}
	}
	return s
}

// Untold says in sentences whom nobody can tell now.
func (s State) Untold() []string {
	var all []string
	for _, c := range s.Channels {
		if c.Waiting > 0 {
			all = append(all, "Problems could not be told by "+c.Kind+" ("+c.Name+"). "+c.Problem)
		}
	}
	if s.Heartbeat.Set && s.Heartbeat.Problem != "" {
		all = append(all, "The sign of life is not taken. "+s.Heartbeat.Problem)
	}
	return all
}

// ErrNotFound: there is no such channel.
var ErrNotFound = engine.ErrNotFound

// Add keeps a way on which people are told from now on.
func (n *Notifier) Add(ctx context.Context, name string, typed secret.Text, actor string) (setup.Channel, error) {
	address, kind, problem := Read(typed)
	if problem != nil {
		return setup.Channel{}, problem
	}
	if name = strings.TrimSpace(name); name == "" {
		name = kind
	}
	now := n.Clock.Now()
	c, err := n.Store.SaveChannel(ctx, setup.Channel{Name: name, Kind: kind, Created: now}, address,
		setup.Audit{At: now, Actor: actor, Action: "settings", Text: "Problems are told by " + kind + " from now on: " + name + "."})
	n.wake()
	return c, err
}

// Remove tells nobody on a channel any more.
func (n *Notifier) Remove(ctx context.Context, id int64, actor string) error {
	c, err := n.find(ctx, id)
	if err != nil {
		return err
	}
	return n.Store.DeleteChannel(ctx, id, setup.Audit{At: n.Clock.Now(), Actor: actor, Action: "settings",
		Text: "Problems are no longer told by " + c.Kind + ": " + c.Name + "."})
}

// Test sends a message now. The problem says why it was not taken.
func (n *Notifier) Test(ctx context.Context, id int64) error {
	c, err := n.find(ctx, id)
	if err != nil {
		return err
	}
	return n.post(ctx, setup.Letter{Channel: id, Title: n.Prefix + "Culvert: a test",
		Text: "This is how Culvert tells you of problems on " + c.Name + ". Nothing is wrong."})
}

func (n *Notifier) find(ctx context.Context, id int64) (setup.Channel, error) {
	channels, err := n.Store.Channels(ctx)
	if err != nil {
		return setup.Channel{}, err
	}
	for _, c := range channels {
		if c.ID == id {
			return c, nil
		}
	}
	return setup.Channel{}, ErrNotFound
}
