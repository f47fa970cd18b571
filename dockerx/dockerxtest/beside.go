package dockerxtest

import (
	"errors"
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
)

func besideTheApp(t *testing.T, s Subject) {
	out, err := s.Host.Beside(s.context(t), s.Stack.Project, s.Stack.Service, []string{"python3", "manage.py", "check"})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(out)); got != "No migrations to apply." {
		t.Errorf("it printed %q", got)
	}
	_, err = s.Host.Beside(s.context(t), s.Stack.Project, s.Stack.Service, []string{"python3", "manage.py", "dance"})
	var problem *setup.Problem
	if !errors.As(err, &problem) || problem.Code != setup.CodeRefused {
		t.Errorf("a command that fails: %v", err)
	}
	if _, err := s.Host.Beside(s.context(t), s.Stack.Project, "nobody", []string{"true"}); err == nil {
		t.Error("a command beside a service that does not exist ran")
	}
}
