package store

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryConnectionHasItsPragmas(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	pools := []struct {
		name      string
		db        *sql.DB
		size      int
		queryOnly string
	}{{"writer", s.writer, 1, "0"}, {"reader", s.reader, readers, "1"}}
	for _, p := range pools {
		var conns []*sql.Conn // held, so that each is another one
		for range p.size {
			conn, err := p.db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			conns = append(conns, conn)
		}
		for _, conn := range conns {
			want := map[string]string{"journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "5000",
				"synchronous": "2", "query_only": p.queryOnly}
			for name, value := range want {
				if got := readPragma(t, conn, name); got != value {
					t.Errorf("%s: %s = %q, want %q", p.name, name, got, value)
				}
			}
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func readPragma(t *testing.T, conn *sql.Conn, name string) (value string) {
	t.Helper()
	if err := conn.QueryRowContext(context.Background(), "PRAGMA "+name).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestAPragmaThatDidNotTakeIsNoticedAtTheStart(t *testing.T) {
	misspelt := []pragma{{"foreign_keys", "_pragma=foreign_keys(1)", "1"}}
	db, err := openPool(t.Context(), filepath.Join(t.TempDir(), "x.db"), 1, "immediate", misspelt)
	if err == nil {
		db.Close()
		t.Fatal("foreign keys are off and nobody noticed")
	}
	if !strings.Contains(err.Error(), `foreign_keys is "0" instead of "1"`) {
		t.Errorf("err = %v", err)
	}
}

func TestReadersCannotWrite(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.reader.Exec(`DELETE FROM kv`); err == nil {
		t.Error("a reader deleted rows")
	}
}
