package diagnosis

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/culvert/culvert/setup"
)

// readdressed: something that the team's private name leads to is no longer
// where it was in Culvert's own network: the app, or a service that stands there
// for it.
func (x *examination) readdressed() {
	x.movedOn()
	file := x.takeChanges(ofKind(setup.KindComposeNetwork))
	for _, c := range x.takeChanges(moved) {
		who, name := "The app", ""
		if s, ok := c.To.(setup.Sidecar); ok {
			who, name = sidecarNames[s.Spec.Service], s.Spec.Service
		}
		r := report{class: setup.ClassAppReaddressed, name: name, severity: setup.SeverityBroken, changes: []setup.Change{c},
			title:  who + " " + displaced(setup.Endpoints(c.From), setup.Endpoints(c.To)) + ".",
			effect: fmt.Sprintf("Your team does not reach %s. Webhooks are unaffected.", x.privateName()), ifNot: "It stays so."}
		if c.Key.Kind == setup.KindAttachment {
			r.changes = append(r.changes, file...)
			file = nil
		}
		r.evidence = x.takeFailing(func(v setup.Evidence) bool { return v.Check.Private() && v.Check.HangsOn(c.Key) })
		x.tell(r)
	}
	if len(file) > 0 {
		x.tell(report{class: setup.ClassAppReaddressed, name: "file", severity: setup.SeverityRisk, changes: file,
			title:  fmt.Sprintf("The network that your team comes by was changed in %s.", base(x.Answers.Stack.ComposeFile)),
			effect: "The app runs on as it was started; the next start takes what the file says.",
			ifNot:  fmt.Sprintf("After the next start of the app your team may not reach %s.", x.privateName())})
	}
}

// movedOn: an app that is followed was given another address in its own network.
func (x *examination) movedOn() {
	was := x.Answers.MovedFrom(x.Plan, x.Ledger)
	if was == "" {
		return
	}
	follows := func(c setup.Change) bool { return c.Follows }
	changes, waiting := split(x.waiting, follows)
	x.waiting = waiting
	changes, _ = split(append(changes, x.takeChanges(follows)...), func(c setup.Change) bool {
		return c.Key.Kind != setup.KindConnectorFile // comes with the DNS server, and says nothing of the connector
	})
	if len(changes) == 0 && x.told(setup.ClassLockMissing) { // what is left of it is open
		return
	}
	r := report{class: setup.ClassAppReaddressed, severity: setup.SeverityBroken, changes: changes,
		title:  fmt.Sprintf("The app has the address %s instead of %s.", x.Answers.Private.Address, was),
		effect: fmt.Sprintf("Your team does not reach %s: its devices are still told the old address. Webhooks are unaffected.", x.privateName()),
		cause:  "Docker gave it another one when its container was made anew.",
		ifNot:  "It stays so."}
	if !slices.ContainsFunc(r.changes, func(c setup.Change) bool { return !c.Drop }) {
		r.severity, r.title = setup.SeverityRisk, fmt.Sprintf("A way to %s is left, where the app was before.", was)
		r.effect = fmt.Sprintf("Your team reaches %s. Whatever gets the old address can be reached by your team’s devices, behind a login.", x.privateName())
	}
	for _, b := range x.Plan.Barriers {
		if b.Opens() { // its network has another range
			r.barriers, r.advice = append(r.barriers, b), b.Detail
			r.cause = "Docker gave its network another range, and a route to all of that takes your yes."
		}
	}
	if has := x.holderOf(was); has != "" && !x.Answers.Private.Whole {
		r.effect += fmt.Sprintf(" The old address is that of %s now: your team's devices get there, behind a login.", has)
	}
	r.evidence = x.takeFailing(func(v setup.Evidence) bool {
		return v.Check.PrivateDNS() || v.Check.ID == setup.RouteCheck || ofPage(v) && v.By == setup.ByNobody
	})
	x.tell(r)
}

// holderOf is the service that has an address in the app's own network; empty:
// none has.
func (x *examination) holderOf(address string) string {
	for _, m := range x.Answers.Neighbours(x.World) {
		if m.Address == address {
			return cmp.Or(m.Service, "another container")
		}
	}
	return ""
}

var sidecarNames = map[string]string{
	setup.DNSService:   "The DNS server of the private name",
	setup.FrontService: "The server that speaks TLS for the private name",
}

func (x *examination) privateName() string {
	if x.Answers.Private == nil {
		return "the private name"
	}
	return x.Answers.Private.Name
}

// moved says whether a change puts something back to where it was in a network.
// That it does not run at all is another matter.
func moved(c setup.Change) bool {
	if from, ok := c.From.(setup.Sidecar); ok {
		return from.Running && displaced(setup.Endpoints(c.From), setup.Endpoints(c.To)) != ""
	}
	return c.Key.Kind == setup.KindAttachment
}

// displaced says how something stands otherwise in networks than it should;
// empty: it stands there as it should.
func displaced(have, want []setup.Endpoint) string {
	for _, w := range want {
		i := slices.IndexFunc(have, func(h setup.Endpoint) bool { return h.Network == w.Network })
		switch {
		case i < 0:
			return "is no longer in the network " + w.Network
		case have[i].Address != w.Address && have[i].Address != "":
			return fmt.Sprintf("has the address %s instead of %s", have[i].Address, w.Address)
		case have[i].Address != w.Address:
			return fmt.Sprintf("lost its fixed address %s", w.Address)
		}
		for _, alias := range w.Aliases {
			if !slices.Contains(have[i].Aliases, alias) {
				return fmt.Sprintf("is no longer known as %s in the network %s", alias, w.Network)
			}
		}
	}
	return ""
}
