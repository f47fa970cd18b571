package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// This file holds the rules for the way of the team by a private name. What
// happens on a device cannot be seen from here: of that the account's settings
// tell, and of the rest the checks.

func ofCheck(ids ...string) func(setup.Evidence) bool {
	return func(v setup.Evidence) bool { return slices.Contains(ids, v.Check.ID) }
}

func privateDNS(v setup.Evidence) bool { return v.Check.PrivateDNS() }

// ofPage is for what a browser asks at the private name.
func ofPage(v setup.Evidence) bool {
	return ofCheck(setup.CertificateCheck, setup.HTTPSCheck, setup.SignInCheck, setup.PageCheck)(v)
}

func onlyPrivate(evidence []setup.Evidence) bool {
	return !slices.ContainsFunc(evidence, func(v setup.Evidence) bool { return !v.Check.Private() })
}

// private is a report about the private way.
func (x *examination) private(class setup.Class, changes []setup.Change, evidence []setup.Evidence) report {
	return report{class: class, severity: setup.SeverityBroken, changes: changes, evidence: evidence,
		effect: x.nobodyGetsIn(), ifNot: "It stays so."}
}

func (x *examination) nobodyGetsIn() string {
	return fmt.Sprintf("Nobody of your team gets in by %s. Webhooks are not affected.", x.Answers.Private.Name)
}

// privateWay: from what is not on a device to what is.
func (x *examination) privateWay() {
	if x.Answers.Private == nil {
		return
	}
	x.privateLocks()
	x.privateNetwork()
	x.privateDNS()
	x.privateFront()
	x.privateRoute()
	x.devices()
}

// privateLocks: whoever has WARP in this account gets past a lock that is gone.
func (x *examination) privateLocks() {
	for _, key := range []setup.Key{x.Answers.NameLockKey(), x.Answers.AddressLockKey()} {
		changes, barriers := x.takeChanges(ofKey(key)), x.takeBarriers(conflictAt(key))
		if len(changes)+len(barriers) == 0 {
			continue
		}
		on := key.Name[strings.Index(key.Name, "/")+1:]
		r := report{class: setup.ClassLockChanged, name: slug(on), severity: setup.SeverityOpen, changes: changes, barriers: barriers,
			title: fmt.Sprintf("The lock on %s was changed.", on), ifNot: "It stays open.",
			effect: "Devices of this account may get to the app's own login without yours."}
		switch {
		case len(barriers) > 0:
			r.class, r.title, r.advice = setup.ClassShadowed, fmt.Sprintf("Somebody else's application stands in the place of the lock on %s.", on), barriers[0].Detail
		case changes[0].Verb == setup.Create:
			r.class, r.title = setup.ClassLockMissing, fmt.Sprintf("The lock on %s was deleted.", on)
			r.effect = "Every device of this account gets to the app's own login, also of people who are not of your team."
		case admitsNobody(changes[0].From, changes[0].To):
			r.title = fmt.Sprintf("The lock on %s has no rule any more that lets your team in.", on)
			r.severity, r.effect, r.ifNot = setup.SeverityBroken, "Nobody of your team gets in this way.", "Your team stays outside."
		default:
			r.effect = different(changes[0].From, changes[0].To)
		}
		x.tell(r)
	}
}

// unlockedRoutes: an old way was not taken away yet, and nobody is asked for a login
// on it any more.
func (x *examination) unlockedRoutes() {
	changes, waiting := split(x.waiting, func(c setup.Change) bool { return c.Unlocked })
	x.waiting = waiting
	for _, c := range changes {
		to := c.Key.Name
		if r, ok := c.From.(setup.Route); ok {
			to = strings.TrimSuffix(r.Network, "/32")
		}
		x.tell(report{class: setup.ClassLockMissing, name: slug("old-" + to), severity: setup.SeverityOpen, changes: []setup.Change{c},
			title:  fmt.Sprintf("The lock on %s is gone, and an old way still leads there.", to),
			effect: "Every device of this account gets there without a login, also of people who are not of your team. The way that you chose is not affected.",
			cause:  "The lock was deleted, not by Culvert, before what the old way needed was taken away.",
			ifNot:  "It stays open."})
	}
}

// privateNetwork: Culvert's own Docker network is gone, and with it whatever was
// in it.
func (x *examination) privateNetwork() {
	changes := x.takeChanges(ofKind(setup.KindPrivateNetwork))
	if len(changes) == 0 {
		return
	}
	r := x.private(setup.ClassPrivateNetwork, changes, x.takeFailing(either(privateDNS, ofPage)))
	r.title = fmt.Sprintf("Culvert's own Docker network %s was changed.", x.Answers.Stack.PrivateNetwork)
	if changes[0].Verb == setup.Create {
		r.title = fmt.Sprintf("Culvert's own Docker network %s is gone.", x.Answers.Stack.PrivateNetwork)
	}
	x.tell(r)
}

// privateDNS: the DNS server for the private name is gone, stopped, another one,
// or does not answer as it should.
func (x *examination) privateDNS() {
	dns := func(c setup.Change) bool { return c.Key.Kind == setup.KindSidecar && c.Key.Name == setup.DNSService }
	changes, evidence := x.takeChanges(dns), x.takeFailing(privateDNS)
	if len(changes)+len(evidence) == 0 {
		return
	}
	r := x.private(setup.ClassPrivateDNS, changes, evidence)
	name := x.Answers.Private.Name
	switch {
	case len(changes) > 0:
		x.sidecarChange(&r, fmt.Sprintf("The DNS server for %s (dnsmasq)", name))
	case evidence[0].By == setup.ByNobody:
		r.title, r.cause = fmt.Sprintf("The DNS server for %s does not answer.", name), evidence[0].Detail
		r.advice = x.logOf(setup.DNSService)
	default:
		r.title, r.cause = fmt.Sprintf("The DNS server for %s answers what it should not.", name), evidence[0].Detail
		r.advice = x.logOf(setup.DNSService)
	}
	x.tell(r)
}

// sidecarChange names what is different about a container beside the connector.
func (x *examination) sidecarChange(r *report, what string) {
	c := r.changes[0]
	from, _ := c.From.(setup.Sidecar)
	switch {
	case c.Verb == setup.Create:
		r.title = what + " was removed."
	case !from.Running:
		r.title = what + " is stopped."
	default:
		r.title, r.effect = what+" is not the one that Culvert started.", different(c.From, c.To)
		r.severity = brokenIf(r.evidence)
	}
}

func (x *examination) logOf(service string) string {
	return fmt.Sprintf("Look at its log: docker compose -p %s logs %s.", x.Answers.Stack.ConnectorProject, service)
}

// privateFront: what answers at the private name is gone, stopped, another one,
// or does not answer as it should.
func (x *examination) privateFront() {
	changes := x.takeChanges(func(c setup.Change) bool {
		return c.Key.Kind == setup.KindSidecar && c.Key.Name == setup.FrontService || c.Key.Kind == setup.KindFrontConfig
	})
	evidence := x.takeFailing(func(v setup.Evidence) bool { return ofPage(v) && (len(changes) > 0 || v.By != setup.ByApp) })
	if len(changes)+len(evidence) > 0 {
		x.frontFault(changes, evidence)
	}
	evidence = x.takeFailing(ofPage)
	if len(evidence) == 0 {
		return
	}
	r := x.private(setup.ClassPrivateLogin, nil, evidence)
	r.title, r.cause = fmt.Sprintf("Nobody can log in at %s.", x.Answers.Private.Name), evidence[0].Detail
	r.advice = "Look at the app's log and at its settings (DJANGO_SETTINGS_MODULE, CSRF_TRUSTED_ORIGINS)."
	if x.Answers.Private.Front == nil {
		r.advice = chooseCertificate
	}
	x.tell(r)
}

const chooseCertificate = "Choose a certificate, on the page “How your team comes in” or as front in the file: then nginx speaks https for the app. If Culvert says that something else answers for the name already, switch to the public way first."

// noPlainLogin says that nobody can log in at the private name without a
// certificate: the app itself refuses, by its settings. As long as it does, no run
// that leads the team in gets past that. Before the team is led in nobody asks the
// app for it but a run, so the newest one tells.
func (x *examination) noPlainLogin() (detail string, bad bool) {
	if x.Answers.Private == nil || x.Answers.Private.Front != nil {
		return "", false
	}
	if v, ok := x.evidence(setup.SignInCheck); ok && v.Counts(x.Now) {
		return v.Detail, !v.OK && v.Final
	}
	if x.ended() && x.Run.Problem != nil && x.Run.Problem.Code == setup.CodeByApp {
		return x.Run.Problem.Message + " If its settings were changed since, apply again.", true
	}
	return "", false
}

// leadsIn says whether a change is one of those that wait for the proof that
// somebody can log in.
func leadsIn(c setup.Change) bool {
	return c.Verb.Writes() && c.Key.Kind.Private() && c.Step == setup.StepSwitch
}

func (x *examination) frontFault(changes []setup.Change, evidence []setup.Evidence) {
	r := x.private(setup.ClassPrivateFront, changes, evidence)
	name := x.Answers.Private.Name
	running := indexOf(changes, ofKind(setup.KindSidecar))
	switch {
	case running >= 0:
		r.changes = append([]setup.Change{changes[running]}, slices.Delete(slices.Clone(changes), running, running+1)...)
		x.sidecarChange(&r, fmt.Sprintf("What speaks TLS for %s (nginx)", name))
	case len(changes) > 0:
		r.title, r.severity = fmt.Sprintf("The configuration of nginx for %s was changed or removed.", name), brokenIf(evidence)
		r.effect = "nginx runs on as it was started; the next start takes what the file says."
	case x.Answers.Private.Front == nil:
		r.title, r.cause = fmt.Sprintf("The app does not answer at %s.", name), evidence[0].Detail
		r.advice = fmt.Sprintf("Look at its log: docker compose logs %s, in %s.", x.Answers.Stack.Service, x.Answers.Stack.Dir)
	default:
		r.title, r.cause = fmt.Sprintf("What speaks TLS for %s (nginx) does not answer as it should.", name), evidence[0].Detail
		r.advice = x.logOf(setup.FrontService)
	}
	x.tell(r)
}

// served: the certificate in the folder is good as far as anybody can tell, and
// what browsers get is not.
func (x *examination) served() {
	if x.Answers.Private == nil {
		return
	}
	evidence := x.takeFailing(func(v setup.Evidence) bool { return v.Check.ID == setup.CertificateCheck && v.By == setup.ByFront })
	if len(evidence) == 0 {
		return
	}
	evidence = append(evidence, x.takeFailing(func(v setup.Evidence) bool { return ofPage(v) && v.By == setup.ByNobody })...)
	r := x.private(setup.ClassCertificate, nil, evidence)
	r.name, r.title = "served", fmt.Sprintf("Browsers get a certificate for %s that they do not trust.", x.Answers.Private.Name)
	have, _ := x.certificateOf(x.Answers.Private.Name)
	r.effect, r.cause = "Browsers warn your team of the address, or do not open it.", strings.TrimSpace(evidence[0].Detail+" "+have.Note)
	r.advice = fmt.Sprintf("Start nginx again, so that it reads the file: docker compose -p %s restart %s.", x.Answers.Stack.ConnectorProject, setup.FrontService)
	x.tell(r)
}

// privateRoute: the routes do not carry packets to this server.
func (x *examination) privateRoute() {
	routes := ofKind(setup.KindRoute, setup.KindHostnameRoute)
	changes := x.takeChanges(routes)
	barriers := x.takeBarriers(func(b setup.Barrier) bool {
		return b.Why == setup.WhyConflict && routes(setup.Change{Key: b.Key})
	})
	evidence := x.takeFailing(ofCheck(setup.RouteCheck))
	if len(changes)+len(barriers)+len(evidence) == 0 {
		return
	}
	r := x.private(setup.ClassPrivateRoute, changes, evidence)
	r.barriers = barriers
	switch name := x.Answers.Private.Name; {
	case len(barriers) > 0 && barriers[0].Opens():
		r.title, r.advice = fmt.Sprintf("The route to the whole network around %s is not there, and waits for your yes.", name), barriers[0].Detail
	case len(barriers) > 0:
		r.title, r.advice = fmt.Sprintf("Somebody else's route stands in the place of the one to %s.", name), barriers[0].Detail
	case len(changes) > 0 && changes[0].Verb == setup.Create:
		r.title = fmt.Sprintf("The route that carries packets to %s was deleted.", name)
	case len(changes) > 0:
		r.title = fmt.Sprintf("The route that carries packets to %s was changed.", name)
		r.severity = brokenIf(evidence)
	default:
		r.title, r.cause = fmt.Sprintf("No route carries packets to %s here.", name), evidence[0].Detail
		r.advice = "In the dashboard, look at Networks → Routes for one that is closer, or in another virtual network."
	}
	if len(changes) > 0 && len(evidence) > 0 {
		r.effect += " " + evidence[0].Detail
	}
	x.tell(r)
}

// devices: the account's settings lead devices elsewhere.
func (x *examination) devices() {
	name := x.Answers.Private.Name
	for _, d := range []struct {
		name, title string
		kinds       []setup.Kind
	}{
		{"dns", fmt.Sprintf("Devices of your team ask the wrong place for %s (Local Domain Fallback).", name), []setup.Kind{setup.KindFallback, setup.KindShadow}},
		{"split-tunnel", fmt.Sprintf("Devices of your team do not send packets for %s through WARP (split tunnels).", name), []setup.Kind{setup.KindSplitTunnel}},
		{"profile", "Devices of your team do not send their traffic through WARP (device profile).", []setup.Kind{setup.KindDeviceProfile}},
		{"gateway", "The Gateway proxy, through which devices of the account reach private addresses, is not as you chose.", []setup.Kind{setup.KindGatewayProxy}},
		{"enrolment", "Who may join the account with a device (WARP) is not as you chose.", []setup.Kind{setup.KindEnrolment, setup.KindEnrolmentRule}},
	} {
		changes, barriers := x.takeLeading(d.kinds...)
		if len(changes)+len(barriers) == 0 {
			continue
		}
		r := x.private(setup.ClassDevices, changes, nil)
		r.name, r.title, r.barriers = d.name, d.title, barriers
		if d.name == "enrolment" {
			r.severity, r.effect = setup.SeverityRisk, "Devices that joined go on; new ones may be refused."
		}
		if len(changes) > 0 {
			r.effect += " " + different(changes[0].From, changes[0].To)
		}
		if len(barriers) > 0 {
			r.advice = barriers[0].Detail
		}
		x.tell(r)
	}
}
