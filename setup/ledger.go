package setup

import (
	"encoding/json"
	"maps"
	"slices"
)

// SetupID names a setup: one app on one Docker host with one account.
type SetupID string

// Owner says how a thing came to us.
type Owner string

const (
	// Created by us: deleted when nobody wants it any more.
	Created Owner = "created"
	// Adopted: somebody else's, changed by us with their leave; put back.
	Adopted Owner = "adopted"
	// Found already as wanted: used, never changed, never removed.
	Found Owner = "found"
)

// Intent is a change that was about to be made. It is written before the call
// and cleared with its outcome; one that is left over tells that the process
// ended in between.
type Intent struct {
	Verb   Verb
	From   State // as it stood, bound
	To     State // as it was to stand, bound
	FromID string
	Absent bool // after the change the object is gone
	Drop   bool // after the change the key is no longer ours
}

// Record is what we know of one key.
type Record struct {
	ID     string
	Owner  Owner
	By     []SetupID // who wants it, and so who cleans up
	Prior  State     // before our first change; nil: was absent
	Left   State     // as we left it
	Added  []string  // of a list setting: the entries that we put there
	Intent *Intent
}

// Ledger is everything that we did and have not undone.
type Ledger struct {
	Install string
	Records map[Key]Record
}

// Clone is a copy whose records can be changed.
func (l Ledger) Clone() Ledger {
	return Ledger{Install: l.Install, Records: maps.Clone(l.Records)}
}

func (l Ledger) mark(k Key) string { return Mark(l.Install, k) }

func (l Ledger) keys() []Key { return sortedKeys(l.Records) }

func sortedKeys[V any](m map[Key]V) []Key {
	return slices.SortedFunc(maps.Keys(m), compareKeys)
}

type wireIntent struct {
	Verb   Verb            `json:"verb"`
	From   json.RawMessage `json:"from"`
	To     json.RawMessage `json:"to"`
	FromID string          `json:"from_id,omitempty"`
	Absent bool            `json:"absent,omitempty"`
	Drop   bool            `json:"drop,omitempty"`
}

type wireRecord struct {
	ID     string          `json:"id"`
	Owner  Owner           `json:"owner"`
	By     []SetupID       `json:"by"`
	Prior  json.RawMessage `json:"prior"`
	Left   json.RawMessage `json:"left"`
	Added  []string        `json:"added,omitempty"`
	Intent *wireIntent     `json:"intent,omitempty"`
}

// MarshalJSON writes a record with the kinds of its states.
func (r Record) MarshalJSON() ([]byte, error) {
	w := wireRecord{ID: r.ID, Owner: r.Owner, By: r.By, Added: r.Added}
	var err error
	if w.Prior, err = EncodeState(r.Prior); err != nil {
		return nil, err
	}
	if w.Left, err = EncodeState(r.Left); err != nil {
		return nil, err
	}
	if r.Intent != nil {
		i := wireIntent{Verb: r.Intent.Verb, FromID: r.Intent.FromID, Absent: r.Intent.Absent, Drop: r.Intent.Drop}
		if i.From, err = EncodeState(r.Intent.From); err != nil {
			return nil, err
		}
		if i.To, err = EncodeState(r.Intent.To); err != nil {
			return nil, err
		}
		w.Intent = &i
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Record) UnmarshalJSON(b []byte) error {
	var w wireRecord
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*r = Record{ID: w.ID, Owner: w.Owner, By: w.By, Added: w.Added}
	var err error
	if r.Prior, err = DecodeState(w.Prior); err != nil {
		return err
	}
	if r.Left, err = DecodeState(w.Left); err != nil {
		return err
	}
	if w.Intent != nil {
		r.Intent = &Intent{Verb: w.Intent.Verb, FromID: w.Intent.FromID, Absent: w.Intent.Absent, Drop: w.Intent.Drop}
		if r.Intent.From, err = DecodeState(w.Intent.From); err != nil {
			return err
		}
		if r.Intent.To, err = DecodeState(w.Intent.To); err != nil {
			return err
		}
	}
	return nil
}

// View says what must be looked at to plan for the keys of a ledger as well:
// names, domains and ranges that answers no longer mention.
func (l Ledger) View() View {
	var v View
	for _, k := range l.keys() {
		r := l.Records[k]
		v.Private = v.Private || k.Kind.Private()
		if k.Kind.Place() == AtZone {
			v = v.Join(View{Zones: []string{k.Scope}})
		}
		if k.Kind.aside() {
			v = v.Join(View{Also: []Kind{k.Kind}})
		}
		if k.Kind == KindDNSRecord {
			v = v.Join(View{Hosts: []string{k.Name}})
		}
		for _, s := range []State{r.Left, r.Prior, r.intended()} {
			v = v.Join(viewOf(s))
		}
	}
	return v
}

func (r Record) intended() State {
	if r.Intent == nil {
		return nil
	}
	return r.Intent.To
}

// viewOf says what asks a Port to show a thing that it shows only when asked.
func viewOf(s State) View {
	switch s := s.(type) {
	case SplitTunnel:
		return View{Profiles: []string{s.Profile}, Networks: []string{s.Network}}
	case Fallback:
		return View{Profiles: []string{s.Profile}, Names: []string{s.Suffix}}
	case Shadow:
		return View{Profiles: []string{s.Profile}, Names: []string{s.Hostname}}
	case Certificate:
		return View{Certificates: []Certificate{s}}
	case Predecessor:
		return View{Replaces: []Service{{s.Project, s.Service}}}
	}
	return View{}
}
