package store

import (
	"context"
	"database/sql"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

const incidentColumns = `id, setup, finding, opened, closed, ended, run`

// SaveIncident inserts an incident, or replaces what became of it, with audit
// entries. Without an id it is a new one and gets one. engine.ErrBusy: its
// cause stands already. A setup that is not there gives engine.ErrNotFound.
func (s *Store) SaveIncident(ctx context.Context, i setup.Incident, audits []engine.Audit) (setup.Incident, error) {
	i.Opened, i.Closed = s.orNow(i.Opened), toMilli(i.Closed)
	err := s.write(ctx, "saving an incident of "+string(i.Setup), func(tx *sql.Tx) error {
		if i.ID == 0 {
			res, err := tx.ExecContext(ctx, `INSERT INTO incidents (setup, name, finding, opened, closed, ended, run)
				VALUES (?, ?, ?, ?, ?, ?, ?)`,
				i.Setup, i.Finding.ID, asJSON(i.Finding), milli(i.Opened), milli(i.Closed), i.Ended, i.Run)
			if err != nil {
				return err
			}
			if i.ID, err = res.LastInsertId(); err != nil {
				return err
			}
		} else if err := exec(ctx, tx, `UPDATE incidents SET finding = ?, closed = ?, ended = ?, run = ? WHERE id = ?`,
			asJSON(i.Finding), milli(i.Closed), i.Ended, i.Run, i.ID); err != nil {
			return err
		}
		return s.insertAudits(ctx, tx, audits)
	})
	return i, err
}

// Incidents lists incidents of a setup, newest first, from before the given id
// (0: from the newest), at most limit (all, if zero).
func (s *Store) Incidents(ctx context.Context, of setup.SetupID, before int64, limit int) ([]setup.Incident, error) {
	return list(ctx, s.reader, "reading the incidents of "+string(of), scanIncident,
		`SELECT `+incidentColumns+` FROM incidents
		WHERE setup = ?1 AND (?2 = 0 OR id < ?2) ORDER BY id DESC LIMIT ?3`, of, before, atMost(limit))
}

// Standing lists the incidents of all setups that are not over, oldest first.
func (s *Store) Standing(ctx context.Context) ([]setup.Incident, error) {
	return list(ctx, s.reader, "reading the standing incidents", scanIncident,
		`SELECT `+incidentColumns+` FROM incidents WHERE closed IS NULL ORDER BY id`)
}

func scanIncident(r row) (i setup.Incident, err error) {
	err = r.Scan(&i.ID, &i.Setup, intoJSON(&i.Finding), intoTime(&i.Opened), intoTime(&i.Closed), &i.Ended, &i.Run)
	return i, err
}

// SaveAutomatic replaces which classes of findings are put right without
// asking, with the audit entry.
func (s *Store) SaveAutomatic(ctx context.Context, of setup.SetupID, rules []setup.Automatic, a engine.Audit) error {
	return s.write(ctx, "saving what is repaired by itself", func(tx *sql.Tx) error {
		if err := exec(ctx, tx, `DELETE FROM automatic WHERE setup = ?`, of); err != nil {
			return err
		}
		for _, r := range rules {
			if err := exec(ctx, tx, `INSERT INTO automatic (setup, class, per_hour) VALUES (?, ?, ?)`, of, r.Class, r.PerHour); err != nil {
				return err
			}
		}
		return s.insertAudit(ctx, tx, a)
	})
}

// Automatic lists which classes of a setup's findings are put right without
// asking.
func (s *Store) Automatic(ctx context.Context, of setup.SetupID) ([]setup.Automatic, error) {
	return list(ctx, s.reader, "reading what is repaired by itself", scanAutomatic,
		`SELECT class, per_hour FROM automatic WHERE setup = ? ORDER BY class`, of)
}

func scanAutomatic(r row) (a setup.Automatic, err error) {
	err = r.Scan(&a.Class, &a.PerHour)
	return a, err
}
