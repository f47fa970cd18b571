package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func newRegister(s *settings) *cobra.Command {
	var yes bool
	var team string
	c := s.command("register", "Have the app tell platforms its address again, for the webhooks of one team", func(ctx context.Context, j *job) error {
		return j.register(ctx, team, yes)
	})
	c.Long = "Have the app register its webhooks again at Telegram, Twilio and whatever else its channels use, after its own\n" +
		"address changed. Says first what that changes. It runs the app's own command in its container."
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.Flags().StringVar(&team, "team", "", "whose webhooks; without it, list the app's teams")
	return c
}

func (j *job) register(ctx context.Context, team string, yes bool) (err error) {
	if j.id, err = j.journey.IDFor(ctx, j.file); err != nil {
		return err
	}
	r, err := j.journey.Registration(ctx, j.id)
	if err != nil {
		return err
	}
	if r.Register == nil {
		return errors.New("nothing was applied yet, or nobody knows how this app registers webhooks")
	}
	if team == "" {
		return fmt.Errorf("say whose webhooks with --team; the app has: %s", strings.Join(r.Teams, ", "))
	}
	j.say("The app would tell platforms to call %s.", r.Address)
	j.lines("What this changes:", r.Register.Effect)
	if !yes && !j.agreed(ctx) {
		return errors.New("nothing was changed")
	}
	said, bad, err := j.journey.Register(ctx, j.id, r, team, actor())
	if err == nil && len(bad) > 0 {
		err = fmt.Errorf("--team: %s It has: %s", bad[0].Message, strings.Join(r.Teams, ", "))
	}
	if err != nil {
		return err
	}
	j.lines("The app said:", said)
	return nil
}
