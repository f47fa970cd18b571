package sim_test

import (
	"context"
	"slices"
	"testing"

	"github.com/culvert/culvert/dockerx/dockerxtest"
	"github.com/culvert/culvert/dockerx/sim"
	"github.com/culvert/culvert/setup"
)

var environment = map[string]string{"DJANGO_ALLOWED_HOSTS": "old.example", "SECRET_KEY": "made-up"}

func subject(h *sim.Host) dockerxtest.Subject {
	stack := h.Stack()
	stack.Settings = []string{"DJANGO_ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS"}
	stack.ConnectorProject = "culvert-ocs"
	stack.ConnectorFile = stack.Dir + "/docker-compose.culvert.yml"
	stack.PrivateNetwork = "culvert-ocs"
	return dockerxtest.Subject{
		Host: h, Stack: stack, List: "DJANGO_ALLOWED_HOSTS", Absent: "CSRF_TRUSTED_ORIGINS",
		StopApp:       func(*testing.T) { h.SetRunning(sim.Service, false) },
		StartApp:      func(*testing.T) { h.SetRunning(sim.Service, true) },
		StopConnector: func(*testing.T) { h.StopConnector() },
		Down:          func(*testing.T) { h.SetDown(true) },
		Up:            func(*testing.T) { h.SetDown(false) },
	}
}

func newHost(o sim.Options) *sim.Host {
	if o.Apps == nil {
		o.Apps = []sim.App{{Env: environment}}
	}
	o.Reveal = []string{"DJANGO_ALLOWED_HOSTS"}
	return sim.New(o)
}

// manage is the one command that the app of these tests knows.
func manage(_ context.Context, _ string, _ map[string]string, command []string) ([]byte, int) {
	if slices.Equal(command, []string{"python3", "manage.py", "check"}) {
		return []byte("No migrations to apply.\n"), 0
	}
	return nil, 1
}

func TestTheSimulatedHostDoesWhatEveryHostMust(t *testing.T) {
	h := newHost(sim.Options{Beside: manage})
	dockerxtest.Run(t, subject(h))
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

// Each of two apps is a host of its own to whoever looks at one of them.
func TestTwoAppsStandSideBySide(t *testing.T) {
	h := newHost(sim.Options{Beside: manage, Apps: []sim.App{{Env: environment}, {Project: "second", Env: environment, Port: 8001}}})
	dockerxtest.Run(t, subject(h))
	second := setup.Stack{Project: "second", Service: sim.Service, Target: sim.Target, Network: "second_default", Settings: []string{"DJANGO_ALLOWED_HOSTS"}}
	h.SetDown(false)
	w, err := h.Observe(t.Context(), setup.View{Stacks: []setup.Stack{second}})
	if err != nil || len(w.Unread) > 0 {
		t.Fatalf("%v, unread %v", err, w.Unread)
	}
	for _, o := range w.Objects {
		switch s := o.State.(type) {
		case setup.Setting:
			if s.Project != "second" || s.Value != "old.example" {
				t.Errorf("what was done to the first changed the second: %+v", s)
			}
		case setup.Published:
			if s.Exposure != setup.ExposedPublic {
				t.Errorf("the port of the second is %s", s.Exposure)
			}
		}
	}
	first, err := h.Addresses(t.Context(), sim.Project, sim.Service)
	if err != nil {
		t.Fatal(err)
	}
	if other, err := h.Addresses(t.Context(), "second", sim.Service); err != nil || slices.Equal(first, other) {
		t.Errorf("both are at %v, %v", other, err)
	}
}

func bringUp(t *testing.T, h *sim.Host, from setup.State, tunnel string) {
	t.Helper()
	s := subject(h).Stack
	out, err := h.Do(t.Context(), setup.Call{Entries: []setup.Entry{{
		Key:  setup.Key{Kind: setup.KindConnector, Scope: s.ConnectorProject},
		From: from,
		To:   setup.Connector{File: s.ConnectorFile, Project: s.ConnectorProject, Network: s.Network, Tunnel: setup.Lit(tunnel), Running: true},
	}}})
	if err != nil || out[0].Err != nil {
		t.Fatalf("%v, %+v", err, out)
	}
}

func TestTheConnectorsHookHearsOfEveryStartAndStop(t *testing.T) {
	var heard []string
	changes := 0
	h := newHost(sim.Options{
		OnConnector: func(project, tunnel string, running bool) {
			if project != sim.Project {
				t.Errorf("it is in the network of %q", project)
			}
			word := "stop "
			if running {
				word = "start "
			}
			heard = append(heard, word+tunnel)
		},
		OnChange: func() { changes++ },
	})
	bringUp(t, h, nil, "a")
	w, err := h.Observe(t.Context(), setup.View{Stacks: []setup.Stack{{ConnectorProject: "culvert-ocs", Project: sim.Project, Service: sim.Service}}})
	if err != nil {
		t.Fatal(err)
	}
	bringUp(t, h, w.Objects[0].State, "b")
	h.StopConnector()
	want := []string{"start a", "stop a", "start b", "stop b"}
	if !slices.Equal(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
	if changes != 3 {
		t.Errorf("told of %d changes, want 3", changes)
	}
}

func TestASnapshotBringsBackTheHostAndStartsItsConnector(t *testing.T) {
	first := newHost(sim.Options{})
	bringUp(t, first, nil, "a")
	first.SetRunning("redis", false)
	b, err := first.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	started := ""
	second := newHost(sim.Options{OnConnector: func(_, tunnel string, _ bool) { started = tunnel }})
	if err := second.Restore(b); err != nil {
		t.Fatal(err)
	}
	if started != "a" {
		t.Errorf("started %q", started)
	}
	again, err := second.Snapshot()
	if err != nil || string(again) != string(b) {
		t.Errorf("it came back as %s, %v", again, err)
	}
	if err := second.Restore([]byte(`{"apps":{"open-chat-studio":{}}}`)); err == nil {
		t.Error("a host without the app was taken")
	}
}
