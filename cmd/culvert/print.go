package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/live"
	"github.com/culvert/culvert/setup"
)

func (j *job) say(format string, args ...any) {
	if !j.json {
		_, _ = fmt.Fprintf(j.stdout, format+"\n", args...)
	}
}

func (j *job) printJSON(v any) error {
	enc := json.NewEncoder(j.stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// planJSON is a plan for programs.
type planJSON struct {
	Changes  []changeJSON  `json:"changes"`
	Barriers []barrierJSON `json:"barriers"`
}

type changeJSON struct {
	Hash       string   `json:"hash"`
	Kind       string   `json:"kind"`
	Name       string   `json:"name"`
	Verb       string   `json:"verb"`
	Step       string   `json:"step"`
	Title      string   `json:"title"`
	Cause      string   `json:"cause"`
	Reach      string   `json:"reach"`
	Opens      string   `json:"opens,omitempty"`
	Difference []string `json:"difference,omitempty"`
	After      []string `json:"after,omitempty"`
}

type barrierJSON struct {
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Why    string `json:"why"`
	Detail string `json:"detail"`
	// Offer is there if it is no longer in the way once the operator agrees.
	Offer *offerJSON `json:"offer,omitempty"`
}

type offerJSON struct {
	Agree    string `json:"agree"` // the value of --agree
	Does     string `json:"does"`
	ThereNow string `json:"there_now,omitempty"`
}

func (j *job) printPlan(p setup.Plan) error {
	if !j.json {
		return j.tellPlan(p)
	}
	out := planJSON{Changes: []changeJSON{}, Barriers: []barrierJSON{}}
	for _, c := range p.All() {
		change := changeJSON{Hash: c.Hash(), Kind: string(c.Key.Kind), Name: c.Key.Name, Verb: string(c.Verb), Step: string(c.Step),
			Title: setup.Title(c), Cause: c.Cause, Reach: string(c.Reach), Opens: c.Opens, Difference: setup.Difference(c.From, c.To)}
		for _, n := range c.Needs {
			change.After = append(change.After, n.Key.Short())
		}
		out.Changes = append(out.Changes, change)
	}
	for _, b := range p.Barriers {
		out.Barriers = append(out.Barriers, barrierOf(b))
	}
	return j.printJSON(out)
}

func barrierOf(b setup.Barrier) barrierJSON {
	out := barrierJSON{Kind: string(b.Key.Kind), Name: b.Key.Name, Why: string(b.Why), Detail: b.Detail}
	if b.Offer != nil {
		_, does := b.Agreeing()
		out.Offer = &offerJSON{b.Key.Short(), does, thereNow(b)}
	}
	return out
}

// tellPlan prints a plan for people. What they can agree to comes last, as such.
func (j *job) tellPlan(p setup.Plan) error {
	offers := p.Offers()
	p.Barriers = slices.DeleteFunc(slices.Clone(p.Barriers), func(b setup.Barrier) bool { return b.Offer != nil })
	if !p.Empty() || len(offers) == 0 {
		if _, err := fmt.Fprint(j.stdout, p); err != nil {
			return err
		}
	}
	if len(offers) > 0 {
		j.say("in the way until you agree:")
	}
	for _, b := range offers {
		tellOffer(j.stdout, b)
	}
	return nil
}

// execute carries out a run and prints each change as it ends.
func (j *job) execute(ctx context.Context, run setup.Run) (setup.Run, error) {
	watching, stop := context.WithCancel(ctx)
	events := j.hub.Subscribe(watching, live.Filter{Setup: string(run.Setup)})
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		told := map[string]bool{}
		for range events {
			j.tell(ctx, run.ID, told)
		}
		j.tell(context.WithoutCancel(ctx), run.ID, told)
	}()
	run, err := j.carry(ctx, run)
	stop()
	<-printed
	return run, err
}

// carry works a run off, or waits until the dashboard's own worker has.
func (j *job) carry(ctx context.Context, run setup.Run) (setup.Run, error) {
	if !j.served {
		return j.engine.Execute(ctx, run)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	events := j.hub.Subscribe(ctx, live.Filter{Setup: string(run.Setup)})
	for {
		now, err := j.store.Run(ctx, run.ID)
		if err != nil || now.State.Over() || now.State == setup.RunParked {
			return now, err
		}
		if _, open := <-events; !open {
			return now, cmp.Or(ctx.Err(), errors.New("the dashboard is ending. The run goes on when it is started again"))
		}
	}
}

// tell prints the changes of a run that ended and were not told yet.
func (j *job) tell(ctx context.Context, run int64, told map[string]bool) {
	changes, err := j.store.RunChanges(ctx, run)
	if err != nil {
		return // the next event tells it
	}
	for _, c := range changes {
		line := fmt.Sprintf("  %-7s %s", c.Verb, c.Title)
		if c.State == setup.ChangeRunning {
			continue
		}
		if c.State == setup.ChangeFailed {
			line += ": " + c.Problem.Message
		} else {
			line += fmt.Sprintf(" (%s)", c.Ended.Sub(c.Started).Round(10*time.Millisecond))
		}
		if !told[line] {
			told[line] = true
			j.say("%s", line)
		}
	}
}

// verify proves and prints; it fails if anything is not as it should be.
func (j *job) verify(ctx context.Context) error {
	evidence, err := j.engine.Verify(ctx, j.id)
	if errors.Is(err, journey.ErrNotFound) {
		return fmt.Errorf("nothing was applied for %s yet, so there is nothing to prove. Run culvert apply first", j.answers.Hostname)
	}
	if err != nil {
		return err
	}
	if j.json {
		if err := j.printJSON(evidence); err != nil {
			return err
		}
	}
	bad := 0
	for _, v := range evidence {
		mark := "ok "
		if !v.OK {
			mark = "BAD"
			bad++
		}
		j.say("%s  %-34s %s", mark, v.Check.Name, v.Detail)
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d proofs do not hold", bad, len(evidence))
	}
	j.say("All %d proofs hold.", len(evidence))
	return nil
}
