package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/culvert/culvert/secret"
)

// PutSecret keeps a secret under a name, sealed, in place of an older one.
func (s *Store) PutSecret(ctx context.Context, name string, text secret.Text) error {
	sealed, err := s.box.Seal([]byte(text.Reveal()))
	if err != nil {
		return fmt.Errorf("saving the secret %q: %w", name, err)
	}
	return s.write(ctx, fmt.Sprintf("saving the secret %q", name), func(tx *sql.Tx) error {
		return exec(ctx, tx, `INSERT INTO secrets (name, sealed, at) VALUES (?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, at = excluded.at`,
			name, sealed, milli(s.now()))
	})
}

// Secret gives a secret, or engine.ErrNotFound, or secret.ErrWrongKey if the
// key file was replaced since.
func (s *Store) Secret(ctx context.Context, name string) (secret.Text, error) {
	sealed, err := one(ctx, s.reader, fmt.Sprintf("reading the secret %q", name), scanBytes,
		`SELECT sealed FROM secrets WHERE name = ?`, name)
	if err != nil {
		return secret.Text{}, err
	}
	plain, err := s.box.Open(sealed)
	if errors.Is(err, secret.ErrWrongKey) {
		return secret.Text{}, fmt.Errorf("reading the secret %q: it was %w than the one in %s. "+
			"Put the old key file back, or enter the secret again", name, err, keyFile)
	}
	if err != nil {
		return secret.Text{}, fmt.Errorf("reading the secret %q: %w", name, err)
	}
	return secret.New(string(plain)), nil
}

// DeleteSecret forgets a secret. One that is not there is no error.
func (s *Store) DeleteSecret(ctx context.Context, name string) error {
	return s.write(ctx, fmt.Sprintf("deleting the secret %q", name), func(tx *sql.Tx) error {
		return exec(ctx, tx, `DELETE FROM secrets WHERE name = ?`, name)
	})
}
