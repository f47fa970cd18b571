package lab_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/culvert/culvert/lab"
	"github.com/culvert/culvert/setup"
)

// outside asks the app's port on the server's own address, as a stranger would.
func (p *project) outside(t *testing.T) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+lab.HostAddress+":8000/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := p.lab.HTTP().Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return true
}

// scratch gives a test the project's files to spoil and puts them back.
func (p *project) scratch(t *testing.T) {
	t.Helper()
	for _, path := range []string{p.stack.ComposeFile, p.stack.EnvFile} {
		was, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := os.WriteFile(path, was, 0o600); err != nil {
				t.Error(err)
			}
		})
	}
}

func (p *project) replace(t *testing.T, old, new string) {
	t.Helper()
	p.edit(t, p.stack.ComposeFile, func(s string) string {
		if !strings.Contains(s, old) {
			t.Fatalf("the compose file holds no %q", old)
		}
		return strings.Replace(s, old, new, 1)
	})
}

func othersStay(t *testing.T, p *project) {
	eventually(t, "the published port is reached to begin with", func() bool { return p.outside(t) })
	before := p.containers(t)
	list := p.setting(t, hosts, "old.example,new.example")
	port := setup.Entry{
		Key:  setup.Key{Kind: setup.KindPublished, Scope: list.Key.Scope, Name: "port"},
		Verb: setup.Update, ID: "8000",
		From: setup.Published{Project: p.stack.Project, Service: "web", Target: 8000, Exposure: setup.ExposedPublic},
		To:   setup.Published{Project: p.stack.Project, Service: "web", Target: 8000, Exposure: setup.ExposedLoopback},
	}
	p.write(t, []setup.Entry{list, port})
	began := time.Now()
	out, err := p.do(t.Context(), list, port)
	if err != nil || out[0].Err != nil || out[1].Err != nil {
		t.Fatalf("%v, %+v", err, out)
	}
	t.Logf("one recreate took %v, of which down %v", time.Since(began).Round(time.Millisecond), p.host.LastDowntime("open-chat-studio", "web"))
	for name, was := range before {
		now := p.containers(t)[name]
		if is := now == was; is == strings.HasSuffix(name, "-web-1") {
			t.Errorf("%s is %s, was %s", name, now, was)
		}
	}
	if p.outside(t) {
		t.Error("the port is still reached from outside")
	}
	if err := p.host.Preflight(t.Context(), p.stack); err != nil {
		t.Errorf("after the recreate: %v", err)
	}
}

func pendingEdits(t *testing.T, p *project) {
	p.scratch(t)
	p.setEnv(t, "SOMETHING_ELSE", "edited-by-hand")
	err := p.host.Preflight(t.Context(), p.stack)
	if problem := setup.AsProblem(err); err == nil || problem.Code != setup.CodeRefused || !strings.Contains(problem.Message, "does not run as its compose files say") {
		t.Errorf("preflight says %v", err)
	}
}

func shadowed(t *testing.T, p *project) {
	p.scratch(t)
	p.replace(t, "  web:\n    <<: *app\n", "  web:\n    <<: *app\n    environment:\n      "+origins+": https://shadow.example\n")
	e := p.setting(t, origins, "https://new.example")
	p.write(t, []setup.Entry{e})
	p.refused(t, e, setup.CodeRefused, origins+" of web would not become what was planned")
}

func sidecar(t *testing.T, p *project) {
	p.scratch(t)
	api := p.lab.API()
	created, err := api.ContainerCreate(t.Context(), client.ContainerCreateOptions{
		Name:       "sidecar",
		Config:     &container.Config{Image: lab.AppImage, Cmd: []string{"postgres"}},
		HostConfig: &container.HostConfig{NetworkMode: "container:open-chat-studio-web-1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := api.ContainerRemove(context.Background(), created.ID, client.ContainerRemoveOptions{Force: true}); err != nil {
			t.Error(err)
		}
	})
	e := p.setting(t, origins, "https://new.example")
	p.write(t, []setup.Entry{e})
	// Compose writes ids, people write names: the engine stores the id of both.
	p.refused(t, e, setup.CodeRefused, "cut off sidecar")
}

func networkChanged(t *testing.T, p *project) {
	p.scratch(t)
	p.edit(t, p.stack.ComposeFile, func(s string) string {
		return s + "\nnetworks:\n  default:\n    driver_opts:\n      com.docker.network.bridge.enable_icc: \"true\"\n"
	})
	e := p.setting(t, origins, "https://new.example")
	p.write(t, []setup.Entry{e})
	p.refused(t, e, setup.CodeRefused, "also change network open-chat-studio_default")
}

func networkMissing(t *testing.T, p *project) {
	p.scratch(t)
	p.edit(t, p.stack.ComposeFile, func(s string) string {
		return s + "\nnetworks:\n  default:\n    external: true\n    name: no-such-network\n"
	})
	e := p.setting(t, origins, "https://new.example")
	p.write(t, []setup.Entry{e})
	p.refused(t, e, setup.CodeRefused, "no-such-network")
}

func portTaken(t *testing.T, p *project) {
	p.scratch(t)
	api := p.lab.API()
	port := network.MustParsePort("8000/tcp")
	created, err := api.ContainerCreate(t.Context(), client.ContainerCreateOptions{
		Name:   "squatter",
		Config: &container.Config{Image: lab.AppImage, Cmd: []string{"postgres"}, ExposedPorts: network.PortSet{port: {}}},
		HostConfig: &container.HostConfig{PortBindings: network.PortMap{
			port: {{HostPort: "8111"}},
		}},
	})
	if err == nil {
		_, err = api.ContainerStart(t.Context(), created.ID, client.ContainerStartOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := api.ContainerRemove(context.Background(), created.ID, client.ContainerRemoveOptions{Force: true}); err != nil {
			t.Error(err)
		}
	})
	p.replace(t, portLoopback, `- "127.0.0.1:${PORT:-8000}:${PORT:-8000}"`+"\n      - \"8111:8000\"")
	e := p.setting(t, origins, "https://new.example")
	p.write(t, []setup.Entry{e})
	p.refused(t, e, setup.CodeConflict, "squatter has it")
}

func imageGone(t *testing.T, p *project) {
	p.scratch(t)
	api := p.lab.API()
	if _, err := api.ImageTag(t.Context(), client.ImageTagOptions{Source: lab.AppImage, Target: "kept:for-later"}); err != nil {
		t.Fatal(err)
	}
	if _, err := api.ImageRemove(t.Context(), lab.AppImage, client.ImageRemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := api.ImageTag(context.Background(), client.ImageTagOptions{Source: "kept:for-later", Target: lab.AppImage}); err != nil {
			t.Error(err)
		}
	})
	e := p.setting(t, origins, "https://new.example")
	p.write(t, []setup.Entry{e})
	p.refused(t, e, setup.CodeRefused, "no longer on this server")
	if err := p.host.Preflight(t.Context(), p.stack); err == nil {
		t.Error("preflight finds nothing")
	}
}

// crashes: the last lines that the app wrote are told, without the values of
// its environment.
func crashes(t *testing.T, p *project) {
	p.setEnv(t, "WORKER_CLASS", "made-up-app-name")
	p.compose(t, "-f", lab.ProjectFile, "up", "-d", "--no-deps", "web")
	e := p.setting(t, origins, "https://new.example")
	p.write(t, []setup.Entry{e})
	p.replace(t, "gunicorn\n", "sh -c made-up-app-name\n")
	out, err := newHost(t, p.lab, 20*time.Second).Do(t.Context(), setup.Call{Entries: []setup.Entry{e}})
	told := setup.AsProblem(err)
	if err == nil {
		told = out[0].Err
	}
	if told == nil || told.Code != setup.CodeUnavailable || !strings.Contains(told.Message, "did not come back") ||
		!strings.Contains(told.Message, "not found") {
		t.Fatalf("it says %v", told)
	}
	if strings.Contains(told.Error(), "made-up-app-name") {
		t.Errorf("a value of the environment is told: %v", told)
	}
	p.replace(t, "sh -c made-up-app-name\n", "gunicorn\n")
	p.dropEnv(t, "WORKER_CLASS")
	p.compose(t, "-f", lab.ProjectFile, "up", "-d", "--no-deps", "web")
}

func composeKilled(t *testing.T, p *project) {
	e := p.setting(t, origins, "https://half.example")
	p.write(t, []setup.Entry{e})
	watching, cancel := context.WithCancel(t.Context())
	defer cancel()
	events, err := p.host.Watch(watching, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	killed := make(chan int, 1)
	go func() {
		for ev := range events {
			if ev.Kind == "container" && ev.Service == "web" && ev.Action == "die" {
				killed <- killCompose()
				return
			}
		}
		killed <- 0
	}()
	out, err := p.do(t.Context(), e)
	cancel()
	if n := <-killed; n == 0 {
		t.Fatal("Compose was done before it could be killed")
	}
	if err == nil && out[0].Err == nil {
		t.Fatalf("it is said to have worked: %+v", out)
	}
	start := p.setting(t, origins, "https://half.example")
	if now, ok := start.From.(setup.Setting); !ok || !now.Stopped {
		t.Fatalf("the app is seen as %+v", start.From)
	}
	if out, err := p.do(t.Context(), start); err != nil || out[0].Err != nil {
		t.Fatalf("it is not started: %v %+v", err, out)
	}
	if now, ok := p.setting(t, origins, "").From.(setup.Setting); !ok || now.Stopped || now.Value != "https://half.example" {
		t.Errorf("afterwards it is seen as %+v", now)
	}
}

// killCompose kills every Compose that this process runs, and gives their number.
func killCompose() int {
	own, killed := strconv.Itoa(os.Getpid()), 0
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range all {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest) // state, parent, group
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if len(fields) > 2 && fields[1] == own && strings.Contains(string(line), "compose") && syscall.Kill(-pid, syscall.SIGKILL) == nil {
			killed++
		}
	}
	return killed
}

func engineDies(t *testing.T, p *project) {
	e := p.setting(t, origins, "https://other.example")
	p.write(t, []setup.Entry{e})
	died := make(chan error, 1)
	watching, cancel := context.WithCancel(t.Context())
	defer cancel()
	events, err := p.host.Watch(watching, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for ev := range events {
			if ev.Kind == "container" && ev.Service == "web" {
				died <- p.lab.KillEngine()
				return
			}
		}
		died <- nil
	}()
	out, err := p.do(t.Context(), e)
	cancel()
	if stopped := <-died; stopped != nil {
		t.Fatal(stopped)
	}
	if err == nil {
		t.Fatalf("the effect is said to be known: %+v", out)
	}
	if problem := setup.AsProblem(err); problem.Code != setup.CodeUnavailable {
		t.Errorf("it says %v", problem)
	}
	if err := p.lab.StartEngine(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.compose(t, "-f", lab.ProjectFile, "up", "-d", "--no-deps", "web")
	eventually(t, "the setting is effective", func() bool {
		now, ok := p.setting(t, origins, "").From.(setup.Setting)
		return ok && now.Value == "https://other.example"
	})
}
