package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/culvert/culvert/config"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// job is one use of a workspace with a culvert.yaml.
type job struct {
	*settings
	*workspace
	request  request // of a command that needs no file
	file     config.File
	id       setup.SetupID
	hostname string
	answers  *setup.Answers
	json     bool
	typed    lines
}

// fileFlags are the flags of every command that works on a file.
type fileFlags struct {
	path string
	json bool
}

func (f *fileFlags) add(c *cobra.Command) {
	c.Flags().StringVarP(&f.path, "file", "f", "culvert.yaml", "the file that says what is wanted")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
}

// run opens the workspace for one command and closes it behind it.
func (s *settings) run(ctx context.Context, f fileFlags, do func(context.Context, *job) error) (err error) {
	text, err := os.ReadFile(f.path)
	if err != nil {
		return fmt.Errorf("reading the file that says what is wanted (-f): %w", err)
	}
	file, err := config.Parse(text)
	if err != nil {
		return fmt.Errorf("%s:\n%w", f.path, err)
	}
	w, err := openWorkspace(ctx, s, s.rehearsal)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	return do(ctx, &job{settings: s, workspace: w, request: request{Text: text, Actor: actor()}, file: file, hostname: file.Hostname, json: f.json, typed: s.keyboard()})
}

// resolve works the file into answers; without one they are those that were
// applied.
func (j *job) resolve(ctx context.Context) error {
	if len(j.request.Text) == 0 {
		return j.named(ctx)
	}
	token, err := j.token(ctx)
	if err != nil {
		return err
	}
	a, notes, err := j.journey.FromFile(ctx, j.file, token)
	for _, note := range notes {
		_, _ = fmt.Fprintln(j.stderr, "note:", note)
	}
	if err != nil {
		return err
	}
	j.id, j.answers = a.Setup, &a
	return nil
}

// plan plans what the file wants. Where something of another is in the way of the
// range of addresses and the file names none, a free one is chosen first.
func (j *job) plan(ctx context.Context) (engine.Planned, error) {
	p, err := j.engine.Plan(ctx, j.id, j.answers)
	if err != nil || j.file.Inside.Subnet != "" {
		return p, err
	}
	chosen, err := j.journey.ChooseRange(ctx, j.id, p)
	if err != nil || !chosen {
		return p, err
	}
	if err := j.resolve(ctx); err != nil {
		return p, err
	}
	return j.engine.Plan(ctx, j.id, j.answers)
}

// named finds the setup that is meant, without looking at anything.
func (j *job) named(ctx context.Context) error {
	token, err := j.token(ctx)
	if err != nil {
		return err
	}
	if !j.served {
		j.cloud.Use(token)
	}
	if len(j.request.Text) == 0 {
		return j.standing(ctx)
	}
	j.id, err = j.journey.IDFor(ctx, j.file)
	return err
}

// token is the rehearsal's own, or that of the environment, or the stored one.
// The dashboard has the one that is stored.
func (j *job) token(ctx context.Context) (secret.Text, error) {
	if j.rehearsal {
		return secret.New(j.journey.Practice), nil
	}
	if token := os.Getenv("CLOUDFLARE_API_TOKEN"); token != "" && !j.served {
		return secret.New(token), nil
	}
	return j.journey.StoredToken(ctx)
}

// keepPractice leaves the rehearsal's token to its pages; nobody has to guard it.
func (j *job) keepPractice(ctx context.Context) error {
	if !j.rehearsal {
		return nil
	}
	return j.journey.KeepPractice(ctx)
}

// command is a command that works on a file.
func (s *settings) command(use, short string, do func(context.Context, *job) error) *cobra.Command {
	var f fileFlags
	c := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		return s.run(c.Context(), f, do)
	}}
	f.add(c)
	return c
}

// resolved is what a command does once the file is worked into answers.
func resolved(do func(context.Context, *job) error) func(context.Context, *job) error {
	return func(ctx context.Context, j *job) error {
		if err := j.resolve(ctx); err != nil {
			return err
		}
		return do(ctx, j)
	}
}

func newPlan(s *settings) *cobra.Command {
	var a agreement
	c := s.command("plan", "Show what would change; changes nothing", resolved(func(ctx context.Context, j *job) error {
		p, err := j.plan(ctx)
		if err != nil {
			return err
		}
		if p, err = j.asIfAgreed(ctx, p, a.words); err != nil {
			return err
		}
		if err := j.printPlan(p.Plan); err != nil {
			return err
		}
		if !p.Plan.Empty() {
			return exit(exitChanges)
		}
		return nil
	}))
	a.addWords(c)
	c.Long = "Show what would change, and what is in the way. What you can agree to is told with the words for that;\n" +
		"with them (--agree) the plan is shown as it would be then, and nothing is stored.\n" +
		"Exit status: 0 nothing to do, 2 changes, 1 error."
	return c
}

func newApply(s *settings) *cobra.Command {
	var a agreement
	var through string
	c := s.command("apply", "Make the changes, step by step, with proof between the steps", resolved(func(ctx context.Context, j *job) (err error) {
		if a.through, err = stepNamed(through); err != nil {
			return err
		}
		if err := j.keepPractice(ctx); err != nil {
			return err
		}
		if err := j.goOn(ctx); err != nil {
			return err
		}
		p, err := j.plan(ctx)
		if err != nil {
			return err
		}
		if p, err = j.makeClear(ctx, p, a); err != nil {
			return err
		}
		return j.agreeAndRun(ctx, p, a)
	}))
	c.Flags().BoolVar(&a.yes, "yes", false, "do not ask; agrees to the changes, and to nothing that is in the way")
	a.addWords(c)
	c.Flags().StringVar(&through, "through", "", "make only the steps up to this one: build, switch or close")
	c.Long = "Make the changes, step by step, with proof between the steps. Where something of somebody else is in the way,\n" +
		"nothing is changed at all before that is settled: what you can agree to is told with the words for it (--agree),\n" +
		"or asked for on the terminal. --yes agrees to none of it."
	return c
}

func newDestroy(s *settings) *cobra.Command {
	var a agreement
	c := s.command("destroy", "Take down what Culvert made, and nothing else", func(ctx context.Context, j *job) error {
		if err := j.named(ctx); err != nil {
			return err
		}
		if err := j.makeWay(ctx); err != nil {
			return err
		}
		p, err := j.engine.Plan(ctx, j.id, nil)
		if err != nil {
			return err
		}
		return j.agreeAndRun(ctx, p, a)
	})
	c.Flags().BoolVar(&a.yes, "yes", false, "do not ask")
	return c
}

func newVerify(s *settings) *cobra.Command {
	return s.asking("verify", "Prove from outside that everything answers as it should", func(*cobra.Command, *request) {})
}

func newStatus(s *settings) *cobra.Command {
	return s.asking("status", "Say in a few lines how things stand, with proof", func(*cobra.Command, *request) {})
}

// goOn carries on a run that a process left behind. What was being taken down
// is wanted again, so that is not gone on with.
func (j *job) goOn(ctx context.Context) error {
	return j.eachOpen(ctx, func(run setup.Run, takesDown bool) error {
		if takesDown {
			return j.engine.Cancel(ctx, run.ID, actor())
		}
		j.say("Going on with a run that was interrupted.")
		run, err := j.execute(ctx, run)
		if err == nil && !run.State.Over() {
			err = fmt.Errorf("%s: %s", run.State, run.Note)
		}
		return err
	})
}

// makeWay ends runs that a process left behind, because everything is to go.
func (j *job) makeWay(ctx context.Context) error {
	return j.eachOpen(ctx, func(run setup.Run, _ bool) error { return j.engine.Cancel(ctx, run.ID, actor()) })
}

// eachOpen gives the setup's runs that are not over.
func (j *job) eachOpen(ctx context.Context, do func(run setup.Run, takesDown bool) error) error {
	open, err := j.store.OpenRuns(ctx)
	if err != nil {
		return err
	}
	revisions, err := j.store.Revisions(ctx, j.id)
	if err != nil {
		return err
	}
	for _, run := range open {
		if run.Setup != j.id {
			continue
		}
		i := slices.IndexFunc(revisions, func(r setup.Revision) bool { return r.Number == run.Revision })
		if err := do(run, i >= 0 && revisions[i].Answers == nil); err != nil {
			return err
		}
	}
	return nil
}

// agreeAndRun shows a plan, asks, and makes the changes.
func (j *job) agreeAndRun(ctx context.Context, p engine.Planned, a agreement) error {
	if err := j.printPlan(p.Plan); err != nil {
		return err
	}
	if p.Plan.Empty() && (j.answers != nil || len(p.Plan.Changes) == 0) {
		return nil
	}
	if j.answers != nil {
		if behind := j.answers.LeftBehind(p.Plan.All()); behind != "" {
			j.say("Mind: %s", behind)
		}
	}
	if !a.yes && !j.agreed(ctx) {
		return errors.New("nothing was changed")
	}
	run, err := j.engine.Start(ctx, engine.Request{
		Setup: j.id, Answers: j.answers, Through: a.last(), Hashes: p.Plan.Hashes(), Actor: actor(),
	})
	if err != nil {
		return err
	}
	run, err = j.execute(ctx, run)
	if err != nil {
		return err
	}
	if run.State != setup.RunSucceeded {
		return fmt.Errorf("%s: %s", run.State, run.Note)
	}
	j.say("%s", run.Note)
	return nil
}

// agreed asks on the terminal whether what was shown may be done.
func (j *job) agreed(ctx context.Context) bool {
	return j.saysYes(ctx, "Make these changes? Type yes: ")
}

// saysYes asks a question on the terminal.
func (j *job) saysYes(ctx context.Context, question string) bool {
	_, _ = fmt.Fprint(j.stderr, question)
	line, typed := j.typed(ctx)
	return typed && line == "yes"
}

func actor() string {
	if user := os.Getenv("USER"); user != "" {
		return user + " (command line)"
	}
	return "command line"
}
