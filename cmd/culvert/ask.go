package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/culvert/culvert/config"
	"github.com/culvert/culvert/setup"
)

// This file holds the commands for what stands: they need no file, and they run
// beside the dashboard. Two processes must not work on one data folder, so a
// running dashboard carries them out, and the terminal is lent to it: what it
// prints, what it asks, and how it ended.

// request is such a command as it was typed.
type request struct {
	Verb      string    `json:"verb"`
	Rehearsal bool      `json:"rehearsal"`
	Text      []byte    `json:"text,omitempty"` // of the file; empty: the setup as it was applied
	Path      string    `json:"path,omitempty"` // of the file
	Name      string    `json:"name,omitempty"` // of the setup; empty: the only one
	JSON      bool      `json:"json"`
	Repair    repairing `json:"repair"`
	Actor     string    `json:"actor"`
	Flags     string    `json:"flags"` // behind further commands about the same
}

// verbs are what can be asked for so.
func verbs() map[string]func(context.Context, *job, request) error {
	return map[string]func(context.Context, *job, request) error{
		"status": func(ctx context.Context, j *job, _ request) error { return j.status(ctx) },
		"verify": func(ctx context.Context, j *job, _ request) error {
			if err := j.resolve(ctx); err != nil {
				return err
			}
			return j.verify(ctx)
		},
		"repair": func(ctx context.Context, j *job, q request) error {
			if err := j.named(ctx); err != nil {
				return err
			}
			return j.repair(ctx, q.Repair)
		},
		"authority": func(ctx context.Context, j *job, _ request) error { return j.authority(ctx) },
	}
}

// asking is a command that is asked so. It fills in what it has flags for.
func (s *settings) asking(verb, short string, fill func(*cobra.Command, *request)) *cobra.Command {
	q := request{Verb: verb}
	c := &cobra.Command{Use: verb, Short: short, Args: cobra.NoArgs}
	c.Flags().StringVarP(&q.Path, "file", "f", "", "a file that says what is wanted (default: what was applied)")
	c.Flags().StringVar(&q.Name, "name", "", "which setup, if there are several")
	c.Flags().BoolVar(&q.JSON, "json", false, "print JSON")
	fill(c, &q)
	c.RunE = func(c *cobra.Command, _ []string) error {
		q.Rehearsal, q.Actor, q.Flags = s.rehearsal, actor(), s.typed(q)
		return s.ask(c.Context(), q)
	}
	return c
}

// typed are the flags that say what a command is about, as they were typed.
func (s *settings) typed(q request) string {
	flags := ""
	add := func(flag, value string) {
		if value != "" {
			flags += " " + flag + " " + value
		}
	}
	add("-f", q.Path)
	add("--name", q.Name)
	if s.data != defaultData {
		add("--data", s.data)
	}
	return flags + practiceFlag(s.rehearsal)
}

func practiceFlag(practice bool) string {
	if practice {
		return " --rehearsal"
	}
	return ""
}

// ask has the running dashboard carry out a command, or does it here if there is
// none.
func (s *settings) ask(ctx context.Context, q request) (err error) {
	if q.Path != "" {
		if q.Text, err = os.ReadFile(q.Path); err != nil {
			return fmt.Errorf("reading the file that says what is wanted (-f): %w", err)
		}
	}
	if err := s.lend(ctx, q); !errors.Is(err, errNotRunning) {
		return err
	}
	if _, err := os.Stat(s.data); q.Path == "" && errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no data folder %s here. Say with --data where the one is that Culvert was started with", s.data)
	}
	w, err := openWorkspace(ctx, s, q.Rehearsal)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	return s.carryOut(ctx, w, q, s.keyboard())
}

// carryOut does what was asked for in a workspace.
func (s *settings) carryOut(ctx context.Context, w *workspace, q request, answers lines) error {
	do, known := verbs()[q.Verb]
	if !known {
		return fmt.Errorf("the running Culvert knows no %s. Start it anew with the version that is installed", q.Verb)
	}
	j := &job{settings: s, workspace: w, request: q, json: q.JSON, typed: answers}
	if len(q.Text) > 0 {
		var err error
		if j.file, err = config.Parse(q.Text); err != nil {
			return fmt.Errorf("%s:\n%w", q.Path, err)
		}
		j.hostname = j.file.Hostname
	}
	return do(ctx, j, q)
}

// standing finds the setup that was applied in this data folder.
func (j *job) standing(ctx context.Context) error {
	approved, err := j.store.Approved(ctx)
	if err != nil {
		return err
	}
	var names []string
	found := map[string]*setup.Answers{}
	for id, r := range approved {
		if r.Answers == nil {
			continue
		}
		names = append(names, fmt.Sprintf("%s (%s)", id, r.Answers.Hostname))
		if j.request.Name == "" || j.request.Name == string(id) || j.request.Name == r.Answers.Hostname {
			found[string(id)] = r.Answers
		}
	}
	slices.Sort(names)
	switch all := strings.Join(names, ", "); {
	case len(names) == 0:
		return fmt.Errorf("nothing was applied yet in the data folder %s. If Culvert was started with another one, say so with --data", j.data)
	case len(found) == 0:
		return fmt.Errorf("--name %s: there is no such setup. There is: %s", j.request.Name, all)
	case len(found) > 1:
		return fmt.Errorf("several setups were applied here. Say which one with --name: %s", all)
	}
	for id, a := range found {
		j.id, j.answers, j.hostname = setup.SetupID(id), a, a.Hostname
	}
	return nil
}

// frame is a piece of what a dashboard sends to the terminal: one of these.
type frame struct {
	Out  string `json:"out,omitempty"`
	Err  string `json:"err,omitempty"`
	Ask  bool   `json:"ask,omitempty"` // a line that is typed is waited for
	Done bool   `json:"done,omitempty"`
	Code int    `json:"code,omitempty"` // with Done
}

// lend asks the running dashboard and gives it the terminal meanwhile.
// errNotRunning: there is none.
func (s *settings) lend(ctx context.Context, q request) error {
	client, end := runningClient(s.data)
	defer end()
	typed, keys := io.Pipe()
	defer func() { _ = keys.Close() }()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://culvert/ask", typed)
	if err != nil {
		return err
	}
	answer := json.NewEncoder(keys)
	go func() { _ = answer.Encode(q) }() // ends when it is read, or with the pipe
	resp, err := client.Do(r)
	if err != nil {
		return cmp.Or(ctx.Err(), errNotRunning)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK { // it has no such workspace, or is older than this command
		return errNotRunning
	}
	keyboard := s.keyboard()
	for frames := json.NewDecoder(resp.Body); ; {
		var f frame
		if err := frames.Decode(&f); err != nil {
			return cmp.Or(ctx.Err(), errors.New("the running Culvert ended before it had answered. Ask again"))
		}
		_, _ = io.WriteString(s.stdout, f.Out)
		_, _ = io.WriteString(s.stderr, f.Err)
		switch {
		case f.Ask:
			line, ok := keyboard(ctx)
			if !ok {
				line = ""
			}
			if err := answer.Encode(line); err != nil {
				return fmt.Errorf("answering the running Culvert: %w", err)
			}
		case f.Done && f.Code == exitOK:
			return nil
		case f.Done:
			return exit(f.Code)
		}
	}
}

// askHandler carries out commands for terminals while the dashboard runs.
func (v *serving) askHandler(w http.ResponseWriter, r *http.Request) {
	var q request
	in := json.NewDecoder(r.Body)
	if err := errors.Join(http.NewResponseController(w).EnableFullDuplex(), in.Decode(&q)); err != nil {
		http.Error(w, "this is no request of a command", http.StatusBadRequest)
		return
	}
	space := v.real
	if q.Rehearsal {
		space = v.try
	}
	if space == nil { // with --rehearsal only the practice is open here
		http.NotFound(w, r)
		return
	}
	send := func(f frame) {
		_ = json.NewEncoder(w).Encode(f) // who went away is not told
		_ = http.NewResponseController(w).Flush()
	}
	s := *v.settings
	s.stdout = writing(func(text string) { send(frame{Out: text}) })
	s.stderr = writing(func(text string) { send(frame{Err: text}) })
	s.rehearsal, s.served = q.Rehearsal, true
	err := s.carryOut(r.Context(), space, q, func(context.Context) (line string, ok bool) {
		send(frame{Ask: true})
		return line, in.Decode(&line) == nil
	})
	send(frame{Done: true, Code: exitCode(err, s.stderr)})
}

// writing is a writer that hands on what is written.
type writing func(text string)

func (w writing) Write(text []byte) (int, error) {
	w(string(text))
	return len(text), nil
}

// lines gives the next line that somebody types; false: nobody does.
type lines func(context.Context) (string, bool)

// keyboard reads what is typed here.
func (s *settings) keyboard() lines {
	in := bufio.NewReader(cmp.Or[io.Reader](s.stdin, os.Stdin))
	return func(ctx context.Context) (string, bool) {
		answer := make(chan string, 1)
		go func() { // ends with the process if nobody answers
			line, _ := in.ReadString('\n')
			answer <- strings.TrimSpace(line)
		}()
		select {
		case <-ctx.Done():
			return "", false
		case line := <-answer:
			return line, true
		}
	}
}
