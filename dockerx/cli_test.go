package dockerx

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/setup"
)

// program puts a shell script under a name into a folder.
func program(t *testing.T, dir, name, script string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestComposeIsFoundAsAPluginOrByItself(t *testing.T) {
	plugin := `[ "$1" = compose ] && echo 2.29.1`
	for name, row := range map[string]struct {
		docker, compose string
		want            []string
		problem         string
	}{
		"plugin":                      {docker: plugin, compose: "echo 1.29.2", want: []string{"docker", "compose"}},
		"stand-alone":                 {docker: "exit 1", compose: "echo v5.6.0", want: []string{"docker-compose"}},
		"a build without a number":    {docker: "exit 1", compose: "echo dev", want: []string{"docker-compose"}},
		"version 1 only":              {docker: "exit 1", compose: "echo 1.29.2", problem: "is version 1.29.2"},
		"docker without plugin, none": {docker: "exit 1", compose: "exit 1", problem: "There is no Docker Compose"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			program(t, dir, "docker", row.docker)
			program(t, dir, "docker-compose", row.compose)
			t.Setenv("PATH", dir)
			got, err := FindCompose(t.Context())
			if !slices.Equal(got, row.want) {
				t.Errorf("found %v, want %v", got, row.want)
			}
			if row.problem != "" && (err == nil || !strings.Contains(err.Error(), row.problem)) {
				t.Errorf("error %v, want %q", err, row.problem)
			}
		})
	}
}

func TestTheCommandSeesNoVariableThatAFileCouldReferTo(t *testing.T) {
	dir := t.TempDir()
	c := cli{argv: []string{program(t, dir, "compose", "env")}, log: slog.New(slog.DiscardHandler),
		env: plainEnv([]string{"PATH=" + os.Getenv("PATH"), "HOME=/root", "PORT=9000", "COMPOSE_FILE=x.yml", "COMPOSE_REMOVE_ORPHANS=1"})}
	a, err := c.run(t.Context(), order{dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"PORT=", "COMPOSE_FILE=", "COMPOSE_REMOVE_ORPHANS=1"} {
		if slices.ContainsFunc(a.text, func(line string) bool { return strings.HasPrefix(line, bad) }) {
			t.Errorf("it sees %s: %v", bad, a.text)
		}
	}
	for _, good := range []string{"HOME=/root", "PWD=" + dir, "COMPOSE_REMOVE_ORPHANS=false"} {
		if !slices.Contains(a.text, good) {
			t.Errorf("it does not see %s: %v", good, a.text)
		}
	}
}

func TestWhatComposeSaysIsToldWithoutSecrets(t *testing.T) {
	c := cli{argv: []string{program(t, t.TempDir(), "compose", "echo 'invalid: s3cr3t-value' >&2; exit 15")}, log: slog.New(slog.DiscardHandler)}
	_, err := c.run(t.Context(), order{args: []string{"up"}, mask: mask{values: []string{"s3cr3t-value"}}})
	var p *setup.Problem
	if !errors.As(err, &p) || p.Code != setup.CodeRefused || !strings.Contains(p.Message, "It says: invalid: •••") {
		t.Fatalf("%v", err)
	}
	if strings.Contains(p.Error(), "s3cr3t") {
		t.Errorf("the secret is in %v", p)
	}
}

// started waits until a script wrote its file, or fails the test.
func started(t *testing.T, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := poll(ctx, func() (bool, error) {
		_, err := os.Stat(path)
		return err == nil, nil
	})
	if err != nil {
		t.Fatal("the command did not start")
	}
}

func TestACancelledQuestionEndsAtOnce(t *testing.T) {
	dir := t.TempDir()
	c := cli{argv: []string{program(t, dir, "compose", "touch "+dir+"/began; sleep 60")}, log: slog.New(slog.DiscardHandler), grace: time.Minute,
		env: plainEnv(os.Environ())}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := c.run(ctx, order{})
		ended <- err
	}()
	started(t, dir+"/began")
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on")
	}
}

func TestACancelledChangeIsGivenTimeToFinish(t *testing.T) {
	dir := t.TempDir()
	c := cli{argv: []string{program(t, dir, "compose", "touch "+dir+"/began; until [ -e "+dir+"/go ]; do sleep 0.05; done; echo finished")},
		log: slog.New(slog.DiscardHandler), grace: time.Minute, env: plainEnv(os.Environ())}
	ctx, cancel := context.WithCancel(t.Context())
	type result struct {
		answer answer
		err    error
	}
	ended := make(chan result, 1)
	go func() {
		a, err := c.run(ctx, order{changes: true})
		ended <- result{a, err}
	}()
	started(t, dir+"/began")
	cancel()
	if err := os.WriteFile(dir+"/go", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := <-ended; r.err != nil || !slices.Contains(r.answer.text, "finished") {
		t.Errorf("%v, %v", r.answer.text, r.err)
	}
}

func TestACancelledChangeThatNeverFinishesIsEnded(t *testing.T) {
	dir := t.TempDir()
	c := cli{argv: []string{program(t, dir, "compose", "touch "+dir+"/began; sleep 60")}, log: slog.New(slog.DiscardHandler),
		grace: 50 * time.Millisecond, env: plainEnv(os.Environ())}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := c.run(ctx, order{changes: true})
		ended <- err
	}()
	started(t, dir+"/began")
	cancel()
	select {
	case err := <-ended:
		if p := setup.AsProblem(err); p == nil || p.Code != setup.CodeUnavailable {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on")
	}
}

func TestAResolvedFileSaysHowANewContainerWouldBeSeen(t *testing.T) {
	text := "cost $$5"
	s := configService{
		Environment: map[string]*string{"PRICE": &text, "PASSED_ON": nil},
		Ports:       []configPort{{HostIP: "127.0.0.1", Target: 8000, Published: "8000", Protocol: "tcp"}, {Target: 9000, Protocol: "tcp"}},
	}
	baked := []string{"PATH=/bin", "PRICE=from the image", "PASSED_ON=from the image"}
	for _, row := range []struct {
		kind setup.Kind
		id   string
		want setup.State
	}{
		{setup.KindSetting, "PRICE", setup.Setting{Project: "p", Service: "s", Name: "PRICE", Value: "cost $5"}},
		{setup.KindSetting, "PASSED_ON", setup.Setting{Project: "p", Service: "s", Name: "PASSED_ON", Value: "from the image"}},
		{setup.KindSetting, "NONE", nil},
		{setup.KindPublished, "8000", setup.Published{Project: "p", Service: "s", Target: 8000, Exposure: setup.ExposedLoopback}},
		{setup.KindPublished, "9000", setup.Published{Project: "p", Service: "s", Target: 9000, Exposure: setup.ExposedPublic}},
		{setup.KindPublished, "80", setup.Published{Project: "p", Service: "s", Target: 80, Exposure: setup.ExposedNone}},
	} {
		if got := s.state(baked, row.kind, "p", "s", row.id); !setup.Same(got, row.want) {
			t.Errorf("%s is %+v, want %+v", row.id, got, row.want)
		}
	}
	if got := s.published(); len(got) != 1 || got[0].Published != "8000" {
		t.Errorf("fixed ports: %+v", got)
	}
}
