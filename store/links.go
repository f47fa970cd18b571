package store

import (
	"context"
	"database/sql"
	"time"
)

// SaveLink keeps the hash of a login link until it expires.
func (s *Store) SaveLink(ctx context.Context, hash string, expires time.Time) error {
	return s.write(ctx, "saving a login link", func(tx *sql.Tx) error {
		if err := exec(ctx, tx, `DELETE FROM links WHERE expires <= ?`, milli(s.now())); err != nil {
			return err
		}
		return exec(ctx, tx, `INSERT INTO links (hash, expires) VALUES (?, ?)`, hash, milli(expires))
	})
}

// TakeLink uses a login link up. It says yes once, and only before it expires.
func (s *Store) TakeLink(ctx context.Context, hash string) (taken bool, err error) {
	err = s.write(ctx, "using a login link", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM links WHERE hash = ? AND expires > ?`, hash, milli(s.now()))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		taken = n == 1
		return err
	})
	return taken && err == nil, err
}
