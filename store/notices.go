package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// SaveChannel adds a way on which people are told of problems, with its sealed
// address and the audit entry.
func (s *Store) SaveChannel(ctx context.Context, c setup.Channel, address secret.Text, a engine.Audit) (setup.Channel, error) {
	c.Created = s.orNow(c.Created)
	sealed, err := s.box.Seal([]byte(address.Reveal()))
	if err != nil {
		return c, fmt.Errorf("sealing the address of %q: %w", c.Name, err)
	}
	err = s.write(ctx, "saving where problems are told", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO channels (name, kind, sealed, created) VALUES (?, ?, ?, ?)`,
			c.Name, c.Kind, sealed, milli(c.Created))
		if err != nil {
			return err
		}
		if c.ID, err = res.LastInsertId(); err != nil {
			return err
		}
		return s.insertAudit(ctx, tx, a)
	})
	return c, err
}

// Channels lists the ways on which people are told of problems.
func (s *Store) Channels(ctx context.Context) ([]setup.Channel, error) {
	return list(ctx, s.reader, "reading where problems are told", scanChannel,
		`SELECT id, name, kind, created FROM channels ORDER BY id`)
}

func scanChannel(r row) (c setup.Channel, err error) {
	err = r.Scan(&c.ID, &c.Name, &c.Kind, intoTime(&c.Created))
	return c, err
}

// ChannelAddress gives the address of a channel, or engine.ErrNotFound.
func (s *Store) ChannelAddress(ctx context.Context, id int64) (secret.Text, error) {
	sealed, err := one(ctx, s.reader, "reading where problems are told", scanBytes, `SELECT sealed FROM channels WHERE id = ?`, id)
	if err != nil {
		return secret.Text{}, err
	}
	plain, err := s.box.Open(sealed)
	if errors.Is(err, secret.ErrWrongKey) {
		return secret.Text{}, fmt.Errorf("reading where problems are told: it was %w than the one in %s", err, keyFile)
	}
	if err != nil {
		return secret.Text{}, fmt.Errorf("reading where problems are told: %w", err)
	}
	return secret.New(string(plain)), nil
}

// DeleteChannel forgets a channel with its messages. One that is not there is no
// error.
func (s *Store) DeleteChannel(ctx context.Context, id int64, a engine.Audit) error {
	return s.write(ctx, "deleting where problems are told", func(tx *sql.Tx) error {
		if err := exec(ctx, tx, `DELETE FROM channels WHERE id = ?`, id); err != nil {
			return err
		}
		return s.insertAudit(ctx, tx, a)
	})
}

// Notices lists the incidents that stand or ended since a moment, oldest first,
// with what was told of them.
func (s *Store) Notices(ctx context.Context, since time.Time) ([]setup.Notice, error) {
	return list(ctx, s.reader, "reading what was told of incidents", scanNotice,
		`SELECT id, setup, finding, opened, closed, ended, run, told, told_end
		FROM incidents LEFT JOIN notices ON incident = id
		WHERE closed IS NULL OR closed >= ? ORDER BY id`, since.UnixMilli())
}

func scanNotice(r row) (n setup.Notice, err error) {
	i := &n.Incident
	err = r.Scan(&i.ID, &i.Setup, intoJSON(&i.Finding), intoTime(&i.Opened), intoTime(&i.Closed), &i.Ended, &i.Run,
		intoTime(&n.Told), intoTime(&n.ToldEnd))
	return n, err
}

// Tell keeps what is told of incidents, and the messages that tell it, all or
// nothing.
func (s *Store) Tell(ctx context.Context, told []setup.Notice, letters []setup.Letter) error {
	return s.write(ctx, "keeping what is told", func(tx *sql.Tx) error {
		for _, n := range told {
			if err := exec(ctx, tx, `INSERT INTO notices (incident, told, told_end) VALUES (?, ?, ?)
				ON CONFLICT (incident) DO UPDATE SET told = excluded.told, told_end = excluded.told_end`,
				n.ID, milli(n.Told), milli(n.ToldEnd)); err != nil {
				return err
			}
		}
		for _, l := range letters {
			if err := exec(ctx, tx, `INSERT INTO letters (channel, at, title, text, attempts, due, sent, problem)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
				l.Channel, milli(l.At), l.Title, l.Text, l.Attempts, milli(l.Due), milli(l.Sent), l.Problem); err != nil {
				return err
			}
		}
		return nil
	})
}

// Letters lists the messages that were not sent yet, and those from a moment
// on, oldest first.
func (s *Store) Letters(ctx context.Context, since time.Time) ([]setup.Letter, error) {
	return list(ctx, s.reader, "reading the messages", scanLetter,
		`SELECT id, channel, at, title, text, attempts, due, sent, problem FROM letters
		WHERE sent IS NULL OR at >= ? ORDER BY id`, since.UnixMilli())
}

func scanLetter(r row) (l setup.Letter, err error) {
	err = r.Scan(&l.ID, &l.Channel, intoTime(&l.At), &l.Title, &l.Text, &l.Attempts, intoTime(&l.Due), intoTime(&l.Sent), &l.Problem)
	return l, err
}

// SaveLetter keeps what became of a message. One whose channel was deleted
// meanwhile is no error.
func (s *Store) SaveLetter(ctx context.Context, l setup.Letter) error {
	return s.write(ctx, "keeping what became of a message", func(tx *sql.Tx) error {
		return exec(ctx, tx, `UPDATE letters SET attempts = ?, due = ?, sent = ?, problem = ? WHERE id = ?`,
			l.Attempts, milli(l.Due), milli(l.Sent), l.Problem, l.ID)
	})
}

// DropLetters forgets messages from before a moment.
func (s *Store) DropLetters(ctx context.Context, before time.Time) error {
	return s.write(ctx, "forgetting old messages", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM letters WHERE at < ?`, before.UnixMilli())
		return err
	})
}
