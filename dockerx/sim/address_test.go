package sim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/culvert/culvert/dockerx/sim"
	"github.com/culvert/culvert/setup"
)

func addresses(t *testing.T, h *sim.Host) []string {
	t.Helper()
	all, err := h.Addresses(t.Context(), sim.Project, sim.Service)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// do makes one entry so; it has to be taken.
func do(t *testing.T, h *sim.Host, e setup.Entry) {
	t.Helper()
	out, err := h.Do(t.Context(), setup.Call{Entries: []setup.Entry{e}})
	if err != nil || out[0].Err != nil {
		t.Fatalf("%v, %+v", err, out)
	}
}

const ownNetwork = "culvert-ocs"

// joined puts the app into a network with a fixed address.
func joined(t *testing.T, h *sim.Host, address string) setup.Attachment {
	t.Helper()
	do(t, h, setup.Entry{Key: setup.Key{Kind: setup.KindPrivateNetwork, Scope: "docker", Name: ownNetwork}, To: setup.PrivateNetwork{Name: ownNetwork, Subnet: "172.30.250.0/28"}})
	to := setup.Attachment{Project: sim.Project, Service: sim.Service,
		Endpoint: setup.Endpoint{Network: ownNetwork, Address: address, Aliases: []string{"ocs.your-org"}}}
	do(t, h, setup.Entry{Key: setup.Key{Kind: setup.KindAttachment, Scope: sim.Project + "/" + sim.Service}, To: to})
	return to
}

func TestAContainerMadeAnewHasAnotherAddress(t *testing.T) {
	setting := func(h *sim.Host) {
		do(t, h, setup.Entry{Key: setup.Key{Kind: setup.KindSetting, Scope: sim.Project + "/" + sim.Service},
			To: setup.Setting{Project: sim.Project, Service: sim.Service, Name: "CSRF_TRUSTED_ORIGINS", Value: "x"}})
	}
	for name, act := range map[string]func(*sim.Host){
		"by Culvert":           setting,
		"stopped and started":  func(h *sim.Host) { h.SetRunning(sim.Service, false); h.SetRunning(sim.Service, true) },
		"with another setting": func(h *sim.Host) { h.SetEnv(sim.Service, "A", "b") },
		"with another port":    func(h *sim.Host) { h.SetExposure(setup.ExposedNone) },
		"taken out and put in": func(h *sim.Host) { h.Reattach(sim.Service) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(sim.Options{})
			before := addresses(t, h)
			act(h)
			if after := addresses(t, h); len(after) != 1 || after[0] == before[0] {
				t.Errorf("its addresses were %v and are %v", before, after)
			}
		})
	}
	h := newHost(sim.Options{})
	before := addresses(t, h)
	h.SetRunning(sim.Service, true) // it runs already
	joined(t, h, "172.30.250.2")    // while it runs
	if after := addresses(t, h); after[0] != before[0] {
		t.Errorf("a container that runs on went from %v to %v", before, after)
	}
}

func TestNoAddressLeavesTheRangeForExamples(t *testing.T) {
	h := newHost(sim.Options{})
	seen := map[string]bool{}
	for range 1000 {
		h.Reattach(sim.Service)
		at := addresses(t, h)[0]
		seen[at] = true
		if !strings.HasPrefix(at, "192.0.2.") {
			t.Fatalf("it has the address %s", at)
		}
	}
	if len(seen) < 100 {
		t.Errorf("it has had %d addresses only", len(seen))
	}
}

func TestAFixedAddressHoldsUntilSomebodyTakesTheContainerOut(t *testing.T) {
	h := newHost(sim.Options{})
	place := joined(t, h, "172.30.250.2")
	h.SetExposure(setup.ExposedNone)
	if got := addresses(t, h); !slices.Equal(got[1:], []string{"172.30.250.2"}) {
		t.Errorf("made anew it has %v", got)
	}
	h.Reattach(sim.Service)
	if got := addresses(t, h); !slices.Equal(got[1:], []string{"172.30.250.14"}) {
		t.Errorf("put back without an address it has %v", got)
	}
	stack := subject(h).Stack
	w, err := h.Observe(t.Context(), setup.View{Private: true, Stacks: []setup.Stack{stack}})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(w.Objects, func(o setup.Object) bool { return o.State.Kind() == setup.KindAttachment })
	if i < 0 || setup.Met(place, w.Objects[i].State) {
		t.Errorf("it counts as being where it was: %+v", w.Objects)
	}
}
