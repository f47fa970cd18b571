package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/culvert/culvert/engine"
)

const changeColumns = `run, kind, scope, name, verb, step, title, state, attempt, started, ended, problem`

// SaveRunChange inserts or replaces the progress of one change of a run. A run
// that is not there gives engine.ErrNotFound.
func (s *Store) SaveRunChange(ctx context.Context, c engine.RunChange) error {
	return s.write(ctx, fmt.Sprintf("saving a change of run %d", c.Run), func(tx *sql.Tx) error {
		return exec(ctx, tx, `INSERT INTO run_changes (`+changeColumns+`)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (run, kind, scope, name) DO UPDATE
			SET verb = excluded.verb, step = excluded.step, title = excluded.title, state = excluded.state,
				attempt = excluded.attempt, started = excluded.started, ended = excluded.ended,
				problem = excluded.problem`,
			c.Run, c.Key.Kind, c.Key.Scope, c.Key.Name, c.Verb, c.Step, c.Title, c.State, c.Attempt,
			milli(c.Started), milli(c.Ended), asJSON(c.Problem))
	})
}

// RunChanges lists the changes of a run in the order in which they were first
// saved.
func (s *Store) RunChanges(ctx context.Context, run int64) ([]engine.RunChange, error) {
	return list(ctx, s.reader, fmt.Sprintf("reading the changes of run %d", run), scanChange,
		`SELECT `+changeColumns+` FROM run_changes WHERE run = ? ORDER BY id`, run)
}

func scanChange(r row) (c engine.RunChange, err error) {
	err = r.Scan(&c.Run, &c.Key.Kind, &c.Key.Scope, &c.Key.Name, &c.Verb, &c.Step, &c.Title, &c.State, &c.Attempt,
		intoTime(&c.Started), intoTime(&c.Ended), intoJSON(&c.Problem))
	return c, err
}
