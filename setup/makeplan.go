package setup

import (
	"fmt"
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

// gate bars a key that only somebody else can bring about.
func (p *planner) gate(k Key, want Want) {
	o := p.of[k]
	if o != nil && want.State.met(o.State) {
		return
	}
	p.bar(k, WhyGate, gateDetail(k, want.State, o))
}

func gateDetail(k Key, want State, o *Object) string {
	switch s := want.(type) {
	case Organization:
		return "Zero Trust is not switched on for this account. Open one.dash.cloudflare.com, choose the Free plan, and come back: this page goes on by itself."
	case Zone:
		if o == nil {
			return fmt.Sprintf("Your Cloudflare account has no domain %s, or the token may not see it. Add the domain in the dashboard (Free plan), or give the token Zone Read for it.", s.Name)
		}
		z := o.State.(Zone)
		detail := fmt.Sprintf("The domain %s is not active at Cloudflare yet (%s).", s.Name, z.Status)
		if len(z.NameServers) > 0 {
			detail += " At your registrar, set the name servers to " + strings.Join(z.NameServers, " and ") + "."
		}
		return detail + " Cloudflare looks about once an hour; bots are unaffected meanwhile."
	case Network:
		return fmt.Sprintf("The Docker network %s does not exist. Start your app with docker compose; this page goes on by itself.", s.Name)
	}
	return "Waiting for " + k.Short() + "."
}

// consented gives the stranger's object that holds the name, if the operator
// agreed to take it over and it still is as it was seen. Otherwise it bars.
func (p *planner) consented(k Key, want Want) *Object {
	o := p.rivals[k]
	if refusal := cannotTake(k, o); refusal != "" {
		p.bar(k, WhyConflict, refusal).Held = o.State
		return nil
	}
	if want.Take != nil && want.Take.ObjectID == o.ID && want.Take.Seen == Digest(o.State) {
		return o
	}
	b := p.bar(k, WhyConflict, conflictDetail(k, o))
	b.Offer, b.Held = &Consent{o.ID, Digest(o.State)}, o.State
	return nil
}

// cannotTake says why an object must never be taken over.
func cannotTake(k Key, o *Object) string {
	switch s := o.State.(type) {
	case DNSRecord:
		return fmt.Sprintf("%s is in use: %s. Culvert never overwrites a record. Choose another address, or delete the record in the dashboard (DNS → Records) if nothing needs it.",
			s.Name, strings.Join(describeRecord(s), ", "))
	case Tunnel:
		if !s.Remote {
			return fmt.Sprintf("The tunnel %s keeps its rules in a file on some server, so it cannot be taken over. Choose another name for this setup.", s.Name)
		}
	case ConnectorFile:
		return fmt.Sprintf("%s exists and was not written by Culvert. Move it away or rename it; nothing of it is used.", s.Path)
	}
	return ""
}

func conflictDetail(k Key, o *Object) string {
	switch s := o.State.(type) {
	case Tunnel:
		detail := fmt.Sprintf("A tunnel %s exists and is not ours. Take it over, or choose another name.", s.Name)
		if s.Connectors > 0 {
			detail += fmt.Sprintf(" %d connector(s) of it run somewhere: they would share the traffic with the one here.", s.Connectors)
		}
		return detail
	case App:
		return fmt.Sprintf("The Access application “%s” already covers %s. Take it over, or change its address in the dashboard.", s.Name, strings.Join(s.Destinations, ", "))
	case Ingress:
		return fmt.Sprintf("The tunnel already has rules for %s. Take them over, or choose another address.", s.Host)
	}
	return "Something else is in its place: " + strings.Join(Describe(o.State), ", ") + "."
}

// hindrance bars what stands where it should but would not work, because
// something of somebody else answers before it.
func (p *planner) hindrance(k Key, want Want, o *Object) bool {
	if refers(want.State, o.State) {
		p.bar(k, WhyConflict, fmt.Sprintf("%s is no list there but the name of another variable: %s. What is added to it would become a part of that name. Write the list out in the env file and start the app again, then look again.",
			Name(k, o.State), strings.Join(Describe(o.State), ", ")))
		return true
	}
	if where := overruled(want.State, o.State); where != "" {
		p.bar(k, WhyConflict, fmt.Sprintf("The app has %s from %s, which goes before the env file, so a line in the file would change nothing. Take it out there and write it into %s, then look again.",
			k.Name, where, k.Scope))
		return true
	}
	if i, ok := o.State.(Ingress); ok && len(i.Above) > 0 {
		p.bar(k, WhyConflict, fmt.Sprintf("In the tunnel, the rule for %s stands above ours and answers for %s. Move it below, or remove it, in the dashboard (Networks → Tunnels → Public hostnames).",
			strings.Join(i.Above, ", "), i.Host))
		return true
	}
	if k.isDoor() {
		for _, other := range p.world.Objects {
			if app, ok := other.State.(App); ok && other.ID != o.ID && p.shadows(other, app, want.State.(App)) {
				p.bar(k, WhyConflict, fmt.Sprintf("The Access application “%s” covers a part of this door (%s) and answers before it. Remove it in the dashboard, or narrow it.",
					app.Name, strings.Join(app.Destinations, ", ")))
				return true
			}
		}
	}
	return false
}

// shadows says whether a stranger's application takes over a part of a door: it
// is more specific, so Cloudflare prefers it.
func (p *planner) shadows(o Object, app App, door App) bool {
	if p.ledger.ours(o.Mark) {
		return false
	}
	for _, d := range door.Destinations {
		for _, s := range app.Destinations {
			if d != s && covers(d, s) {
				return true
			}
		}
	}
	return false
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
