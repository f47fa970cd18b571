package migrations_test

import (
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	_ "github.com/mattn/go-sqlite3"

	"github.com/culvert/culvert/migrations"
)

func TestUpWorksOnOneConnectionAndTwiceChangesNothing(t *testing.T) {
	db := open(t)
	for range 2 {
		if err := migrations.Up(t.Context(), db, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		var applied, version int
		row := db.QueryRow(`SELECT count(*), max(version_id) FROM goose_db_version WHERE version_id > 0`)
		if err := row.Scan(&applied, &version); err != nil {
			t.Fatal(err)
		}
		if applied == 0 || applied != version {
			t.Errorf("%d migrations applied up to version %d", applied, version)
		}
	}
	if _, err := db.Exec(`SELECT id FROM runs`); err != nil {
		t.Error(err)
	}
}

func TestADatabaseOfANewerVersionIsRefused(t *testing.T) {
	db := open(t)
	if err := migrations.Up(t.Context(), db, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	err := migrations.Up(t.Context(), db, slog.New(slog.DiscardHandler))
	if !errors.Is(err, migrations.ErrNewer) {
		t.Errorf("err = %v, want ErrNewer", err)
	}
}

func open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(t.TempDir(), "test.db")+"?_foreign_keys=on&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // as the store's writer
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
