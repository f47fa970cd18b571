package dockerx

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"

	"github.com/culvert/culvert/setup"
)

// sign is how the app shows that it is back. It is asked of the old container
// first: what that one did not do is not waited for.
type sign int

const (
	signRunning sign = iota // the container stays up
	signAccepts             // it takes connections on its port
	signAnswers             // it answers HTTP on its port, whatever the status
)

// recreate replaces the service's containers and waits until the app is back,
// measuring how long it was away.
func (h *Host) recreate(ctx context.Context, r *recreation) *setup.Problem {
	target, want := h.signOf(ctx, r)
	from := sourceOf(r.up[0].labels())
	gone := h.watchStop(ctx, r)
	defer gone.close()
	began := h.clock()
	_, err := h.cli.run(ctx, order{dir: from.Dir, args: r.upArgs(from, false), mask: r.mask, changes: true})
	if err != nil {
		p := h.problem(ctx, "restarting "+r.service, err)
		h.log.WarnContext(ctx, "recreate failed", "service", r.scope(), "error", p)
		return p
	}
	back, failed := h.waitBack(ctx, r, target, want)
	if failed != nil {
		return failed
	}
	if at := gone.at(); !at.IsZero() {
		began = at
	}
	h.noteDowntime(r.scope(), max(back.Sub(began), 0))
	h.log.InfoContext(ctx, "recreated", "service", r.scope(), "downtime", back.Sub(began))
	return nil
}

// signOf finds the port on which the app listens and the strongest sign of life
// that the running containers give there.
func (h *Host) signOf(ctx context.Context, r *recreation) (int, sign) {
	h.mu.Lock()
	ports := []int{h.targets[r.scope()]}
	h.mu.Unlock()
	if stopped(r.up) && ports[0] != 0 {
		return ports[0], signAccepts // nobody can be asked what it did before
	}
	for _, e := range r.entries {
		if p, ok := e.From.(setup.Published); ok {
			ports = append(ports, p.Target)
		}
	}
	for _, p := range r.up[0].ports() {
		ports = append(ports, p.Target)
	}
	for _, target := range ports {
		if target == 0 {
			continue
		}
		if best := h.alive(ctx, r.up[0], target); best > signRunning {
			return target, best
		}
	}
	return 0, signRunning
}

func (h *Host) alive(ctx context.Context, b box, target int) sign {
	for _, ip := range b.addresses() {
		at := net.JoinHostPort(ip, strconv.Itoa(target))
		switch {
		case h.replies(ctx, at):
			return signAnswers
		case h.accepts(ctx, at):
			return signAccepts
		}
	}
	return signRunning
}

func (h *Host) accepts(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := h.dial(ctx, "tcp", address)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// replies says whether something answers HTTP. A server may take connections
// long before the app behind it is loaded, or although it will never be.
func (h *Host) replies(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		return false
	}
	resp, err := h.http.Transport.RoundTrip(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return true
}

// waitBack polls until every container of the service is up again as it was
// before, and gives the moment at which the app showed itself.
func (h *Host) waitBack(ctx context.Context, r *recreation, target int, want sign) (time.Time, *setup.Problem) {
	w := &waiter{host: h, target: target, want: want, count: len(r.up)}
	err := w.wait(ctx, r.project, r.service)
	switch {
	case err == nil:
		return w.since, nil
	case ctx.Err() != nil:
		return time.Time{}, h.problem(ctx, "waiting for "+r.service, ctx.Err())
	}
	return time.Time{}, h.notUp(ctx, r.service+" did not come back after its restart.", w.seen, r.mask, err)
}

// waiter judges whether a service is back.
type waiter struct {
	host   *Host
	target int
	want   sign
	count  int            // of containers
	steady map[string]int // by container and start: how often it was seen running
	since  time.Time      // when enough of them gave the sign
	seen   []box          // at the last look
}

// wait polls until the service is back, its patience ends or waiting is in vain.
func (w *waiter) wait(ctx context.Context, project, service string) error {
	ctx, cancel := context.WithTimeout(ctx, w.host.patience)
	defer cancel()
	return poll(ctx, func() (bool, error) {
		all, err := w.host.boxes(ctx, project, service)
		if err != nil {
			return false, err
		}
		w.seen = all
		return w.back(ctx), hopeless(all)
	})
}

// back: as many containers as are awaited give the sign, and those that have a
// health check are healthy too. A health check may be long in coming, so the
// moment of the sign is kept.
func (w *waiter) back(ctx context.Context) bool {
	alive, healthy := 0, 0
	for _, b := range w.seen {
		if !b.running() || !w.gives(ctx, b) {
			continue
		}
		alive++
		if health := b.health(); health == "" || health == "healthy" {
			healthy++
		}
	}
	if alive >= w.count && w.since.IsZero() {
		w.since = w.host.clock()
	}
	return healthy >= w.count
}

// steadyLooks is how many looks in a row make a container that gives no other
// sign count as up: about a second.
const steadyLooks = 10

func (w *waiter) gives(ctx context.Context, b box) bool {
	if w.want > signRunning {
		return w.host.alive(ctx, b, w.target) >= w.want
	}
	if w.steady == nil {
		w.steady = map[string]int{}
	}
	key := b.ID + b.State.StartedAt
	w.steady[key]++
	return w.steady[key] >= steadyLooks
}

// hopeless: waiting longer would not help.
func hopeless(all []box) error {
	for _, b := range all {
		if b.State != nil && (b.RestartCount >= 5 || b.State.Status == container.StateExited) {
			return fmt.Errorf("%s ended with exit code %d", b.name(), b.State.ExitCode)
		}
	}
	return nil
}

// poll asks every tenth of a second until done, an error, or the context ends.
func poll(ctx context.Context, done func() (bool, error)) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// notUp says that a service does not run after it was changed, with the last
// lines that it wrote.
func (h *Host) notUp(ctx context.Context, text string, now []box, m mask, err error) *setup.Problem {
	p := &setup.Problem{Code: setup.CodeUnavailable, Cause: err, Message: text}
	if len(now) == 0 {
		return p
	}
	bad := max(0, slices.IndexFunc(now, func(b box) bool { return !b.running() }))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	m.values = append(m.values, maskOf(now).values...)
	if said, logErr := h.containerLogs(ctx, now[bad], 5); logErr == nil && len(said) > 0 {
		p.Message += " The last that it wrote: " + m.text(strings.Join(slices.Compact(said), " / ")) + "."
	}
	p.Message += " See all of it with docker logs " + now[bad].name() + "."
	return p
}
