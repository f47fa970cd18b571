package diagnosis

import (
	"testing"
	"time"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
)

const (
	ana = "by ana@example.org in the dashboard"
	bob = "by bob@example.org in the dashboard"
)

func TestOnlyADeedThatFitsBeyondDoubtIsTold(t *testing.T) {
	door := func(p *patient) string { return p.Ledger.Records[p.Answers.DoorKey(p.Answers.Doors[1])].ID }
	gone := func(p *patient) { p.alter(p.Answers.DoorKey(p.Answers.Doors[1]), setuptest.Gone) }
	widened := func(p *patient) {
		p.alter(p.Answers.DoorKey(p.Answers.Doors[1]), func(s setup.State) setup.State {
			return app(s, func(a *setup.App) { a.Destinations = append(a.Destinations, host+"/*") })
		})
	}
	deed := func(verb setup.Verb, by, path string, at time.Duration) setup.Deed {
		return setup.Deed{At: noon().Add(at), Verb: verb, By: by, Path: path}
	}
	const apps = "accounts/a/access/apps/"
	rows := map[string]struct {
		ill  func(*patient)
		log  func(*patient) []setup.Deed
		want string
	}{
		"who deleted it": {gone, func(p *patient) []setup.Deed {
			return []setup.Deed{deed(setup.Delete, ana, apps+door(p), -time.Minute), deed(setup.Update, bob, apps+door(p), -2*time.Minute)}
		}, ana},
		"who changed it last": {widened, func(p *patient) []setup.Deed {
			return []setup.Deed{deed(setup.Update, ana, apps+door(p), -2*time.Minute), deed(setup.Update, ana, apps+door(p), -time.Minute)}
		}, ana},
		"two people changed it": {widened, func(p *patient) []setup.Deed {
			return []setup.Deed{deed(setup.Update, ana, apps+door(p), -2*time.Minute), deed(setup.Update, bob, apps+door(p), -time.Minute)}
		}, ""},
		"one of them is not told": {widened, func(p *patient) []setup.Deed {
			return []setup.Deed{deed(setup.Update, ana, apps+door(p), -2*time.Minute), deed(setup.Update, "", apps+door(p), -time.Minute)}
		}, ""},
		"another thing": {gone, func(p *patient) []setup.Deed {
			return []setup.Deed{deed(setup.Delete, ana, apps+"another", -time.Minute)}
		}, ""},
		"a part of an id": {gone, func(p *patient) []setup.Deed {
			return []setup.Deed{deed(setup.Delete, ana, apps+"x"+door(p), -time.Minute)}
		}, ""},
		"another sort of change": {gone, func(p *patient) []setup.Deed {
			return []setup.Deed{deed(setup.Update, ana, apps+door(p), -time.Minute)}
		}, ""},
		"before the newest run": {gone, func(p *patient) []setup.Deed {
			p.Run = &setup.Run{State: setup.RunSucceeded, Ended: noon().Add(-30 * time.Second)}
			return []setup.Deed{deed(setup.Delete, ana, apps+door(p), -time.Minute)}
		}, ""},
		"Culvert itself, by another clock": {widened, func(p *patient) []setup.Deed {
			p.Run = &setup.Run{State: setup.RunSucceeded, Ended: noon().Add(-30 * time.Second)}
			own := deed(setup.Update, "with the API token “Culvert”", apps+door(p), -28*time.Second)
			own.Program = true
			return []setup.Deed{own, deed(setup.Update, ana, apps+door(p), -10*time.Second)}
		}, ana},
		"the rules of the tunnel": {func(p *patient) {
			for k := range p.Ledger.Records {
				if k.Kind == setup.KindIngress {
					p.alter(k, setuptest.Gone)
				}
			}
		}, func(p *patient) []setup.Deed {
			tunnel := p.Ledger.Records[p.Answers.TunnelKey()].ID
			return []setup.Deed{deed(setup.Update, ana, "accounts/a/cfd_tunnel/"+tunnel+"/configurations", -time.Minute)}
		}, ana},
		"the log is empty": {gone, func(*patient) []setup.Deed { return nil }, ""},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			p := healthy(t)
			row.ill(p)
			log := row.log(p)
			found := Of(p.Input)
			if len(found) == 0 || !p.Traceable(found[0]) {
				t.Fatalf("found is %+v", found)
			}
			by := ""
			if d := p.Doer(found[0], log); d != nil {
				by = d.By
			}
			if by != row.want {
				t.Errorf("it was done %q, want %q", by, row.want)
			}
		})
	}
}

func TestWhatHappensOnThisServerIsInNoLogOfTheAccount(t *testing.T) {
	p := healthy(t)
	p.alter(p.Answers.ConnectorKey(), setuptest.Gone)
	for _, f := range Of(p.Input) {
		if p.Traceable(f) {
			t.Errorf("%s is looked for in the account's log", f.ID)
		}
	}
}
