package sim

import (
	"bytes"
	"net/http"
	"sync/atomic"
	"testing"
)

func TestASnapshotRestoredIsTheSameCloudflare(t *testing.T) {
	s := newStack(t, Options{})
	s.newApp("lock", "app.example.org", s.newPolicy("team", "allow", `{"email_domain":{"domain":"example.org"}}`))
	cookie, err := s.cloud.Session("https://app.example.org/", "ann@example.org")
	if err != nil {
		t.Fatal(err)
	}
	before, err := s.cloud.Snapshot()
	if err != nil {
		t.Fatal(err)
	}

	other := newWorld(t, Options{Seed: 99})
	if err := other.cloud.Restore(before); err != nil {
		t.Fatal(err)
	}
	after, err := other.cloud.Snapshot()
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("another snapshot differs (%v):\n%s\n%s", err, before, after)
	}
	other.Basics = other.cloud.Basics()
	if other.Basics != s.Basics {
		t.Errorf("it has %+v, want %+v", other.Basics, s.Basics)
	}
	other.gets("https://app.example.org/", 302, "")
	other.gets("https://app.example.org/", 530, "1033", cookie)
	if _, err := other.cloud.Attach(s.tunnel.text("token"), http.HandlerFunc(origin)); err != nil {
		t.Fatal(err)
	}
	other.eventually("the restored configuration runs", func() bool {
		resp, _ := other.visit("GET", "https://app.example.org/", nil, cookie)
		return resp.StatusCode == 200
	})
	if err := other.cloud.Restore([]byte("{")); err == nil {
		t.Error("junk was restored")
	}
}

func TestARestartGoesOnWithTheSeriesOfIds(t *testing.T) {
	w := newWorld(t, Options{})
	w.newTunnel("t")
	state, err := w.cloud.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	again := New(Options{Seed: 7})
	defer again.Close()
	if err := again.Restore(state); err != nil {
		t.Fatal(err)
	}
	if w.cloud.ids.uuid() != again.ids.uuid() {
		t.Error("it does not: an id may be issued twice")
	}
}

func TestRestoringWithoutATunnelDisconnectsIt(t *testing.T) {
	w := newWorld(t, Options{})
	empty, err := w.cloud.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	tunnel := w.newTunnel("t")
	detach, err := w.cloud.Attach(tunnel.text("token"), http.HandlerFunc(origin))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cloud.Restore(empty); err != nil {
		t.Fatal(err)
	}
	detach()
	w.eventually("no connection is left", func() bool {
		w.cloud.mu.RLock()
		defer w.cloud.mu.RUnlock()
		return len(w.cloud.live.conns) == 0
	})
}

func TestChangesAreAnnounced(t *testing.T) {
	var changes atomic.Int32
	w := newWorld(t, Options{OnChange: func() { changes.Add(1) }})
	before := changes.Load()
	w.list("zones")
	w.refused(400, 1002, "POST", "A/cfd_tunnel", `{"name":""}`)
	if changes.Load() != before {
		t.Error("a read or a refusal was announced as a change")
	}
	w.newTunnel("t")
	if changes.Load() != before+1 {
		t.Errorf("one write was announced %d times", changes.Load()-before)
	}
}

func TestTheSameSeedGivesTheSameIds(t *testing.T) {
	one, two := newWorld(t, Options{Seed: 5}), newWorld(t, Options{Seed: 5})
	if one.Basics != two.Basics {
		t.Errorf("%+v and %+v", one.Basics, two.Basics)
	}
	if three := newWorld(t, Options{Seed: 6}); one.Token == three.Token {
		t.Error("another seed gives the same token")
	}
}
