package main

import (
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
)

func TestRepairPutsADoorRightAndNothingElse(t *testing.T) {
	t.Parallel()
	s := newShop(t).applied()
	before := s.files()
	s.behindOurBack(func(w *stranger) { w.call("DELETE", apps+"/"+w.named(apps, "Door for Telegram").id(), nil) })
	r := s.must("repair", "--yes")
	if !strings.Contains(r.out, "Telegram messages do NOT arrive") || !strings.Contains(r.out, "create  Door for Telegram") {
		t.Errorf("repair says:\n%s", r.out)
	}
	if w := r.writes(); len(w) != 1 || w[0].Method != "POST" || !strings.HasSuffix(w[0].Path, "/access/apps") {
		t.Errorf("it wrote %v", w)
	}
	for name, text := range s.files() {
		if before[name] != text {
			t.Errorf("%s was changed", name)
		}
	}
	if r := s.must("status"); !strings.Contains(r.out, "nothing is left to do") {
		t.Errorf("afterwards the status is:\n%s", r.out)
	}
	if r := s.must("repair"); strings.Contains(r.out, "would be done") {
		t.Errorf("a second repair says:\n%s", r.out)
	}
}

func TestRepairOfOneThingLeavesTheOthersAndSaysSo(t *testing.T) {
	t.Parallel()
	s := newShop(t).applied()
	s.behindOurBack(func(w *stranger) {
		for _, door := range []string{"Door for Telegram", "Door for Slack"} {
			w.call("DELETE", apps+"/"+w.named(apps, door).id(), nil)
		}
	})
	var st statusJSON
	decode(t, s.run("status", "--json").out, &st)
	slack := ""
	for _, f := range st.Findings {
		if f.Class == setup.ClassDoorMissing && len(f.Doors) == 1 && f.Doors[0] == "slack" {
			slack = f.ID
		}
	}
	if slack == "" {
		t.Fatalf("the findings are %+v", st.Findings)
	}
	r := s.run("repair", "--only", slack, "--yes")
	if r.code != exitError || !strings.Contains(r.err, "1 more are wrong") || len(r.writes()) != 1 {
		t.Errorf("repair ended with %d, %d writes:\n%s%s", r.code, len(r.writes()), r.out, r.err)
	}
	if r := s.run("status"); !strings.Contains(r.out, "Telegram messages do NOT arrive") || strings.Contains(r.out, "Slack messages") {
		t.Errorf("afterwards the status is:\n%s", r.out)
	}
}

func TestRepairAsksAndTellsWhatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	if r := s.run("repair"); r.code != exitError || !strings.Contains(r.err, "nothing to repair") && !strings.Contains(r.err, "There is no setup") {
		t.Errorf("before anything was applied it ended with %d: %s", r.code, r.err)
	}
	s.applied()
	if r := s.run("repair", "--only", "door-missing/telegram"); r.code != exitError || !strings.Contains(r.err, "nothing is wrong") {
		t.Errorf("with nothing wrong it ended with %d: %s", r.code, r.err)
	}
	s.behindOurBack(func(w *stranger) { w.call("DELETE", apps+"/"+w.named(apps, "Door for Telegram").id(), nil) })
	r := s.run("repair") // nobody answers
	if r.code != exitError || len(r.writes()) > 0 || !strings.Contains(r.err, "nothing was changed") {
		t.Errorf("without a yes it ended with %d and wrote %v: %s", r.code, r.writes(), r.err)
	}
}
