package diagnosis

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
)

const (
	account = setuptest.Account
	host    = setuptest.Host
)

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

// patient is one setup that stands as wanted, to be made ill.
type patient struct {
	testing.TB
	Input
	world *setuptest.World
}

func healthy(t testing.TB) *patient {
	t.Helper()
	return stands(t, setuptest.Sample("ocs"))
}

func stands(t testing.TB, a setup.Answers) *patient {
	t.Helper()
	p := &patient{TB: t, Input: Input{Now: noon(), Answers: a}, world: setuptest.New(t, a)}
	p.Facts = found.Facts{At: noon(), App: found.Service{Name: "web", Containers: 1, Running: 1, Networks: []string{"ocs_default"}},
		Connector: found.Service{Name: "cloudflared", Containers: 1, Running: 1}, Ready: found.Ready{Answered: true, Ready: true, Connections: 4}}
	p.plan()
	for _, c := range p.Needed() {
		p.see(c, true, "")
	}
	return p
}

// plan looks at the world again.
func (p *patient) plan() {
	p.world.Answers = p.Answers
	p.Plan, p.World, p.Ledger = p.world.Plan(), p.world.Look(), p.world.Ledger
	p.Answers = p.Answers.Placed(p.World, p.Ledger)
}

func (p *patient) put(scope, id string, s setup.State) { p.world.Put(scope, id, s) }

// alter is somebody changing a thing of ours; nil deletes it.
func (p *patient) alter(k setup.Key, f func(setup.State) setup.State) {
	p.Helper()
	p.world.Alter(k, f)
	p.plan()
}

// unread makes a kind unreadable.
func (p *patient) unread(k setup.Kind, scope string, problem setup.Problem) {
	p.world.Miss(k, scope, problem)
	p.plan()
}

// see gives a check its evidence.
func (p *patient) see(c setup.Check, ok bool, by setup.Answerer) {
	if by == "" {
		by = setup.ByApp
		if c.Locked {
			by = setup.ByAccess
		}
	}
	v := setup.Evidence{Check: c, At: p.Now.Add(-20 * time.Second), OK: ok, By: by, Detail: "seen " + string(by), Status: 200}
	for i := range p.Evidence {
		if p.Evidence[i].Check.ID == c.ID {
			p.Evidence[i] = v
			return
		}
	}
	p.Evidence = append(p.Evidence, v)
}

// fail makes the checks whose ids begin so fail.
func (p *patient) fail(by setup.Answerer, ids ...string) {
	p.Helper()
	hit := false
	for _, c := range p.Needed() {
		if slices.ContainsFunc(ids, func(id string) bool { return strings.HasPrefix(c.ID, id) }) {
			p.see(c, false, by)
			hit = true
		}
	}
	if !hit {
		p.Fatalf("there is no check %v", ids)
	}
}

// edit changes the evidence of a check.
func (p *patient) edit(id string, f func(*setup.Evidence)) {
	for i := range p.Evidence {
		if p.Evidence[i].Check.ID == id {
			f(&p.Evidence[i])
		}
	}
}

func doors() []string { return []string{"telegram", "whatsapp", "slack"} }
