package store

import (
	"context"
	"database/sql"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

const revisionColumns = `setup, number, at, actor, answers`

// Approve stores the answers as the next revision of their setup, with the
// audit entry. The number that was given does not count. A setup that is not
// there gives engine.ErrNotFound.
func (s *Store) Approve(ctx context.Context, r engine.Revision, a engine.Audit) (engine.Revision, error) {
	r.At = s.orNow(r.At)
	a.Setup = r.Setup
	err := s.write(ctx, "approving the answers of "+string(r.Setup), func(tx *sql.Tx) error {
		next := tx.QueryRowContext(ctx, `SELECT coalesce(max(number), 0) + 1 FROM revisions WHERE setup = ?`, r.Setup)
		if err := next.Scan(&r.Number); err != nil {
			return err
		}
		err := exec(ctx, tx, `INSERT INTO revisions (`+revisionColumns+`) VALUES (?, ?, ?, ?, ?)`,
			r.Setup, r.Number, milli(r.At), r.Actor, asJSON(r.Answers))
		if err != nil {
			return err
		}
		return s.insertAudit(ctx, tx, a)
	})
	if err != nil {
		return engine.Revision{}, err
	}
	return r, nil
}

// Approved gives the newest revision of every setup that has one.
func (s *Store) Approved(ctx context.Context) (map[setup.SetupID]engine.Revision, error) {
	newest, err := list(ctx, s.reader, "reading the approved answers", scanRevision,
		`SELECT `+revisionColumns+` FROM revisions AS r
		WHERE number = (SELECT max(number) FROM revisions WHERE setup = r.setup)`)
	if err != nil {
		return nil, err
	}
	approved := make(map[setup.SetupID]engine.Revision, len(newest))
	for _, r := range newest {
		approved[r.Setup] = r
	}
	return approved, nil
}

// Revisions lists the revisions of a setup, newest first.
func (s *Store) Revisions(ctx context.Context, of setup.SetupID) ([]engine.Revision, error) {
	return list(ctx, s.reader, "reading the revisions of "+string(of), scanRevision,
		`SELECT `+revisionColumns+` FROM revisions WHERE setup = ? ORDER BY number DESC`, of)
}

func scanRevision(r row) (x engine.Revision, err error) {
	err = r.Scan(&x.Setup, &x.Number, intoTime(&x.At), &x.Actor, intoJSON(&x.Answers))
	return x, err
}
