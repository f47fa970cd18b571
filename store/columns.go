package store

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/culvert/culvert/setup"
)

// This file translates between columns and Go values. Each pair is a value for
// arguments and a scanner for results.

// toMilli is a time as it comes back from the database.
func toMilli(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}

// milli is a time as an argument; zero is NULL.
func milli(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

type milliColumn struct{ to *time.Time }

func intoTime(to *time.Time) milliColumn { return milliColumn{to} }

func (c milliColumn) Scan(v any) error {
	var n sql.NullInt64
	if err := n.Scan(v); err != nil {
		return err
	}
	*c.to = time.Time{}
	if n.Valid {
		*c.to = time.UnixMilli(n.Int64).UTC()
	}
	return nil
}

// raw is JSON as an argument, byte for byte; none is NULL.
func raw(m json.RawMessage) any {
	if len(m) == 0 {
		return nil
	}
	return string(m)
}

type rawColumn struct{ to *json.RawMessage }

// intoRaw takes JSON as it was typed, even if it is broken.
func intoRaw(to *json.RawMessage) rawColumn { return rawColumn{to} }

func (c rawColumn) Scan(v any) error {
	b, err := textOf(v)
	*c.to = b
	return err
}

type jsonValue struct{ v any }

// asJSON is a value as an argument; nil is NULL.
func asJSON(v any) driver.Valuer { return jsonValue{v} }

func (j jsonValue) Value() (driver.Value, error) { return textOrNull(json.Marshal(j.v)) }

type stateValue struct{ s setup.State }

// asState is a state with its kind as an argument; nil is NULL.
func asState(s setup.State) driver.Valuer { return stateValue{s} }

func (s stateValue) Value() (driver.Value, error) { return textOrNull(setup.EncodeState(s.s)) }

func textOrNull(b []byte, err error) (driver.Value, error) {
	if err != nil {
		return nil, err
	}
	if string(b) == "null" {
		return nil, nil
	}
	return string(b), nil
}

type jsonColumn struct{ to any }

// intoJSON decodes into what it is given a pointer to; NULL leaves it alone.
func intoJSON(to any) jsonColumn { return jsonColumn{to} }

func (c jsonColumn) Scan(v any) error {
	b, err := textOf(v)
	if b == nil || err != nil {
		return err
	}
	return json.Unmarshal(b, c.to)
}

type stateColumn struct{ to *setup.State }

func intoState(to *setup.State) stateColumn { return stateColumn{to} }

func (c stateColumn) Scan(v any) error {
	b, err := textOf(v)
	if err != nil {
		return err
	}
	*c.to, err = setup.DecodeState(b)
	return err
}

// textOf gives the bytes of a text column; NULL gives nil.
func textOf(v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return []byte(v), nil
	case []byte:
		return bytes.Clone(v), nil // the driver's buffer is its own
	}
	return nil, fmt.Errorf("a column holds %T instead of text", v)
}

// scanText reads a row of one text.
func scanText(r row) (text string, err error) {
	err = r.Scan(&text)
	return text, err
}

// scanBytes reads a row of one blob.
func scanBytes(r row) (b []byte, err error) {
	err = r.Scan(&b)
	return b, err
}
