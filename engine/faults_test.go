package engine_test

import (
	"context"
	"errors"
	"sync"

	"github.com/culvert/culvert/setup"
)

// refusal is how a call goes wrong.
type refusal struct {
	problem *setup.Problem // a definite answer: it was not done
	lost    bool           // no answer came
	done    bool           // it took place all the same
	lie     bool           // it is said to be done, and was not
}

type caller = func(ctx context.Context, c setup.Call, do func() []setup.Outcome) ([]setup.Outcome, error)

// first makes the first calls of a name go wrong.
func first(times int, name string, r refusal) caller {
	var mu sync.Mutex
	return func(_ context.Context, c setup.Call, do func() []setup.Outcome) ([]setup.Outcome, error) {
		mu.Lock()
		strikes := callName(c) == name && times > 0
		if strikes {
			times--
		}
		mu.Unlock()
		if !strikes {
			return do(), nil
		}
		return r.strike(c, do)
	}
}

func (r refusal) strike(c setup.Call, do func() []setup.Outcome) ([]setup.Outcome, error) {
	if r.done {
		do()
	}
	if r.lost {
		return nil, errors.New("connection reset by peer")
	}
	outs := make([]setup.Outcome, len(c.Entries))
	for i, e := range c.Entries {
		outs[i] = setup.Outcome{ID: e.ID, State: e.From, Err: r.problem}
		if r.lie {
			outs[i] = setup.Outcome{ID: "id-" + e.Key.Name, State: plain(e.To)}
		}
	}
	return outs, nil
}
