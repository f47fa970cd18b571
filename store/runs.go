package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

const runColumns = `id, setup, revision, through, approved, state, step, note, problem, actor, created, started, ended, only_keys, mends`

// isOpen is the condition of the index runs_open.
const isOpen = `state NOT IN ('succeeded', 'failed', 'cancelled', 'needs-approval')`

// CreateRun stores a new run, queued unless it says otherwise, with the audit
// entry. engine.ErrBusy: its setup has one that is not over. The entry gets the
// run's id and setup.
func (s *Store) CreateRun(ctx context.Context, r engine.Run, a engine.Audit) (engine.Run, error) {
	if r.State == "" {
		r.State = engine.RunQueued
	}
	r.Created, r.Started, r.Ended = s.orNow(r.Created), toMilli(r.Started), toMilli(r.Ended)
	err := s.write(ctx, "creating a run of "+string(r.Setup), func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO runs (`+runColumns+`)
			VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			r.Setup, r.Revision, r.Through, asJSON(r.Approved), r.State, r.Step, r.Note, asJSON(r.Problem),
			r.Actor, milli(r.Created), milli(r.Started), milli(r.Ended), asJSON(r.Only), asJSON(r.Mends))
		if err != nil {
			return err
		}
		if r.ID, err = res.LastInsertId(); err != nil {
			return err
		}
		a.Run, a.Setup = r.ID, r.Setup
		return s.insertAudit(ctx, tx, a)
	})
	if err != nil {
		return engine.Run{}, err
	}
	return r, nil
}

// SaveRun replaces all of a run but its setup, actor, limits and time of creation, with
// audit entries. A run that is not there gives engine.ErrNotFound.
func (s *Store) SaveRun(ctx context.Context, r engine.Run, audits []engine.Audit) error {
	return s.write(ctx, fmt.Sprintf("saving run %d", r.ID), func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE runs
			SET revision = ?, through = ?, approved = ?, state = ?, step = ?, note = ?, problem = ?,
				started = ?, ended = ?
			WHERE id = ?`,
			r.Revision, r.Through, asJSON(r.Approved), r.State, r.Step, r.Note, asJSON(r.Problem),
			milli(r.Started), milli(r.Ended), r.ID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return orNotFound(err)
		}
		return s.insertAudits(ctx, tx, audits)
	})
}

func orNotFound(err error) error {
	if err == nil {
		return engine.ErrNotFound
	}
	return err
}

// Run reads one run, or gives engine.ErrNotFound.
func (s *Store) Run(ctx context.Context, id int64) (engine.Run, error) {
	return one(ctx, s.reader, fmt.Sprintf("reading run %d", id), scanRun,
		`SELECT `+runColumns+` FROM runs WHERE id = ?`, id)
}

// Runs lists runs of a setup (of all, if empty), newest first, at most limit
// (all, if zero).
func (s *Store) Runs(ctx context.Context, of setup.SetupID, limit int) ([]engine.Run, error) {
	return list(ctx, s.reader, "reading the runs", scanRun,
		`SELECT `+runColumns+` FROM runs WHERE ?1 = '' OR setup = ?1 ORDER BY id DESC LIMIT ?2`, of, atMost(limit))
}

// OpenRuns lists the runs of all setups that are not over, oldest first.
func (s *Store) OpenRuns(ctx context.Context) ([]engine.Run, error) {
	return list(ctx, s.reader, "reading the open runs", scanRun,
		`SELECT `+runColumns+` FROM runs WHERE `+isOpen+` ORDER BY id`)
}

// RunCounts says how many runs of all setups are in each state.
func (s *Store) RunCounts(ctx context.Context) (map[engine.RunState]int, error) {
	type count struct {
		state engine.RunState
		n     int
	}
	rows, err := list(ctx, s.reader, "counting the runs", func(r row) (c count, err error) {
		err = r.Scan(&c.state, &c.n)
		return c, err
	}, `SELECT state, count(*) FROM runs GROUP BY state`)
	if err != nil {
		return nil, err
	}
	counts := map[engine.RunState]int{}
	for _, c := range rows {
		counts[c.state] = c.n
	}
	return counts, nil
}

func scanRun(r row) (x engine.Run, err error) {
	err = r.Scan(&x.ID, &x.Setup, &x.Revision, &x.Through, intoJSON(&x.Approved), &x.State, &x.Step, &x.Note,
		intoJSON(&x.Problem), &x.Actor, intoTime(&x.Created), intoTime(&x.Started), intoTime(&x.Ended),
		intoJSON(&x.Only), intoJSON(&x.Mends))
	return x, err
}
