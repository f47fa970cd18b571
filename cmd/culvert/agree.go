package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

// This file holds what the operator agrees to by itself: that something of
// somebody else is taken over, goes, or may stay. --yes never implies it.

// agreement is what was agreed to on the command line, and how far to go.
type agreement struct {
	words   []string // of offers, as Key.Short
	yes     bool     // to the changes
	through setup.Step
}

func (a *agreement) addWords(c *cobra.Command) {
	c.Flags().StringArrayVar(&a.words, "agree", nil, "agree to this, as culvert plan calls it, for what is there now; may be given several times")
}

// last is the step up to which changes are made.
func (a agreement) last() setup.Step { return cmp.Or(a.through, setup.StepRemove) }

// given finds the offers of a plan that the words accept: what is there now, as
// this plan saw it. A word that fits none is a mistake, unless it was agreed to
// before: a command may be given again.
func (j *job) given(p setup.Plan, words []string) ([]setup.GivenConsent, error) {
	var given []setup.GivenConsent
	offers := p.Offers()
	for _, w := range words {
		named := slices.DeleteFunc(slices.Clone(offers), func(b setup.Barrier) bool { return b.Key.Short() != w })
		for _, b := range named { // a route that is taken over may open a whole network as well
			given = append(given, b.Given())
		}
		switch {
		case len(named) > 0:
		case slices.ContainsFunc(j.answers.Consents, func(g setup.GivenConsent) bool { return g.Key.Short() == w }):
			_, _ = fmt.Fprintf(j.stderr, "note: --agree %s: that was agreed to before, and nothing of it is in the way now\n", w)
		default:
			return nil, fmt.Errorf("--agree %s: nothing of that name is in the way. %s", w, openOffers(offers))
		}
	}
	return given, nil
}

func openOffers(offers []setup.Barrier) string {
	if len(offers) == 0 {
		return "There is nothing to agree to."
	}
	flags := make([]string, len(offers))
	for i, b := range offers {
		flags[i] = b.Flag()
	}
	return "What can be agreed to: " + strings.Join(flags, ", ")
}

// agreeing adds consents to the answers, in memory.
func (j *job) agreeing(given []setup.GivenConsent) {
	answers := *j.answers
	for _, g := range given {
		answers.Consents = setup.Agree(answers.Consents, g)
	}
	j.answers = &answers
}

// agree stores consents, as the button on the page does, and plans anew.
func (j *job) agree(ctx context.Context, p engine.Planned, given []setup.GivenConsent) (engine.Planned, error) {
	if len(given) == 0 {
		return p, nil
	}
	if err := j.journey.Agree(ctx, j.id, given...); err != nil {
		return p, err
	}
	j.agreeing(given)
	return j.engine.Plan(ctx, j.id, j.answers)
}

// asIfAgreed is the plan as it would be. It stores nothing: whoever only looks at
// a plan has agreed to nothing yet.
func (j *job) asIfAgreed(ctx context.Context, p engine.Planned, words []string) (engine.Planned, error) {
	given, err := j.given(p.Plan, words)
	if err != nil || len(given) == 0 {
		return p, err
	}
	_, _ = fmt.Fprintln(j.stderr, "note: this is the plan as if you had agreed. Nothing was stored; culvert apply with the same --agree does that")
	j.agreeing(given)
	return j.engine.Preview(ctx, j.id, j.answers)
}

// makeClear deals with what is in the way before anything is changed: it takes
// what was agreed to by flags, asks for the rest if there is somebody to ask, and
// refuses if something is left that a run could not get past. The run would stop
// there, half-way, after changes for everybody in the account.
func (j *job) makeClear(ctx context.Context, p engine.Planned, a agreement) (engine.Planned, error) {
	given, err := j.given(p.Plan, a.words)
	if err != nil {
		return p, err
	}
	if p, err = j.agree(ctx, p, given); err != nil {
		return p, err
	}
	for asks := !a.yes; asks; {
		open := p.Plan.UpTo(a.last()).Offers()
		given := j.askEach(ctx, open)
		if p, err = j.agree(ctx, p, given); err != nil {
			return p, err
		}
		asks = len(given) > 0 && len(given) == len(open) // behind one thing there may be another
	}
	p.Plan = p.Plan.UpTo(a.last())
	return p, j.refusal(ctx, p, a)
}

// askEach asks on the terminal for each offer by itself.
func (j *job) askEach(ctx context.Context, offers []setup.Barrier) []setup.GivenConsent {
	var given []setup.GivenConsent
	for _, b := range offers {
		tellOffer(j.stderr, b)
		if j.saysYes(ctx, "Agree? Type yes, or no to leave it: ") {
			given = append(given, b.Given())
		}
	}
	return given
}

// refusal says why a run does not begin; nil: it may. An offer has to be answered
// first. A conflict that nobody can agree to stops it as well, but not where all
// that is left to do is to put right what was applied: then what can be put right
// is, a lock before all. A gate stops nothing here: a fresh setup has some, and
// the run waits at them. Nor does what is kept only because others use it.
func (j *job) refusal(ctx context.Context, p engine.Planned, a agreement) error {
	conflicts := slices.DeleteFunc(slices.Clone(p.Plan.Barriers), func(b setup.Barrier) bool {
		return b.Why != setup.WhyConflict || b.Keeps
	})
	if len(conflicts) == 0 {
		return nil
	}
	stands, restores, err := j.standsAlready(ctx, p)
	if err != nil || restores && len(p.Plan.Offers()) == 0 {
		return err
	}
	if j.json {
		if err := j.printPlan(p.Plan); err != nil {
			return err
		}
	}
	var text strings.Builder
	text.WriteString("nothing was changed, because something is in the way:")
	for _, b := range conflicts {
		if b.Offer != nil {
			tellOffer(&text, b)
		} else {
			fmt.Fprintf(&text, "\n  %s\n    In the way  %s\n", b.Key.Short(), b.Detail)
		}
	}
	if before, some := stepBefore(conflicts); some {
		fmt.Fprintf(&text, "\nWhat comes before can be made already, so that little is left to do later: --through %s", before)
	}
	if stands {
		text.WriteString("\nWhat else is wrong with what was applied, culvert repair puts right meanwhile.")
	}
	return errors.New(strings.TrimRight(text.String(), "\n"))
}

// standsAlready says whether the setup was carried out before, up to its public
// name, and whether by these answers.
func (j *job) standsAlready(ctx context.Context, p engine.Planned) (stands, alike bool, err error) {
	approved, err := j.store.Approved(ctx)
	if err != nil || approved[j.id].Answers == nil {
		return false, false, err
	}
	before := *approved[j.id].Answers
	_, switched := p.Ledger.Records[before.RecordKey()]
	return switched, switched && before.Same(*j.answers), nil
}

// stepBefore is the last step that all conflicts come after.
func stepBefore(conflicts []setup.Barrier) (setup.Step, bool) {
	first := len(setup.Steps())
	for _, b := range conflicts {
		first = min(first, slices.Index(setup.Steps(), setup.StepOf(b.Key.Kind)))
	}
	if first < 1 {
		return "", false
	}
	return setup.Steps()[first-1], true
}

// stepNamed is a step that --through may name.
func stepNamed(name string) (setup.Step, error) {
	if step := setup.Step(name); name == "" || step != setup.StepRemove && slices.Contains(setup.Steps(), step) {
		return step, nil
	}
	return "", fmt.Errorf("--through %s: there is no such step. There are build, switch and close; without it everything is done", name)
}

// tellOffer tells what is in the way and how to agree.
func tellOffer(w io.Writer, b setup.Barrier) {
	label, does := b.Agreeing()
	_, _ = fmt.Fprintf(w, "\n  %s\n    In the way  %s\n", b.Key.Short(), b.Detail)
	if now := thereNow(b); now != "" {
		_, _ = fmt.Fprintf(w, "    There now   %s\n", now)
	}
	_, _ = fmt.Fprintf(w, "    If agreed   %s: %s\n    To agree    %s\n", label, does, b.Flag())
}

// thereNow names and describes what stands in the way; empty: nothing does, and
// what is to be made is asked about.
func thereNow(b setup.Barrier) string {
	if b.Held == nil {
		return ""
	}
	return setup.Name(b.Key, b.Held) + ": " + strings.Join(setup.Describe(b.Held), ", ")
}
