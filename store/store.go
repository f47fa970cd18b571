// Package store keeps everything that must survive the process in one SQLite
// database of a data directory: it implements engine.Store, holds secrets
// (sealed), sessions and login links (hashed). Each method is one transaction.
//
// It must not know what the engine does with the rows, nor anything of
// Cloudflare, Docker or HTTP, and it publishes no events: that is for who calls
// it, after it returned.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/migrations"
	"github.com/culvert/culvert/secret"
)

// Names within the data directory.
const (
	databaseFile = "culvert.db"
	keyFile      = "secret.key"
	lockFile     = "lock"
)

var _ engine.Store = (*Store)(nil)

// Options are what a store needs besides its directory.
type Options struct {
	Clock func() time.Time // nil: time.Now
	Log   *slog.Logger     // nil: no log
}

// Store is the open data directory. It is safe for concurrent use.
//
// Times are kept to the millisecond and returned in UTC. Where a time of
// creation is left zero, the store's clock fills it in.
type Store struct {
	writer *sql.DB // one connection: SQLite has one writer
	reader *sql.DB
	box    *secret.Box
	lock   *os.File
	now    func() time.Time
}

// Open opens the data directory, makes it if there is none, and locks it for
// this process: a second one gets an InUseError.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	s := &Store{now: o.Clock}
	if s.now == nil {
		s.now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := s.open(ctx, dir, o.Log); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the data directory: %w", err), s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, dir string, log *slog.Logger) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := prepareDir(dir); err != nil {
		return err
	}
	if s.lock, err = lockDir(dir); err != nil {
		return err
	}
	path := filepath.Join(dir, databaseFile)
	if err := makePrivate(path); err != nil {
		return err
	}
	if s.writer, err = openWriter(ctx, path); err != nil {
		return err
	}
	if err := migrations.Up(ctx, s.writer, log); err != nil {
		return err
	}
	if s.reader, err = openReader(ctx, path); err != nil {
		return err
	}
	if s.box, err = secret.OpenBox(filepath.Join(dir, keyFile)); err != nil {
		return err
	}
	return s.makeInstall(ctx)
}

// Close ends the use of the directory. Nothing may use the store afterwards.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.reader, s.writer} { // the last one out tidies the write-ahead log
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close()) // which unlocks
	}
	return errors.Join(errs...)
}

// Box seals what has to be kept outside the database, with the same key.
func (s *Store) Box() *secret.Box { return s.box }

func (s *Store) orNow(t time.Time) time.Time {
	if t.IsZero() {
		t = s.now()
	}
	return toMilli(t)
}
