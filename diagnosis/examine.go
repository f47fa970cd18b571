package diagnosis

import (
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// Of gives everything that is wrong, worst first.
func Of(in Input) []setup.Finding {
	x := examine(in)
	if x == nil {
		return nil
	}
	for _, rule := range rules() {
		rule(x)
	}
	for i, f := range x.found {
		if f.Cause == notByCulvert || f.Cause == "" {
			x.found[i] = f.After(in.happened(f))
		}
	}
	slices.SortStableFunc(x.found, func(a, b setup.Finding) int {
		switch {
		case a.Severity.Worse(b.Severity):
			return -1
		case b.Severity.Worse(a.Severity):
			return 1
		}
		return strings.Compare(a.ID, b.ID)
	})
	return x.found
}

// rules are in the order in which they take what they explain.
func rules() []func(*examination) {
	return []func(*examination){
		(*examination).dockerAway, (*examination).cloudAway, (*examination).offline, (*examination).unreadables,
		(*examination).zeroTrustOff, (*examination).zone,
		(*examination).tunnelDeleted, (*examination).record,
		(*examination).connector, (*examination).appDown, (*examination).settings, (*examination).certificate, (*examination).unlockedRoutes, (*examination).readdressed,
		(*examination).privateWay,
		(*examination).ingress, (*examination).lock, (*examination).team, (*examination).login,
		(*examination).bypass, (*examination).doors, (*examination).edgeRule, (*examination).edgeBlocks, (*examination).remedies, (*examination).port,
		(*examination).secondConnector, (*examination).appSilent, (*examination).connectorBlind, (*examination).tunnelUnconnected,
		(*examination).open, (*examination).appFaults, (*examination).alert,
		(*examination).restOfChanges, (*examination).restOfBarriers, (*examination).restOfChecks,
		(*examination).unproven, (*examination).unfinished, (*examination).routes,
	}
}

// examination is what no rule has explained yet, and what was found so far.
type examination struct {
	Input
	changes  []setup.Change // what is no longer as we left it
	waiting  []setup.Change // what was never carried out
	barriers []setup.Barrier
	failing  []setup.Evidence
	missing  []setup.Check // without fresh evidence
	found    []setup.Finding
}

// examine sorts the input. Nil: nothing of the setup was carried out, so there
// is nothing to be wrong.
func examine(in Input) *examination {
	if !in.started() {
		return nil
	}
	x := &examination{Input: in}
	for _, c := range in.Plan.Changes {
		switch {
		case !c.Verb.Writes():
		case x.drifted(c):
			x.changes = append(x.changes, c)
		default:
			x.waiting = append(x.waiting, c)
		}
	}
	for _, b := range in.Plan.Barriers {
		_, ours := in.Ledger.Records[b.Key]
		if ours || b.Why != setup.WhyConflict || x.leads(b.Key) {
			x.barriers = append(x.barriers, b)
		}
	}
	for _, c := range in.Needed() {
		switch v, ok := in.fresh(c); {
		case !ok:
			x.missing = append(x.missing, c)
		case !v.OK:
			x.failing = append(x.failing, v)
		}
	}
	return x
}

// leads says whether a thing leads the team's devices to the private name, and
// they were told to go there: it matters then, also if it was never set up.
func (x *examination) leads(k setup.Key) bool {
	switch k.Kind {
	case setup.KindFallback, setup.KindShadow, setup.KindSplitTunnel, setup.KindGatewayProxy:
		return x.Answers.LedIn(x.Ledger)
	}
	return false
}

// ended says whether the newest run ended before everything that was agreed to
// was done.
func (x *examination) ended() bool {
	if x.Run == nil {
		return false
	}
	switch x.Run.State {
	case setup.RunFailed, setup.RunCancelled, setup.RunNeedsApproval:
		return true
	}
	return false
}

// takeLeading takes what leads devices elsewhere: what was changed, what was never
// carried out by a run that ended, and what only somebody else can put right.
func (x *examination) takeLeading(kinds ...setup.Kind) ([]setup.Change, []setup.Barrier) {
	changes := x.takeChanges(ofKind(kinds...))
	if x.ended() {
		never, left := split(x.waiting, func(c setup.Change) bool { return !c.Drop && x.leads(c.Key) && ofKind(kinds...)(c) })
		x.waiting, changes = left, append(changes, never...)
	}
	return changes, x.takeBarriers(func(b setup.Barrier) bool {
		return b.Why != setup.WhyUnread && slices.Contains(kinds, b.Key.Kind)
	})
}

// drifted says whether a change puts back what somebody else did: the thing is
// ours and no longer as we left it. A change of what is still as we left it
// comes from new answers that were not carried out to the end.
func (x *examination) drifted(c setup.Change) bool {
	r, ours := x.Ledger.Records[c.Key]
	return ours && !c.Drop && (c.Verb == setup.Create || !setup.Same(r.Left, c.From))
}

// takeChanges gives the changes that a rule explains, and keeps them from the
// rules behind it.
func (x *examination) takeChanges(which func(setup.Change) bool) []setup.Change {
	taken, left := split(x.changes, which)
	x.changes = left
	return taken
}

// takeWith also takes what only changes because something that it refers to is
// made anew.
func (x *examination) takeWith(which func(setup.Change) bool) []setup.Change {
	taken := x.takeChanges(which)
	for i := 0; i < len(taken); i++ {
		if taken[i].Verb != setup.Create {
			continue
		}
		hangs := func(c setup.Change) bool { return refersTo(c.To, taken[i].Key) }
		follow, left := split(x.waiting, hangs)
		x.waiting = left
		taken = append(append(taken, x.takeChanges(hangs)...), follow...)
	}
	return taken
}

// different says in a line how something differs from what it should be.
func different(from, to setup.State) string {
	if lines := setup.Difference(from, to); len(lines) > 0 {
		return "It is now different from what you chose: " + strings.Join(lines, ", ") + "."
	}
	return "It is now different from what you chose."
}

func refersTo(s setup.State, k setup.Key) bool {
	return s != nil && slices.ContainsFunc(setup.References(s), func(id setup.ID) bool { return id.Of == k })
}

func (x *examination) takeBarriers(which func(setup.Barrier) bool) []setup.Barrier {
	taken, left := split(x.barriers, which)
	x.barriers = left
	return taken
}

func (x *examination) takeFailing(which func(setup.Evidence) bool) []setup.Evidence {
	taken, left := split(x.failing, which)
	x.failing = left
	return taken
}

func split[T any](all []T, which func(T) bool) (taken, left []T) {
	for _, t := range all {
		if which(t) {
			taken = append(taken, t)
		} else {
			left = append(left, t)
		}
	}
	return taken, left
}

// Conditions on changes, barriers and evidence.

func ofKind(kinds ...setup.Kind) func(setup.Change) bool {
	return func(c setup.Change) bool { return slices.Contains(kinds, c.Key.Kind) }
}

func ofKey(k setup.Key) func(setup.Change) bool {
	return func(c setup.Change) bool { return c.Key == k }
}

// conflictAt is for what stands in the way at a key by somebody else's doing.
func conflictAt(k setup.Key) func(setup.Barrier) bool {
	return func(b setup.Barrier) bool { return b.Key == k && b.Why == setup.WhyConflict }
}

func gateOf(k setup.Kind) func(setup.Barrier) bool {
	return func(b setup.Barrier) bool { return b.Key.Kind == k && b.Why == setup.WhyGate }
}

func outsideBy(who ...setup.Answerer) func(setup.Evidence) bool {
	return func(v setup.Evidence) bool { return v.Check.Outside() && slices.Contains(who, v.By) }
}

// doorBy is for doors that lead to somebody else than the app. Of a lock such
// an answer says more: that the lock let the caller through.
func doorBy(who ...setup.Answerer) func(setup.Evidence) bool {
	return func(v setup.Evidence) bool { return outsideBy(who...)(v) && !v.Check.Locked }
}

func outside(v setup.Evidence) bool { return v.Check.Outside() }

func besideConnector(v setup.Evidence) bool {
	return v.Check.ID == setup.BesidePrefix+setup.ConnectorCheck
}

// besideApp is for what the app was asked directly.
func besideApp(v setup.Evidence) bool { return v.Check.Beside() && !besideConnector(v) }

func either[T any](conditions ...func(T) bool) func(T) bool {
	return func(t T) bool {
		return slices.ContainsFunc(conditions, func(c func(T) bool) bool { return c(t) })
	}
}
