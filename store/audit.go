package store

import (
	"context"
	"database/sql"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

const auditColumns = `id, at, setup, run, actor, action, kind, scope, name, verb, text, before, after`

// SaveAudit adds an entry to the history. Its id is given by the store.
func (s *Store) SaveAudit(ctx context.Context, a engine.Audit) error {
	return s.write(ctx, "saving the history", func(tx *sql.Tx) error {
		return s.insertAudit(ctx, tx, a)
	})
}

// AuditLog lists entries of a setup (of all, if empty), newest first, from
// before the given id (0: from the newest), at most limit (all, if zero).
func (s *Store) AuditLog(ctx context.Context, of setup.SetupID, before int64, limit int) ([]engine.Audit, error) {
	return list(ctx, s.reader, "reading the history", scanAudit,
		`SELECT `+auditColumns+` FROM audit
		WHERE (?1 = '' OR setup = ?1) AND (?2 = 0 OR id < ?2) ORDER BY id DESC LIMIT ?3`,
		of, before, atMost(limit))
}

func (s *Store) insertAudits(ctx context.Context, tx *sql.Tx, audits []engine.Audit) error {
	for _, a := range audits {
		if err := s.insertAudit(ctx, tx, a); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) insertAudit(ctx context.Context, tx *sql.Tx, a engine.Audit) error {
	return exec(ctx, tx, `INSERT INTO audit (`+auditColumns+`)
		VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		milli(s.orNow(a.At)), a.Setup, a.Run, a.Actor, a.Action, a.Key.Kind, a.Key.Scope, a.Key.Name, a.Verb, a.Text,
		asState(a.Before), asState(a.After))
}

func scanAudit(r row) (a engine.Audit, err error) {
	err = r.Scan(&a.ID, intoTime(&a.At), &a.Setup, &a.Run, &a.Actor, &a.Action, &a.Key.Kind, &a.Key.Scope, &a.Key.Name,
		&a.Verb, &a.Text, intoState(&a.Before), intoState(&a.After))
	return a, err
}
