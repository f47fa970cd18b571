package sim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
)

// maxBatch is how many operations one batch can have on the Free plan.
const maxBatch = 200

type batchInput struct {
	Deletes []named           `json:"deletes"`
	Patches []json.RawMessage `json:"patches"`
	Puts    []json.RawMessage `json:"puts"`
	Posts   []json.RawMessage `json:"posts"`
}

type batchResult struct {
	Deletes []*record `json:"deletes"`
	Patches []*record `json:"patches"`
	Puts    []*record `json:"puts"`
	Posts   []*record `json:"posts"`
}

// batchRecords does all of it, in this order, or nothing.
func batchRecords(c *call) (answer, error) {
	var in batchInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if len(in.Deletes)+len(in.Patches)+len(in.Puts)+len(in.Posts) > maxBatch {
		return answer{}, refuse(http.StatusBadRequest, 1004, "A batch can have at most 200 operations") // code and text were not established
	}
	var out batchResult
	err := c.atomically(func(c *call) error {
		for _, gone := range in.Deletes {
			one, err := c.doRecord(gone.ID, nil, deleteRecord)
			if err != nil {
				return err
			}
			out.Deletes = append(out.Deletes, one)
		}
		for _, part := range []struct {
			bodies []json.RawMessage
			do     func(*call) (answer, error)
			into   *[]*record
		}{{in.Patches, editRecord, &out.Patches}, {in.Puts, replaceRecord, &out.Puts}, {in.Posts, createRecord, &out.Posts}} {
			for _, body := range part.bodies {
				one, err := c.doRecord("", body, part.do)
				if err != nil {
					return err
				}
				*part.into = append(*part.into, one)
			}
		}
		return nil
	})
	return answer{result: out}, err
}

// atomically runs f on a copy of the zone's records, which takes the place of
// the records if f succeeds.
func (c *call) atomically(f func(*call) error) error {
	draft, inner := *c.zone, *c
	draft.Records = c.zone.Records.clone()
	draft.indexRecords()
	inner.zone = &draft
	if err := f(&inner); err != nil {
		return err
	}
	c.zone.Records, c.zone.named = draft.Records, draft.named
	return nil
}

// doRecord runs one operation on a record, which it gives: the deleted one, or
// the written one. The id of the record may also be in the body.
func (c *call) doRecord(id string, body json.RawMessage, do func(*call) (answer, error)) (*record, error) {
	inner := *c
	inner.id, inner.body = id, body
	if body != nil {
		var in named
		if err := inner.read(&in); err != nil {
			return nil, err
		}
		inner.id = in.ID
	}
	old, _ := c.zone.Records.get(inner.id)
	a, err := do(&inner)
	if written, ok := a.result.(*record); ok {
		return written, err
	}
	return old, err
}

func (t *table[T]) clone() table[T] {
	return table[T]{rows: maps.Clone(t.rows), order: slices.Clone(t.order)}
}
