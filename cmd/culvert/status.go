package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/watch"
)

// statusJSON is the state of a setup for programs.
type statusJSON struct {
	Setup    setup.SetupID    `json:"setup"`
	Hostname string           `json:"hostname"`
	Sentence string           `json:"sentence"`
	Findings []setup.Finding  `json:"findings"`         // what is wrong, worst first
	Untold   string           `json:"untold,omitempty"` // why it is not told who changed something
	Left     []string         `json:"left"`             // of the file: not applied, or no longer so
	InTheWay []string         `json:"in_the_way"`       // likewise
	Proofs   []setup.Evidence `json:"proofs"`
	Way      []hopJSON        `json:"private_way,omitempty"` // of a colleague's device, stop by stop
	OK       bool             `json:"ok"`
}

// hopJSON is how a stop of a way stands.
type hopJSON struct {
	Stop  diagnosis.Stop  `json:"stop"`
	Light diagnosis.Light `json:"light"`
}

// status says in a few lines how things stand: what is wrong with what was
// applied, and what of the file is not applied.
func (j *job) status(ctx context.Context) error {
	s := statusJSON{Hostname: j.hostname, Findings: []setup.Finding{}, Left: []string{}, InTheWay: []string{}, Proofs: []setup.Evidence{}}
	applied, err := j.applied(ctx, &s)
	if err != nil {
		return err
	}
	// What was applied can be told even where the file cannot be worked into
	// answers: the app is gone, or Cloudflare is.
	switch err := j.remaining(ctx, &s); {
	case err != nil && !applied:
		return err
	case err != nil:
		s.InTheWay, s.OK = append(s.InTheWay, err.Error()), false
	}
	if err := j.printStatus(s); err != nil {
		return err
	}
	if !s.OK {
		return exit(exitError)
	}
	return nil
}

// applied tells how what was applied stands, if anything was.
func (j *job) applied(ctx context.Context, s *statusJSON) (bool, error) {
	var unknown *setup.Problem
	err := j.named(ctx)
	if errors.As(err, &unknown) && unknown.Code == setup.CodeNotFound {
		err = engine.ErrNotFound // the file's setup never was, so nothing of it was agreed to
	}
	var report watch.Report
	if err == nil {
		s.Setup = j.id
		report, err = j.examine(ctx)
	}
	switch {
	case errors.Is(err, engine.ErrNotFound):
		s.Sentence = "Nothing was applied yet."
		return false, nil
	case err != nil:
		return false, err
	}
	s.Hostname = j.hostname
	s.Sentence, s.Proofs = report.Condition.Sentence, append(s.Proofs, report.Evidence...)
	s.Findings, s.Untold = append(s.Findings, report.Condition.Findings...), report.Untold
	s.OK = report.Condition.Light == diagnosis.Good && len(s.Findings) == 0
	if report.Answers.Private != nil {
		for _, h := range diagnosis.PrivateWay(report.At, report.Answers, s.Findings, report.Facts, report.Evidence, report.Seen.Cloud) {
			s.Way = append(s.Way, hopJSON{h.Stop, h.Light})
		}
	}
	return true, nil
}

// remaining tells what of the file is not applied.
func (j *job) remaining(ctx context.Context, s *statusJSON) error {
	p, looked := j.engine.Last(j.id)
	if err := j.resolve(ctx); err != nil {
		return err
	}
	if !looked || !p.For(*j.answers) { // the file was changed since it was applied
		var err error
		if p, err = j.plan(ctx); err != nil {
			return err
		}
	}
	s.Setup = j.id
	for _, c := range p.Plan.Changes {
		s.Left = append(s.Left, fmt.Sprintf("%s %s (%s)", c.Verb, setup.Title(c), c.Cause))
	}
	for _, b := range p.Plan.Barriers {
		detail := b.Detail
		if b.Offer != nil {
			detail += " You agree to it with culvert apply " + b.Flag() + "."
		}
		s.InTheWay = append(s.InTheWay, detail)
	}
	s.OK = s.OK && p.Plan.Empty()
	return nil
}

// examine looks at everything now. A run that is at work has its own say.
func (j *job) examine(ctx context.Context) (watch.Report, error) {
	report, err := j.watcher.Examine(ctx, j.id)
	if errors.Is(err, engine.ErrBusy) {
		return report, &setup.Problem{Code: setup.CodeConflict, Cause: err,
			Message: "A run of this setup is under way, so how things stand changes just now. Wait for it, then ask again."}
	}
	return report, err
}

func (j *job) printStatus(s statusJSON) error {
	if j.json {
		return j.printJSON(s)
	}
	j.say("%s: %s", s.Hostname, s.Sentence)
	j.printFindings(s.Findings, s.Untold)
	what := "Not as the file says:"
	if len(j.request.Text) == 0 {
		what = "Not as it was applied:"
	}
	j.lines(what, s.Left)
	j.lines("In the way:", s.InTheWay)
	if s.OK {
		j.say("All %d proofs hold; nothing is left to do.", len(s.Proofs))
	}
	return nil
}

func (j *job) lines(title string, lines []string) {
	if len(lines) > 0 {
		j.say("%s\n  %s", title, strings.Join(lines, "\n  "))
	}
}

// printFindings tells the problems, and why it is not told who brought them about
// if that could be read with one permission more.
func (j *job) printFindings(all []setup.Finding, untold string) {
	for _, f := range all {
		j.printFinding(f)
	}
	if untold != "" {
		j.say("\n%s", untold)
	}
}

// printFinding tells one problem as its page does.
func (j *job) printFinding(f setup.Finding) {
	mark := "✘"
	if f.Severity == setup.SeverityRisk {
		mark = "!"
	}
	j.say("\n%s %s", mark, f.Title)
	row := func(name, text string) {
		if text != "" {
			j.say("  %-8s %s", name, text)
		}
	}
	if !f.Since.IsZero() {
		row("Since", f.Since.Local().Format(time.DateTime))
	}
	row("Cause", f.Cause)
	row("Effect", f.Effect)
	if len(f.Proof) > 0 {
		row("Proof", f.Proof[0].Detail)
	}
	row("If not", f.IfNot)
	row("Do", f.Advice)
	switch {
	case f.Fix == nil:
	case f.Fix.Barred != "":
		row("Fix", "not now: "+f.Fix.Barred)
	default:
		row("Fix", f.Fix.Does)
		row("Then", f.Fix.Then)
		if f.Fix.Asks == "" {
			row("", "culvert repair --only "+f.ID+j.request.Flags)
		} else {
			row("Also", f.Fix.Asks)
			row("", "culvert repair --only "+f.ID+" --whole-domain"+j.request.Flags)
		}
	}
	for _, p := range f.Needs {
		row("Token", fmt.Sprintf("%s: %s, for %s. If the token lacks it, add the row in the dashboard (My Profile, API Tokens).", p.Name, p.Level(), p.Blocks))
	}
}
