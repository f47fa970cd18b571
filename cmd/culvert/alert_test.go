package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

const alertsPath = "/alerting/v3/policies"

// alerted is the example, with a mail for the case that the server is gone.
func alerted(t *testing.T) *shop {
	s := newShop(t)
	s.edited(`alert_email: ""`, "alert_email: ana@example.org")
	return s
}

// mails are those that the made-up Cloudflare sent.
func (s *shop) mails() (all []sim.Mail) {
	s.behindOurBack(func(w *stranger) { all = w.Cloud.Mails(w.Cloud.Basics().AccountID) })
	return all
}

// alertCalls counts the calls about notifications.
func (r ran) alertCalls() (reads, writes int) {
	for _, c := range r.calls {
		switch {
		case !strings.Contains(c.Path, alertsPath):
		case c.Method == "GET":
			reads++
		default:
			writes++
		}
	}
	return reads, writes
}

func TestCloudflareMailsWhenTheServerIsGone(t *testing.T) {
	t.Parallel()
	s := alerted(t).applied()
	s.must("status")
	if got := s.mails(); len(got) > 0 {
		t.Fatalf("while all is well it mailed %+v", got)
	}
	s.breakage("break", "connector-removed")
	got := s.mails()
	if len(got) != 1 || got[0].To != "ana@example.org" || !strings.Contains(got[0].Text, "to down") {
		t.Errorf("it mailed %+v", got)
	}
}

func TestWithoutAnAddressNobodyIsMailedAndNothingIsAskedAboutIt(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, args := range [][]string{{"apply", "--yes"}, {"status"}, {"plan"}} {
		if reads, writes := s.must(args...).alertCalls(); reads+writes > 0 {
			t.Errorf("%v makes %d calls about notifications", args, reads+writes)
		}
	}
	s.breakage("break", "connector-removed")
	if got := s.mails(); len(got) > 0 {
		t.Errorf("it mailed %+v", got)
	}
}

func TestAMailCostsOneCallOfALook(t *testing.T) {
	t.Parallel()
	s := alerted(t).applied()
	if reads, writes := s.must("status").alertCalls(); reads != 1 || writes != 0 {
		t.Errorf("the status makes %d reads and %d writes", reads, writes)
	}
}

func TestAMailThatSomebodyTookAwayIsToldAndPutBack(t *testing.T) {
	for _, id := range []string{"alert-deleted", "alert-off"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			s := alerted(t).applied()
			s.breakage("break", id)
			r := s.run("status")
			if !strings.Contains(r.out, "nobody is told") || !strings.Contains(r.out, "somebody@example.org in the dashboard") {
				t.Errorf("the status is:\n%s", r.out)
			}
			if r := s.must("repair", "--yes"); len(r.writes()) != 1 {
				t.Errorf("it wrote %v:\n%s", r.writes(), r.out)
			}
			if r := s.must("status"); !strings.Contains(r.out, "nothing is left to do") {
				t.Errorf("afterwards the status is:\n%s", r.out)
			}
			s.breakage("mend", id) // takes nothing away from what was repaired
			s.must("status")
			s.breakage("break", "connector-stopped")
			if got := s.mails(); len(got) != 1 {
				t.Errorf("it mailed %+v", got)
			}
		})
	}
}

func TestAMailIsTakenBackByTheFileAndByTakingDown(t *testing.T) {
	t.Parallel()
	s := alerted(t).applied()
	with := s.file
	s.file = example
	if r := s.must("plan"); !strings.Contains(r.out, "nothing to do") {
		t.Errorf("a file that says nothing of it plans\n%s", r.out)
	}
	s.edited(`alert_email: ""`, "alert_email: none")
	if r := s.must("apply", "--yes"); len(r.writes()) != 1 {
		t.Errorf("it wrote %v:\n%s", r.writes(), r.out)
	}
	s.file = with
	s.must("apply", "--yes")
	s.behindOurBack(func(w *stranger) {
		w.call("POST", "accounts/{account}"+alertsPath, object{"name": "Theirs", "alert_type": "tunnel_health_event",
			"mechanisms": object{"email": []object{{"id": "ben@example.org"}}}})
	})
	s.must("destroy", "--yes")
	s.behindOurBack(func(w *stranger) {
		if left := string(w.call("GET", "accounts/{account}"+alertsPath, nil)); !strings.Contains(left, "Theirs") || strings.Contains(left, "Culvert") {
			t.Errorf("left are %s", left)
		}
	})
}

// The mail comes last: what stands in its way keeps nobody from the app.
func TestAMailThatCannotBeSetUpKeepsNothingElseBack(t *testing.T) {
	t.Parallel()
	for what, row := range map[string]struct {
		unsure sim.Unsure
		before func(*stranger)
		says   string
		after  func(*stranger)
	}{
		"without the permission": {sim.Unsure{}, func(w *stranger) { w.lacking("Notifications") }, "Notifications: Edit",
			func(w *stranger) { w.Cloud.SetToken(w.Cloud.Basics().Token, "active", sim.AllPermissions()...) }},
		"an address that is not taken": {sim.Unsure{UnknownMailRefused: true}, func(*stranger) {}, "one that was confirmed", nil},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := alerted(t)
			s.unsure = row.unsure
			s.fresh(row.before)
			r := s.run("apply", "--yes")
			if r.code == exitOK || !strings.Contains(r.out+r.err, row.says) {
				t.Errorf("it ends with %d:\n%s%s", r.code, r.out, r.err)
			}
			var st statusJSON
			decode(t, s.run("status", "--json").out, &st)
			if len(st.Findings) != 1 || strings.Contains(st.Sentence, "NOT") || slices.ContainsFunc(st.Proofs, func(e setup.Evidence) bool { return !e.OK }) {
				t.Errorf("the status says %q: %+v", st.Sentence, st.Findings)
			}
			if row.after == nil {
				return
			}
			s.behindOurBack(row.after)
			s.must("apply", "--yes")
			s.must("status")
			s.breakage("break", "connector-stopped")
			if got := s.mails(); len(got) != 1 {
				t.Errorf("it mailed %+v", got)
			}
		})
	}
}
