package setup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Verb is what a change does.
type Verb string

// Claim and Release change only our ledger; the others are calls to a Port.
const (
	Create  Verb = "create"
	Update  Verb = "update"
	Delete  Verb = "delete"
	Claim   Verb = "claim"
	Release Verb = "release"
)

// Writes says whether the verb changes anything outside of our ledger.
func (v Verb) Writes() bool { return v == Create || v == Update || v == Delete }

// Step is a part of the way, as the operator walks it.
type Step string

// Steps that change something, in order. Between them the engine asks for
// proof: the app answers before the switch, the switch works before the port
// closes.
const (
	StepBuild  Step = "build"
	StepSwitch Step = "switch"
	StepClose  Step = "close"
	StepRemove Step = "remove" // what is no longer wanted, always last
)

// Steps lists them in order.
func Steps() []Step { return []Step{StepBuild, StepSwitch, StepClose, StepRemove} }

// Through says whether step s is part of the way up to and including last.
func (s Step) Through(last Step) bool {
	return slices.Index(Steps(), s) <= slices.Index(Steps(), last)
}

// StepOf is the step in which a kind is built.
func StepOf(k Kind) Step {
	switch k {
	case KindDNSRecord, KindGatewayProxy, KindICMPProxy, KindDNSLocation, KindRoute, KindHostnameRoute,
		KindSplitTunnel, KindFallback, KindShadow:
		return StepSwitch
	case KindComposePort, KindPublished, KindSite, KindPredecessor, KindAlert:
		return StepClose
	}
	return StepBuild
}

// Need is a key that has to be as wanted first. A soft need is waited for while
// it moves; what bars it does not bar us.
type Need struct {
	Key  Key
	Soft bool
}

// Affects says for whom in the account a change for devices counts.
func (c Change) Affects() string {
	switch c.Devices {
	case -1:
		return "affects the devices of the account"
	case 1:
		return "affects 1 device"
	}
	return fmt.Sprintf("affects %d devices", c.Devices)
}

// ForDevices says whether a change is about the devices of everybody in the
// account.
func (c Change) ForDevices() bool { return c.Verb.Writes() && c.Key.Kind.forDevices() }

func (n Need) same(o Need) bool { return n.Key == o.Key }

// Reach is how far the effect of a change goes beyond the thing itself.
type Reach string

// Reaches.
const (
	ReachHere    Reach = "here"    // nobody notices
	ReachRestart Reach = "restart" // the app's service is restarted
	ReachLive    Reach = "live"    // what comes in through a name
	ReachDomain  Reach = "domain"  // every other address of the domain as well
	ReachAccount Reach = "account" // everybody in the Cloudflare account
)

func reachOf(k Kind, v Verb) Reach {
	switch {
	case !v.Writes():
		return ReachHere
	case k == KindSetting || k == KindPublished:
		return ReachRestart
	case k == KindDNSRecord, k == KindSite, (k == KindConnector || k == KindSidecar) && v == Update:
		return ReachLive
	case k.forDomain():
		return ReachDomain
	case k == KindLoginMethod, k.forDevices():
		return ReachAccount
	}
	return ReachHere
}

// Change is one step from what stands to what is wanted.
type Change struct {
	Key    Key
	Verb   Verb
	From   State // literal: what stands
	To     State // symbolic: what shall stand; nil on delete
	FromID string
	Drop   bool // toward absence, or back to how it was
	Late   bool // takes away what the old way in needs, when the new one stands
	// Follows: it does nothing but lead the private name to where a followed app is
	// now. Whoever chose to have it followed agreed to that.
	Follows bool
	// Unlocked: it takes away a route on which no login is asked for any more.
	Unlocked bool
	// Opens says what a route over a whole network lets the team's devices get to;
	// empty: this is no such route.
	Opens string
	Needs []Need
	Reach Reach
	// Devices is how many devices of the account a change for devices affects;
	// -1: that is not known.
	Devices int
	// Profile is what the device profile that the change is about is called; empty:
	// it is about none or the default one, or the name is not known.
	Profile string
	Step    Step
	Cause   string // why, for people
	By      []SetupID
	// Then is what is left to do about a list that also gets something new, once
	// all else stands: what only the old way in needs goes. It is agreed to together
	// with the change, and planned by itself when the change is made.
	Then   *Change
	marked bool // what stands carries the mark of this key
}

// Hash identifies what a person agrees to when they approve a change: what is
// done to which thing, from what to what, and how far it reaches. Order, cause
// and counts do not matter.
func (c Change) Hash() string {
	from, err := EncodeState(c.From)
	if err != nil {
		panic(err)
	}
	to, err := EncodeState(c.To)
	if err != nil {
		panic(err)
	}
	text, err := json.Marshal([]any{c.Key, c.Verb, c.FromID, json.RawMessage(from), json.RawMessage(to), c.Reach})
	if err != nil { // all of it encoded before
		panic(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:20]
}

// Footprint names what one call writes as a whole: changes with the same
// footprint go in one call.
func (c Change) Footprint() string {
	s := c.To
	if s == nil {
		s = c.From
	}
	account := " of " + c.Key.Scope
	switch s := s.(type) {
	case EnvVar:
		return "file " + s.Path
	case Setting:
		return "service " + s.Project + "/" + s.Service
	case Published:
		return "service " + s.Project + "/" + s.Service
	case Attachment:
		return "service " + s.Project + "/" + s.Service
	case Connector:
		return "project " + s.Project
	case Sidecar:
		return "project " + s.Project
	case Ingress:
		return "configuration of " + s.Tunnel.String()
	case SplitTunnel:
		return "split tunnels of " + s.Profile + account
	case Fallback:
		return "fallback domains of " + s.Profile + account
	case Shadow:
		return "fallback domains of " + s.Profile + account
	case Enrolment, EnrolmentRule:
		return "enrolment" + account
	}
	return c.Key.String()
}

// Why says what kind of barrier it is.
type Why string

// A gate opens by itself or by hand, and the run waits for it; a conflict needs
// a decision; unread means that nobody knows how things stand.
const (
	WhyGate     Why = "gate"
	WhyConflict Why = "conflict"
	WhyUnread   Why = "unread"
)

// Barrier stands before a key and before everything that hangs on it.
type Barrier struct {
	Key    Key
	Why    Why
	Detail string   // what is in the way and what to do
	Offer  *Consent // for conflicts that end when the operator agrees; see Agreeing
	Beside bool     // with an offer: what stands there stays as it is, beside ours
	Keeps  bool     // it bars nothing that is wanted, only that something goes
	Held   State    // what stands there instead
	// Profile is what the device profile is called that it is about (Change.Profile).
	Profile string
	Cause   *Problem // for unread
}

// Opens says whether what is offered to agree to is a route over a whole network.
func (b Barrier) Opens() bool { return b.Offer != nil && b.Held == nil }

// Plan is what is left to do and what stands in the way. Changes are in an
// order in which they can be made.
type Plan struct {
	Changes  []Change
	Barriers []Barrier
	ids      map[Key]string // the objects that stand now, for binding references
}

// Empty says that everything is as wanted.
func (p Plan) Empty() bool { return len(p.Changes) == 0 && len(p.Barriers) == 0 }

// Of gives the changes of one step.
func (p Plan) Of(step Step) []Change {
	var of []Change
	for _, c := range p.Changes {
		if c.Step == step {
			of = append(of, c)
		}
	}
	return of
}

// UpTo is the part of a plan that is made up to and including a step.
func (p Plan) UpTo(last Step) Plan {
	part := p
	part.Changes, part.Barriers = nil, nil
	for _, c := range p.Changes {
		if c.Then != nil && !c.Then.Step.Through(last) {
			c.Then = nil
		}
		if c.Step.Through(last) {
			part.Changes = append(part.Changes, c)
		}
	}
	for _, b := range p.Barriers {
		if StepOf(b.Key.Kind).Through(last) {
			part.Barriers = append(part.Barriers, b)
		}
	}
	return part
}

// All are the changes with what follows from them in the end.
func (p Plan) All() []Change {
	all := slices.Clone(p.Changes)
	for _, c := range p.Changes {
		if c.Then != nil {
			all = append(all, *c.Then)
		}
	}
	return all
}

// Hashes are the hashes of all changes.
func (p Plan) Hashes() []string {
	var hashes []string
	for _, c := range p.All() {
		hashes = append(hashes, c.Hash())
	}
	return hashes
}

// Ready gives the changes up to a step that can be made now: nothing that they
// need is still to be changed or barred.
func (p Plan) Ready(through Step) []Change {
	moving, barred := p.moving(), p.barred()
	var ready []Change
	for _, c := range p.Changes {
		if !c.Step.Through(through) {
			continue
		}
		if _, bad := barred[c.Key]; bad {
			continue
		}
		free := true
		for _, n := range c.Needs {
			if moving[n.Key] && !(n.Soft && p.stuck(n.Key, barred)) || !n.Soft && barred[n.Key] != nil {
				free = false
				break
			}
		}
		if free {
			ready = append(ready, c)
		}
	}
	return ready
}

func (p Plan) moving() map[Key]bool {
	moving := map[Key]bool{}
	for _, c := range p.Changes {
		moving[c.Key] = true
	}
	return moving
}

func (p Plan) barred() map[Key]*Barrier {
	barred := map[Key]*Barrier{}
	for i, b := range p.Barriers {
		barred[b.Key] = &p.Barriers[i]
	}
	return barred
}

// stuck says whether a change cannot be made because of a barrier before it or
// before something that it hard needs.
func (p Plan) stuck(k Key, barred map[Key]*Barrier) bool {
	return p.Bar(k, barred) != nil
}

// Bar gives the barrier that a key waits for, directly or through its needs.
func (p Plan) Bar(k Key, barred map[Key]*Barrier) *Barrier {
	if barred == nil {
		barred = p.barred()
	}
	return p.bar(k, barred, map[Key]bool{})
}

func (p Plan) bar(k Key, barred map[Key]*Barrier, seen map[Key]bool) *Barrier {
	if b := barred[k]; b != nil {
		return b
	}
	if seen[k] {
		return nil
	}
	seen[k] = true
	for _, c := range p.Changes {
		if c.Key != k {
			continue
		}
		for _, n := range c.Needs {
			if n.Soft {
				continue
			}
			if b := p.bar(n.Key, barred, seen); b != nil {
				return b
			}
		}
	}
	return nil
}

// String is the plan as people and golden files read it.
func (p Plan) String() string {
	var b strings.Builder
	for _, step := range Steps() {
		changes := slices.DeleteFunc(p.All(), func(c Change) bool { return c.Step != step })
		if len(changes) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%s:\n", step)
		for _, c := range changes {
			fmt.Fprintf(&b, "  %s\n", c)
		}
	}
	if len(p.Barriers) > 0 {
		b.WriteString("in the way:\n")
	}
	for _, bar := range p.Barriers {
		fmt.Fprintf(&b, "  %-8s %s: %s\n", bar.Why, bar.Key.Short(), bar.Detail)
	}
	if b.Len() == 0 {
		return "nothing to do\n"
	}
	return b.String()
}

func (c Change) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-7s %s", c.Verb, Title(c))
	if c.Cause != "" {
		fmt.Fprintf(&b, " (%s)", c.Cause)
	}
	switch {
	case c.Reach == ReachAccount && c.Key.Kind.forDevices():
		fmt.Fprintf(&b, " {%s}", c.Affects())
	case c.Reach != ReachHere:
		fmt.Fprintf(&b, " {%s}", c.Reach)
	}
	for _, line := range Difference(c.From, c.To) {
		fmt.Fprintf(&b, "\n            %s", line)
	}
	if c.Opens != "" {
		fmt.Fprintf(&b, "\n            %s", c.Opens)
	}
	if len(c.Needs) > 0 {
		var names []string
		for _, n := range c.Needs {
			name := n.Key.Short()
			if n.Soft {
				name += "?"
			}
			names = append(names, name)
		}
		fmt.Fprintf(&b, "\n            after %s", strings.Join(names, ", "))
	}
	return b.String()
}
