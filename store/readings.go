package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

// How long the history of checks is kept: every reading, and what is left of
// them by the hour.
const (
	keepReadings = 24 * time.Hour
	keepHours    = 30 * 24 * time.Hour
)

// SaveReadings adds to the history of a setup's checks. A setup that is not
// there gives engine.ErrNotFound.
func (s *Store) SaveReadings(ctx context.Context, of setup.SetupID, readings []setup.Reading) error {
	return s.write(ctx, "saving the readings of "+string(of), func(tx *sql.Tx) error {
		series := map[string]int64{}
		for _, r := range readings {
			id, known := series[r.Check]
			if !known {
				var err error
				if id, err = seriesOf(ctx, tx, of, r.Check); err != nil {
					return err
				}
				series[r.Check] = id
			}
			err := exec(ctx, tx, `INSERT INTO readings (series, at, ok, by, status, took) VALUES (?, ?, ?, ?, ?, ?)
				ON CONFLICT DO NOTHING`, id, milli(s.orNow(r.At)), r.OK, r.By, r.Status, r.Took.Microseconds())
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// seriesOf gives the number of a check's series, made at its first reading.
func seriesOf(ctx context.Context, tx *sql.Tx, of setup.SetupID, check string) (id int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT id FROM series WHERE setup = ? AND name = ?`, of, check).Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO series (setup, name) VALUES (?, ?)`, of, check)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// Readings lists what a check saw from a moment on, oldest first. None is
// older than a day.
func (s *Store) Readings(ctx context.Context, of setup.SetupID, check string, since time.Time) ([]setup.Reading, error) {
	return list(ctx, s.reader, "reading the history of "+check, scanReading,
		`SELECT series.name, at, ok, by, status, took FROM readings JOIN series ON series.id = series
		WHERE setup = ? AND name = ? AND at >= ? ORDER BY at`, of, check, since.UnixMilli())
}

// LastGood tells by check when it held last, of what is kept.
func (s *Store) LastGood(ctx context.Context, of setup.SetupID) (map[string]time.Time, error) {
	type good struct {
		check string
		at    time.Time
	}
	all, err := list(ctx, s.reader, "reading when checks held last", func(r row) (g good, err error) {
		err = r.Scan(&g.check, intoTime(&g.at))
		return g, err
	}, `SELECT name, at FROM series JOIN readings ON series = id
		WHERE setup = ? AND at = (SELECT at FROM readings WHERE series = id AND ok ORDER BY at DESC LIMIT 1)`, of)
	last := make(map[string]time.Time, len(all))
	for _, g := range all {
		last[g.check] = g.at
	}
	return last, err
}

func scanReading(r row) (x setup.Reading, err error) {
	var took int64
	err = r.Scan(&x.Check, intoTime(&x.At), &x.OK, &x.By, &x.Status, &took)
	x.Took = time.Duration(took) * time.Microsecond
	return x, err
}

// Hours lists what is left of a check's readings by the hour, from a moment on,
// oldest first. The hour that is not over yet is not among them.
func (s *Store) Hours(ctx context.Context, of setup.SetupID, check string, since time.Time) ([]setup.Bucket, error) {
	return list(ctx, s.reader, "reading the hours of "+check, scanHour,
		`SELECT hour, count, ok, least, mean, p95, most FROM hours JOIN series ON series.id = series
		WHERE setup = ? AND name = ? AND hour >= ? ORDER BY hour`, of, check, since.UnixMilli())
}

func scanHour(r row) (b setup.Bucket, err error) {
	var took [4]int64
	err = r.Scan(intoTime(&b.From), &b.Count, &b.OK, &took[0], &took[1], &took[2], &took[3])
	for i, to := range []*time.Duration{&b.Least, &b.Mean, &b.P95, &b.Most} {
		*to = time.Duration(took[i]) * time.Microsecond
	}
	return b, err
}

// rolledName is the setting that says up to when readings were rolled up.
const rolledName = "readings rolled up until"

// settleTime is how long after its end an hour is rolled up: the last readings
// of it may still be on their way.
const settleTime = time.Minute

// RollUp sums up the hours that are over and drops what is too old to keep.
// Each hour is one transaction: an interrupted RollUp goes on where it was.
func (s *Store) RollUp(ctx context.Context, now time.Time) error {
	for {
		hour, ok, err := s.nextHour(ctx, now)
		if err != nil {
			return err
		}
		if !ok {
			return s.dropOld(ctx, now)
		}
		if err := s.rollHour(ctx, hour); err != nil {
			return err
		}
	}
}

// nextHour is the first hour with readings that is over and not rolled up.
func (s *Store) nextHour(ctx context.Context, now time.Time) (time.Time, bool, error) {
	since := int64(0)
	switch text, err := s.Value(ctx, rolledName); {
	case errors.Is(err, engine.ErrNotFound):
	case err != nil:
		return time.Time{}, false, err
	default:
		if since, err = strconv.ParseInt(text, 10, 64); err != nil {
			return time.Time{}, false, fmt.Errorf("reading the setting %s: %w", rolledName, err)
		}
	}
	var first sql.NullInt64
	err := s.reader.QueryRowContext(ctx, `SELECT min(next) FROM (
		SELECT (SELECT min(at) FROM readings WHERE series = s.id AND at >= ?) AS next FROM series AS s)`, since).Scan(&first)
	if err != nil || !first.Valid {
		return time.Time{}, false, err
	}
	hour := time.UnixMilli(first.Int64).UTC().Truncate(time.Hour)
	return hour, !now.Before(hour.Add(time.Hour + settleTime)), nil
}

func (s *Store) rollHour(ctx context.Context, hour time.Time) error {
	end := hour.Add(time.Hour)
	ids, err := list(ctx, s.reader, "reading the series", scanID, `SELECT id FROM series ORDER BY id`)
	if err != nil {
		return err
	}
	buckets := map[int64]setup.Bucket{}
	for _, id := range ids {
		readings, err := list(ctx, s.reader, "reading an hour of readings", scanReading,
			`SELECT '', at, ok, by, status, took FROM readings WHERE series = ? AND at >= ? AND at < ?`,
			id, hour.UnixMilli(), end.UnixMilli())
		if err != nil {
			return err
		}
		if rolled := setup.Roll(readings, time.Hour); len(rolled) > 0 {
			buckets[id] = rolled[0]
		}
	}
	return s.write(ctx, "rolling up the readings", func(tx *sql.Tx) error {
		for id, b := range buckets {
			err := exec(ctx, tx, `INSERT INTO hours (series, hour, count, ok, least, mean, p95, most) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT DO NOTHING`, id, hour.UnixMilli(), b.Count, b.OK,
				b.Least.Microseconds(), b.Mean.Microseconds(), b.P95.Microseconds(), b.Most.Microseconds())
			if err != nil {
				return err
			}
		}
		return exec(ctx, tx, putValue, rolledName, strconv.FormatInt(end.UnixMilli(), 10))
	})
}

func scanID(r row) (id int64, err error) {
	err = r.Scan(&id)
	return id, err
}

// dropOld forgets what is too old to keep, a series at a time: each is a short
// write.
func (s *Store) dropOld(ctx context.Context, now time.Time) error {
	ids, err := list(ctx, s.reader, "reading the series", scanID, `SELECT id FROM series ORDER BY id`)
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := s.write(ctx, "dropping old readings", func(tx *sql.Tx) error {
			if err := exec(ctx, tx, `DELETE FROM readings WHERE series = ? AND at < ?`, id, now.Add(-keepReadings).UnixMilli()); err != nil {
				return err
			}
			return exec(ctx, tx, `DELETE FROM hours WHERE series = ? AND hour < ?`, id, now.Add(-keepHours).UnixMilli())
		})
		if err != nil {
			return err
		}
	}
	return nil
}
