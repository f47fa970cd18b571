package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/culvert/culvert/rehearsal"
	"github.com/culvert/culvert/store"
)

// breaker breaks the practice and takes that back, for its page and for commands.
type breaker struct{ *workspace }

func (b breaker) Break(ctx context.Context, id string) error {
	return b.hurry(ctx, b.world.Break(id))
}

func (b breaker) Mend(ctx context.Context, id string) error { return b.hurry(ctx, b.world.Mend(id)) }

// hurry has the watcher look now, because somebody waits for what it says.
func (b breaker) hurry(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	all, err := b.journey.Setups(ctx)
	for _, s := range all {
		b.watcher.Hurry(s.Setup)
	}
	return err
}

// broken is one line of the list.
type broken struct {
	rehearsal.Breakage
	Broken bool `json:"broken"`
}

func (b breaker) list() []broken {
	now := b.world.Broken()
	var all []broken
	for _, one := range rehearsal.Breakages() {
		all = append(all, broken{one, slices.Contains(now, one.ID)})
	}
	return all
}

func newBreak(s *settings) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "break [ID]", Short: "Break something in the practice, to see how it is told and repaired", Args: cobra.MaximumNArgs(1),
		Long: "Break something in the practice; without ID, list what can be broken. Nothing real is touched.\n" +
			"Then culvert status --rehearsal says what is wrong. Put it right with culvert repair --rehearsal, or take it back with culvert mend.",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return s.listBreakages(c.Context(), asJSON)
			}
			return s.breakOrMend(c.Context(), "break", args[0])
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the list as JSON")
	return c
}

func newMend(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "mend [ID]", Short: "Take back what culvert break did", Args: cobra.MaximumNArgs(1),
		Long: "Take back what culvert break did, as far as nobody has changed it since; without ID, all of it.",
		RunE: func(c *cobra.Command, args []string) error {
			return s.breakOrMend(c.Context(), "mend", strings.Join(args, ""))
		},
	}
}

func (s *settings) listBreakages(ctx context.Context, asJSON bool) error {
	all, err := s.askBreakages(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		e := json.NewEncoder(s.stdout)
		e.SetIndent("", "  ")
		return e.Encode(all)
	}
	for _, b := range all {
		mark := ""
		if b.Broken {
			mark = "   (broken now: culvert mend " + b.ID + ")"
		}
		if _, err := fmt.Fprintf(s.stdout, "%-20s %s%s\n", b.ID, b.Name, mark); err != nil {
			return err
		}
	}
	return nil
}

func (s *settings) askBreakages(ctx context.Context) (all []broken, err error) {
	if text, err := callRunning(ctx, s.data, http.MethodGet, "/breakages"); !errors.Is(err, errNotRunning) {
		if err != nil {
			return nil, err
		}
		return all, json.Unmarshal(text, &all)
	}
	err = s.inPractice(ctx, func(b breaker) error {
		all = b.list()
		return nil
	})
	return all, err
}

// breakOrMend asks the running dashboard, whose practice it is; if there is
// none it opens the practice itself.
func (s *settings) breakOrMend(ctx context.Context, verb, id string) error {
	text, err := callRunning(ctx, s.data, http.MethodPost, "/"+verb+"/"+id)
	if errors.Is(err, errNotRunning) {
		err = s.inPractice(ctx, func(b breaker) (err error) {
			text, err = b.breakOrMend(ctx, verb, id)
			return err
		})
	}
	if err != nil {
		return err
	}
	if _, err := s.stdout.Write(text); err != nil || verb == "mend" {
		return err
	}
	data := (&settings{data: s.data}).typed(request{})
	_, err = fmt.Fprintf(s.stdout, "See what Culvert says:\n  culvert status%s --rehearsal\nTake it back:\n  culvert mend %s%s\n", data, id, data)
	return err
}

// breakOrMend gives what to tell.
func (b breaker) breakOrMend(ctx context.Context, verb, id string) ([]byte, error) {
	if verb == "mend" && id == "" {
		return b.mendAll(ctx)
	}
	do, then := b.Break, ""
	if verb == "mend" {
		do, then = b.Mend, "It is as it was before, but for what was changed since."
	}
	if err := do(ctx, id); err != nil {
		return nil, err
	}
	for _, one := range rehearsal.Breakages() {
		if one.ID == id && verb == "break" {
			then = one.Does + " " + one.Sees
		}
	}
	return []byte(then + "\n"), nil
}

func (b breaker) mendAll(ctx context.Context) ([]byte, error) {
	all := b.world.Broken()
	slices.Reverse(all)
	for _, id := range all {
		if err := b.Mend(ctx, id); err != nil {
			return nil, err
		}
	}
	return fmt.Appendf(nil, "%d taken back.\n", len(all)), nil
}

// inPractice opens the practice of the data folder.
func (s *settings) inPractice(ctx context.Context, do func(breaker) error) (err error) {
	w, err := openWorkspace(ctx, s, true)
	var inUse *store.InUseError
	if errors.As(err, &inUse) {
		return fmt.Errorf("%w. Wait until that command has ended", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	return do(breaker{w})
}

// breakHandler serves the same to commands while the dashboard runs.
func breakHandler(b breaker) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /breakages", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(b.list())
	})
	for _, verb := range []string{"break", "mend"} {
		mux.HandleFunc("POST /"+verb+"/{id...}", func(w http.ResponseWriter, r *http.Request) {
			text, err := b.breakOrMend(r.Context(), verb, r.PathValue("id"))
			if err != nil {
				http.Error(w, err.Error(), http.StatusConflict)
				return
			}
			_, _ = w.Write(text)
		})
	}
	return mux
}
