package dockerxtest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

// Host is what is tested.
type Host interface {
	setup.Port
	Look(context.Context) ([]found.Project, error)
	Preflight(context.Context, setup.Stack) error
	Addresses(ctx context.Context, project, service string) ([]string, error)
	ConnectorReady(ctx context.Context, project string) (found.Ready, error)
	LastDowntime(project, service string) time.Duration
	Beside(ctx context.Context, project, service string, command []string) ([]byte, error)
	Watch(ctx context.Context, since time.Time) (<-chan found.Event, error)
}

// Subject is a host with an app up as Stack says: published to everyone, its
// setting List holding "old.example", its setting Absent not set, and no
// connector yet. Stack.Settings names both. There is no network by the name of
// Stack.PrivateNetwork.
type Subject struct {
	Host         Host
	Stack        setup.Stack
	List, Absent string
	// Write makes the operator's files say what the entries want, as another
	// port does before the call.
	Write func(t *testing.T, entries []setup.Entry)
	// Stop and Start do by hand what an operator can.
	StopApp, StartApp, StopConnector func(t *testing.T)
	// Down makes the engine unreachable; Up undoes it.
	Down, Up func(t *testing.T)
}

const patience = 2 * time.Minute

func (s Subject) context(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func (s Subject) observe(t *testing.T) setup.World {
	t.Helper()
	w, err := s.Host.Observe(s.context(t), setup.View{Private: true, Stacks: []setup.Stack{s.Stack}})
	if err != nil {
		t.Fatalf("observing: %v", err)
	}
	return w
}

func (s Subject) appScope() string { return s.Stack.Project + "/" + s.Stack.Service }

// find gives the object of a kind, scope and id; nil if there is none.
func find(w setup.World, kind setup.Kind, scope, id string) *setup.Object {
	i := slices.IndexFunc(w.Objects, func(o setup.Object) bool {
		return o.State.Kind() == kind && o.Scope == scope && (id == "" || o.ID == id)
	})
	if i < 0 {
		return nil
	}
	return &w.Objects[i]
}

func (s Subject) setting(t *testing.T, name string) setup.State {
	t.Helper()
	if o := find(s.observe(t), setup.KindSetting, s.appScope(), name); o != nil {
		return o.State
	}
	return nil
}

func (s Subject) published(t *testing.T) setup.Published {
	t.Helper()
	o := find(s.observe(t), setup.KindPublished, s.appScope(), "")
	if o == nil {
		t.Fatal("the published port was not seen")
	}
	return o.State.(setup.Published)
}

func (s Subject) connector(t *testing.T) *setup.Object {
	t.Helper()
	return find(s.observe(t), setup.KindConnector, s.Stack.ConnectorProject, s.Stack.ConnectorProject)
}

// wantSetting is an entry that sets a key, from how it stands now.
func (s Subject) wantSetting(t *testing.T, name, value string) setup.Entry {
	t.Helper()
	e := setup.Entry{Verb: setup.Update, ID: name, From: s.setting(t, name),
		Key: setup.Key{Kind: setup.KindSetting, Scope: s.appScope(), Name: name},
		To:  setup.Setting{Project: s.Stack.Project, Service: s.Stack.Service, Name: name, Value: value}}
	if e.From == nil {
		e.Verb, e.ID = setup.Create, ""
	}
	return e
}

func (s Subject) wantPort(t *testing.T, exposure setup.Exposure) setup.Entry {
	t.Helper()
	now := s.published(t)
	to := now
	to.Exposure = exposure
	o := find(s.observe(t), setup.KindPublished, s.appScope(), "")
	return setup.Entry{Verb: setup.Update, ID: o.ID, From: now, To: to,
		Key: setup.Key{Kind: setup.KindPublished, Scope: s.appScope(), Name: "port"}}
}

// wantConnector is an entry that brings up the connector of a tunnel.
func (s Subject) wantConnector(t *testing.T, tunnel string) setup.Entry {
	t.Helper()
	project := s.Stack.ConnectorProject
	key := setup.Key{Kind: setup.KindConnector, Scope: project, Name: "connector"}
	e := setup.Entry{Key: key, Verb: setup.Create, Mark: setup.Mark("test", key),
		To: setup.Connector{File: s.Stack.ConnectorFile, Project: project, Image: Image, Network: s.Stack.Network,
			Tunnel: setup.Lit(tunnel), Running: true}}
	if now := s.connector(t); now != nil {
		e.Verb, e.ID, e.From = setup.Update, now.ID, now.State
	}
	return e
}

// do carries out one call whose files are written first.
func (s Subject) do(t *testing.T, entries ...setup.Entry) []setup.Outcome {
	t.Helper()
	if s.Write != nil {
		s.Write(t, entries)
	}
	return s.doUnwritten(t, entries...)
}

func (s Subject) doUnwritten(t *testing.T, entries ...setup.Entry) []setup.Outcome {
	t.Helper()
	out, err := s.Host.Do(s.context(t), setup.Call{Footprint: "service:" + entries[0].Key.Scope, Entries: entries})
	if err != nil {
		t.Fatalf("the call failed: %v", err)
	}
	if len(out) != len(entries) {
		t.Fatalf("%d outcomes for %d entries", len(out), len(entries))
	}
	return out
}

// mustDo fails unless every entry took effect as its outcome says.
func (s Subject) mustDo(t *testing.T, entries ...setup.Entry) []setup.Outcome {
	t.Helper()
	out := s.do(t, entries...)
	for i, o := range out {
		if o.Err != nil {
			t.Fatalf("%s: %v", entries[i].Key, o.Err)
		}
		if want := entries[i].To; !setup.Same(want, o.State) {
			t.Fatalf("%s: it is %+v, want %+v", entries[i].Key, o.State, want)
		}
	}
	return out
}

func wantCode(t *testing.T, out []setup.Outcome, code setup.Code) {
	t.Helper()
	for i, o := range out {
		if o.Err == nil || o.Err.Code != code {
			t.Errorf("entry %d: problem %v, want one of code %s", i, o.Err, code)
		}
	}
}
