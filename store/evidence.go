package store

import (
	"context"
	"database/sql"

	"github.com/culvert/culvert/setup"
)

// SaveEvidence keeps the newest evidence of each check, also when an older one
// comes in late. One of a time that is not yet is replaced by any: the clock was
// put back. A setup that is not there gives engine.ErrNotFound.
func (s *Store) SaveEvidence(ctx context.Context, of setup.SetupID, all []setup.Evidence) error {
	now := s.now()
	return s.write(ctx, "saving the evidence of "+string(of), func(tx *sql.Tx) error {
		for _, e := range all {
			e.At = s.orNow(e.At)
			err := exec(ctx, tx, `INSERT INTO evidence (setup, name, at, evidence) VALUES (?, ?, ?, ?)
				ON CONFLICT (setup, name) DO UPDATE SET at = excluded.at, evidence = excluded.evidence
				WHERE excluded.at >= at OR at > ?`,
				of, e.Check.ID, milli(e.At), asJSON(e), milli(now.Add(setup.Ahead)))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Evidence lists what each check of a setup saw last, by the check's id.
func (s *Store) Evidence(ctx context.Context, of setup.SetupID) ([]setup.Evidence, error) {
	return list(ctx, s.reader, "reading the evidence of "+string(of), scanEvidence,
		`SELECT evidence FROM evidence WHERE setup = ? ORDER BY name`, of)
}

func scanEvidence(r row) (e setup.Evidence, err error) {
	err = r.Scan(intoJSON(&e))
	return e, err
}
