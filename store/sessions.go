package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/culvert/culvert/engine"
)

// Sessions keeps browser sessions. It has the methods of the session library's
// CtxStore and knows sessions by a token only, which the library hashes.
type Sessions struct{ s *Store }

// Sessions gives the part of the store that keeps browser sessions.
func (s *Store) Sessions() Sessions { return Sessions{s} }

// FindCtx gives the data of a session that has neither expired nor ended.
func (x Sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	data, err := one(ctx, x.s.reader, "reading a session", scanBytes,
		`SELECT data FROM sessions WHERE token = ? AND expires > ? AND data IS NOT NULL`, token, milli(x.s.now()))
	if errors.Is(err, engine.ErrNotFound) {
		return nil, false, nil
	}
	return data, err == nil, err
}

// CommitCtx saves a session, unless it was ended: a request that was under way
// at the sign-out must not bring it back. The visitor leaving does not stop it.
func (x Sessions) CommitCtx(ctx context.Context, token string, data []byte, expires time.Time) error {
	ctx = context.WithoutCancel(ctx)
	return x.s.write(ctx, "saving a session", func(tx *sql.Tx) error {
		if err := exec(ctx, tx, `DELETE FROM sessions WHERE expires <= ?`, milli(x.s.now())); err != nil {
			return err
		}
		return exec(ctx, tx, `INSERT INTO sessions (token, data, expires) VALUES (?, ?, ?)
			ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires = excluded.expires
			WHERE sessions.data IS NOT NULL`,
			token, data, milli(expires))
	})
}

// DeleteCtx ends a session for good.
func (x Sessions) DeleteCtx(ctx context.Context, token string) error {
	ctx = context.WithoutCancel(ctx)
	return x.s.write(ctx, "ending a session", func(tx *sql.Tx) error {
		return exec(ctx, tx, `UPDATE sessions SET data = NULL WHERE token = ?`, token)
	})
}

// Find is FindCtx without a context.
func (x Sessions) Find(token string) ([]byte, bool, error) {
	return x.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (x Sessions) Commit(token string, data []byte, expires time.Time) error {
	return x.CommitCtx(context.Background(), token, data, expires)
}

// Delete is DeleteCtx without a context.
func (x Sessions) Delete(token string) error { return x.DeleteCtx(context.Background(), token) }
