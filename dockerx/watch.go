package dockerx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"

	"github.com/culvert/culvert/dockerx/found"
)

// How long to wait between attempts to reach an engine that went away.
const (
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
)

// Watch tells what happens to containers and networks from a moment on. It
// survives restarts of the engine; an event of kind "engine" then says that
// some may have been missed. The channel is closed when the context or the Host
// ends. The error is for an engine that cannot be reached to begin with.
func (h *Host) Watch(ctx context.Context, since time.Time) (<-chan found.Event, error) {
	if _, err := h.api.Ping(ctx, client.PingOptions{}); err != nil {
		return nil, h.problem(ctx, "asking for events", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(h.closed, cancel)
	out := make(chan found.Event)
	h.watching.Go(func() {
		defer close(out)
		defer cancel()
		defer stop()
		h.follow(ctx, since, out)
	})
	return out, nil
}

func (h *Host) follow(ctx context.Context, since time.Time, out chan<- found.Event) {
	wait := firstRetry
	for {
		last, err := h.stream(ctx, since, out)
		if ctx.Err() != nil {
			return
		}
		if last.After(since) {
			since, wait = last, firstRetry
		}
		h.log.WarnContext(ctx, "docker events ended", "error", err, "retry", wait)
		if !sleep(ctx, wait) {
			return
		}
		wait = min(wait*2, lastRetry)
		if _, err := h.api.Ping(ctx, client.PingOptions{}); err != nil {
			continue
		}
		if !send(ctx, out, found.Event{At: h.clock(), Kind: "engine", Action: "reconnected"}) {
			return
		}
	}
}

// stream passes events on until the connection ends, and gives the moment of
// the last one.
func (h *Host) stream(ctx context.Context, since time.Time, out chan<- found.Event) (time.Time, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o := client.EventsListOptions{Filters: make(client.Filters).Add("type", string(events.ContainerEventType), string(events.NetworkEventType))}
	if !since.IsZero() {
		o.Since = moment(since.Add(1)) // the last one that was told is not told again
	}
	s := h.api.Events(ctx, o)
	for {
		select {
		case m := <-s.Messages:
			e := eventOf(m)
			if strings.HasPrefix(e.Action, "exec_") {
				continue // every health check makes three of them
			}
			if !send(ctx, out, e) {
				return since, ctx.Err()
			}
			since = e.At
		case err := <-s.Err:
			return since, err
		}
	}
}

// telling are the events from which it can be told how a container came to be as
// it is.
func telling() []string {
	return []string{"create", "start", "kill", "oom", "die", "stop", "pause", "unpause", "destroy", "connect", "disconnect"}
}

// How far back the past is asked for, and how long its answer may take: an engine
// whose clock is behind waits until it is then.
const (
	pastBegins = 24 * time.Hour
	pastTakes  = 2 * time.Second
)

// Past tells what happened to containers and networks until now, oldest first,
// as far as the engine still knows: it keeps its last events only.
func (h *Host) Past(ctx context.Context) ([]found.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, pastTakes)
	defer cancel()
	now := h.clock()
	s := h.api.Events(ctx, client.EventsListOptions{
		Since: moment(now.Add(-pastBegins)), Until: moment(now),
		Filters: make(client.Filters).Add("type", string(events.ContainerEventType), string(events.NetworkEventType)).Add("event", telling()...),
	})
	var past []found.Event
	for {
		select {
		case m := <-s.Messages:
			if !oneOff(m.Actor.Attributes) {
				past = append(past, eventOf(m))
			}
		case err := <-s.Err:
			if errors.Is(err, io.EOF) || errors.Is(err, context.DeadlineExceeded) {
				return past, nil
			}
			return nil, h.problem(ctx, "reading what happened", err)
		}
	}
}

// moment is a time as the engine takes it.
func moment(t time.Time) string { return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond()) }

func eventOf(m events.Message) found.Event {
	a := m.Actor.Attributes
	return found.Event{
		At: time.Unix(0, m.TimeNano), Kind: string(m.Type), Action: string(m.Action),
		ID: m.Actor.ID, Name: a["name"], Project: a[labelProject], Service: a[labelService],
		Container: a["container"], Exit: a["exitCode"],
	}
}

func send(ctx context.Context, out chan<- found.Event, e found.Event) bool {
	select {
	case out <- e:
		return true
	case <-ctx.Done():
		return false
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
