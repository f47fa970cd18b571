package lab_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/culvert/culvert/dockerx"
	"github.com/culvert/culvert/dockerx/dockerxtest"
	"github.com/culvert/culvert/internal/tunnelproto"
	"github.com/culvert/culvert/lab"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/stackfile"
)

const (
	hosts   = "DJANGO_ALLOWED_HOSTS"
	origins = "CSRF_TRUSTED_ORIGINS"
)

// project is the stock app in the lab with a dockerx.Host looking at it.
type project struct {
	lab   *lab.Lab
	stack setup.Stack
	host  *dockerx.Host

	connector stackfile.ConnectorSpec // what its file says
}

// newProject brings the app up, with old.example among its hosts.
func newProject(t *testing.T, l *lab.Lab) *project {
	t.Helper()
	stack := l.Project(t, lab.Fixtures())
	stack.Settings = []string{hosts, origins}
	stack.ConnectorProject = "culvert-ocs"
	stack.ConnectorFile = filepath.Join(stack.Dir, "docker-compose.culvert.yml")
	stack.PrivateNetwork = "culvert-ocs"
	return &project{lab: l, stack: stack, host: newHost(t, l, 30*time.Second)}
}

func newHost(t *testing.T, l *lab.Lab, patience time.Duration) *dockerx.Host {
	t.Helper()
	binary, err := lab.ComposeBinary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h, err := dockerx.New(dockerx.Options{
		Host: l.Host(), Compose: []string{binary}, Dial: l.Dial, Reveal: []string{hosts}, Patience: patience,
		Log: slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// testLog puts a program's log into the test's.
type testLog struct{ t *testing.T }

func (w testLog) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimRight(string(p), "\n"))
	return len(p), nil
}

// write makes the operator's files say what the entries want.
func (p *project) write(t *testing.T, entries []setup.Entry) {
	t.Helper()
	for _, e := range entries {
		switch to := e.To.(type) {
		case setup.Setting:
			p.setEnv(t, to.Name, to.Value)
		case setup.Published:
			p.setPort(t, to.Exposure)
		case setup.Connector:
			p.writeConnector(t, to, e.Mark)
		case setup.Sidecar:
			p.writeSidecar(t, to.Spec, e.Mark)
		case nil:
			if e.Key.Kind == setup.KindSidecar {
				p.dropSidecar(t, e.Key.Name)
			}
			if e.Key.Kind == setup.KindSetting {
				p.dropEnv(t, e.Key.Name)
			}
		}
	}
}

func (p *project) edit(t *testing.T, path string, f func(string) string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(f(string(b))), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p *project) setEnv(t *testing.T, key, value string) {
	t.Helper()
	p.dropEnv(t, key)
	p.edit(t, p.stack.EnvFile, func(s string) string { return s + key + "=" + value + "\n" })
}

func (p *project) dropEnv(t *testing.T, key string) {
	t.Helper()
	p.edit(t, p.stack.EnvFile, func(s string) string {
		var kept []string
		for _, line := range strings.SplitAfter(s, "\n") {
			if !strings.HasPrefix(line, key+"=") {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "")
	})
}

const (
	portPublic   = `- "${PORT:-8000}:${PORT:-8000}"`
	portLoopback = `- "127.0.0.1:${PORT:-8000}:${PORT:-8000}"`
	portNone     = `[] # - "${PORT:-8000}:${PORT:-8000}"`
)

func (p *project) setPort(t *testing.T, want setup.Exposure) {
	t.Helper()
	text := map[setup.Exposure]string{setup.ExposedPublic: portPublic, setup.ExposedLoopback: portLoopback, setup.ExposedNone: portNone}
	p.edit(t, p.stack.ComposeFile, func(s string) string {
		for _, old := range []string{portNone, portLoopback, portPublic} {
			if strings.Contains(s, old) {
				return strings.Replace(s, old, text[want], 1)
			}
		}
		t.Fatal("the compose file has no port line")
		return s
	})
}

func (p *project) writeConnector(t *testing.T, c setup.Connector, mark string) {
	t.Helper()
	token := tunnelproto.Token{AccountTag: "acc0", TunnelID: c.Tunnel.Lit, Secret: []byte("made-up-secret")}
	p.connector.ProjectName, p.connector.Image, p.connector.Network = c.Project, c.Image, c.Network
	p.connector.Networks, p.connector.Protocol = c.Networks, c.Protocol
	p.connector.Labels = map[string]string{"sh.culvert.mark": mark}
	p.connector.EnvFile = filepath.Join(filepath.Dir(c.File), ".culvert.env")
	if err := os.WriteFile(p.connector.EnvFile, []byte("TUNNEL_TOKEN="+token.Encode()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.saveConnector(t)
}

// writeSidecar puts a service beside the connector, or another in its place.
func (p *project) writeSidecar(t *testing.T, spec setup.SidecarSpec, mark string) {
	t.Helper()
	p.dropSidecar(t, spec.Service)
	side := stackfile.Sidecar{Service: spec.Service, Image: spec.Image, Command: spec.Command(), Folder: spec.Dir,
		Labels: map[string]string{"sh.culvert.mark": mark}}
	if spec.Dir != "" {
		side.Mount, side.Labels["sh.culvert.config"] = setup.FrontMount, spec.Config
	}
	for _, n := range spec.Networks {
		side.Places = append(side.Places, stackfile.Place{Network: n.Network, Address: n.Address, Aliases: n.Aliases})
		if n.Network != p.connector.Network && !slices.Contains(p.connector.Networks, n.Network) {
			p.connector.Networks = append(p.connector.Networks, n.Network)
		}
	}
	p.connector.Sidecars = append(p.connector.Sidecars, side)
	p.saveConnector(t)
}

func (p *project) dropSidecar(t *testing.T, service string) {
	t.Helper()
	p.connector.Sidecars = slices.DeleteFunc(p.connector.Sidecars, func(s stackfile.Sidecar) bool { return s.Service == service })
	p.saveConnector(t)
}

func (p *project) saveConnector(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(p.stack.ConnectorFile, stackfile.ConnectorFile(p.connector), 0o600); err != nil {
		t.Fatal(err)
	}
}

// compose runs the Compose command as the operator would, in the app's folder.
func (p *project) compose(t *testing.T, args ...string) string {
	t.Helper()
	out, err := p.lab.Compose(t.Context(), p.stack.Dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// setting is an entry from what runs now to a new value.
func (p *project) setting(t *testing.T, name, value string) setup.Entry {
	t.Helper()
	e := setup.Entry{
		Key:  setup.Key{Kind: setup.KindSetting, Scope: p.stack.Project + "/" + p.stack.Service, Name: name},
		Verb: setup.Update, ID: name,
		To: setup.Setting{Project: p.stack.Project, Service: p.stack.Service, Name: name, Value: value},
	}
	w, err := p.host.Observe(t.Context(), setup.View{Stacks: []setup.Stack{p.stack}})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range w.Objects {
		if o.State.Kind() == setup.KindSetting && o.ID == name {
			e.From = o.State
		}
	}
	return e
}

// do writes nothing: the files must say what is wanted already.
func (p *project) do(ctx context.Context, entries ...setup.Entry) ([]setup.Outcome, error) {
	return p.host.Do(ctx, setup.Call{Footprint: "service:" + entries[0].Key.Scope, Entries: entries})
}

// refused fails the test unless the entry is refused with a text that names the
// cause, and nothing of the project was touched.
func (p *project) refused(t *testing.T, e setup.Entry, code setup.Code, because string) {
	t.Helper()
	before := p.containers(t)
	out, err := p.do(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if problem := out[0].Err; problem == nil || problem.Code != code || !strings.Contains(problem.Message, because) {
		t.Errorf("problem %v, want %s because of %q", problem, code, because)
	}
	for name, was := range before {
		if now := p.containers(t)[name]; now != was {
			t.Errorf("%s was touched: %s, before %s", name, now, was)
		}
	}
}

// containers tells, by name, which container it is and since when it runs.
func (p *project) containers(t *testing.T) map[string]string {
	t.Helper()
	api := p.lab.API()
	list, err := api.ContainerList(t.Context(), client.ContainerListOptions{All: true})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, c := range list.Items {
		got, err := api.ContainerInspect(t.Context(), c.ID, client.ContainerInspectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimPrefix(got.Container.Name, "/")] = c.ID + " " + got.Container.State.StartedAt
	}
	return out
}

// eventually fails the test if a condition does not come true in time.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !cond() {
		select {
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		case <-tick.C:
		}
	}
}

func (p *project) subject() dockerxtest.Subject {
	web := p.stack.Project + "-web-1"
	stop := func(name string) func(*testing.T) {
		return func(t *testing.T) {
			t.Helper()
			if _, err := p.lab.API().ContainerStop(t.Context(), name, client.ContainerStopOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dockerxtest.Subject{
		Host: p.host, Stack: p.stack, List: hosts, Absent: origins, Write: p.write,
		StopApp: stop(web),
		StartApp: func(t *testing.T) {
			if _, err := p.lab.API().ContainerStart(t.Context(), web, client.ContainerStartOptions{}); err != nil {
				t.Fatal(err)
			}
		},
		StopConnector: stop(p.stack.ConnectorProject + "-cloudflared-1"),
		Down: func(t *testing.T) {
			if err := p.lab.KillEngine(); err != nil {
				t.Fatal(err)
			}
		},
		Up: func(t *testing.T) {
			if err := p.lab.StartEngine(t.Context()); err != nil {
				t.Fatal(err)
			}
			// What an engine that was killed finds on its return, it may leave stopped.
			if _, err := p.lab.API().ContainerStart(t.Context(), web, client.ContainerStartOptions{}); err != nil {
				t.Fatal(err)
			}
		},
	}
}
