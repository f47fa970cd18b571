// Package takeback takes back what one change did to a JSON document, and
// leaves what was changed since. The simulators put right with it what a
// rehearsal broke.
package takeback

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Edit is one place of a document that a change touched. An absent value is
// nil, which JSON's null is not.
type Edit struct {
	Path   []string        `json:"path"` // of keys; lists are one value
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

// Between gives what changed from one document to another.
func Between(before, after []byte) ([]Edit, error) {
	old, err := decode(before)
	if err != nil {
		return nil, err
	}
	now, err := decode(after)
	if err != nil {
		return nil, err
	}
	var edits []Edit
	err = compare(nil, old, now, &edits)
	return edits, err
}

// nothing stands for a value that is absent.
type nothing struct{}

func compare(path []string, old, now any, edits *[]Edit) error {
	if reflect.DeepEqual(old, now) {
		return nil
	}
	before, one := old.(map[string]any)
	after, both := now.(map[string]any)
	if one && both {
		keys := slices.Collect(maps.Keys(before))
		keys = slices.AppendSeq(keys, maps.Keys(after))
		slices.Sort(keys)
		for _, k := range slices.Compact(keys) {
			if err := compare(append(slices.Clone(path), k), at(before, k), at(after, k), edits); err != nil {
				return err
			}
		}
		return nil
	}
	was, err := encode(old)
	if err != nil {
		return err
	}
	is, err := encode(now)
	if err != nil {
		return err
	}
	*edits = append(*edits, Edit{path, was, is})
	return nil
}

func at(object map[string]any, key string) any {
	if v, ok := object[key]; ok {
		return v
	}
	return nothing{}
}

// From takes edits back from a document, each where the document still is as
// the change left it.
func From(document []byte, edits []Edit) ([]byte, error) {
	root, err := decode(document)
	if err != nil {
		return nil, err
	}
	for _, e := range edits {
		if err := e.takeBack(root); err != nil {
			return nil, err
		}
	}
	return json.Marshal(root)
}

func (e Edit) takeBack(root any) error {
	object, ok := root.(map[string]any)
	for i := 0; ok && i < len(e.Path)-1; i++ {
		object, ok = object[e.Path[i]].(map[string]any)
	}
	if !ok || len(e.Path) == 0 {
		return nil // what it was in is gone
	}
	key := e.Path[len(e.Path)-1]
	now, err := encode(at(object, key))
	if err != nil || !bytes.Equal(now, e.After) {
		return err
	}
	if e.Before == nil {
		delete(object, key)
		return nil
	}
	object[key], err = decode(e.Before)
	return err
}

func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("read a document to take back from: %w", err)
	}
	return v, nil
}

func encode(v any) (json.RawMessage, error) {
	if v == (any)(nothing{}) {
		return nil, nil
	}
	return json.Marshal(v)
}
