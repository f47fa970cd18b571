package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/setup"
)

const (
	fallbacks = "accounts/{account}/devices/policy/fallback_domains"
	routes    = "accounts/{account}/teamnet/routes"
)

// privately is a shop whose file has a private way in, with further lines.
func privately(t *testing.T, mode setup.Mode, name, more string) *shop {
	t.Helper()
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	s := newShop(t)
	s.file = filepath.Join(t.TempDir(), "culvert.yaml")
	text = fmt.Appendf(text, "\nmode: %s\nprivate:\n  name: %s\n  front: internal\n%s", mode, name, more)
	if err := os.WriteFile(s.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// theirEntries sets Local Domain Fallback as somebody else has it.
func theirEntries(entries ...object) func(*stranger) {
	return func(w *stranger) {
		theirs(w)
		w.call("PUT", fallbacks, entries)
	}
}

// inTheWay are things of somebody else that may be taken over, go or stay.
var inTheWay = map[string]struct {
	shop  func(*testing.T) *shop
	put   func(*stranger)
	words [][]string // what is told at once, in the order in which it comes to light
	does  string
}{
	"an entry for the private name": {
		func(t *testing.T) *shop { return privately(t, setup.ModeFallback, "ocs.your-org", "") },
		theirEntries(object{"suffix": "ocs.your-org", "dns_server": []string{"10.9.0.53"}}, object{"suffix": "corp.example.net"}),
		[][]string{{"fallback/default/ocs.your-org"}}, "It is changed to what this setup needs, for everybody in the account.",
	},
	"an entry above the private name": {
		func(t *testing.T) *shop { return privately(t, setup.ModeHostname, "ocs.internal", "") },
		theirEntries(object{"suffix": "internal"}, object{"suffix": "corp.example.net"}),
		[][]string{{"shadow/default/ocs.internal"}}, "It is taken out together with the other changes, for everybody in the account.",
	},
	"two routes that overlap ours": {
		func(t *testing.T) *shop {
			return privately(t, setup.ModeFallback, "ocs.your-org", "  subnet: 172.30.250.0/28\n")
		},
		func(w *stranger) {
			theirs(w)
			w.call("POST", "accounts/{account}/cfd_tunnel", object{"name": "site", "config_src": "cloudflare"})
			for _, network := range []string{"172.30.0.0/16", "172.16.0.0/12"} {
				w.call("POST", routes, object{"network": network, "tunnel_id": w.named(tunnels, "site").id()})
			}
		},
		[][]string{{"route/172.30.250.2/32", "route/172.30.250.3/32"}, {"route/172.30.250.2/32", "route/172.30.250.3/32"}}, "Nothing of it is changed.",
	},
	"a tunnel of the same name": {
		newShop,
		func(w *stranger) {
			theirs(w)
			w.call("POST", "accounts/{account}/cfd_tunnel", object{"name": "open-chat-studio", "config_src": "cloudflare"})
			w.call("PUT", "accounts/{account}/cfd_tunnel/"+w.named(tunnels, "open-chat-studio").id()+"/configurations",
				object{"config": object{"ingress": []object{{"service": "http_status:404"}}, "warp-routing": object{"enabled": false}}})
		},
		[][]string{{"tunnel/open-chat-studio"}}, "It becomes part of this setup",
	},
}

// answered runs a command with what somebody types at its questions.
func (s *shop) answered(keys string, args ...string) ran {
	s.Helper()
	return s.started(strings.NewReader(keys), append(args, "--rehearsal", "--data", s.data, "-f", s.file)...)
}

func agreeing(words []string) []string {
	var flags []string
	for _, w := range words {
		flags = append(flags, "--agree", w)
	}
	return flags
}

// heldUp: the run did not begin, and says with which words it would.
func (s *shop) heldUp(r ran, word string) {
	s.Helper()
	if r.code != exitError || !strings.Contains(r.err, "nothing was changed") || !strings.Contains(r.err, "--agree "+word) {
		s.Fatalf("it ended with %d:\n%s%s", r.code, r.out, r.err)
	}
	if w := r.writes(); len(w) > 0 {
		s.Errorf("before anybody agreed, it wrote: %v", w)
	}
}

func TestNothingIsChangedBeforeTheOperatorAgreesToWhatIsInTheWay(t *testing.T) {
	for what, row := range inTheWay {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := row.shop(t).fresh(row.put)
			before := s.told()
			plan := s.run("plan")
			if plan.code != exitChanges || !strings.Contains(plan.out, "in the way until you agree:") ||
				!strings.Contains(plan.out, row.does) || !strings.Contains(plan.out, "To agree    --agree "+row.words[0][0]) {
				t.Fatalf("the plan ended with %d:\n%s%s", plan.code, plan.out, plan.err)
			}
			for i, words := range row.words {
				s.heldUp(s.run("apply", "--yes"), words[0]) // whoever only looked has not agreed
				agreed := agreeing(words)
				if r := s.run(append([]string{"plan"}, agreed...)...); r.code != exitChanges || len(r.writes()) > 0 || strings.Contains(r.out, "To agree    --agree") == (i == len(row.words)-1) {
					t.Errorf("the plan as if agreed ended with %d, wrote %v:\n%s%s", r.code, r.writes(), r.out, r.err)
				}
				s.heldUp(s.run("apply", "--yes"), words[0])
				if r := s.answered("no\n", append([]string{"apply"}, agreed...)...); r.code != exitError || len(r.writes()) > 0 {
					t.Errorf("with a no to the changes it ended with %d and wrote %v:\n%s%s", r.code, r.writes(), r.out, r.err)
				}
			}
			if diff := differ(before, s.told()); diff != "" {
				t.Errorf("before the run something was changed:\n%s", diff)
			}
			command := append([]string{"apply", "--yes"}, agreeing(row.words[0])...)
			s.must(command...)
			s.must("plan")
			s.must("status")
			if r := s.must(command...); !strings.Contains(r.err, "was agreed to before") || len(r.writes()) > 0 {
				t.Errorf("given again, it wrote %v and says:\n%s", r.writes(), r.err)
			}
			s.must("destroy", "--yes")
			if diff := differ(opened(before), opened(s.told())); diff != "" {
				t.Errorf("after the teardown it is not as it was:\n%s", diff)
			}
		})
	}
}

func TestOnATerminalEachThingInTheWayIsAskedForByItself(t *testing.T) {
	t.Parallel()
	row := inTheWay["two routes that overlap ours"]
	s := row.shop(t).fresh(row.put)
	const asked, changes = "Agree? Type yes, or no to leave it: ", "Make these changes?"
	r := s.answered("no\nno\n", "apply")
	s.heldUp(r, row.words[0][0])
	if strings.Count(r.err, asked) != 2 || strings.Contains(r.err, changes) {
		t.Errorf("with a no it asks on:\n%s", r.err)
	}
	r = s.answered("no\nyes\n", "apply")
	s.heldUp(r, row.words[0][0])
	if strings.Count(r.err, asked) != 2 {
		t.Errorf("it asks again for what is left:\n%s", r.err)
	}
	// The second route on each address comes to light behind the first.
	if r = s.answered("yes\nyes\nyes\nyes\n", "apply"); r.code != exitOK || strings.Count(r.err, asked) != 3 || strings.Count(r.err, changes) != 1 {
		t.Errorf("it ended with %d:\n%s%s", r.code, r.out, r.err)
	}
	s.must("plan")
}

func TestWhatWasAgreedToCountsForWhatWasThereThen(t *testing.T) {
	t.Parallel()
	row := inTheWay["an entry for the private name"]
	s := row.shop(t).fresh(row.put)
	word := row.words[0][0]
	if r := s.answered("no\n", "apply", "--agree", word); strings.Contains(r.err, "in the way") || !strings.Contains(r.err, "Make these changes?") {
		t.Fatalf("what was agreed to is still in the way:\n%s%s", r.out, r.err)
	}
	w, _ := s.workspace(t.Context())
	o, err := w.journey.Overview(t.Context(), "open-chat-studio")
	if err != nil || len(o.Draft.Consents) != 1 || o.Draft.Consents[0].Key.Short() != word {
		t.Errorf("the pages show as agreed to: %+v (%v)", o.Draft.Consents, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s.behindOurBack(theirEntries(object{"suffix": "ocs.your-org", "dns_server": []string{"10.9.0.99"}}))
	r := s.run("apply", "--yes")
	s.heldUp(r, word)
	if !strings.Contains(r.err, "10.9.0.99") {
		t.Errorf("what is there now is not told:\n%s", r.err)
	}
	s.must("apply", "--yes", "--agree", word)
}

func TestAWordForNothingInTheWayIsAMistake(t *testing.T) {
	t.Parallel()
	row := inTheWay["a tunnel of the same name"]
	s := row.shop(t).fresh(row.put)
	for _, command := range []string{"plan", "apply"} {
		r := s.run(command, "--agree", "tunnel/other", "--agree", row.words[0][0])
		if r.code != exitError || len(r.writes()) > 0 || !strings.Contains(r.err, "--agree tunnel/other: nothing of that name is in the way. What can be agreed to: --agree tunnel/open-chat-studio") {
			t.Errorf("%s ended with %d: %s", command, r.code, r.err)
		}
	}
	s.heldUp(s.run("apply", "--yes"), row.words[0][0]) // of two words neither counts if one is wrong
	s = newShop(t)
	if r := s.run("apply", "--yes", "--agree", "tunnel/other"); r.code != exitError || !strings.Contains(r.err, "There is nothing to agree to.") {
		t.Errorf("where nothing is in the way it ended with %d: %s", r.code, r.err)
	}
	if r := s.run("apply", "--yes", "--through", "remove"); r.code != exitError || !strings.Contains(r.err, "There are build, switch and close") {
		t.Errorf("a step that is none ended with %d: %s", r.code, r.err)
	}
}

func TestAProgramIsToldWhatCanBeAgreedTo(t *testing.T) {
	t.Parallel()
	row := inTheWay["an entry above the private name"]
	s := row.shop(t).fresh(row.put)
	for command, code := range map[string]int{"plan": exitChanges, "apply --yes": exitError} {
		r := s.run(append(strings.Fields(command), "--json")...)
		var p planJSON
		decode(t, r.out, &p)
		i := slices.IndexFunc(p.Barriers, func(b barrierJSON) bool { return b.Offer != nil })
		if r.code != code || i < 0 || len(r.writes()) > 0 {
			t.Fatalf("%s ended with %d:\n%s%s", command, r.code, r.out, r.err)
		}
		want := offerJSON{Agree: row.words[0][0], Does: p.Barriers[i].Offer.Does, ThereNow: p.Barriers[i].Offer.ThereNow}
		if diff := cmp.Diff(want, *p.Barriers[i].Offer); diff != "" || !strings.HasPrefix(want.Does, row.does) || want.ThereNow == "" {
			t.Errorf("%s offers %+v", command, p.Barriers[i].Offer)
		}
	}
}

// A record on the name is nothing that anybody can agree to. What comes before it
// can be built meanwhile, so that whatever answers there does so to the end.
func TestAConflictIsToldBeforeTheFirstChangeAndWhatComesBeforeItCanBeBuilt(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.fresh(func(w *stranger) {
		w.call("POST", records, object{"name": "chat.example.org", "type": "A", "content": "203.0.113.9", "proxied": true, "ttl": 1})
	})
	r := s.run("apply", "--yes")
	if r.code != exitError || len(r.writes()) > 0 || !strings.Contains(r.err, "chat.example.org is in use") || !strings.Contains(r.err, "--through build") {
		t.Fatalf("it ended with %d and wrote %v:\n%s%s", r.code, r.writes(), r.out, r.err)
	}
	r = s.must("apply", "--yes", "--through", "build")
	if strings.Contains(r.out, "switch:") || strings.Contains(r.out, "close:") {
		t.Errorf("steps are shown that are not made:\n%s", r.out)
	}
	s.behindOurBack(func(w *stranger) {
		theirs := w.named(records, "chat.example.org")
		if theirs["content"] != "203.0.113.9" || len(w.list(apps)) == 0 {
			t.Errorf("beside %v there are %d applications", theirs, len(w.list(apps)))
		}
		w.call("DELETE", records+"/"+theirs.id(), nil)
	})
	s.must("apply", "--yes")
	s.must("status")
}

// What was applied is put right as far as it goes: a lock does not wait for a door.
func TestAConflictDoesNotKeepALockFromBeingPutBack(t *testing.T) {
	t.Parallel()
	s := newShop(t).applied()
	s.behindOurBack(func(w *stranger) {
		w.call("DELETE", apps+"/"+w.named(apps, "Lock on chat.example.org").id(), nil)
		w.call("POST", apps, object{"name": "Somebody else's", "type": "self_hosted", "domain": "chat.example.org/channels/telegram/00000000-0000-0000-0000-000000000000",
			"destinations": []object{{"type": "public", "uri": "chat.example.org/channels/telegram/00000000-0000-0000-0000-000000000000"}}})
	})
	if r := s.run("apply", "--yes"); r.code != exitError || !strings.Contains(r.err, "Somebody else's") {
		t.Errorf("it ended with %d:\n%s%s", r.code, r.out, r.err)
	}
	s.behindOurBack(func(w *stranger) { w.named(apps, "Lock on chat.example.org") })
}

// Where something comes into the way later, every command says how to agree.
func TestWhatComesIntoTheWayOfWhatStandsCanBeAgreedTo(t *testing.T) {
	t.Parallel()
	s := privately(t, setup.ModeHostname, "ocs.your-org", "").applied()
	s.behindOurBack(theirEntries(object{"suffix": "your-org"}))
	const words = "culvert apply --agree shadow/default/ocs.your-org"
	for _, command := range []string{"status", "repair --yes"} {
		if r := s.run(strings.Fields(command)...); r.code != exitError || !strings.Contains(r.out, words) {
			t.Errorf("%s ended with %d:\n%s%s", command, r.code, r.out, r.err)
		}
	}
	r := s.run("apply", "--yes")
	s.heldUp(r, "shadow/default/ocs.your-org")
	if !strings.Contains(r.err, "culvert repair puts right") {
		t.Errorf("that the rest can be put right is not told:\n%s", r.err)
	}
	s.must("apply", "--yes", "--agree", "shadow/default/ocs.your-org")
	s.must("status")
	s.behindOurBack(theirEntries(object{"suffix": "your-org"})) // again: it is another one now
	s.must("destroy", "--yes")
}
