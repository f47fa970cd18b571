package diagnosis

import (
	"fmt"

	"github.com/culvert/culvert/setup"
)

// This file holds the rules for the account, the domain and the public name.

func (x *examination) zeroTrustOff() {
	gates := x.takeBarriers(gateOf(setup.KindOrganization))
	if len(gates) == 0 {
		return
	}
	changes := x.takeWith(ofKind(setup.KindApp, setup.KindPolicy, setup.KindLoginMethod))
	x.tell(report{
		class: setup.ClassZeroTrustOff, severity: setup.SeverityOpen,
		title:  "Zero Trust is no longer switched on for the account.",
		effect: "There is no lock: whoever knows the address reaches the app's own login.",
		ifNot:  "It stays so.", advice: gates[0].Detail,
		barriers: gates, changes: changes,
		evidence: x.takeFailing(func(v setup.Evidence) bool { return v.Check.Outside() && v.Check.Locked }),
	})
}

func (x *examination) zone() {
	if gates := x.takeBarriers(gateOf(setup.KindZone)); len(gates) > 0 {
		x.tell(report{
			class: setup.ClassZoneMoved, severity: setup.SeverityBroken,
			title:  fmt.Sprintf("Your domain %s is no longer active at Cloudflare.", x.Answers.Zone),
			effect: "The public name leads nowhere, or past Cloudflare: messages do not arrive.",
			ifNot:  "Whoever looks the name up elsewhere does not find the app.", advice: gates[0].Detail,
			barriers: gates, changes: x.takeChanges(ofKey(x.Answers.RecordKey())), evidence: x.takeFailing(outside),
		})
		return
	}
	if !x.paused() {
		return
	}
	r := report{
		class: setup.ClassZonePaused, severity: setup.SeverityBroken, remedy: setup.RemedyActive,
		advice: "In the dashboard, open the domain and choose “Enable Cloudflare on Site” at the foot of its overview.",
		title:  fmt.Sprintf("Cloudflare is paused for your domain %s.", x.Answers.Zone),
		effect: "Callers are sent past Cloudflare, where a tunnel cannot be reached: messages do not arrive and nobody gets in.",
		cause:  notByCulvert, ifNot: "It stays so.",
		evidence: x.takeFailing(outside),
	}
	x.takeRemedy(&r)
	x.tell(r)
}

func (x *examination) paused() bool {
	for _, o := range x.World.Objects {
		if z, ok := o.State.(setup.Zone); ok && z.Name == x.Answers.Zone && z.Paused {
			return true
		}
	}
	return false
}

func (x *examination) tunnelDeleted() {
	changes := x.takeWith(func(c setup.Change) bool { return c.Key == x.Answers.TunnelKey() && c.Verb == setup.Create })
	if len(changes) == 0 {
		return
	}
	x.tell(report{
		class: setup.ClassTunnelDeleted, severity: setup.SeverityBroken,
		title:  fmt.Sprintf("The tunnel for %s was deleted.", x.Answers.Hostname),
		effect: "Nothing gets through to the app: no messages arrive and nobody gets in.",
		ifNot:  "It stays so.", changes: changes,
		evidence: x.takeFailing(either(besideConnector,
			doorBy(setup.ByTunnel, setup.ByConnector, setup.ByEdge, setup.ByNobody, setup.ByUnknown))),
	})
}

// record: the public name is missing, grey, or leads elsewhere.
func (x *examination) record() {
	key := x.Answers.RecordKey()
	if x.withdrawn() {
		return
	}
	r := report{severity: setup.SeverityBroken, ifNot: "Callers who look the name up do not reach the app."}
	r.changes = x.takeChanges(ofKey(key))
	r.barriers = x.takeBarriers(func(b setup.Barrier) bool { return b.Key == key && b.Why != setup.WhyUnread })
	switch {
	case len(r.changes) > 0 && r.changes[0].Verb == setup.Create:
		r.class, r.title = setup.ClassRecordMissing, fmt.Sprintf("The public name %s was deleted.", x.Answers.Hostname)
		r.effect = "The address does not exist: no messages arrive and nobody gets in."
	case len(r.changes) > 0 && grey(r.changes[0].From):
		r.class, r.title = setup.ClassRecordGrey, fmt.Sprintf("The public name %s no longer goes through Cloudflare (grey cloud).", x.Answers.Hostname)
		r.effect = "Without Cloudflare the tunnel cannot be reached: no messages arrive and nobody gets in."
	case len(r.changes)+len(r.barriers) > 0:
		r.class, r.title = setup.ClassRecordElsewhere, fmt.Sprintf("The public name %s leads somewhere else.", x.Answers.Hostname)
		r.effect = "Callers reach something else than the app, without the lock in front of it."
	default:
		return
	}
	if len(r.barriers) > 0 {
		r.advice = r.barriers[0].Detail
	}
	r.evidence = x.takeFailing(outside)
	if unlocked(r.evidence) {
		r.severity = setup.SeverityOpen
	}
	x.tell(r)
}

func grey(s setup.State) bool {
	r, ok := s.(setup.DNSRecord)
	return ok && r.Type == "CNAME" && r.Tunnel != (setup.ID{}) && !r.Proxied
}

// withdrawn: the name was taken away by a run, because it saw something open.
func (x *examination) withdrawn() bool {
	key := x.Answers.RecordKey()
	i := indexOf(x.Changes, func(c setup.RunChange) bool {
		return c.Key == key && c.Verb == setup.Delete && c.State == setup.ChangeDone
	})
	if i < 0 || x.Run == nil || x.live() {
		return false
	}
	waiting, left := split(x.waiting, ofKey(key))
	x.waiting = left
	x.tell(report{
		class: setup.ClassRecordWithdrawn, severity: setup.SeverityBroken, run: x.Run.ID,
		title:  fmt.Sprintf("Culvert took the public name %s away.", x.Answers.Hostname),
		effect: "The address does not exist: no messages arrive and nobody gets in. Nothing is open.",
		cause:  fmt.Sprintf("By Culvert, in run %d: %s", x.Run.ID, x.Run.Note),
		ifNot:  "It stays so.", changes: waiting,
		barriers: x.takeBarriers(func(b setup.Barrier) bool { return b.Key == key }),
	})
	return true
}

func indexOf[T any](all []T, which func(T) bool) int {
	for i, t := range all {
		if which(t) {
			return i
		}
	}
	return -1
}
