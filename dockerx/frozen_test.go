package dockerx

import (
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
)

// frozen is an engine that accepts calls and never answers.
func frozen(t *testing.T) *Host {
	t.Helper()
	path := filepath.Join(t.TempDir(), "docker.sock")
	socket, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	h, err := New(Options{Host: "unix://" + path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	h.answer = 100 * time.Millisecond
	return h
}

func TestAnEngineThatAcceptsCallsAndDoesNotAnswerIsUnread(t *testing.T) {
	h := frozen(t)
	a := setuptest.Sample("ocs")
	w, err := h.Observe(t.Context(), a.View())
	if err != nil || len(w.Objects) > 0 {
		t.Fatalf("it shows %+v, %v", w.Objects, err)
	}
	for _, kind := range []setup.Kind{setup.KindConnector, setup.KindSetting, setup.KindPublished} {
		var said []string
		for at, p := range w.Unread {
			if at.Kind == kind {
				said = append(said, p.Message)
			}
		}
		if len(said) != 1 || !strings.HasPrefix(said[0], "Docker did not answer in time") {
			t.Errorf("of %s it says %q", kind, said)
		}
	}
	for what, ask := range map[string]func() error{
		"a look":        func() error { _, err := h.Look(t.Context()); return err },
		"an address":    func() error { _, err := h.Addresses(t.Context(), "ocs", "web"); return err },
		"the connector": func() error { _, err := h.ConnectorReady(t.Context(), "culvert-ocs"); return err },
	} {
		var p *setup.Problem
		if err := ask(); !errors.As(err, &p) || p.Message != "Docker did not answer in time." {
			t.Errorf("%s ends with %v", what, err)
		}
	}
}
