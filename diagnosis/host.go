package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// This file holds the rules for the tunnel's connector, the app and its server.

// connector: its container is gone, stopped, or another one than we started.
func (x *examination) connector() {
	changes := x.takeWith(ofKind(setup.KindConnector, setup.KindConnectorFile))
	unread := x.takeBarriers(func(b setup.Barrier) bool { return b.Key.Kind == setup.KindConnector })
	evidence := func() []setup.Evidence {
		return x.takeFailing(either(besideConnector, doorBy(setup.ByTunnel, setup.ByConnector, setup.ByNobody), ofCheck(setup.UDPCheck)))
	}
	r := report{severity: setup.SeverityBroken, changes: changes, barriers: unread,
		effect: "Nothing gets through to the app: no messages arrive and nobody gets in.", ifNot: "It stays so."}
	switch gates := x.takeBarriers(gateOf(setup.KindNetwork)); {
	case len(gates) > 0:
		r.class, r.title, r.advice = setup.ClassNetworkGone, fmt.Sprintf("The app's Docker network %s is gone.", x.Answers.Stack.Network), gates[0].Detail
		r.barriers = append(r.barriers, gates...)
	case len(changes) > 0:
		x.connectorChange(&r, changes)
	case len(unread) > 0:
		r.class, r.name, r.severity = setup.ClassUnread, "connector", setup.SeverityUnknown
		r.title, r.effect, r.cause = "It is not known how the connector stands.", "It can neither be watched nor repaired.", unread[0].Detail
	case x.unconnected():
		r.class, r.title = setup.ClassConnectorUnconnected, "The connector runs and has no connection to Cloudflare."
		r.cause = "It needs outgoing port 7844 (UDP or TCP), and a tunnel that exists."
		r.advice = "Look at this server's firewall and at the connector's log."
	default:
		return
	}
	r.evidence = evidence()
	if r.severity == setup.SeverityBroken && r.class == setup.ClassConnectorChanged {
		r.severity = brokenIf(r.evidence)
	}
	x.tell(r)
}

// connectorChange names what is different about the connector.
func (x *examination) connectorChange(r *report, changes []setup.Change) {
	i := indexOf(changes, ofKind(setup.KindConnector))
	if i < 0 {
		r.class, r.title, r.severity = setup.ClassConnectorChanged, "The connector's file was changed or removed.", setup.SeverityRisk
		r.name = "file"
		r.effect, r.ifNot = "The connector runs on as it was started; the next start takes what the file says.", "The connector may not come back after a restart of this server."
		return
	}
	from, _ := changes[i].From.(setup.Connector)
	to, _ := changes[i].To.(setup.Connector)
	switch {
	case changes[i].Verb == setup.Create:
		r.class, r.title = setup.ClassConnectorMissing, "The connector (cloudflared) was removed from this server."
	case !from.Running:
		r.class, r.title = setup.ClassConnectorStopped, "The connector (cloudflared) is stopped."
	case from.Network != to.Network:
		r.class, r.title = setup.ClassConnectorNetwork, "The connector is in another Docker network than the app."
	case x.Answers.Private != nil && !slices.Equal(from.Networks, to.Networks):
		r.class, r.name, r.title = setup.ClassConnectorNetwork, "private", fmt.Sprintf("The connector is not in the networks in which it reaches %s.", x.Answers.Private.Name)
		r.effect = different(from, to)
	case from.Protocol != to.Protocol && x.Answers.Mode == setup.ModeFallback:
		r.class, r.title = setup.ClassConnectorUDP, "The connector no longer keeps to QUIC, which alone carries UDP."
		r.effect = fmt.Sprintf("Devices of your team ask for %s over UDP: they do not find it, and nobody gets in that way.", x.Answers.Private.Name)
	default:
		r.class, r.title = setup.ClassConnectorChanged, "The connector is not the one that Culvert started."
		r.effect = different(from, to)
	}
}

// unconnected: it runs, and says itself that it has no connection.
func (x *examination) unconnected() bool {
	i := indexOf(x.failing, besideConnector)
	return i >= 0 && x.Facts.Problem == nil && x.Facts.Connector.Running > 0 && x.Facts.Ready.Answered && !x.Facts.Ready.Ready
}

// appDown: the app's container is stopped, or says that it is not well.
func (x *examination) appDown() {
	if x.Facts.Problem != nil {
		return
	}
	unread := x.takeBarriers(ofTheApp)
	app := x.Facts.App
	r := report{severity: setup.SeverityBroken, barriers: unread, ifNot: "It stays so.", cause: notByCulvert}
	switch {
	case app.Running == 0 && !x.Facts.At.IsZero():
		r.class, r.title = setup.ClassAppStopped, fmt.Sprintf("The app's container %s is not running.", x.Answers.Stack.Service)
		r.effect = "The app answers nobody: no messages arrive and nobody gets in."
		if r.changes = x.startingApp(); len(r.changes) == 0 {
			r.advice = fmt.Sprintf("Start it: docker compose up -d, in %s.", x.Answers.Stack.Dir)
		}
	case app.Running > 0 && !slices.Contains(app.Networks, x.Answers.Stack.Network):
		r.class, r.name = setup.ClassConnectorNetwork, "app"
		r.title = fmt.Sprintf("The app's container %s is no longer in the network %s.", x.Answers.Stack.Service, x.Answers.Stack.Network)
		r.effect = "The connector does not reach it: no messages arrive and nobody gets in."
		r.advice = fmt.Sprintf("Make it anew: docker compose up -d --force-recreate %s, in %s.", x.Answers.Stack.Service, x.Answers.Stack.Dir)
	case app.Health == "unhealthy":
		r.class, r.title = setup.ClassAppUnhealthy, fmt.Sprintf("The app's container %s says that it is not healthy.", x.Answers.Stack.Service)
		r.effect = "The app may not answer."
		r.advice = fmt.Sprintf("Look at its log: docker compose logs %s, in %s.", x.Answers.Stack.Service, x.Answers.Stack.Dir)
	case len(unread) > 0:
		r.class, r.name, r.severity = setup.ClassUnread, "app", setup.SeverityUnknown
		r.title, r.effect, r.cause = "It is not known how the app's container stands.", "Its settings and its port can neither be watched nor repaired.", unread[0].Detail
		x.tell(r)
		return
	default:
		return
	}
	r.evidence = x.takeFailing(either(besideApp, doorBy(setup.ByConnector, setup.ByNobody), badGateway, ofCheck(setup.SignInCheck, setup.PageCheck)))
	if r.class == setup.ClassAppUnhealthy {
		r.severity = brokenIf(r.evidence)
	}
	x.tell(r)
}

// badGateway is for a door whose check has no page that would say who could not
// be reached.
func badGateway(v setup.Evidence) bool {
	return doorBy(setup.ByUnknown)(v) && v.Check.Metadata && v.Status == 502
}

// startingApp are the changes that start the app's service as its files say, also
// those that a run was cut off at.
func (x *examination) startingApp() []setup.Change {
	starts := func(c setup.Change) bool { _, ok := c.Starts(); return ok }
	changes := x.takeChanges(starts)
	waiting, left := split(x.waiting, starts)
	x.waiting = left
	return append(changes, waiting...)
}

// settings: what the app has to be told is no longer in its environment.
func (x *examination) settings() {
	changes := x.takeChanges(ofKind(setup.KindEnvVar, setup.KindSetting))
	if len(changes) > 0 {
		running := indexOf(changes, ofKind(setup.KindSetting)) >= 0
		r := report{class: setup.ClassSettingLost, severity: setup.SeverityRisk, changes: changes, cause: notByCulvert,
			title:  fmt.Sprintf("A setting of the app was taken out of %s.", base(x.Answers.Stack.EnvFile)),
			effect: "The app runs on with it; it is gone with the next restart.",
			ifNot:  "After the next restart the app refuses its public name."}
		if running {
			r.title, r.effect = "The app runs without a setting that it needs.", "It refuses its public name, or the forms sent from there."
			r.ifNot, r.severity = "It stays so.", setup.SeverityBroken
		}
		r.evidence = x.takeFailing(func(v setup.Evidence) bool { return v.By == setup.ByAppHost && !v.Check.Locked })
		x.tell(r)
		return
	}
	evidence := x.takeFailing(func(v setup.Evidence) bool { return v.By == setup.ByAppHost && !v.Check.Locked })
	if len(evidence) == 0 {
		return
	}
	x.tell(report{
		class: setup.ClassAppRefusesHost, severity: setup.SeverityBroken, evidence: evidence,
		title:  fmt.Sprintf("The app refuses the name %s.", x.refused(evidence)),
		effect: refusedEffect(evidence),
		cause:  "Its settings say that the name is allowed; it may not have been restarted since, or reads them from elsewhere.",
		ifNot:  "It stays so.", advice: fmt.Sprintf("Restart the app: docker compose up -d --force-recreate %s, in %s.", x.Answers.Stack.Service, x.Answers.Stack.Dir),
	})
}

// refused is the name that the app refuses: the public one, unless only the way
// by the private one shows it.
func (x *examination) refused(evidence []setup.Evidence) string {
	if onlyPrivate(evidence) {
		return x.Answers.Private.Name
	}
	return x.Answers.Hostname
}

func refusedEffect(evidence []setup.Evidence) string {
	if onlyPrivate(evidence) {
		return "It answers your team with 400: nobody gets in that way."
	}
	return "It answers every webhook with 400: messages are lost."
}

func base(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// ingress: the tunnel's rules for the name are gone, changed or shadowed.
func (x *examination) ingress() {
	changes := x.takeChanges(ofKind(setup.KindIngress))
	barriers := x.takeBarriers(func(b setup.Barrier) bool { return b.Key.Kind == setup.KindIngress && b.Why == setup.WhyConflict })
	if len(changes)+len(barriers) == 0 {
		return
	}
	r := report{class: setup.ClassIngressChanged, severity: setup.SeverityBroken, changes: changes, barriers: barriers,
		title:  fmt.Sprintf("The way from %s to the app was changed in the tunnel.", x.Answers.Hostname),
		effect: "Callers do not reach the app, or reach more of it than they should.", ifNot: "It stays so."}
	if len(changes) > 0 && changes[0].Verb == setup.Create {
		r.title = fmt.Sprintf("The way from %s to the app was deleted in the tunnel.", x.Answers.Hostname)
		r.effect = "Callers get an empty page: no messages arrive and nobody gets in."
	}
	if len(barriers) > 0 {
		r.class, r.title, r.advice = setup.ClassIngressShadowed, fmt.Sprintf("Another rule of the tunnel answers for %s before ours.", x.Answers.Hostname), barriers[0].Detail
	}
	r.evidence = x.takeFailing(doorBy(setup.ByConnector, setup.ByUnknown, setup.ByApp))
	r.severity = brokenIf(r.evidence)
	x.tell(r)
}

// port: the app can be reached past the tunnel.
func (x *examination) port() {
	changes := x.takeChanges(ofKind(setup.KindComposePort, setup.KindPublished))
	reached := func(v setup.Evidence) bool { return v.Check.ID == setup.PortCheck && v.By == setup.ByApp }
	evidence := x.takeFailing(reached)
	if len(changes)+len(evidence) > 0 {
		running := len(evidence) > 0 || indexOf(changes, ofKind(setup.KindPublished)) >= 0
		r := report{class: setup.ClassPortReopened, severity: setup.SeverityRisk, changes: changes, evidence: evidence, cause: notByCulvert,
			title:  fmt.Sprintf("The app's port is opened again in %s.", base(x.Answers.Stack.ComposeFile)),
			effect: "The running app is still closed; the next start opens it.",
			ifNot:  "The next start of the app opens it to everybody, without the lock."}
		if running {
			r.severity, r.title = setup.SeverityOpen, fmt.Sprintf("The app's port %d is open to everybody again.", x.Answers.Stack.Target)
			r.effect, r.ifNot = "Whoever knows the server's address reaches the app without the lock.", "It stays open."
		}
		x.tell(r)
	}
	fronts := x.takeFailing(func(v setup.Evidence) bool { return v.Check.ID == setup.FrontsCheck && v.By == setup.ByApp })
	if len(fronts) == 0 {
		return
	}
	x.tell(report{
		class: setup.ClassFront, severity: setup.SeverityOpen, evidence: fronts,
		title:  "Something else on this server leads to the app, past the lock.",
		effect: "Whoever knows that address reaches the app without the lock.",
		cause:  fronts[0].Detail, ifNot: "It stays open.",
		advice: "Stop it, or let it answer this server only (listen on 127.0.0.1).",
	})
}
