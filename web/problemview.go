package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/setup"
)

// Problem is one thing that is wrong, as a card.
type Problem struct {
	setup.Finding
	Anchor string
	Sign   string
	Tone   string
	Looked []Sight  // where it was seen, if no check shows it
	Fix    *FixForm // nil: there is no button
	Mended bool     // it is being put right now
	// TokenLink leads to a new token with the permissions that it needs as well.
	TokenLink string
	Given     string // why it is no longer repaired by itself
	Help      string // all of it, to copy
}

// Sight is when one place was looked at.
type Sight struct {
	Where string
	At    time.Time
}

// problems are what is wrong, worst first.
func (v StandingView) problems() []Problem {
	all := make([]Problem, len(v.S.Condition.Findings))
	for i, f := range v.S.Condition.Findings {
		p := Problem{Finding: f, Anchor: "problem-" + anchor(f.ID), Mended: v.S.Repairing(f.ID), Given: v.S.Stopped[f.ID]}
		p.Sign, p.Tone = severitySign(f.Severity)
		if len(f.Proof) == 0 {
			p.Looked = v.looked(f)
		}
		if form, ok := v.fixForm(anchor(f.ID), "Fix", "primary", f.Title, []string{f.ID}); ok {
			p.Fix = &form
		}
		if len(f.Needs) > 0 && !v.Rehearsal {
			p.TokenLink = setup.TokenLink(setup.WithFurther(setup.PermissionsFor(v.S.Answers.Mode, v.S.Answers.Hostname, v.S.Answers.Zone), f.Needs))
		}
		p.Help = v.help(p)
		all[i] = p
	}
	return all
}

func severitySign(s setup.Severity) (sign, tone string) {
	switch s {
	case setup.SeverityOpen, setup.SeverityBroken:
		return "✘", "bad"
	case setup.SeverityUnknown:
		return "○", "quiet"
	}
	return "!", "warn"
}

// severityWord says how bad a finding is.
func severityWord(s setup.Severity) string {
	switch s {
	case setup.SeverityOpen:
		return "open that must be locked"
	case setup.SeverityBroken:
		return "broken"
	case setup.SeverityUnknown:
		return "not known"
	}
	return "weaker than it was"
}

// looked says when the places were read that a finding is about: all of them,
// if it does not say.
func (v StandingView) looked(f setup.Finding) []Sight {
	about := func(places ...setup.Place) bool {
		return len(f.Keys) == 0 || slices.ContainsFunc(f.Keys, func(k setup.Key) bool { return slices.Contains(places, k.Kind.Place()) })
	}
	var looks []Sight
	add := func(where string, at time.Time, is bool) {
		if is && !at.IsZero() {
			looks = append(looks, Sight{where, at})
		}
	}
	add("Cloudflare", v.S.Seen.Cloud, about(setup.AtAccount, setup.AtZone))
	add("Docker on this server", v.S.Seen.Docker, about(setup.AtDocker))
	add("the files of the project", v.S.Seen.Files, about(setup.AtFiles))
	add("the certificate", v.S.Seen.Files, len(f.Keys) > 0 && about(setup.AtCert))
	return looks
}

// saw is a piece of proof in a line.
func saw(e setup.Evidence) string {
	if e.Check.Method == "" {
		return e.Check.Name + ": " + e.Detail
	}
	return asked(e) + ", answered by " + answeredBy(e.By)
}

// help is a problem with all that a helper needs to know. Nothing in it is
// secret.
func (v StandingView) help(p Problem) string {
	var b strings.Builder
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-9s %s\n", name, text)
		}
	}
	fmt.Fprintf(&b, "%s\n", p.Title)
	line("Setup", string(v.S.Setup)+", "+v.S.Hostname+", Culvert "+orWords(v.S.Version, "without a version"))
	if !p.Since.IsZero() {
		line("Since", stamp(p.Since)+" ("+diagnosis.Age(v.Now.Sub(p.Since))+")")
	}
	line("Class", string(p.Class)+", "+severityWord(p.Severity))
	line("Cause", p.Cause)
	line("Effect", p.Effect)
	for _, e := range p.Proof {
		line("Proof", saw(e)+" at "+stamp(e.At))
		for _, text := range e.Excerpt {
			line("", "  "+text)
		}
	}
	for _, l := range p.Looked {
		line("Looked", "at "+l.Where+" at "+stamp(l.At))
	}
	if p.Finding.Fix != nil {
		line("Fix", p.Finding.Fix.Does)
		line("Also", p.Finding.Fix.Asks)
	}
	for _, n := range p.Needs {
		line("Needs", n.Name+": "+n.Level())
	}
	return b.String()
}
