package web

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

// PlanView is the part of a plan that a page shows and asks to agree to. What
// the form sends is exactly what is on the page.
type PlanView struct {
	Groups   []ChangeGroup
	Stays    []ChangeRow // already as wanted, or left alone: nothing is written
	Barriers []BarrierRow
	Hashes   []string
	Effects  []string // what people notice, before the button
	Step     setup.Step
	Label    string // of the button
	writes   []setup.Change
}

// ChangeGroup is what is changed in one place.
type ChangeGroup struct {
	Title string
	Rows  []ChangeRow
}

// ChangeRow is one change as people read it.
type ChangeRow struct {
	ID     string // for the page, stable while the change is the same
	Title  string
	Term   string
	Verb   string
	Cause  string
	Before []string
	After  []string
	Reach  string
	Opens  string // what a route over a whole network lets the team get to
	Plain  bool   // comes or goes and nobody notices: shown folded
}

// BarrierRow is something in the way.
type BarrierRow struct {
	Title  string
	Word   string
	Detail string
	Holds  []string // what stands there now
	Key    setup.Key
	Offer  *setup.Consent
	Agree  string // on the button of an offer
	Does   string // what pressing it does
}

// planOf gives the part of a plan that some steps make, the last of which is
// through.
func planOf(p setup.Plan, through setup.Step, part func(setup.Step) bool, host string) PlanView {
	v := PlanView{Step: through, Label: applyLabel(through)}
	tidies := true // nothing but what is no longer wanted
	var cloud, here []ChangeRow
	for _, c := range p.All() {
		if !part(c.Step) {
			continue
		}
		row := rowOf(c, p.Difference(c), host)
		switch {
		case !c.Verb.Writes():
			v.Stays = append(v.Stays, row)
			continue
		case atCloudflare(c.Key.Kind):
			cloud = append(cloud, row)
		default:
			here = append(here, row)
		}
		v.Hashes, v.writes = append(v.Hashes, c.Hash()), append(v.writes, c)
		tidies = tidies && c.Step == setup.StepRemove
		effect := row.Reach
		if c.Reach == setup.ReachAccount {
			effect = row.Title + ": " + lowerFirst(effect)
		}
		if row.Opens != "" {
			v.Effects = append(v.Effects, row.Opens)
		}
		if c.Reach != setup.ReachHere && !slices.Contains(v.Effects, effect) {
			v.Effects = append(v.Effects, effect)
		}
	}
	if through == setup.StepRemove && tidies {
		v.Label = "Remove what is no longer wanted"
	}
	if through == setup.StepClose && !slices.ContainsFunc(v.writes, ofPort) {
		v.Label = "Make " + plural(len(v.writes), "change", "changes")
	}
	for _, g := range []ChangeGroup{{"At Cloudflare", cloud}, {"On this server", here}} {
		if len(g.Rows) > 0 {
			v.Groups = append(v.Groups, g)
		}
	}
	for _, b := range p.Barriers {
		if part(setup.StepOf(b.Key.Kind)) {
			v.Barriers = append(v.Barriers, barrierOf(b))
		}
	}
	return v
}

func ofPort(c setup.Change) bool {
	return c.Key.Kind == setup.KindComposePort || c.Key.Kind == setup.KindPublished
}

// leaving says first whom the changes leave without a way in, by the answers that
// they are for; nil: there are none.
func (p PlanView) leaving(a *setup.Answers) PlanView {
	if a == nil {
		return p
	}
	if behind := a.LeftBehind(p.writes); behind != "" {
		p.Effects = append([]string{behind}, p.Effects...)
	}
	return p
}

// Mark identifies the changes that are asked for.
func (p PlanView) Mark() string {
	sum := sha256.Sum256([]byte(strings.Join(p.Hashes, " ")))
	return hex.EncodeToString(sum[:])[:12]
}

// Empty says that there is nothing to agree to and nothing in the way.
func (p PlanView) Empty() bool { return len(p.Hashes) == 0 && len(p.Barriers) == 0 }

func rowOf(c setup.Change, difference []string, host string) ChangeRow {
	r := ChangeRow{
		ID:    "change-" + c.Hash(),
		Verb:  verbWord(c),
		Cause: c.Cause,
		Opens: c.Opens,
		Reach: reachText(c, host),
		Plain: (c.Verb == setup.Create || c.Verb == setup.Delete) && c.Reach == setup.ReachHere,
	}
	if c.Drop && c.Reach == setup.ReachHere {
		r.Reach = "" // it goes after what used it
	}
	switch c.Cause { // what the verb says already
	case "not there yet", "differs from what is wanted", "no longer wanted", "put back as it was":
		r.Cause = ""
	}
	r.Title, r.Term = splitTerm(setup.Title(c))
	if !c.Verb.Writes() {
		return r
	}
	for _, line := range difference {
		if old, gone := strings.CutPrefix(line, "- "); gone {
			r.Before = append(r.Before, old)
		} else {
			r.After = append(r.After, strings.TrimPrefix(line, "+ "))
		}
	}
	return r
}

func barrierOf(b setup.Barrier) BarrierRow {
	r := BarrierRow{Detail: b.Detail, Key: b.Key, Offer: b.Offer, Word: "in the way"}
	if b.Offer != nil {
		r.Agree, r.Does = b.Agreeing()
	}
	switch b.Why {
	case setup.WhyGate:
		r.Word = "waiting"
	case setup.WhyUnread:
		r.Word = "could not be read"
	}
	r.Title, _ = splitTerm(b.Title())
	if b.Held == nil {
		r.Title = kindName(b.Key)
	}
	r.Holds = setup.Describe(b.Held)
	return r
}

// kindName names a thing of which nothing but its key is known.
func kindName(k setup.Key) string {
	switch k.Kind {
	case setup.KindOrganization:
		return "Zero Trust of your account"
	case setup.KindZone:
		return "Your domain " + k.Name
	case setup.KindNetwork:
		return "The app’s Docker network " + k.Name
	case setup.KindLoginMethod:
		return "How your team logs in"
	case setup.KindTunnel:
		return "The tunnel"
	case setup.KindPolicy:
		return "Who may enter"
	case setup.KindApp:
		if host, lock := strings.CutPrefix(k.Name, "lock/"); lock {
			return "The lock on " + host
		}
		return "The door for " + k.Name[strings.LastIndex(k.Name, "/")+1:]
	case setup.KindIngress:
		return "The way from " + k.Name + " to the app"
	case setup.KindConnectorFile, setup.KindConnector:
		return "The connector"
	case setup.KindDNSRecord:
		return "The public name " + k.Name
	case setup.KindEnvVar, setup.KindSetting:
		return "The setting " + k.Name
	case setup.KindComposePort, setup.KindPublished:
		return "The published port"
	}
	return privateKindName(k)
}

// privateKindName is kindName for what only the private ways have.
func privateKindName(k setup.Key) string {
	switch k.Kind {
	case setup.KindVirtualNetwork:
		return "The account’s private address space"
	case setup.KindDeviceProfile:
		return "The settings of your team’s devices"
	case setup.KindEnrolment, setup.KindEnrolmentRule:
		return "Who may add a device"
	case setup.KindPrivateNetwork, setup.KindComposeNetwork, setup.KindAttachment:
		return "Culvert’s own Docker network"
	case setup.KindCertificate:
		return "The certificate for " + k.Name
	case setup.KindFrontConfig:
		return "The configuration of the TLS front"
	case setup.KindSidecar:
		return "The container " + k.Name + " beside the connector"
	case setup.KindGatewayProxy, setup.KindICMPProxy:
		return "Whether devices go through Gateway"
	case setup.KindDNSLocation:
		return "Where Gateway takes DNS queries"
	case setup.KindRoute, setup.KindHostnameRoute:
		return "The way to " + k.Name
	case setup.KindSplitTunnel:
		return "What devices send through WARP"
	case setup.KindFallback, setup.KindShadow:
		return "Whom devices ask for the private name"
	case setup.KindSite:
		return "The address that the app’s database knows"
	case setup.KindPredecessor:
		return "The hand-made service " + k.Name
	}
	return k.Short()
}

func atCloudflare(k setup.Kind) bool {
	return k.Place() == setup.AtAccount || k.Place() == setup.AtZone
}

// plan is what this page shows of the plan; false: there is none to show.
// Everything up to the page's step is carried out together, so all of it is
// shown; but while an earlier step comes first, there is nothing to agree to,
// and only the page's own step is.
func (v View) plan() (PlanView, bool) {
	if v.O.Plan == nil || v.step() == "" {
		return PlanView{}, false
	}
	part := func(s setup.Step) bool { return s.Through(v.step()) }
	if _, early := v.first(); early && !v.repairs() {
		part = func(s setup.Step) bool { return s == v.step() }
	}
	return planOf(*v.O.Plan, v.step(), part, v.host()).leaving(v.O.Answers), true
}

// repairs says whether the page offers to put right what was changed outside:
// all of the plan at once, for a setup that was whole before.
func (v View) repairs() bool {
	first, early := v.first()
	return v.step() == setup.StepRemove && (!early || v.O.Stage(first).Status == journey.Changed)
}

// first is the earlier stage that has to be done before this one, if any.
func (v View) first() (journey.Stage, bool) {
	for _, s := range v.O.Stages {
		if Page(s.Stage) == v.At {
			break
		}
		if s.Status != journey.Done {
			return s.Stage, true
		}
	}
	return "", false
}

// leftOver counts what nobody wants any more and is still there, once the way that
// was chosen instead was switched to.
func (v View) leftOver() int {
	if v.O.Plan == nil || v.step() != setup.StepSwitch && v.step() != setup.StepClose {
		return 0
	}
	n := 0
	for _, c := range v.O.Plan.Of(setup.StepRemove) {
		if c.Verb.Writes() {
			n++
		}
	}
	return n
}
