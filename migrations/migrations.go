// Package migrations holds the database's schema as numbered SQL files and
// brings a database up to it. A file that was released is never changed; a
// rebuild of a table needs "-- +goose NO TRANSACTION", as SQLite ignores
// "PRAGMA foreign_keys" inside one.
//
// It must not know what the tables are for.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"log/slog"

	"github.com/pressly/goose/v3"
)

//go:embed *.sql
var files embed.FS

// ErrNewer: the database was written by a newer version than this one.
var ErrNewer = errors.New("this data was written by a newer version of Culvert: " +
	"use that version, or put back a backup from before the upgrade")

// Up brings the database to the newest schema. Each file is applied as a whole
// or not at all. It needs one connection only.
func Up(ctx context.Context, db *sql.DB, log *slog.Logger) error {
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true), goose.WithSlog(log))
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	have, newest, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	if have > newest {
		return ErrNewer
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bringing the schema from version %d to %d: %w", have, newest, err)
	}
	return nil
}
