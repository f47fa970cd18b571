package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The real thing: a process that is killed without notice while it applies, and
// another one that applies again.
func TestAProcessKilledInTheMiddleOfApplyIsSurvived(t *testing.T) {
	for _, moment := range []string{
		"Tunnel open-chat-studio (", "Lock on chat.example.org (", "File docker-compose.culvert.yml", "Public name chat.example.org (", "Published port 8000 of web in",
	} {
		t.Run(strings.Trim(moment, " ("), func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			for try := 1; !s.killedAt(moment); try++ { // on a slow machine it may come too late
				if try == 5 {
					t.Fatalf("apply was always over before it could be killed at %q", moment)
				}
				s = newShop(t)
			}
			again := s.must("apply", "--yes")
			if !strings.Contains(again.out, "Going on with a run that was interrupted.") {
				t.Errorf("apply did not go on with what was left:\n%s", again.out)
			}
			if r := s.must("plan"); r.out != "nothing to do\n" {
				t.Errorf("something is left:\n%s", r.out)
			}
			s.behindOurBack(func(w *stranger) {
				if got := counts(w.account()); got != whole {
					t.Errorf("the account holds %s, want %s", got, whole)
				}
			})
		})
	}
}

// killedAt runs apply as a process of its own and kills it as soon as it tells
// that a change was made. It says whether that was before the end.
func (s *shop) killedAt(change string) bool {
	s.Helper()
	cmd := exec.CommandContext(s.Context(), os.Args[0], "apply", "--yes", "--rehearsal", "--data", s.data, "-f", s.file)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	told := false
	for lines := bufio.NewScanner(out); !told && lines.Scan(); {
		// In the plan a change is followed by its cause, when it was made by how
		// long it took.
		told = strings.Contains(lines.Text(), change) && strings.HasSuffix(lines.Text(), "s)")
	}
	if err := cmd.Process.Kill(); err != nil {
		s.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, out)
	err = cmd.Wait()
	if !told {
		s.Fatalf("apply ended (%v) and never told of %q", err, change)
	}
	return !cmd.ProcessState.Exited()
}
