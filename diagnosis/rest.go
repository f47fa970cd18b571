package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// This file holds the rules for what only the checks show, and for what is left
// when every other rule has taken its part.

// secondConnector: another cloudflared runs with the same tunnel and takes a
// part of the traffic to somewhere else.
func (x *examination) secondConnector() {
	id := x.Ledger.Records[x.Answers.TunnelKey()].ID
	for _, o := range x.World.Objects {
		t, ok := o.State.(setup.Tunnel)
		if !ok || o.ID != id || t.Connectors < 2 {
			continue
		}
		evidence := x.takeFailing(doorBy(setup.ByConnector, setup.ByNobody))
		x.tell(report{
			class: setup.ClassConnectorSecond, severity: brokenIf(evidence), evidence: evidence,
			title:  fmt.Sprintf("%d connectors share this tunnel; one of them is here.", t.Connectors),
			effect: "A part of the messages goes to the other one, and is lost if the app is not reached from there.",
			cause:  notByCulvert, ifNot: "Now and then a message is lost.",
			advice: "In the dashboard, open Networks → Tunnels, choose the tunnel and look at its connectors. Stop the one that is not this server.",
		})
	}
}

// appSilent: the app answers nobody, not even at its own address.
func (x *examination) appSilent() {
	silent := func(v setup.Evidence) bool {
		return besideApp(v) && (v.By == setup.ByNobody || v.By == setup.ByUnknown)
	}
	beside := x.takeFailing(silent)
	if len(beside) == 0 {
		return
	}
	through := x.takeFailing(doorBy(setup.ByConnector, setup.ByNobody))
	r := report{class: setup.ClassAppFault, name: "silent", severity: setup.SeverityBroken, evidence: append(through, beside...),
		title:  "The app does not answer at its own address.",
		effect: "No messages arrive and nobody gets in.", cause: beside[0].Detail, ifNot: "It stays so.",
		advice: fmt.Sprintf("Look at its log: docker compose logs %s, in %s.", x.Answers.Stack.Service, x.Answers.Stack.Dir)}
	if x.live() && len(through) == 0 {
		r.severity = setup.SeverityRisk
		r.title = "The app cannot be asked at its own address from here."
		r.effect = "From outside it is asked all the same; before a switch it could not be proven."
		r.ifNot, r.advice = "Nothing breaks.", "Let Culvert reach the addresses of containers: in a container of its own it needs the host's network."
	}
	x.tell(r)
}

func (x *examination) connectorBlind() {
	evidence := x.takeFailing(doorBy(setup.ByConnector))
	if len(evidence) == 0 {
		return
	}
	x.tell(report{
		class: setup.ClassConnectorBlind, severity: setup.SeverityBroken, evidence: evidence,
		title:  "The connector does not reach the app.",
		effect: "No messages arrive and nobody gets in.",
		cause:  fmt.Sprintf("It asks for %s on port %d in the network %s.", x.Answers.Stack.Service, x.Answers.Stack.Target, x.Answers.Stack.Network),
		ifNot:  "It stays so.", advice: "Look at the app's log and at the connector's.",
	})
}

func (x *examination) tunnelUnconnected() {
	through := x.takeFailing(doorBy(setup.ByTunnel))
	evidence := append(through, x.takeFailing(besideConnector)...)
	if len(evidence) == 0 {
		return
	}
	r := report{
		class: setup.ClassTunnelUnconnected, severity: setup.SeverityBroken, evidence: evidence,
		title:  "Cloudflare has no connection to the tunnel.",
		effect: "No messages arrive and nobody gets in.",
		cause:  evidence[0].Detail, ifNot: "It stays so.", advice: "Look at the connector's log.",
	}
	if x.live() && len(through) == 0 {
		r.severity, r.title = setup.SeverityRisk, "The connector does not tell how it stands."
		r.effect, r.ifNot = "From outside the doors are asked all the same.", "Nothing breaks."
	}
	x.tell(r)
}

// open: something is let through without a login, and nothing tells why.
func (x *examination) open() {
	evidence := x.takeFailing(func(v setup.Evidence) bool {
		return lockedOutside(v) && (answersOpenly(v) || v.By == setup.ByTunnel || v.By == setup.ByConnector)
	})
	if len(evidence) == 0 {
		return
	}
	x.tell(report{
		class: setup.ClassOpen, severity: setup.SeverityOpen, evidence: evidence,
		title:  "Without a login callers get through to " + pathList(evidence) + ".",
		effect: "Whoever knows the address gets there.", cause: x.nothingElse(),
		ifNot: "It stays open.", advice: "In the dashboard, look at Access → Applications for one that covers these paths.",
	})
}

// pathList names what checks asked for.
func pathList(evidence []setup.Evidence) string {
	var paths []string
	for _, v := range evidence {
		paths = append(paths, v.Check.Path)
	}
	return few(paths)
}

// nothingElse is the cause of what nothing explains. What could not be read may
// hide one.
func (x *examination) nothingElse() string {
	var unread []string
	for _, b := range x.Plan.Barriers {
		if name := setup.Name(b.Key, nil); b.Why == setup.WhyUnread && !slices.Contains(unread, name) {
			unread = append(unread, name)
		}
	}
	if len(unread) > 0 {
		return "What may be the cause could not be read: " + few(unread) + "."
	}
	return "Nothing that Culvert looks after is different from what you chose."
}

// appFaults: the app itself answers webhooks, and not as it should. The same
// answer at several doors has one cause.
func (x *examination) appFaults() {
	for {
		i := indexOf(x.failing, faulty)
		if i < 0 {
			return
		}
		status := x.failing[i].Status
		evidence := x.takeFailing(func(v setup.Evidence) bool { return faulty(v) && v.Status == status })
		who := x.callers(evidence)
		x.tell(report{
			class: setup.ClassAppFault, name: fmt.Sprint(status), severity: setup.SeverityBroken, evidence: evidence,
			title:  fmt.Sprintf("The app does not answer %s as it should.", who),
			effect: fmt.Sprintf("Messages of %s reach the app and may be lost there.", who),
			cause:  evidence[0].Detail, ifNot: "It stays so.", advice: "Look at the app's log.",
		})
	}
}

// callers names whom evidence is about, the doors asked beside among them.
func (x *examination) callers(evidence []setup.Evidence) string {
	var names []string
	for _, v := range evidence {
		if name := x.door(v.Check.Door); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "callers"
	}
	return sentenceList(names)
}

func faulty(v setup.Evidence) bool {
	return v.By == setup.ByApp && !v.Check.Locked && !v.Check.Port() || besideApp(v)
}

// restOfChanges: whatever else is no longer as it was set up.
func (x *examination) restOfChanges() {
	for len(x.changes) > 0 {
		root := x.root()
		changes := x.takeWith(ofKey(root.Key))
		x.tell(report{
			class: setup.ClassChanged, name: slug(root.Key.Short()), severity: setup.SeverityRisk, changes: changes,
			title:  "This is no longer as it was set up: " + setup.Title(root) + ".",
			effect: different(root.From, root.To), ifNot: "It stays so.",
		})
	}
}

// root is a change that waits for no other one which is left.
func (x *examination) root() setup.Change {
	for _, c := range x.changes {
		made := func(o setup.Change) bool { return o.Verb == setup.Create && refersTo(c.To, o.Key) }
		if !slices.ContainsFunc(x.changes, made) {
			return c
		}
	}
	return x.changes[0]
}

func (x *examination) restOfBarriers() {
	for len(x.barriers) > 0 {
		key := x.barriers[0].Key
		barriers := x.takeBarriers(func(b setup.Barrier) bool { return b.Key == key })
		r := report{
			class: setup.ClassChanged, name: slug(key.Short()), severity: setup.SeverityRisk, barriers: barriers,
			title:  "Something else stands in the place of this: " + barriers[0].Title() + ".",
			effect: barriers[0].Detail, ifNot: "It stays so.", advice: barriers[0].Detail,
		}
		if barriers[0].Keeps && barriers[0].Why == setup.WhyConflict {
			r.title = "This is not needed any more and stays: " + setup.Name(key, barriers[0].Held) + "."
		}
		if barriers[0].Why == setup.WhyGate {
			r.class, r.title = setup.ClassWaiting, "Culvert waits for you: "+x.nameOf(key)+"."
			r.effect, r.cause = "What needs it is not made before it is there.", "Only you, or whoever it belongs to, can bring it about."
			r.ifNot = "It waits on. Nothing that works breaks."
		}
		x.tell(r)
	}
}

// nameOf names a thing that may not be there, in plain words.
func (x *examination) nameOf(k setup.Key) string {
	want, _ := setup.Merge(x.Answers.Setup, &x.Answers, nil)
	return setup.Name(k, want[k].State)
}

// restOfChecks: what fails, and nothing tells why. Who answered tells one
// unknown cause from another.
func (x *examination) restOfChecks() {
	for len(x.failing) > 0 {
		first := x.failing[0]
		evidence := x.takeFailing(func(v setup.Evidence) bool {
			return v.By == first.By && v.Check.Port() == first.Check.Port() && v.Check.Locked == first.Check.Locked
		})
		r := report{
			class: setup.ClassCheckFails, name: slug(restName(first)), severity: setup.SeverityBroken, evidence: evidence,
			title: restTitle(evidence), effect: first.Detail, cause: x.nothingElse(), ifNot: "It stays so.",
			advice: "The proof shows who answered. Copy it for whoever helps you.",
		}
		if names := x.names(evidence); names != "" {
			r.title = fmt.Sprintf("Callers of %s do not reach the app.", names)
			r.effect = "Messages do not arrive. " + first.Detail
		} else if first.Check.Locked || first.Check.Port() {
			r.severity = setup.SeverityUnknown // nobody got in, and nobody was turned away
		}
		x.tell(r)
	}
}

// restTitle says what it means that checks fail which are about no channel.
func restTitle(evidence []setup.Evidence) string {
	var checks []setup.Check
	for _, v := range evidence {
		checks = append(checks, v.Check)
	}
	names := checkNames(checks)
	switch first := checks[0]; {
	case first.Port():
		return "It cannot be told whether this server is closed to callers past the tunnel: " + names + "."
	case first.Locked:
		return "It cannot be told whether a login is asked for: " + names + "."
	case first.Private():
		return "Your team’s private way does not answer as it should: " + names + "."
	}
	return "Something does not answer as it should: " + names + "."
}

func restName(v setup.Evidence) string {
	name := string(v.By)
	switch {
	case v.Check.Port():
		name += " port"
	case v.Check.Locked:
		name += " locked"
	}
	if v.By == "" {
		name += " nobody"
	}
	return name
}

// unproven: a check has no evidence that still counts.
func (x *examination) unproven() {
	if len(x.missing) == 0 {
		return
	}
	f := setup.Finding{ID: string(setup.ClassUnproven), Class: setup.ClassUnproven, Severity: setup.SeverityUnknown,
		Title:  fmt.Sprintf("%d of %d checks have no fresh proof.", len(x.missing), len(x.Needed())),
		Effect: "Whether these hold is not known: " + checkNames(x.missing) + ".",
		Cause:  "They were not made for a while, or not yet.",
		IfNot:  "Nothing: they are made by themselves."}
	if x.Settling {
		f.Title = fmt.Sprintf("%d of %d checks are being made again.", len(x.missing), len(x.Needed()))
		f.Cause = "A change was made just now. It may take a minute to reach Cloudflare's edge."
	}
	for _, c := range x.missing {
		f.Checks = append(f.Checks, c.ID)
		if c.Door != "" && c.Outside() && !slices.Contains(f.Doors, c.Door) {
			f.Doors = append(f.Doors, c.Door)
		}
	}
	x.found = append(x.found, f)
}

// maxNames is how many things a sentence names.
const maxNames = 4

func checkNames(checks []setup.Check) string {
	var names []string
	for _, c := range checks {
		if !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	return few(names)
}

// few names what a sentence can hold.
func few(names []string) string {
	if len(names) > maxNames {
		return strings.Join(names[:maxNames], ", ") + fmt.Sprintf(" and %d more", len(names)-maxNames)
	}
	return sentenceList(names)
}

// unfinished: a run ended before everything that was agreed to was done, or
// left a copy behind.
func (x *examination) unfinished() {
	copies, waiting := split(x.waiting, func(c setup.Change) bool {
		return c.Drop && c.Verb == setup.Delete && strings.Contains(c.Key.Name, "#")
	})
	if len(copies) > 0 {
		x.tell(report{
			class: setup.ClassLeftover, severity: setup.SeverityRisk, changes: copies,
			title:  fmt.Sprintf("%d copies of things are left over in Cloudflare.", len(copies)),
			effect: "They do nothing.", cause: "By Culvert: the answer to a call was lost, and it was made again.",
			ifNot: "Nothing breaks.",
		})
	}
	if !x.ended() {
		x.oldWay(waiting)
		return
	}
	if len(waiting) == 0 {
		return
	}
	r := report{
		class: setup.ClassUnfinished, severity: setup.SeverityRisk, changes: waiting, run: x.Run.ID,
		title:  fmt.Sprintf("%d changes that you agreed to are not made yet.", len(waiting)),
		effect: "What was set up before goes on working.",
		cause:  fmt.Sprintf("Run %d ended before: %s", x.Run.ID, x.Run.Note),
		ifNot:  "They stay undone.",
	}
	if _, bad := x.noPlainLogin(); bad && slices.ContainsFunc(waiting, leadsIn) && !x.told(setup.ClassPrivateLogin) {
		r.class, r.advice = setup.ClassPrivateLogin, chooseCertificate
		r.title = fmt.Sprintf("Nobody could log in at %s, so %d changes that you agreed to are not made.", x.Answers.Private.Name, len(waiting))
	}
	x.tell(r)
}

func (x *examination) told(class setup.Class) bool {
	return slices.ContainsFunc(x.found, func(f setup.Finding) bool { return f.Class == class })
}

// oldWay: the new way was gone to the end, and what only an earlier choice needed
// was not taken away. While anything of the new way is missing it may be in use.
func (x *examination) oldWay(waiting []setup.Change) {
	old, rest := split(waiting, func(c setup.Change) bool { return c.Step == setup.StepRemove })
	missing := slices.ContainsFunc(append(rest, x.changes...), func(c setup.Change) bool { return c.Step.Through(setup.StepSwitch) })
	if len(old) == 0 || missing || x.Run == nil || x.Run.State != setup.RunSucceeded {
		return
	}
	r := report{
		class: setup.ClassLeftover, name: "old-way", severity: setup.SeverityRisk, changes: old, run: x.Run.ID,
		title:  "What the old way needed is still there.",
		effect: "Nobody needs it any more: " + setup.Title(old[0]) + ".",
		cause:  "You chose something else, and it was not taken away yet.",
		ifNot:  "It stays. The way that you chose is not affected.",
	}
	if len(old) > 1 {
		r.effect = fmt.Sprintf("Nobody needs these %d things any more, such as: %s.", len(old), setup.Title(old[0]))
	}
	if i := slices.IndexFunc(old, setup.Change.ForDevices); i >= 0 {
		r.effect += " " + setup.Title(old[i]) + " counts for everybody in the account."
	}
	if behind := x.Answers.LeftBehind(old); behind != "" && x.Answers.Mode.Private() {
		r.effect += " Mind: " + behind
	}
	x.tell(r)
}
