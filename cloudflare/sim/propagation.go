package sim

import (
	"cmp"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// Propagation is how long a change takes to reach the edge: each its own time
// between Min and Max. The zero value is at once.
//
// It delays records, Access applications and policies, what a zone's owner
// chose for the edge, whether a zone is active, tunnel configurations, and the
// profiles of devices.
// Changes of one object arrive in their order, those of different objects in
// any. An application that is new to the edge lets everything pass until it
// arrives, and refuses everything with a bare 403 for a while after that, as
// people report. The API shows a change at once, and after Restore all have
// arrived.
type Propagation struct{ Min, Max time.Duration }

// spread is the state as the edge has it, and what is on its way there. It is
// guarded by the state's lock.
type spread struct {
	Propagation
	random *rand.Rand
	view   state
	sent   map[string]fact // the newest of each key
	last   map[string]time.Time
	coming []arrival // by time
	// configs are the tunnel configurations that reached the edge, by tunnel.
	configs map[string]tunnelConfig
}

type tunnelConfig struct {
	version int
	config  json.RawMessage
}

// fact is an object of the state that the edge is told of.
type fact struct {
	key       string
	row       any // another one means that it changed
	put, gone func(*spread)
	greet     func(*spread) // comes before the first put, if not nil
}

type arrival struct {
	at    time.Time
	key   string
	apply func(*spread)
}

func newSpread(p Propagation, seed uint64) *spread {
	if p == (Propagation{}) {
		return nil
	}
	return &spread{Propagation: p, random: rand.New(rand.NewPCG(seed, 0))}
}

// visible is the state that visitors meet. The state must be locked.
func (c *Cloud) visible() *state {
	if c.spread == nil {
		return &c.state
	}
	return &c.spread.view
}

// arrive lets what is due reach the edge.
func (c *Cloud) arrive() {
	if c.spread == nil {
		return
	}
	now := c.now()
	c.mu.RLock()
	due := len(c.spread.coming) > 0 && !now.Before(c.spread.coming[0].at)
	c.mu.RUnlock()
	if !due {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range c.spread.arrive(now) {
		c.live.wake(key)
	}
}

// follow sends out what changed in the state, which must be locked.
func (p *spread) follow(s *state, now time.Time) {
	if p == nil {
		return
	}
	p.mirror(s)
	seen := map[string]bool{}
	for _, f := range s.facts() {
		seen[f.key] = true
		if old, known := p.sent[f.key]; !known || old.row != f.row {
			p.send(f, !known, now)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.sent)) {
		if !seen[key] {
			p.schedule(key, p.sent[key].gone, now.Add(p.delay()))
			delete(p.sent, key)
		}
	}
}

func (p *spread) send(f fact, fresh bool, now time.Time) {
	p.sent[f.key] = f
	at := now.Add(p.delay())
	if fresh && f.greet != nil {
		first := now.Add(p.delay())
		if at.Before(first) {
			first, at = at, first
		}
		p.schedule(f.key, f.greet, first)
	}
	p.schedule(f.key, f.put, at)
}

func (p *spread) delay() time.Duration {
	if p.Max <= p.Min {
		return p.Min
	}
	return p.Min + time.Duration(p.random.Int64N(int64(p.Max-p.Min)))
}

// schedule lets a change arrive at a time, and not before the one before.
func (p *spread) schedule(key string, apply func(*spread), at time.Time) {
	if at.Before(p.last[key]) {
		at = p.last[key]
	}
	p.last[key] = at
	i, _ := slices.BinarySearchFunc(p.coming, at.Add(1), func(a arrival, t time.Time) int { return a.at.Compare(t) })
	p.coming = slices.Insert(p.coming, i, arrival{at, key, apply})
}

// arrive applies what is due and gives the keys of it.
func (p *spread) arrive(now time.Time) (keys []string) {
	n := 0
	for ; n < len(p.coming) && !now.Before(p.coming[n].at); n++ {
		p.coming[n].apply(p)
		keys = append(keys, p.coming[n].key)
	}
	p.coming = slices.Delete(p.coming, 0, n)
	return keys
}

// configOf is a tunnel's configuration as far as it reached the edge.
func (p *spread) configOf(t *tunnel) tunnelConfig {
	if p == nil {
		return tunnelConfig{t.Version, t.Config}
	}
	return p.configs[t.ID]
}

// until is how long a tunnel's next configuration still takes; 0 if there is
// none on its way.
func (p *spread) until(tunnel string, now time.Time) time.Duration {
	for _, a := range p.coming {
		if a.key == tunnel {
			return max(1, a.at.Sub(now))
		}
	}
	return 0
}

// restart has the edge know all of a state.
func (p *spread) restart(s *state, now time.Time) {
	if p == nil {
		return
	}
	p.view, p.coming = state{zoneNamed: map[string]*zone{}}, nil
	p.sent, p.last, p.configs = map[string]fact{}, map[string]time.Time{}, map[string]tunnelConfig{}
	p.follow(s, now)
	p.arrive(now.Add(p.Max))
	clear(p.last)
}

// mirror takes over at once what is not delayed: which accounts and zones there
// are, organizations and login methods.
func (p *spread) mirror(s *state) {
	before := p.view
	p.view = state{zoneNamed: map[string]*zone{}}
	for a := range s.Accounts.all() {
		own := *a
		own.Apps, own.Policies, own.Profiles, own.doors = table[app]{}, table[policy]{}, table[profile]{}, doors{}
		if old, known := before.Accounts.get(a.ID); known {
			own.Apps, own.Policies, own.doors = old.Apps, old.Policies, old.doors
			own.Profile, own.Profiles = old.Profile, old.Profiles
		}
		p.view.Accounts.put(a.ID, &own)
	}
	for z := range s.Zones.all() {
		old, known := before.Zones.get(z.ID)
		if !known {
			old = &zone{Status: z.Status, Edge: z.Edge, named: map[string][]*record{}}
		}
		own := *z
		own.Records, own.named = old.Records, old.named
		own.Status, own.Edge = cmp.Or(old.Status, z.Status), old.Edge
		p.view.Zones.put(z.ID, &own)
		p.view.zoneNamed[z.Name] = &own
	}
}
