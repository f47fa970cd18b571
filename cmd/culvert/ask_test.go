package main

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
)

// typedAs runs a command in this data folder, with what somebody types at its
// questions.
func (s *shop) typedAs(keys, command string) ran {
	s.Helper()
	return s.anywhere(keys, command+" --data "+s.data)
}

// anywhere runs a command as it stands.
func (s *shop) anywhere(keys, command string) ran {
	s.Helper()
	return s.started(strings.NewReader(keys), strings.Fields(command)...)
}

// printed gives the commands that a text tells to type.
func printed(text, verb string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`(?m)^ +culvert (`+verb+`\b.*)$`).FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

func TestWithoutAFileRepairPutsRightWhatWasApplied(t *testing.T) {
	t.Parallel()
	s := newShop(t).applied()
	for name, begin := range map[string]func() (end func()){
		"by itself":            func() func() { return func() {} },
		"beside the dashboard": func() func() { return s.dashboard().kill },
	} {
		t.Run(name, func(t *testing.T) {
			defer begin()()
			if r := s.typedAs("", "status --rehearsal"); r.code != exitOK || !strings.Contains(r.out, "nothing is left to do") {
				t.Fatalf("while all is well status ends with %d:\n%s%s", r.code, r.out, r.err)
			}
			told := s.breakage("break", "door-deleted")
			status := printed(told.out, "status")
			if len(status) != 1 {
				t.Fatalf("break says:\n%s", told.out)
			}
			r := s.anywhere("", status[0])
			repair := printed(r.out, "repair")
			if r.code != exitError || len(repair) != 1 || !strings.Contains(r.out, "chat.example.org: API channel messages do NOT arrive") {
				t.Fatalf("%s ends with %d:\n%s%s", status[0], r.code, r.out, r.err)
			}
			if r := s.typedAs("", "verify --rehearsal"); r.code != exitError || !strings.Contains(r.out, "BAD") {
				t.Errorf("verify ends with %d:\n%s%s", r.code, r.out, r.err)
			}
			if r := s.anywhere("no\n", repair[0]); r.code != exitError || !strings.Contains(r.err, "Type yes: ") || !strings.Contains(r.err, "nothing was changed") {
				t.Errorf("with a no %s ends with %d:\n%s%s", repair[0], r.code, r.out, r.err)
			}
			if r := s.anywhere("yes\n", repair[0]); r.code != exitOK || !strings.Contains(r.out, "  create  Door for API channel") {
				t.Errorf("%s ends with %d:\n%s%s", repair[0], r.code, r.out, r.err)
			}
			if r := s.typedAs("", "verify --rehearsal"); r.code != exitOK {
				t.Errorf("afterwards verify ends with %d:\n%s%s", r.code, r.out, r.err)
			}
			s.breakage("mend")
		})
	}
}

func TestBesideTheDashboardAWholeDomainTakesASecondYes(t *testing.T) {
	t.Parallel()
	s := newShop(t).applied()
	d := s.dashboard()
	defer d.kill()
	s.breakage("break", "bot-fight-mode")
	if r := s.typedAs("", "repair --yes --rehearsal"); r.code != exitError || !strings.Contains(r.err, "--whole-domain") {
		t.Errorf("--yes alone ends with %d:\n%s%s", r.code, r.out, r.err)
	}
	if r := s.typedAs("yes\nyes\n", "repair --rehearsal"); r.code != exitOK || strings.Count(r.err, "Type yes: ") != 2 {
		t.Errorf("two times yes ends with %d:\n%s%s", r.code, r.out, r.err)
	}
	if r := s.must("status"); !strings.Contains(r.out, "nothing is left to do") { // with the file
		t.Errorf("afterwards the status is:\n%s", r.out)
	}
}

func TestACommandWithoutAFileSaysWhichSetupItCouldMean(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	if r := s.typedAs("", "repair --rehearsal"); r.code != exitError || !strings.Contains(r.err, "--data") {
		t.Errorf("without a data folder it ends with %d: %s", r.code, r.err)
	}
	if _, err := os.Stat(s.data); err == nil {
		t.Error("it made one")
	}
	s.run("plan")
	if r := s.typedAs("", "repair --rehearsal"); r.code != exitError || !strings.Contains(r.err, "nothing was applied yet") {
		t.Errorf("before anything was applied it ends with %d: %s", r.code, r.err)
	}
	s.applied()
	w, _ := s.workspace(t.Context())
	approved, err := w.store.Approved(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second := *approved["open-chat-studio"].Answers
	second.Setup, second.Hostname = "second", "second.example.org"
	err = w.store.SaveSetup(t.Context(), setup.Setup{ID: "second"})
	_, agreed := w.store.Approve(t.Context(), setup.Revision{Setup: "second", Answers: &second}, setup.Audit{})
	if err := errors.Join(err, agreed, w.Close()); err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]string{
		"status":              "--name: open-chat-studio (chat.example.org), second (second.example.org)",
		"status --name third": "There is: open-chat-studio (chat.example.org), second (second.example.org)",
	} {
		if r := s.typedAs("", command+" --rehearsal"); r.code != exitError || !strings.Contains(r.err, want) {
			t.Errorf("%s ends with %d: %s", command, r.code, r.err)
		}
	}
	for _, name := range []string{"open-chat-studio", "chat.example.org"} {
		if r := s.typedAs("", "status --rehearsal --name "+name); !strings.Contains(r.out, "chat.example.org: ") {
			t.Errorf("status --name %s ends with %d:\n%s%s", name, r.code, r.out, r.err)
		}
	}
}
