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
	p.keepLocksOfRoutes()
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
	p.plan.Barriers = append(p.plan.Barriers, Barrier{Key: k, Why: why, Detail: detail, Profile: p.profileName(k)})
	return &p.plan.Barriers[len(p.plan.Barriers)-1]
}

func (p *planner) change(c Change) {
	c.Reach, c.Profile = reachOf(c.Key.Kind, c.Verb), p.profileName(c.Key)
	if c.ForDevices() {
		c.Devices = p.devices(c)
	}
	if o := p.of[c.Key]; o != nil {
		c.marked = o.Mark == p.ledger.mark(c.Key) || c.Key.Kind.ofProject() && p.ledger.ours(o.Mark) ||
			c.Key.Kind == KindEnrolmentRule // it attaches a policy of ours
	}
	c.Step, c.Follows, c.Unlocked, c.Opens = StepOf(c.Key.Kind), p.follows(c), p.leadsUnlocked(c), p.opens(c)
	if c.Unlocked {
		c.Cause = "its login is gone, and while it stands it leads in without one"
	}
	switch {
	case c.Follows && c.Drop || c.Unlocked: // at once
		c.Step = StepBuild
	case c.Drop || c.Late:
		c.Step = StepRemove
	case c.Key.Kind == KindGatewayProxy && p.routed(c.Key.Scope): // it was on, and what was built relies on it
		c.Step = StepBuild
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
	if k.Kind.readOnly() || givenByOwner(want.State) {
		p.gate(k, want)
		return
	}
	o := p.of[k]
	unasked := o == nil && p.opensUnasked(k, want)
	if o == nil && p.rivals[k] != nil {
		if o = p.consented(k, want); o == nil || unasked {
			return
		}
		p.of[k] = o
	}
	if unasked {
		return
	}
	if o == nil && k.Kind.always() {
		p.bar(k, WhyUnread, "Nobody has looked at this yet. Look again.").Cause = &Problem{Code: CodeUnavailable, Message: "It was not part of the last look."}
		return
	}
	if detail := p.otherName(k, want.State); detail != "" {
		p.bar(k, WhyConflict, detail)
		return
	}
	if p.addressMissing(k, want) {
		return
	}
	if o == nil {
		if !p.obstacle(k, want) {
			p.create(k, want)
		}
		return
	}
	if p.hindrance(k, want, o) {
		return
	}
	rest := p.leftover(k, want.State, o)
	switch {
	case !Met(Bind(want.State, p.lookup), o.State):
		p.update(k, want, o)
	case rest != nil:
		p.later(k, want, o, rest)
	default:
		p.claim(k, want, o)
	}
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
	if p.onlyTakesAway(k, want.State, o) {
		p.later(k, want, o, want.State.over(o.State))
		return
	}
	rec, known := p.ledger.Records[k]
	free := known && rec.Owner != Found || k.Kind.inPlace() || o.Mark != "" && o.Mark == p.ledger.mark(k)
	if !free && !want.agreed(o) {
		b := p.bar(k, WhyConflict, "It belongs to somebody else and was changed: "+strings.Join(Describe(o.State), ", ")+". Take it over, or put it back.")
		b.Offer, b.Held = &Consent{o.ID, Digest(o.State)}, o.State
		return
	}
	cause := "differs from what is wanted"
	if known && rec.Owner != Found && !Same(rec.Left, o.State) {
		cause = "was changed, not by Culvert"
	}
	p.change(Change{Key: k, Verb: Update, From: o.State, To: want.State.over(o.State), FromID: o.ID, Cause: cause, By: want.By,
		Then: p.afterwards(k, want, o)})
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
	if givenByOwner(o.State) {
		p.remove(Change{Key: k, Verb: Delete, From: o.State, FromID: o.ID, Cause: "the copies that Culvert made of it go; your own files stay"})
		return
	}
	if why := p.stays(k, rec); why != "" {
		p.release(k, rec, why)
		return
	}
	switch {
	case Same(o.State, rec.Prior):
		p.release(k, rec, "is as it was before")
	case rec.Owner == Created || rec.Prior == nil:
		p.remove(Change{Key: k, Verb: Delete, From: o.State, FromID: o.ID, Cause: whyGone(o.State)})
	case Same(o.State, rec.Left):
		p.remove(Change{Key: k, Verb: Update, From: o.State, To: rec.Prior, FromID: o.ID, Cause: "put back as it was"})
	default:
		p.release(k, rec, "was changed since, so it stays as it is")
	}
}

// RootStays says of our own authority what is left of it without a certificate.
const RootStays = "the root certificate of your own authority stays in the data folder with its key, so that colleagues who trust it need not install another one; delete the folder certificates/authorities there to be rid of it"

// whyGone says why something is deleted, and what outlives it.
func whyGone(s State) string {
	if c, ok := s.(Certificate); ok && c.Source == FromInternal {
		return "no longer wanted; " + RootStays
	}
	return "no longer wanted"
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
