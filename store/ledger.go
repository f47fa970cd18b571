package store

import (
	"context"
	"database/sql"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

// Ledger reads every record. The ledger is the caller's to change.
func (s *Store) Ledger(ctx context.Context) (setup.Ledger, error) {
	install, err := s.Install(ctx)
	if err != nil {
		return setup.Ledger{}, err
	}
	entries, err := list(ctx, s.reader, "reading the ledger", scanRecord,
		`SELECT kind, scope, name, record FROM records`)
	if err != nil {
		return setup.Ledger{}, err
	}
	l := setup.Ledger{Install: install, Records: make(map[setup.Key]setup.Record, len(entries))}
	for _, e := range entries {
		l.Records[e.Key] = *e.Record
	}
	return l, nil
}

// SaveRecords writes and removes records, with their audit entries, all or none.
func (s *Store) SaveRecords(ctx context.Context, changes []engine.RecordChange, audits []engine.Audit) error {
	return s.write(ctx, "saving the ledger", func(tx *sql.Tx) error {
		for _, c := range changes {
			if err := saveRecord(ctx, tx, c); err != nil {
				return err
			}
		}
		return s.insertAudits(ctx, tx, audits)
	})
}

func saveRecord(ctx context.Context, tx *sql.Tx, c engine.RecordChange) error {
	if c.Record == nil {
		return exec(ctx, tx, `DELETE FROM records WHERE kind = ? AND scope = ? AND name = ?`,
			c.Key.Kind, c.Key.Scope, c.Key.Name)
	}
	return exec(ctx, tx, `INSERT INTO records (kind, scope, name, record) VALUES (?, ?, ?, ?)
		ON CONFLICT (kind, scope, name) DO UPDATE SET record = excluded.record`,
		c.Key.Kind, c.Key.Scope, c.Key.Name, asJSON(c.Record))
}

func scanRecord(r row) (engine.RecordChange, error) {
	c := engine.RecordChange{Record: &setup.Record{}}
	err := r.Scan(&c.Key.Kind, &c.Key.Scope, &c.Key.Name, intoJSON(c.Record))
	return c, err
}
