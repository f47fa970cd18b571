package store

import (
	"context"
	"database/sql"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

const setupColumns = `id, created, draft, before, closed`

// Setups lists all setups, oldest first.
func (s *Store) Setups(ctx context.Context) ([]engine.Setup, error) {
	return list(ctx, s.reader, "reading the setups", scanSetup,
		`SELECT `+setupColumns+` FROM setups ORDER BY created, id`)
}

// Setup reads one setup, or gives engine.ErrNotFound.
func (s *Store) Setup(ctx context.Context, id setup.SetupID) (engine.Setup, error) {
	return one(ctx, s.reader, "reading setup "+string(id), scanSetup,
		`SELECT `+setupColumns+` FROM setups WHERE id = ?`, id)
}

// SaveSetup inserts a setup or replaces all of it but the time it was created.
func (s *Store) SaveSetup(ctx context.Context, x engine.Setup) error {
	return s.write(ctx, "saving setup "+string(x.ID), func(tx *sql.Tx) error {
		return exec(ctx, tx, `INSERT INTO setups (`+setupColumns+`) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE
			SET draft = excluded.draft, before = excluded.before, closed = excluded.closed`,
			x.ID, milli(s.orNow(x.Created)), raw(x.Draft), raw(x.Before), x.Closed)
	})
}

func scanSetup(r row) (x engine.Setup, err error) {
	err = r.Scan(&x.ID, intoTime(&x.Created), intoRaw(&x.Draft), intoRaw(&x.Before), &x.Closed)
	return x, err
}
