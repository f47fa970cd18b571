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
	o.Env, o.Reveal = environment, []string{"DJANGO_ALLOWED_HOSTS"}
	return sim.New(o)
}

// manage is the one command that the app of these tests knows.
func manage(_ context.Context, _ map[string]string, command []string) ([]byte, int) {
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
		OnConnector: func(tunnel string, running bool) {
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
	second := newHost(sim.Options{OnConnector: func(tunnel string, _ bool) { started = tunnel }})
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
	if err := second.Restore([]byte(`{"services":{}}`)); err == nil {
		t.Error("a host without the app was taken")
	}
}
