package sim

import (
	"encoding/json"
	"iter"
	"slices"
	"time"
)

// table holds rows by id and walks them in id order. Ids are random, so that
// order is stable (which paging needs) and yet tells nothing about which row
// is older, as Cloudflare promises no order for most of its lists.
type table[T any] struct {
	rows  map[string]*T
	order []string
}

func (t *table[T]) get(id string) (*T, bool) {
	row, ok := t.rows[id]
	return row, ok
}

func (t *table[T]) len() int { return len(t.order) }

func (t *table[T]) put(id string, row *T) {
	if t.rows == nil {
		t.rows = map[string]*T{}
	}
	if _, known := t.rows[id]; !known {
		at, _ := slices.BinarySearch(t.order, id)
		t.order = slices.Insert(t.order, at, id)
	}
	t.rows[id] = row
}

func (t *table[T]) drop(id string) {
	if _, known := t.rows[id]; !known {
		return
	}
	delete(t.rows, id)
	at, _ := slices.BinarySearch(t.order, id)
	t.order = slices.Delete(t.order, at, at+1)
}

func (t *table[T]) all() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, id := range t.order {
			if !yield(t.rows[id]) {
				return
			}
		}
	}
}

// MarshalJSON writes the rows only; their order follows from their ids.
func (t table[T]) MarshalJSON() ([]byte, error) {
	if t.rows == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(t.rows)
}

func (t *table[T]) UnmarshalJSON(b []byte) error {
	rows := map[string]*T{}
	if err := json.Unmarshal(b, &rows); err != nil {
		return err
	}
	*t = table[T]{}
	for id, row := range rows {
		if row != nil {
			t.rows, t.order = rows, append(t.order, id)
		}
	}
	slices.Sort(t.order)
	return nil
}

// keptDeleted is how many deleted rows of a table are remembered.
const keptDeleted = 1000

// forgetOldest keeps deleted rows from growing without end. It is called after
// each deletion, so that one is enough.
func forgetOldest[T any](t *table[T], of func(*T) (id string, deleted *time.Time)) {
	deleted, oldest := 0, ""
	var since time.Time
	for row := range t.all() {
		id, at := of(row)
		if at == nil {
			continue
		}
		if deleted++; oldest == "" || at.Before(since) {
			oldest, since = id, *at
		}
	}
	if deleted > keptDeleted {
		t.drop(oldest)
	}
}
