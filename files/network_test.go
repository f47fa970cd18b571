package files

import (
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
)

// withNetwork is a project whose app is to join a network of ours.
func withNetwork(t *testing.T) *world {
	w := ocs(t)
	w.stack.PrivateNetwork = "culvert-ocs"
	return w
}

func (w *world) joins(address string, aliases ...string) setup.Entry {
	to := setup.ComposeNetwork{Path: w.stack.ComposeFile, Service: "web", Endpoint: setup.Endpoint{Network: "culvert-ocs", Address: address, Aliases: aliases}}
	return w.network(to)
}

func (w *world) network(to setup.State) setup.Entry {
	o := w.object(setup.KindComposeNetwork, "web/culvert-ocs")
	e := setup.Entry{Key: setup.Key{Kind: setup.KindComposeNetwork, Scope: w.stack.ComposeFile, Name: "web/culvert-ocs"},
		Verb: setup.Update, ID: o.ID, From: o.State, To: to, Mark: mark}
	switch {
	case o.State == nil:
		e.Verb = setup.Create
	case to == nil:
		e.Verb = setup.Delete
	}
	return e
}

func TestTheAppJoinsTheNetworkInItsFileAndLeavesItToTheLetter(t *testing.T) {
	w := withNetwork(t)
	before := w.get(composeYML)
	e := w.joins("172.30.250.2", "app.culvert")
	if preview, err := w.files.Preview(t.Context(), e); err != nil || !strings.Contains(preview, "+         ipv4_address: 172.30.250.2") {
		t.Errorf("preview: %v\n%s", err, preview)
	}
	w.must(e)
	if o := w.object(setup.KindComposeNetwork, "web/culvert-ocs"); !setup.Same(o.State, e.To) || o.Scope != w.stack.ComposeFile {
		t.Errorf("seen as %+v", o)
	}
	w.must(w.joins("172.30.250.5"))
	if text := w.get(composeYML); strings.Contains(text, "250.2") || strings.Contains(text, "app.culvert") || !strings.Contains(text, "default: {}") {
		t.Errorf("with another address:\n%s", text)
	}
	w.must(w.network(nil))
	w.unchanged(composeYML, before)
}

func TestTheAppJoinsTheNetworkAlthoughEarlierAnswersHadNone(t *testing.T) {
	w := withNetwork(t)
	e := w.joins("172.30.250.2")
	public := w.stack
	public.PrivateNetwork = ""
	if _, err := w.files.Observe(t.Context(), setup.View{Private: true, Stacks: []setup.Stack{w.stack, public}}); err != nil {
		t.Fatal(err)
	}
	w.must(e)
}

func TestTheNetworkLeavesAlthoughThePortWasClosedSince(t *testing.T) {
	w := withNetwork(t)
	w.must(w.joins("172.30.250.2"))
	w.must(w.port(setup.ExposedNone))
	w.must(w.network(nil))
	text := w.get(composeYML)
	if strings.Contains(text, "culvert-ocs") || !strings.Contains(text, "# ports:") {
		t.Errorf("left as\n%s", text)
	}
	other := ocs(t)
	other.must(other.port(setup.ExposedNone))
	if want := other.get(composeYML); text != want {
		t.Errorf("it differs from a file that was never in the network:\n%s", text)
	}
}

func TestLinesOfTheNetworkThatSomebodyChangedStay(t *testing.T) {
	w := withNetwork(t)
	w.must(w.joins("172.30.250.2"))
	text := strings.Replace(w.get(composeYML), "ipv4_address: 172.30.250.2", "ipv4_address: 172.30.250.2 # mine", 1)
	w.put(composeYML, text, 0o644)
	w.refused(w.network(nil), setup.CodeRefused, "by hand")
	w.unchanged(composeYML, text)
}

func TestANetworkThatTheFileNamesDifferentlyIsSeen(t *testing.T) {
	w := withNetwork(t)
	text := strings.Replace(w.get(composeYML), "\n  web:\n", "\n  web:\n    networks:\n      default:\n      private:\n        ipv4_address: 172.30.250.9\n", 1)
	w.put(composeYML, text+"\nnetworks:\n  private:\n    name: culvert-ocs\n    external: true\n", 0o644)
	o := w.object(setup.KindComposeNetwork, "web/culvert-ocs")
	if n, ok := o.State.(setup.ComposeNetwork); !ok || n.Address != "172.30.250.9" {
		t.Errorf("seen as %+v", o)
	}
}

func TestAWriteOfTheNetworkThatFailsLeavesTheFile(t *testing.T) {
	for _, op := range []string{"create", "write", "sync", "rename"} {
		w := withNetwork(t)
		before := w.get(composeYML)
		e := w.joins("172.30.250.2")
		w.files.disk = failing{realDisk{}, op, composeYML}
		if out := w.do(e); out[0].Err == nil {
			t.Errorf("%s: reported as done", op)
		}
		w.unchanged(composeYML, before)
		w.files.disk = realDisk{}
		w.must(e)
	}
}
