package main

import (
	"strings"
	"testing"

	"github.com/culvert/culvert/profile"
)

const ownToken = "own_paths:\n  - path: /o/token/\n    name: Sign-on for the wiki\n"

func TestAPathOfOnesOwnIsOpenedAndClosedOnALiveAppAndNothingElseMoves(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.applied()
	s.edited("own_paths: []\n", ownToken)
	plan := s.run("plan")
	if plan.code != exitChanges || !strings.Contains(plan.out, "create  Door for Sign-on for the wiki on chat.example.org") {
		t.Fatalf("the plan ended with %d:\n%s%s", plan.code, plan.out, plan.err)
	}
	s.applied()
	if v := s.must("verify"); strings.Contains(v.out, "BAD") {
		t.Errorf("verify says:\n%s", v.out)
	}
	if r := s.must("plan"); r.out != "nothing to do\n" {
		t.Errorf("the next plan says:\n%s", r.out)
	}
	proven := map[string]bool{}
	var st statusJSON
	decode(t, s.must("status", "--json").out, &st)
	for _, p := range st.Proofs {
		proven[p.Check.ID] = p.OK
	}
	if id := profile.OwnID("/o/token/"); !proven[id+"/1"] || !proven["locked/beside-"+id+"-1"] {
		t.Errorf("it is not proven: %v", proven)
	}

	s.edited("own_paths: []\n", ownToken+"    open: false\n")
	if r := s.must("apply", "--yes"); !strings.Contains(r.out, "Done and proven.") {
		t.Errorf("closing it says:\n%s", r.out)
	}
	s.behindOurBack(func(w *stranger) {
		if got := counts(w.account()); got != whole {
			t.Errorf("the account holds %s, want %s", got, whole)
		}
	})
}

func TestATooWidePathOfOnesOwnIsRefusedAtItsLine(t *testing.T) {
	for path, says := range map[string]string{
		"/channels/*": "line 32: own_paths.1.path: This would open a part of /channels/<team>/chatbots/…, which stays behind the login.",
		"/*":          "line 32: own_paths.1.path: This would open the whole app.",
		"/admin/":     "line 32: own_paths.1.path: This would open the admin pages (/admin/)",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := newShop(t).fresh(func(*stranger) {})
			s.edited("own_paths: []\n", "own_paths:\n  - path: "+path+"\n    check: "+strings.ReplaceAll(path, "*", "x")+"\n")
			s.refused(says)
		})
	}
}
