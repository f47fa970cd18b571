package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"strings"
)

const installName = "install"

// Install is the id of this installation: ten letters and digits.
func (s *Store) Install(ctx context.Context) (string, error) { return s.Value(ctx, installName) }

// makeInstall gives a new data directory its id, for ever.
func (s *Store) makeInstall(ctx context.Context) error {
	id := strings.ToLower(rand.Text())[:10]
	return s.write(ctx, "making the id of this installation", func(tx *sql.Tx) error {
		return exec(ctx, tx, `INSERT INTO kv (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING`, installName, id)
	})
}

// Value reads a small setting of the installation, or gives engine.ErrNotFound.
func (s *Store) Value(ctx context.Context, name string) (string, error) {
	return one(ctx, s.reader, "reading the setting "+name, scanText, `SELECT value FROM kv WHERE name = ?`, name)
}

// PutValue keeps a small setting of the installation. Secrets do not belong here.
func (s *Store) PutValue(ctx context.Context, name, value string) error {
	return s.write(ctx, "saving the setting "+name, func(tx *sql.Tx) error {
		return exec(ctx, tx, putValue, name, value)
	})
}

const putValue = `INSERT INTO kv (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`
