package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

func newRepair(s *settings) *cobra.Command {
	c := s.asking("repair", "Put right what is wrong, and nothing else", func(c *cobra.Command, q *request) {
		r := &q.Repair
		c.Flags().BoolVar(&r.Yes, "yes", false, "do not ask")
		c.Flags().BoolVar(&r.Domain, "whole-domain", false, "also make changes that count for the whole domain; --yes alone does not")
		c.Flags().StringArrayVar(&r.Only, "only", nil, "put only this right; its name is in culvert status")
	})
	c.Long = "Look at everything, say what is wrong with what was applied, and put it right: as the button on the page does,\n" +
		"for when the page cannot be reached. What the file says meanwhile does not count; culvert apply is for that."
	return c
}

// repairing is what was said on the command line.
type repairing struct {
	Yes    bool     `json:"yes"`
	Domain bool     `json:"domain"`
	Only   []string `json:"only,omitempty"`
}

// repair looks, shows what is wrong and what would be done, asks, and does it.
func (j *job) repair(ctx context.Context, r repairing) error {
	report, err := j.examine(ctx)
	if errors.Is(err, engine.ErrNotFound) {
		return errors.New("nothing was applied yet, so there is nothing to repair. Run culvert apply first")
	}
	if err != nil {
		return err
	}
	findings := report.Condition.Findings
	if err := known(findings, r.Only); err != nil {
		return err
	}
	if j.json {
		if err := j.printJSON(findings); err != nil {
			return err
		}
	}
	j.say("%s: %s", report.Answers.Hostname, report.Condition.Sentence)
	j.printFindings(findings, report.Untold)
	if len(findings) == 0 {
		return nil
	}
	chosen, err := j.choose(ctx, findings, r)
	if err != nil {
		return err
	}
	fix, ids, err := journey.FixOf(findings, chosen)
	if err != nil {
		return err
	}
	j.lines("\nThis would be done:", append(fix.Changes, fix.Does))
	if !r.Yes && !j.agreed(ctx) {
		return errors.New("nothing was changed")
	}
	return j.mend(ctx, fix, ids, len(findings)-len(ids))
}

// choose gives the findings to put right. What changes a whole domain is agreed
// to one by one, or by a flag of its own.
func (j *job) choose(ctx context.Context, findings []setup.Finding, r repairing) ([]string, error) {
	var chosen, left []string
	for _, f := range findings {
		switch named := slices.Contains(r.Only, f.ID); {
		case len(r.Only) > 0 && !named, !f.Repairable() && !named:
		case !f.Repairable() || f.Fix.Asks == "" || r.Domain:
			chosen = append(chosen, f.ID)
		case r.Yes:
			left = append(left, f.ID)
		default:
			j.say("\n%s", f.Fix.Asks)
			if j.saysYes(ctx, "Change it for the whole domain? Type yes: ") {
				chosen = append(chosen, f.ID)
			} else {
				left = append(left, f.ID)
			}
		}
	}
	switch {
	case len(chosen) > 0:
		return chosen, nil
	case len(left) > 0:
		return nil, fmt.Errorf("nothing was changed: putting %s right changes the whole domain, as said above. If it may, add --whole-domain", strings.Join(left, ", "))
	}
	return nil, errors.New("nothing of this can be put right from here")
}

// known says which of the named findings do not stand.
func known(findings []setup.Finding, only []string) error {
	var names []string
	stands := map[string]bool{}
	for _, f := range findings {
		names, stands[f.ID] = append(names, f.ID), true
	}
	for _, id := range only {
		switch {
		case stands[id]:
		case len(names) == 0:
			return fmt.Errorf("--only %s: nothing is wrong", id)
		default:
			return fmt.Errorf("--only %s: that is not wrong now. What is: %s", id, strings.Join(names, ", "))
		}
	}
	return nil
}

func (j *job) mend(ctx context.Context, fix setup.Fix, ids []string, others int) error {
	run, err := j.journey.Mend(ctx, j.id, fix, ids, j.request.Actor)
	if err != nil {
		return err
	}
	if run, err = j.execute(ctx, run); err != nil {
		return err
	}
	if run.State != setup.RunSucceeded {
		return fmt.Errorf("%s: %s", run.State, run.Note)
	}
	j.say("%s", run.Note)
	if slices.Contains(fix.Remedies, setup.RemedyRule) && j.file.EdgeByHand {
		j.say("Write edge_rule: culvert into the file, or the next culvert apply takes the rule away again.")
	}
	if others > 0 {
		return fmt.Errorf("%d more are wrong; culvert status%s tells them", others, j.request.Flags)
	}
	return nil
}
