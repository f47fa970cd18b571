package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/culvert/culvert/internal/takeback"
)

// Errors of Break and Mend.
var (
	ErrBroken    = errors.New("it is broken already")
	ErrNotBroken = errors.New("it is not broken")
)

// Break does what a breakage says to the account of Basics. It survives a
// restart with the rest of the state.
func (c *Cloud) Break(id string) error {
	b, err := BreakageNamed(id)
	if err != nil {
		return err
	}
	if slices.Contains(c.Broken(), id) {
		return fmt.Errorf("break %s: %w", id, ErrBroken)
	}
	before, err := c.Snapshot()
	if err != nil {
		return err
	}
	acted := b.act(c)
	after, err := c.Snapshot()
	if err != nil {
		return errors.Join(acted, err)
	}
	edits, err := takeback.Between(before, after)
	edits = slices.DeleteFunc(edits, inTheLog)
	if err == nil && acted == nil && len(edits) == 0 {
		acted = ErrBroken // somebody else did the same
	}
	if len(edits) > 0 {
		c.change(func(s *state) {
			s.Broken = maps.Clone(s.Broken)
			if s.Broken == nil {
				s.Broken = map[string][]takeback.Edit{}
			}
			s.Broken[id] = edits
		})
	}
	if acted != nil {
		err = errors.Join(fmt.Errorf("break %s: %w", id, acted), err)
		if len(edits) > 0 { // half of it
			err = errors.Join(err, c.Mend(id))
		}
	}
	return err
}

// inTheLog is for what the audit log has of a breakage, and for mails that were
// sent because of it: that stays.
func inTheLog(e takeback.Edit) bool {
	return len(e.Path) > 2 && e.Path[0] == "accounts" && slices.Contains([]string{"audit", "audited", "mails"}, e.Path[2])
}

// Broken are the breakages that were not mended, whether or not somebody has
// put right what they did.
func (c *Cloud) Broken() []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.Sorted(maps.Keys(c.state.Broken))
}

// Mend takes back what a breakage did, as far as nobody has changed it since.
func (c *Cloud) Mend(id string) error {
	if _, err := BreakageNamed(id); err != nil {
		return err
	}
	c.mu.Lock()
	lost, err := c.mend(id)
	c.mu.Unlock()
	if err != nil {
		return fmt.Errorf("mend %s: %w", id, err)
	}
	closeAll(lost)
	c.changed()
	return nil
}

// mend works under the lock. It gives the connections that no longer belong to
// a tunnel.
func (c *Cloud) mend(id string) ([]*connection, error) {
	edits, broken := c.state.Broken[id]
	if !broken {
		return nil, ErrNotBroken
	}
	text, err := json.Marshal(&c.state)
	if err == nil {
		text, err = takeback.From(text, slices.DeleteFunc(slices.Clone(edits), stoodIn(text)))
	}
	if err != nil {
		return nil, err
	}
	var next state
	if err := json.Unmarshal(text, &next); err != nil {
		return nil, err
	}
	delete(next.Broken, id)
	changed := next.renumber(&c.state)
	lost := c.replace(next)
	for _, tunnel := range changed {
		c.live.wake(tunnel)
	}
	return lost, nil
}

// stoodIn is for edits of a row in whose place somebody put another one: then
// the old one does not come back beside it.
func stoodIn(document []byte) func(takeback.Edit) bool {
	return func(e takeback.Edit) bool {
		if len(e.Path) < 4 { // accounts or zones, id, table, row
			return false
		}
		table := objectAt(document, e.Path[:3])
		own, gone := map[string]any{}, e.After == nil
		if gone {
			_ = json.Unmarshal(e.Before, &own) // what is no object has no name
		} else {
			own, _ = table[e.Path[3]].(map[string]any)
		}
		if placeOf(own) == "" || !gone && own["deleted_at"] == nil {
			return false
		}
		for id, other := range table {
			row, _ := other.(map[string]any)
			if id != e.Path[3] && row["deleted_at"] == nil && placeOf(row) == placeOf(own) {
				return true
			}
		}
		return false
	}
}

// placeOf is what only one row of a table can have: a name of a type, a range in
// a virtual network, or a private name.
func placeOf(row map[string]any) string {
	for _, fields := range [][]string{{"name", "type"}, {"network", "virtual_network_id"}, {"hostname"}} {
		if row[fields[0]] == nil || row[fields[0]] == "" {
			continue
		}
		place := fields[0]
		for _, f := range fields {
			place += fmt.Sprint(" ", row[f])
		}
		return place
	}
	return ""
}

// objectAt is the object at a path of a document; empty if there is none.
func objectAt(document []byte, path []string) map[string]any {
	var at map[string]any
	if json.Unmarshal(document, &at) != nil {
		return nil
	}
	for _, key := range path {
		at, _ = at[key].(map[string]any)
	}
	return at
}

// renumber gives each configuration that is another one than before a version
// of its own, so that connectors take it. It gives the tunnels.
func (s *state) renumber(before *state) (tunnels []string) {
	for a := range s.Accounts.all() {
		old, ok := before.Accounts.get(a.ID)
		if !ok {
			continue
		}
		for t := range a.Tunnels.all() {
			was, ok := old.Tunnels.get(t.ID)
			if ok && !bytes.Equal(was.Config, t.Config) {
				t.Version = max(was.Version, t.Version) + 1
				tunnels = append(tunnels, t.ID)
			}
		}
	}
	return tunnels
}
