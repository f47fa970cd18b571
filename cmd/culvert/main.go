// Command culvert puts a self-hosted Docker Compose app behind Cloudflare Zero
// Trust, from a browser or from a shell.
//
// This package reads the configuration, wires the rooms together and ends them
// in the right order. It decides nothing else.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/rehearsal"
	"github.com/culvert/culvert/setup"
)

// version is set when a release is built.
var version = "development"

func main() {
	// compose-go logs through this global logger, names of variables among it.
	logrus.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newRoot(&settings{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}).ExecuteContext(ctx)
	stop()
	os.Exit(exitCode(err, os.Stderr))
}

// Exit codes, in the manner of plan tools.
const (
	exitOK      = 0
	exitError   = 1
	exitChanges = 2 // plan: there is something to do
)

// exit is an error that only carries a code.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// exitCode prints an error for people and gives the code to end with.
func exitCode(err error, out io.Writer) int {
	var code exit
	var problem *setup.Problem
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &problem):
		_, _ = fmt.Fprintln(out, "culvert:", problem.Message)
	case errors.Is(err, journey.ErrBusy):
		_, _ = fmt.Fprintln(out, "culvert: a run of this setup is under way. Wait for it, or stop it on its page.")
	default:
		_, _ = fmt.Fprintln(out, "culvert:", err)
	}
	return exitError
}

// settings are what the flags and the environment say.
type settings struct {
	data      string
	rehearsal bool
	verbose   bool
	pages     string // where the dashboard is opened; empty: there is none
	served    bool   // by a running dashboard, whose own workers do the work
	stdin     io.Reader
	stdout    io.Writer
	stderr    io.Writer
	// practice is what a test wants of the rehearsal; its folder is below data.
	practice rehearsal.Options
}

func (s *settings) log() *slog.Logger {
	level := slog.LevelWarn
	if s.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(s.stderr, &slog.HandlerOptions{Level: level}))
}

// defaultData is the data folder, below the folder in which a command is typed.
const defaultData = "culvert-data"

func newRoot(s *settings) *cobra.Command {
	root := &cobra.Command{
		Use:           "culvert",
		Short:         "Puts a Docker Compose app behind Cloudflare Zero Trust, and proves it",
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version,
	}
	root.SetOut(s.stdout)
	root.SetErr(s.stderr)
	root.PersistentFlags().StringVar(&s.data, "data", defaultData, "folder for Culvert's own state")
	root.PersistentFlags().BoolVar(&s.rehearsal, "rehearsal", false, "practise on a built-in account and host; nothing real is touched")
	root.PersistentFlags().BoolVarP(&s.verbose, "verbose", "v", false, "log every step")
	root.AddCommand(newServe(s), newLink(s), newPlan(s), newApply(s), newVerify(s), newStatus(s), newRepair(s), newRegister(s), newAuthority(s), newDestroy(s), newBreak(s), newMend(s), newSim(s))
	return root
}
