package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
)

// Each row is something that somebody else does to a setup that stands: the
// plan shows that and nothing more, and apply puts it right.
func TestWhatSomebodyElseChangesIsShownAndPutRight(t *testing.T) {
	rows := map[string]struct {
		act  func(*shop)
		want []string // changes as "verb kind/name"
	}{
		"a door is deleted": {
			account(func(w *stranger) { w.call("DELETE", apps+"/"+w.named(apps, "Door for Telegram").id(), nil) }),
			[]string{"create access-app/door/chat.example.org/telegram"},
		},
		"the lock is deleted": {
			account(func(w *stranger) { w.call("DELETE", apps+"/"+w.named(apps, "Lock on").id(), nil) }),
			[]string{"create access-app/lock/chat.example.org"},
		},
		"a door is widened to everything": {
			account(func(w *stranger) {
				w.patch(apps, "Door for Telegram", object{"domain": "chat.example.org/*",
					"destinations": []object{{"type": "public", "uri": "chat.example.org/*"}}})
			}),
			[]string{"update access-app/door/chat.example.org/telegram"},
		},
		"the lock lets everybody in": {
			account(func(w *stranger) {
				w.patch(policies, "Team of", object{"include": []object{{"everyone": object{}}}})
			}),
			[]string{"update policy/team/open-chat-studio"},
		},
		"the record no longer goes through Cloudflare": {
			account(func(w *stranger) {
				w.call("PATCH", records+"/"+w.named(records, "chat.example.org").id(), object{"proxied": false})
			}),
			[]string{"update dns-record/chat.example.org"},
		},
		"the record is deleted": {
			account(func(w *stranger) {
				w.call("DELETE", records+"/"+w.named(records, "chat.example.org").id(), nil)
			}),
			[]string{"create dns-record/chat.example.org"},
		},
		"the rules are emptied": {
			account(func(w *stranger) {
				w.call("PUT", "accounts/{account}/cfd_tunnel/"+w.named(tunnels, "open-chat-studio").id()+"/configurations",
					object{"config": object{"ingress": []object{{"service": "http_status:404"}}}})
			}),
			[]string{"create ingress/chat.example.org"},
		},
		"the connector is stopped": {
			account(func(w *stranger) { w.Docker.StopConnector() }),
			[]string{"update connector/cloudflared"},
		},
		"the host is taken out of the env file": {
			func(s *shop) {
				s.write(".env.prod", strings.Replace(s.read(".env.prod"), "DJANGO_ALLOWED_HOSTS=chat.example.org", "DJANGO_ALLOWED_HOSTS=other.example.org", 1))
			},
			[]string{"update env-var/DJANGO_ALLOWED_HOSTS"},
		},
		"the port is opened again in the file": {
			func(s *shop) {
				s.write("docker-compose.prod.yml", strings.Replace(s.read("docker-compose.prod.yml"), `"127.0.0.1:${PORT:-8000}`, `"${PORT:-8000}`, 1))
			},
			[]string{"update compose-port/web"},
		},
		"the port is opened again on the running app": {
			account(func(w *stranger) { w.reopenPort(w.stack()) }),
			[]string{"update published-port/web"},
		},
	}
	for what, row := range rows {
		for _, tool := range []string{"apply", "repair"} {
			t.Run(what+", put right by "+tool, func(t *testing.T) {
				t.Parallel()
				s := newShop(t).applied()
				row.act(s)
				shownAndPutRight(s, row.want, tool)
			})
		}
	}
}

// shownAndPutRight: the plan and the status tell what was changed, and a tool
// puts it back to how it was.
func shownAndPutRight(s *shop, want []string, tool string) {
	s.Helper()
	plan := s.run("plan", "--json")
	if plan.code != exitChanges {
		s.Fatalf("the plan ended with %d: %s%s", plan.code, plan.out, plan.err)
	}
	var p planJSON
	decode(s.T, plan.out, &p)
	var got []string
	for _, c := range p.Changes {
		got = append(got, c.Verb+" "+c.Kind+"/"+c.Name)
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") || len(p.Barriers) > 0 {
		s.Errorf("the plan is %v with %v in the way, want %v", got, p.Barriers, want)
	}
	if r := s.run("status"); r.code != exitError || !strings.Contains(r.out, "Not by Culvert.") || !strings.Contains(r.out, "culvert repair --only ") {
		s.Errorf("the status ended with %d:\n%s", r.code, r.out)
	}
	s.must(tool, "--yes")
	s.must("status")
	s.behindOurBack(func(w *stranger) {
		if got := counts(w.account()); got != whole {
			s.Errorf("the account holds %s, want %s", got, whole)
		}
	})
}

// account is a stranger who acts on the account or the server while no Culvert
// runs.
func account(f func(*stranger)) func(*shop) {
	return func(s *shop) {
		s.Helper()
		s.behindOurBack(f)
	}
}

// patch changes fields of an object that the API takes as a whole.
func (w *stranger) patch(path, name string, fields object) {
	w.Helper()
	o := w.named(path, name)
	for k, v := range fields {
		o[k] = v
	}
	text, err := json.Marshal(o)
	if err != nil {
		w.Fatal(err)
	}
	w.call("PUT", path+"/"+o.id(), json.RawMessage(text))
}

// stack is the app with what names its service.
func (w *stranger) stack() setup.Answers { return setup.Answers{Stack: w.Docker.Stack()} }

// A status says nothing good that was not asked for just now.
func TestStatusTellsOfADoorThatNoLongerAnswers(t *testing.T) {
	t.Parallel()
	s := newShop(t).applied()
	s.behindOurBack(func(w *stranger) { w.call("DELETE", apps+"/"+w.named(apps, "Door for Telegram").id(), nil) })
	r := s.run("status")
	if r.code != exitError || !strings.Contains(r.out, "Telegram messages do NOT arrive") || !strings.Contains(r.out, "culvert repair --only ") {
		t.Errorf("the status ended with %d:\n%s", r.code, r.out)
	}
	if r := s.run("verify"); r.code != exitError || !strings.Contains(r.out, "BAD") || !strings.Contains(r.err, "do not hold") {
		t.Errorf("verify ended with %d:\n%s%s", r.code, r.out, r.err)
	}
}
