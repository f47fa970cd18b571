package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// report is a finding in the making.
type report struct {
	class    setup.Class
	name     string // what tells it from others of its class; may be empty
	severity setup.Severity
	title    string
	effect   string
	cause    string // default: by what is known of the changes
	ifNot    string
	advice   string
	run      int64
	remedy   setup.Remedy       // what puts it right, in place of the changes
	needs    []setup.Permission // to see the cause

	changes  []setup.Change
	barriers []setup.Barrier
	evidence []setup.Evidence
}

const notByCulvert = "Not by Culvert."

// maxProof is how many pieces of evidence a finding shows.
const maxProof = 3

func (x *examination) tell(r report) {
	f := setup.Finding{
		ID: string(r.class), Class: r.class, Severity: r.severity, Title: r.title, Effect: r.effect, Cause: r.cause,
		Run: r.run, IfNot: r.ifNot, Advice: r.advice, Doors: doorsOf(r.evidence), Fix: x.fix(r.changes), Needs: r.needs,
	}
	if r.remedy != "" {
		f.Fix, f.Needs = x.remedyFix(r.remedy), append(f.Needs, r.remedy.Needs())
		if f.Repairable() {
			f.Advice = ""
		}
	}
	for _, b := range r.barriers {
		if b.Offer != nil {
			f.Advice = strings.TrimSpace(f.Advice + " " + agreeing(b))
		}
	}
	if r.name != "" {
		f.ID += "/" + r.name
	}
	for slices.ContainsFunc(x.found, func(o setup.Finding) bool { return o.ID == f.ID }) {
		f.ID += "+" // another cause of the same sort
	}
	if f.Cause == "" && len(r.changes)+len(r.barriers) > 0 {
		f.Cause = notByCulvert
	}
	for _, c := range r.changes {
		f.Keys = append(f.Keys, c.Key)
	}
	for _, b := range r.barriers {
		if !slices.Contains(f.Keys, b.Key) {
			f.Keys = append(f.Keys, b.Key)
		}
	}
	for _, v := range r.evidence {
		f.Checks = append(f.Checks, v.Check.ID)
		if len(f.Proof) < maxProof {
			f.Proof = append(f.Proof, v)
		}
	}
	x.found = append(x.found, f)
}

// agreeing says where the operator agrees to what is in the way. A repair never
// does it for them.
func agreeing(b setup.Barrier) string {
	page := map[setup.Step]string{setup.StepBuild: "Build", setup.StepSwitch: "Switch", setup.StepClose: "Close"}[setup.StepOf(b.Key.Kind)]
	return fmt.Sprintf("You agree to it on the page “%s”, or with culvert apply %s.", page, b.Flag())
}

// doorsOf lists the doors that failing evidence from outside is about.
func doorsOf(evidence []setup.Evidence) []string {
	var doors []string
	for _, v := range evidence {
		if v.Check.Door != "" && v.Check.Outside() && !slices.Contains(doors, v.Check.Door) {
			doors = append(doors, v.Check.Door)
		}
	}
	return doors
}

// names are those of the doors that evidence is about, for a sentence.
func (x *examination) names(evidence []setup.Evidence) string {
	var names []string
	for _, id := range doorsOf(evidence) {
		names = append(names, x.door(id))
	}
	return sentenceList(names)
}

// unlocked says whether evidence shows something that answers without a login.
func unlocked(evidence []setup.Evidence) bool { return slices.ContainsFunc(evidence, answersOpenly) }

func answersOpenly(v setup.Evidence) bool {
	return v.Check.Locked && (v.By == setup.ByApp || v.By == setup.ByAppHost)
}

// brokenIf is for what matters only once a check fails because of it.
func brokenIf(evidence []setup.Evidence) setup.Severity {
	switch {
	case unlocked(evidence):
		return setup.SeverityOpen
	case len(evidence) > 0:
		return setup.SeverityBroken
	}
	return setup.SeverityRisk
}
