package setup

import (
	"slices"
	"strings"
)

// MakePlan says what has to change so that everything that focus wants stands
// as wanted, and what focus no longer wants is gone. It is pure and
// deterministic. The ledger must be settled. The error is a cycle of needs,
// which is a fault of this package.
func MakePlan(focus SetupID, want map[Key]Want, w World, l Ledger) (Plan, error) {
	p := planner{focus: focus, want: want, world: w, ledger: l, assigned: assign(want, w, l), leaving: map[Key]node{}}
	for _, k := range p.keys() {
		if wanted, ok := want[k]; ok && slices.Contains(wanted.By, focus) {
			p.build(k, wanted)
		} else if rec, ok := l.Records[k]; ok && slices.Contains(rec.By, focus) {
			p.drop(k, rec)
		}
		p.removeStrays(k)
	}
	p.settingsFollowFiles()
	p.keepWhatOthersUse()
	p.link()
	return p.sorted()
}

type planner struct {
	assigned
	focus  SetupID
	want   map[Key]Want
	world  World
	ledger Ledger
	plan   Plan
	// leaving are the keys that go, barred ones included, as they stand.
	leaving map[Key]node
}

// keys are all keys that concern focus, in order.
func (p *planner) keys() []Key {
	keys := map[Key]bool{}
	for k, w := range p.want {
		if slices.Contains(w.By, p.focus) {
			keys[k] = true
		}
	}
	for k, r := range p.ledger.Records {
		if slices.Contains(r.By, p.focus) {
			keys[k] = true
		}
	}
	return sortedKeys(keys)
}

func (p *planner) bar(k Key, why Why, detail string) *Barrier {
	p.plan.Barriers = append(p.plan.Barriers, Barrier{Key: k, Why: why, Detail: detail})
	return &p.plan.Barriers[len(p.plan.Barriers)-1]
}

func (p *planner) change(c Change) {
	c.Reach = reachOf(c.Key.Kind, c.Verb)
	if o := p.of[c.Key]; o != nil {
		c.marked = o.Mark == p.ledger.mark(c.Key) || c.Key.Kind == KindConnector && p.ledger.ours(o.Mark)
	}
	c.Step = StepOf(c.Key.Kind)
	if c.Drop {
		c.Step = StepRemove
	}
	p.plan.Changes = append(p.plan.Changes, c)
}

// unreadable bars a key whose state could not be read. Not read is not absent.
func (p *planner) unreadable(k Key) bool {
	problem, bad := p.world.unread(k)
	if bad {
		p.bar(k, WhyUnread, problem.Message).Cause = &problem
	}
	return bad
}

// build plans one wanted key.
func (p *planner) build(k Key, want Want) {
	if p.unreadable(k) {
		return
	}
	if k.Kind.readOnly() {
		p.gate(k, want)
		return
	}
	o := p.of[k]
	if o == nil && p.rivals[k] != nil {
		if o = p.consented(k, want); o == nil {
			return
		}
		p.of[k] = o
	}
	if o == nil && k.Kind.always() {
		p.bar(k, WhyUnread, "Nobody has looked at this yet. Look again.").Cause = &Problem{Code: CodeUnavailable, Message: "It was not part of the last look."}
		return
	}
	if o == nil {
		p.create(k, want)
		return
	}
	if b := p.hindrance(k, want, o); b {
		return
	}
	if Met(Bind(want.State, p.lookup), o.State) {
		p.claim(k, want, o)
		return
	}
	p.update(k, want, o)
}

func (p *planner) create(k Key, want Want) {
	cause := "not there yet"
	if _, known := p.ledger.Records[k]; known {
		cause = "was there and is gone"
	}
	p.change(Change{Key: k, Verb: Create, To: want.State.over(nil), Cause: cause, By: want.By})
}

// claim notes in the ledger what already is as wanted.
func (p *planner) claim(k Key, want Want, o *Object) {
	rec, known := p.ledger.Records[k]
	if known && sameSetups(rec.By, want.By) && rec.ID == o.ID {
		return
	}
	cause := "already as wanted"
	if known {
		cause = "used by " + setupNames(want.By)
	}
	p.change(Change{Key: k, Verb: Claim, From: o.State, To: want.State.over(o.State), FromID: o.ID, Cause: cause, By: want.By})
}

func (p *planner) update(k Key, want Want, o *Object) {
	rec, known := p.ledger.Records[k]
	free := known && rec.Owner != Found || k.Kind.inPlace() || o.Mark != "" && o.Mark == p.ledger.mark(k)
	agreed := want.Take != nil && want.Take.ObjectID == o.ID && want.Take.Seen == Digest(o.State)
	if !free && !agreed {
		b := p.bar(k, WhyConflict, "It belongs to somebody else and was changed: "+strings.Join(Describe(o.State), ", ")+". Take it over, or put it back.")
		b.Offer, b.Held = &Consent{o.ID, Digest(o.State)}, o.State
		return
	}
	cause := "differs from what is wanted"
	if known && rec.Owner != Found && !Same(rec.Left, o.State) {
		cause = "was changed, not by Culvert"
	}
	p.change(Change{Key: k, Verb: Update, From: o.State, To: want.State.over(o.State), FromID: o.ID, Cause: cause, By: want.By})
}

// drop plans one key that focus no longer wants.
func (p *planner) drop(k Key, rec Record) {
	if others, shared := p.want[k]; shared {
		p.release(k, rec, "still used by "+setupNames(others.By), others.By...)
		return
	}
	if p.unreadable(k) {
		p.leaving[k] = node{rec.Left, rec.By}
		return
	}
	o := p.of[k]
	if o == nil {
		p.release(k, rec, "is gone already")
		return
	}
	if why := p.stays(k, rec); why != "" {
		p.release(k, rec, why)
		return
	}
	switch {
	case rec.Owner == Created || rec.Prior == nil:
		p.remove(Change{Key: k, Verb: Delete, From: o.State, FromID: o.ID, Cause: "no longer wanted"})
	case Same(o.State, rec.Left):
		p.remove(Change{Key: k, Verb: Update, From: o.State, To: rec.Prior, FromID: o.ID, Cause: "put back as it was"})
	default:
		p.release(k, rec, "was changed since, so it stays as it is")
	}
}

// stays says why something is neither deleted nor put back.
func (p *planner) stays(k Key, rec Record) string {
	switch k.Kind {
	case KindComposePort, KindPublished:
		return "the port stays closed; opening it again is up to you"
	case KindLoginMethod:
		for _, o := range p.world.Objects {
			if o.State.Kind() == KindApp && o.Scope == k.Scope && !p.ledger.ours(o.Mark) {
				return "other applications of the account may use it, so it stays"
			}
		}
		if p.unreadKind(KindApp, k.Scope) {
			return "other applications of the account may use it, so it stays"
		}
	}
	if rec.Owner == Found {
		return "was there before and stays"
	}
	return ""
}

func (p *planner) unreadKind(kind Kind, scope string) bool {
	_, bad := p.world.unread(Key{Kind: kind, Scope: scope})
	return bad
}

// release forgets a key, or leaves it to the other setups that use it.
func (p *planner) release(k Key, rec Record, cause string, others ...SetupID) {
	p.change(Change{Key: k, Verb: Release, From: rec.Left, FromID: rec.ID, Drop: true, Cause: cause, By: others})
}

func (p *planner) remove(c Change) {
	c.Drop = true
	p.leaving[c.Key] = node{c.From, p.ledger.Records[c.Key].By}
	p.change(c)
}

// removeStrays deletes copies that a create left behind whose answer was lost.
func (p *planner) removeStrays(k Key) {
	for _, s := range p.strays[k] {
		extra := Key{k.Kind, k.Scope, k.Name + "#" + s.ID}
		p.remove(Change{Key: extra, Verb: Delete, From: s.State, FromID: s.ID, Cause: "a copy that Culvert left behind"})
	}
}

// settingsFollowFiles gives up restarting a service for a setting whose line in
// the env file stays: the restart would change nothing.
func (p *planner) settingsFollowFiles() {
	for i, c := range p.plan.Changes {
		if c.Key.Kind == KindSetting && c.Drop && c.Verb.Writes() && p.lineStays(c.Key) {
			p.plan.Changes[i].Verb, p.plan.Changes[i].To, p.plan.Changes[i].Reach = Release, nil, ReachHere
			p.plan.Changes[i].Cause = "its line in the env file stays as it is"
			delete(p.leaving, c.Key)
		}
	}
}

// lineStays says whether the line that a setting runs from is left as it is.
func (p *planner) lineStays(setting Key) bool {
	owners := p.ledger.Records[setting].By
	return slices.ContainsFunc(p.plan.Changes, func(c Change) bool {
		return c.Key.Kind == KindEnvVar && c.Key.Name == setting.Name && c.Verb == Release &&
			sameSetups(p.ledger.Records[c.Key].By, owners)
	})
}

// keepWhatOthersUse bars deleting what something of somebody else refers to.
func (p *planner) keepWhatOthersUse() {
	leaving := map[string]bool{} // objects that this plan deletes
	for _, c := range p.plan.Changes {
		if c.Drop && c.Verb.Writes() {
			leaving[string(c.Key.Kind)+c.Key.Scope+c.FromID] = true
		}
	}
	var kept []Change
	for _, c := range p.plan.Changes {
		if user := p.user(c, leaving); user != "" {
			p.bar(c.Key, WhyConflict, "It is not deleted, because something else uses it: "+user+".")
			continue
		}
		kept = append(kept, c)
	}
	p.plan.Changes = kept
}

func (p *planner) user(c Change, leaving map[string]bool) string {
	if c.Verb != Delete {
		return ""
	}
	for _, o := range p.world.Objects {
		if leaving[string(o.State.Kind())+o.Scope+o.ID] {
			continue
		}
		for _, ref := range References(o.State) {
			if ref.Lit == c.FromID {
				return Name(Key{Kind: o.State.Kind()}, o.State)
			}
		}
	}
	return ""
}

func sameSetups(a, b []SetupID) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func setupNames(ids []SetupID) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = string(id)
	}
	return strings.Join(names, " and ")
}
