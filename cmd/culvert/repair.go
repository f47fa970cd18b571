package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

func newRepair(s *settings) *cobra.Command {
	var yes bool
	var only []string
	c := s.command("repair", "Put right what is wrong, and nothing else", func(ctx context.Context, j *job) error {
		if err := j.named(ctx); err != nil {
			return err
		}
		return j.repair(ctx, only, yes)
	})
	c.Long = "Look at everything, say what is wrong with what was applied, and put it right: as the button on the page does,\n" +
		"for when the page cannot be reached. What the file says meanwhile does not count; culvert apply is for that."
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.Flags().StringArrayVar(&only, "only", nil, "put only this right; its name is in culvert status")
	return c
}

// repair looks, shows what is wrong and what would be done, asks, and does it.
func (j *job) repair(ctx context.Context, only []string, yes bool) error {
	report, err := j.examine(ctx)
	if errors.Is(err, engine.ErrNotFound) {
		return errors.New("nothing was applied yet, so there is nothing to repair. Run culvert apply first")
	}
	if err != nil {
		return err
	}
	findings := report.Condition.Findings
	if err := known(findings, only); err != nil {
		return err
	}
	fix, ids, err := journey.FixOf(findings, only)
	if err != nil {
		return err
	}
	if j.json {
		if err := j.printJSON(findings); err != nil {
			return err
		}
	}
	j.say("%s: %s", report.Answers.Hostname, report.Condition.Sentence)
	j.printFindings(findings, report.Untold)
	switch {
	case len(findings) == 0:
		return nil
	case len(ids) == 0:
		return errors.New("nothing of this can be put right from here")
	}
	j.lines("\nThis would be done:", append(fix.Changes, fix.Does))
	if !yes && !j.agreed(ctx) {
		return errors.New("nothing was changed")
	}
	return j.mend(ctx, fix, ids, len(findings)-len(ids))
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
	run, err := j.engine.Mend(ctx, j.id, fix.Keys, fix.Hashes, ids, actor())
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
	if others > 0 {
		return fmt.Errorf("%d more are wrong; culvert status tells them", others)
	}
	return nil
}
