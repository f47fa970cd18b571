package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/culvert/culvert/setup"
)

// Mend asks for a run that puts some keys right and leaves everything else
// alone: what was agreed to before stays what is wanted. The hashes are those of
// the changes that the person saw.
func (e *Engine) Mend(ctx context.Context, id setup.SetupID, keys []setup.Key, hashes, findings []string, actor string) (Run, error) {
	approved, err := e.approved(ctx)
	if err != nil {
		return Run{}, err
	}
	answers, ok := approved[id]
	if !ok {
		return Run{}, ErrNotFound
	}
	return e.Start(ctx, Request{Setup: id, Answers: &answers, Through: setup.StepRemove,
		Hashes: hashes, Only: keys, Mends: findings, Actor: actor})
}

// limited says whether a run is about some keys only.
func (x *execution) limited() bool { return len(x.run.Only) > 0 }

// recentEnough is how old the look may be on which a limited run begins. What it
// is about is read again in any case.
const recentEnough = 5 * time.Minute

// recall begins a limited run with what was seen of the account not long ago,
// so that only the kinds that it is about, and the locks, have to be read before it
// can act.
func (x *execution) recall() {
	if !x.limited() || x.answers == nil {
		return
	}
	g, ok := x.memory.recall(x.answers.Account, x.Clock.Now().Add(-recentEnough))
	if !ok {
		return
	}
	x.sight.worlds[0], x.sight.seen.Cloud = &g.world, g.at
	for _, k := range x.run.Only {
		x.sight.changed(k.Kind)
	}
	for _, k := range []setup.Kind{setup.KindApp, setup.KindPolicy, setup.KindGatewayProxy} { // what keeps shut whatever is made
		x.sight.changed(k)
	}
}

// sawItsPart says whether a limited run may end well on what it read again: what it
// is about, behind the last change. The proof of a route takes a look at everything.
func (x *execution) sawItsPart() bool {
	return x.limited() && !x.touches(setup.KindTunnel, setup.KindVirtualNetwork, setup.KindRoute, setup.KindHostnameRoute)
}

// nextOfPart is next for a run that is limited to some keys. What they take
// beyond that was not agreed to, and what bars them ends the run: a repair does
// not wait at a gate.
func (x *execution) nextOfPart(p setup.Plan) ([]setup.Change, *ending) {
	part, bar := p.Part(x.run.Only)
	if bar != nil {
		return nil, &ending{RunFailed, "It cannot be put right now: " + bar.Detail, bar.Cause}
	}
	for _, c := range part {
		x.closes = x.closes || x.closing(c)
		if c.Verb.Writes() && !slices.Contains(x.run.Approved, c.Hash()) {
			return nil, &ending{state: RunNeedsApproval,
				note: fmt.Sprintf("Putting it right takes something else now: %s. Look at it again and agree again.", setup.Title(c))}
		}
	}
	ready := readyOf(part)
	notes := slices.DeleteFunc(slices.Clone(ready), func(c setup.Change) bool { return c.Verb.Writes() })
	if len(notes) > 0 {
		return notes, nil
	}
	for _, step := range setup.Steps() {
		of := slices.DeleteFunc(slices.Clone(ready), func(c setup.Change) bool { return c.Step != step })
		if len(of) > 0 {
			return of, nil
		}
	}
	return nil, nil
}

// readyOf gives the changes of a part that wait for none of the others. What is
// outside of the part and needed is as wanted: otherwise it would belong to it.
func readyOf(part []setup.Change) []setup.Change {
	moving := map[setup.Key]bool{}
	for _, c := range part {
		moving[c.Key] = true
	}
	return slices.DeleteFunc(slices.Clone(part), func(c setup.Change) bool {
		return slices.ContainsFunc(c.Needs, func(n setup.Need) bool { return moving[n.Key] })
	})
}

// knowOpen notes what was open before a limited run began: that is not its
// doing, so it is no reason to take the public name away.
func (x *execution) knowOpen(ctx context.Context) error {
	if !x.limited() || x.openBefore != nil {
		return nil
	}
	evidence, err := x.Store.Evidence(ctx, x.run.Setup)
	if err != nil {
		return fmt.Errorf("reading the evidence: %w", err)
	}
	x.openBefore, x.unaskable = map[string]bool{}, map[string]bool{}
	for _, v := range evidence {
		x.openBefore[v.Check.ID] = isOpen(v)
		x.unaskable[v.Check.ID] = x.liftsForWebhooks() && v.Check.Locked && !v.OK && v.By == setup.ByEdge
	}
	return nil
}

// liftsForWebhooks says whether a limited run does nothing but let callers of
// webhooks past what stops them at the edge. Locks are not touched by that, and
// what stops callers there goes on.
func (x *execution) liftsForWebhooks() bool {
	return !slices.ContainsFunc(x.run.Only, func(k setup.Key) bool { return k.Kind != setup.KindSkipRule && k.Kind != setup.KindEdgeRule })
}

// closing says whether a change closes something that is open now. How long
// Cloudflare's edge goes on as before is not known, so that it is seen open for
// a while is no alarm.
func (x *execution) closing(c setup.Change) bool {
	_, door := x.answers.DoorOf(c.Key)
	return c.Key == x.answers.LockKey() || c.Key == x.answers.TeamKey() || door && c.Verb == setup.Update
}

// opened finds what the app answers although it must be locked, and did not
// before this run.
func (x *execution) opened(evidence []setup.Evidence) *setup.Evidence {
	if x.closes {
		return nil
	}
	i := slices.IndexFunc(evidence, func(v setup.Evidence) bool { return isOpen(v) && !x.openBefore[v.Check.ID] })
	if i < 0 {
		return nil
	}
	return &evidence[i]
}

// touches says whether a limited run is about a kind.
func (x *execution) touches(kinds ...setup.Kind) bool {
	return slices.ContainsFunc(x.run.Only, func(k setup.Key) bool { return slices.Contains(kinds, k.Kind) })
}

// mendProofs are the proofs behind a limited run: the checks that it may have
// changed, and that everything else is still locked.
func (x *execution) mendProofs(p Planned) []proof {
	if x.onlyTells() {
		return nil
	}
	var proofs []proof
	if x.touches(setup.KindConnector, setup.KindSetting, setup.KindPublished, setup.KindTunnel, setup.KindDNSRecord) {
		proofs = append(proofs, x.Prober.Beside)
	}
	if x.answers.LedIn(p.Ledger) {
		proofs = append(proofs, x.privateProofs(p)...)
	}
	if _, made := p.Ledger.Records[x.answers.RecordKey()]; made {
		narrow := *x.answers
		narrow.Checks = x.affected()
		proofs = append(proofs, func(ctx context.Context, _ setup.Answers) []setup.Evidence { return x.Prober.Outside(ctx, narrow) })
	}
	if x.touches(setup.KindPublished, setup.KindComposePort) && x.answers.Port != setup.PortKeep {
		proofs = append(proofs, x.Prober.Closed)
	}
	return proofs
}

// onlyTells says whether a limited run is about nothing but whom Cloudflare mails:
// no check has to do with that.
func (x *execution) onlyTells() bool {
	return !slices.ContainsFunc(x.run.Only, func(k setup.Key) bool { return k.Kind != setup.KindAlert })
}

// leadsIn says whether a limited run is about what leads the team in by the
// private name.
func (x *execution) leadsIn() bool {
	return slices.ContainsFunc(x.run.Only, func(k setup.Key) bool { return k.Kind.Private() })
}

// privateProofs are those of the checks of the private way that a limited run may
// have changed.
func (x *execution) privateProofs(p Planned) []proof {
	route := false
	var asked []setup.Check
	for _, c := range x.answers.PrivateChecks() {
		switch {
		case !slices.ContainsFunc(x.run.Only, c.HangsOn):
		case c.ID == setup.RouteCheck:
			route = true
		default:
			asked = append(asked, c)
		}
	}
	var proofs []proof
	if len(asked) > 0 {
		proofs = append(proofs, func(ctx context.Context, a setup.Answers) []setup.Evidence { return x.Prober.Private(ctx, a, asked...) })
	}
	if route {
		proofs = append(proofs, p.carried)
	}
	return proofs
}

// affected are the checks of the doors that a limited run is about, or of all of
// them if it is about anything else, with everything that must stay locked.
func (x *execution) affected() []setup.Check {
	doors := map[string]bool{}
	all := false
	for _, k := range x.run.Only {
		if d, ok := x.answers.DoorOf(k); ok {
			doors[d.ID] = true
		} else if k != x.answers.LockKey() && k != x.answers.TeamKey() {
			all = true
		}
	}
	return slices.DeleteFunc(slices.Clone(x.answers.Checks), func(c setup.Check) bool {
		return !c.Locked && !all && !doors[c.Door] || x.unaskable[c.ID]
	})
}

// mended is how a limited run ends that did what it should.
func (x *execution) mended(p setup.Plan) string {
	part, _ := p.Part(x.run.Only)
	note := "Put right and proven."
	if x.onlyTells() {
		note = "Done: Cloudflare shows the notification as it was agreed to. Whether a mail arrives only a test in its dashboard tells."
		if x.answers.AlertEmail == "" {
			note = "Done: Cloudflare has no such notification of ours any more."
		}
	}
	for _, stopped := range x.unaskable {
		if stopped {
			note = "Put right and proven. Whether everything else is locked cannot be told: Cloudflare stops those checks as before."
		}
	}
	left := 0
	for _, c := range p.Changes {
		if c.Verb.Writes() && !slices.ContainsFunc(part, func(o setup.Change) bool { return o.Key == c.Key }) {
			left++
		}
	}
	if left > 0 {
		note += fmt.Sprintf(" Left alone: %d other things that are not as they were set up.", left)
	}
	return note
}
