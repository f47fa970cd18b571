package main

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	docker "github.com/culvert/culvert/dockerx/sim"
)

func TestPlanThenApplyThenNothingIsLeft(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	plan := s.run("plan")
	if plan.code != exitChanges || !strings.Contains(plan.out, "create  Lock on chat.example.org (Access application) (not there yet)") {
		t.Fatalf("the first plan ended with %d:\n%s%s", plan.code, plan.out, plan.err)
	}
	if w := plan.writes(); len(w) > 0 {
		t.Errorf("planning wrote: %v", w)
	}
	apply := s.must("apply", "--yes")
	if !strings.Contains(apply.out, "Done and proven.") {
		t.Errorf("apply says:\n%s", apply.out)
	}
	if len(apply.calls) > 150 {
		t.Errorf("apply made %d calls; an account has 1,200 in five minutes for everything", len(apply.calls))
	}
	s.behindOurBack(func(w *stranger) {
		if got := counts(w.account()); got != whole {
			t.Errorf("the account holds %s, want %s", got, whole)
		}
	})
	again := s.must("plan")
	if again.out != "nothing to do\n" {
		t.Errorf("the second plan says:\n%s", again.out)
	}
	if w := again.writes(); len(w) > 0 {
		t.Errorf("the second plan wrote: %v", w)
	}
	if len(again.calls) > 30 {
		t.Errorf("the second plan made %d calls, want at most 30", len(again.calls))
	}
	once := s.must("apply", "--yes")
	if w := once.writes(); len(w) > 0 {
		t.Errorf("applying what stands wrote: %v", w)
	}
	t.Logf("apply: %d calls, plan: %d calls", len(apply.calls), len(again.calls))
}

func TestWithoutAYesNothingIsChanged(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	before := s.fresh(func(*stranger) {}).files()
	r := s.run("apply") // nobody is at the terminal
	if r.code != exitError || !strings.Contains(r.err, "nothing was changed") || !strings.Contains(r.err, "Type yes") {
		t.Errorf("apply without a yes ended with %d: %s", r.code, r.err)
	}
	if w := r.writes(); len(w) > 0 {
		t.Errorf("without a yes apply wrote: %v", w)
	}
	if diff := cmp.Diff(before, s.files()); diff != "" {
		t.Errorf("without a yes files changed:\n%s", diff)
	}
}

func TestAPlanForProgramsSaysWhatAPlanForPeopleSays(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	people := s.run("plan")
	programs := s.run("plan", "--json")
	if programs.code != exitChanges {
		t.Errorf("plan --json ended with %d: %s", programs.code, programs.err)
	}
	var p planJSON
	decode(t, programs.out, &p)
	if len(p.Changes) < 20 || p.Barriers == nil {
		t.Fatalf("the plan has %d changes, barriers %v", len(p.Changes), p.Barriers)
	}
	hashes := map[string]bool{}
	for _, c := range p.Changes {
		hashes[c.Hash] = true
		if c.Kind == "" || c.Name == "" || c.Verb == "" || c.Step == "" || c.Cause == "" || c.Reach == "" {
			t.Errorf("a change lacks something: %+v", c)
		}
		if !strings.Contains(people.out, c.Verb+"  "+c.Title) {
			t.Errorf("people are not told of %q", c.Title)
		}
	}
	if len(hashes) != len(p.Changes) {
		t.Error("two changes have the same hash")
	}
	s.must("apply", "--yes")
	var empty map[string]any
	decode(t, s.must("plan", "--json").out, &empty)
	if diff := cmp.Diff(map[string]any{"changes": []any{}, "barriers": []any{}}, empty); diff != "" {
		t.Errorf("the empty plan is (-want +got):\n%s", diff)
	}
}

func decode(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
}

func TestVerifyAndStatusTellWhatIsProven(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	if r := s.run("verify"); r.code != exitError || !strings.Contains(r.err, "nothing was applied for chat.example.org yet") {
		t.Errorf("verifying what was never applied ended with %d: %s", r.code, r.err)
	}
	if r := s.run("status"); r.code != exitError || !strings.Contains(r.out, "Nothing was applied yet.") || !strings.Contains(r.out, "Not as the file says:") {
		t.Errorf("the status of what was never applied ended with %d:\n%s%s", r.code, r.out, r.err)
	}
	s.applied()
	verify := s.must("verify")
	if !strings.Contains(verify.out, "proofs hold.") || strings.Contains(verify.out, "BAD") {
		t.Errorf("verify says:\n%s", verify.out)
	}
	if w := verify.writes(); len(w) > 0 {
		t.Errorf("verifying wrote: %v", w)
	}
	if r := s.must("status"); !strings.Contains(r.out, "nothing is left to do") {
		t.Errorf("the status is:\n%s", r.out)
	}
	var st statusJSON
	decode(t, s.must("status", "--json").out, &st)
	if !st.OK || st.Hostname != "chat.example.org" || st.Setup != "open-chat-studio" || len(st.Proofs) < 20 || len(st.Left)+len(st.InTheWay)+len(st.Findings) > 0 ||
		!strings.Contains(st.Sentence, "channels reach the app; everything else is locked") {
		t.Errorf("the status for programs is %+v", st)
	}
	doors, locked := 0, 0
	for _, p := range st.Proofs {
		if !p.OK {
			t.Errorf("%s is not proven: %s", p.Check.Name, p.Detail)
		}
		if p.Check.Locked {
			locked++
		} else {
			doors++
		}
	}
	if doors < 10 || locked < 5 {
		t.Errorf("there are %d proofs of doors and %d of locks", doors, locked)
	}
}

func TestDestroyLeavesTheAccountAndTheFilesAsTheyWere(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var account map[string][]object
	s.fresh(func(w *stranger) { account = w.account() })
	files := s.files()
	s.applied()
	r := s.must("destroy", "--yes")
	if !strings.Contains(r.out, "Everything that Culvert made is gone.") || !strings.Contains(r.out, "the port stays closed; opening it again is up to you") {
		t.Errorf("destroy says:\n%s", r.out)
	}
	s.behindOurBack(func(w *stranger) {
		if diff := cmp.Diff(account, w.account()); diff != "" {
			t.Errorf("the account is not as it was (-before +after):\n%s", diff)
		}
		if env := w.Docker.Env(docker.Project, "web"); env["DJANGO_ALLOWED_HOSTS"] != "" || env["CSRF_TRUSTED_ORIGINS"] != "" {
			t.Errorf("the app still runs with %v", env)
		}
	})
	after := s.files()
	const compose = "docker-compose.prod.yml"
	files[compose] = strings.Replace(files[compose], `"${PORT:-8000}:${PORT:-8000}"`, `"127.0.0.1:${PORT:-8000}:${PORT:-8000}"`, 1)
	if diff := cmp.Diff(files, after); diff != "" {
		t.Errorf("but for the port the files are not as they were (-before +after):\n%s", diff)
	}
	if r := s.must("destroy", "--yes"); len(r.writes()) > 0 {
		t.Errorf("destroying what is gone wrote %v", r.writes())
	}
	s.applied() // and it can be set up again
}

// Whoever comes later than Culvert keeps what is theirs.
func TestDestroyLeavesWhatOthersMade(t *testing.T) {
	t.Parallel()
	s := newShop(t).applied()
	var theirs map[string][]object
	s.behindOurBack(func(w *stranger) {
		w.call("POST", apps, object{"name": "Wiki", "type": "self_hosted", "domain": "wiki.example.org",
			"destinations": []object{{"type": "public", "uri": "wiki.example.org"}}})
		w.call("POST", policies, object{"name": "Their rule", "decision": "allow", "include": []object{{"email": object{"email": "eve@example.org"}}}})
		w.call("POST", records, object{"name": "wiki.example.org", "type": "A", "content": "203.0.113.9", "proxied": true, "ttl": 1})
		theirs = w.account()
	})
	s.must("destroy", "--yes")
	s.behindOurBack(func(w *stranger) {
		left := w.account()
		// The login method stays too: their application may use it.
		if got, want := counts(left), "1 apps, 1 policies, 2 login methods, 0 tunnels, 0 rules, 1 records"; got != want {
			t.Errorf("the account holds %s, want %s", got, want)
		}
		for kind, objects := range left {
			for _, o := range objects {
				if !contains(theirs[kind], o) {
					t.Errorf("of the %s, one is not as they left it: %v", kind, o)
				}
			}
		}
	})
}

func contains(all []object, o object) bool {
	for _, have := range all {
		if cmp.Equal(have, o) {
			return true
		}
	}
	return false
}

func TestDestroyingWhatNobodySetUpSaysSo(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := s.run("destroy", "--yes")
	if r.code != exitError || !strings.Contains(r.err, "There is no setup for chat.example.org in this data folder.") {
		t.Errorf("destroy ended with %d: %s%s", r.code, r.out, r.err)
	}
}

func TestASecondProcessOnTheDataFolderIsTold(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	w, _ := s.workspace(t.Context())
	r := s.run("plan")
	if r.code != exitError || !strings.Contains(r.err, "Another Culvert is using "+s.data) || !strings.Contains(r.err, "--data") {
		t.Errorf("a second process ended with %d: %s", r.code, r.err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if r := s.run("plan"); r.code != exitChanges {
		t.Errorf("once the first is gone, the second ends with %d: %s", r.code, r.err)
	}
}

func TestWhatAppliesOnAChangedFileIsTheDifference(t *testing.T) {
	t.Parallel()
	s := newShop(t).applied()
	s.edited("webhooks: default", "webhooks: [telegram]")
	var p planJSON
	decode(t, s.run("plan", "--json").out, &p)
	verbs := map[string]int{}
	for _, c := range p.Changes {
		verbs[c.Verb+" "+c.Kind]++
	}
	if want := map[string]int{"delete access-app": 6, "update ingress": 1, "update edge-rule": 1}; !maps.Equal(verbs, want) {
		t.Errorf("closing all doors but one is %v, want %v", verbs, want)
	}
	s.must("apply", "--yes")
	s.behindOurBack(func(w *stranger) {
		if got, want := counts(w.account()), "2 apps, 2 policies, 2 login methods, 1 tunnels, 2 rules, 1 records"; got != want {
			t.Errorf("the account holds %s, want %s", got, want)
		}
	})
}

// Both sides of a rehearsal are simulated, whatever the environment says.
func TestARehearsalUsesNothingOfTheEnvironment(t *testing.T) {
	t.Setenv("CLOUDFLARE_API_TOKEN", "real-token")
	t.Setenv("CLOUDFLARE_BASE_URL", "http://127.0.0.1:1/")
	t.Setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
	newShop(t).applied().must("status")
}

func TestAnotherAddressIsAppliedInOneGoAndNothingOfTheOldOneIsLeft(t *testing.T) {
	s := newShop(t).applied()
	s.edited("hostname: chat.example.org", "hostname: talk.example.org")
	if out := s.must("apply", "--yes").out; !strings.Contains(out, "+ DJANGO_ALLOWED_HOSTS=talk.example.org") {
		t.Errorf("that the old name goes from the settings was not shown:\n%s", out)
	}
	s.must("plan")
	for name, text := range s.files() {
		if strings.Contains(text, "chat.example.org") {
			t.Errorf("%s still has the old name", name)
		}
	}
}
