package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/mattn/go-sqlite3"

	"github.com/culvert/culvert/engine"
)

// readers is how many reads run at the same time.
const readers = 4

// pragma is a setting of each connection that we rely on. The driver ignores a
// misspelt option of the DSN, so each is read back at the start.
type pragma struct{ name, option, want string }

func commonPragmas() []pragma {
	return []pragma{
		{"busy_timeout", "_busy_timeout=5000", "5000"},
		{"journal_mode", "_journal_mode=WAL", "wal"},
		{"foreign_keys", "_foreign_keys=on", "1"},
		// FULL: an intent that was written must survive a loss of power, because
		// the call that follows it cannot be taken back. NORMAL may forget it.
		{"synchronous", "_synchronous=FULL", "2"},
	}
}

// openWriter opens the one connection that writes. Using the pool again inside
// a transaction, or while rows of it are open, would wait for ever.
func openWriter(ctx context.Context, path string) (*sql.DB, error) {
	return openPool(ctx, path, 1, "immediate", append(commonPragmas(), pragma{"query_only", "_query_only=off", "0"}))
}

func openReader(ctx context.Context, path string) (*sql.DB, error) {
	return openPool(ctx, path, readers, "deferred", append(commonPragmas(), pragma{"query_only", "_query_only=on", "1"}))
}

func openPool(ctx context.Context, path string, size int, txlock string, pragmas []pragma) (*sql.DB, error) {
	options := []string{"_txlock=" + txlock}
	for _, p := range pragmas {
		options = append(options, p.option)
	}
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + strings.Join(options, "&")
	db, err := sql.Open("sqlite3", name)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	if err := assertPragmas(ctx, db, pragmas); err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", path, err), db.Close())
	}
	return db, nil
}

func assertPragmas(ctx context.Context, db *sql.DB, pragmas []pragma) error {
	for _, p := range pragmas {
		var got string
		if err := db.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(&got); err != nil {
			return fmt.Errorf("reading the setting %s: %w", p.name, err)
		}
		if got != p.want {
			return fmt.Errorf("the setting %s is %q instead of %q. Is the directory on a network file system? "+
				"Use a local one", p.name, got, p.want)
		}
	}
	return nil
}

// write runs f in one transaction. An error or a panic leaves nothing of it.
func (s *Store) write(ctx context.Context, doing string, f func(*sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if err := f(tx); err != nil {
		return fmt.Errorf("%s: %w", doing, known(err))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// exec runs one statement of a transaction.
func exec(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	_, err := tx.ExecContext(ctx, query, args...)
	return err
}

// known turns the errors of the database that mean something to the engine
// into its own.
func known(err error) error {
	var e sqlite3.Error
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return engine.ErrNotFound
	case !errors.As(err, &e):
		return err
	case e.ExtendedCode == sqlite3.ErrConstraintForeignKey:
		return engine.ErrNotFound // what the new row belongs to
	case e.ExtendedCode == sqlite3.ErrConstraintUnique && strings.HasSuffix(e.Error(), ": runs.setup"):
		return engine.ErrBusy // the index runs_open
	case e.ExtendedCode == sqlite3.ErrConstraintUnique && strings.HasSuffix(e.Error(), ": incidents.setup, incidents.name"):
		return engine.ErrBusy // the index incidents_standing
	}
	return err
}

// one reads one row; none gives engine.ErrNotFound.
func one[T any](ctx context.Context, db *sql.DB, doing string, scan func(row) (T, error), query string, args ...any) (T, error) {
	t, err := scan(db.QueryRowContext(ctx, query, args...))
	if err != nil {
		var none T
		return none, fmt.Errorf("%s: %w", doing, known(err))
	}
	return t, nil
}

// list reads all rows.
func list[T any](ctx context.Context, db *sql.DB, doing string, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	all, err := scanAll(ctx, db, scan, query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return all, nil
}

func scanAll[T any](ctx context.Context, db *sql.DB, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		t, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, rows.Err()
}

// row is one row of an answer.
type row interface{ Scan(...any) error }

// atMost is a LIMIT; zero and less mean all.
func atMost(n int) int {
	if n <= 0 {
		return -1 // SQLite: no limit
	}
	return n
}
