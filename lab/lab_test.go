package lab_test

import (
	"testing"

	"github.com/culvert/culvert/dockerx/dockerxtest"
	"github.com/culvert/culvert/lab"
)

// start gives a lab of its own to a test that will kill the engine.
func start(t *testing.T) *lab.Lab {
	t.Helper()
	t.Setenv("DOCKER_LAB", "")
	l := lab.Start(t)
	if err := l.ImportStandIns(t.Context(), "", nil); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestARealEngineDoesWhatEveryHostMust(t *testing.T) {
	l := start(t)
	if err := l.ImportDNSMasq(t.Context(), dockerxtest.DNSImage); err != nil {
		t.Fatal(err)
	}
	p := newProject(t, l)
	dockerxtest.Run(t, p.subject())
}

func TestARecreateTouchesItsServiceAlone(t *testing.T) {
	l := start(t)
	p := newProject(t, l)
	steps := []struct {
		name string
		test func(*testing.T, *project)
	}{
		{"the other containers stay the same and run on", othersStay},
		{"edits by hand since the start are found before anything is edited", pendingEdits},
		{"a setting that something else sets is refused before the app goes down", shadowed},
		{"a container that lives in the app's network is not cut off", sidecar},
		{"a change that reaches a network is refused", networkChanged},
		{"a missing network is refused", networkMissing},
		{"a taken port is refused", portTaken},
		{"an image that is gone is refused", imageGone},
		{"an app that crashes with its new settings is told with its last words", crashes},
		{"a recreate whose Compose is killed half-way leaves the app stopped, and it is started", composeKilled},
		{"an engine that dies under the call leaves an unknown effect, not a wrong one", engineDies},
	}
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) { step.test(t, p) })
	}
}
