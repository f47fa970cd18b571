package dockerx

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

func TestLinesOfADryRunAreReadInTheFormsOfAllVersions(t *testing.T) {
	for line, want := range map[string]struct {
		step    step
		changes bool
	}{
		"Container app-web-1 Recreate":                          {step{"Container", "app-web-1", "Recreate"}, true},
		" DRY-RUN MODE -  Container app-web-1  Recreated":       {step{"Container", "app-web-1", "Recreated"}, true},
		"Container c2ccb1f36e55_app-web-1 Starting":             {step{"Container", "c2ccb1f36e55_app-web-1", "Starting"}, true},
		`DRY-RUN MODE -  Volume "app_data"  Creating`:           {step{"Volume", "app_data", "Creating"}, true},
		"Network app_default Removing":                          {step{"Network", "app_default", "Removing"}, true},
		"Container app-db-1 Running":                            {step{"Container", "app-db-1", "Running"}, false},
		" DRY-RUN MODE -  Container app-db-1  Healthy 0.5s":     {step{"Container", "app-db-1", "Healthy"}, false},
		"time=\"2026\" level=warning msg=\"variable not set\"":  {},
		"Volume \"x\" exists but doesn't match. Recreate (data": {},
	} {
		got, ok := parseStep(line)
		if got != want.step || ok != (want.step != step{}) {
			t.Errorf("%q is %+v, %v", line, got, ok)
		}
		if ok && got.changes() != want.changes {
			t.Errorf("%q changes something: %v", line, got.changes())
		}
	}
}

func TestTheRecreateNamesExactlyWhatTheLabelsSay(t *testing.T) {
	r := &recreation{project: "app", service: "web", up: []box{runningBox("app-web-1", nil, nil)}}
	from := found.Source{Dir: "/srv/app", Files: []string{"/srv/app/a.yml", "/srv/app/b.yml"}, EnvFiles: []string{"/srv/app/prod.env"}}
	want := "-p app --project-directory /srv/app --env-file /srv/app/prod.env -f /srv/app/a.yml -f /srv/app/b.yml up -d --no-deps --no-build --pull never web"
	if got := strings.Join(r.upArgs(from, false), " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	r.up = append(r.up, runningBox("app-web-2", nil, nil))
	if got := r.upArgs(from, true); !slices.Contains(got, "web=2") || !slices.Contains(got, "--dry-run") {
		t.Errorf("with two replicas: %v", got)
	}
}

func TestAnAppWhoseFilesCannotBeHadIsNotRecreated(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "docker-compose.yml")
	if err := os.WriteFile(file, []byte("services: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	started := func(files string) []box {
		b := runningBox("web-1", nil, nil)
		b.Config.Labels[labelDir], b.Config.Labels[labelFiles] = dir, files
		return []box{b}
	}
	if err := sourceReadable("web", started(file)); err != nil {
		t.Errorf("files that are there: %v", err)
	}
	for why, up := range map[string][]box{
		"piped in":                    started("-"),
		"cannot be read now":          started(file + ",other.yml"),
		"not started by Docker":       started(""),
		"different compose files":     append(started(file), started(file+","+file)...),
		"not started by Docker Compo": {runningBox("web-1", nil, nil)},
	} {
		var p *setup.Problem
		if err := sourceReadable("web", up); !errors.As(err, &p) || p.Code != setup.CodeRefused || !strings.Contains(p.Message, why) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

func TestAnUnreachableEngineIsToldWithTheWayOut(t *testing.T) {
	dial := func(err syscall.Errno) error {
		return &net.OpError{Op: "dial", Net: "unix", Err: os.NewSyscallError("connect", err)}
	}
	for say, err := range map[string]error{
		"group docker":      dial(syscall.EACCES),
		"There is no":       dial(syscall.ENOENT),
		"is not running":    dial(syscall.ECONNREFUSED),
		"cannot be reached": errors.New("broken"),
	} {
		p := unreachable("unix:///run/docker.sock", err)
		if !strings.Contains(p.Message, say) || !errors.Is(p, err) {
			t.Errorf("%v: %q, want %q in it", err, p.Message, say)
		}
	}
	if p := unreachable("x", dial(syscall.EACCES)); p.Code != setup.CodeDenied || !strings.Contains(p.Message, "root") {
		t.Errorf("not permitted: %s %q", p.Code, p.Message)
	}
}

func TestWithoutAnEngineEverythingAskedForIsUnread(t *testing.T) {
	h, err := New(Options{Host: "unix://" + filepath.Join(t.TempDir(), "none.sock")})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	w, err := h.Observe(t.Context(), setup.View{Stacks: []setup.Stack{{Project: "app", Service: "web", Target: 8000, Network: "net", ConnectorProject: "conn"}}})
	if err != nil || len(w.Objects) != 0 {
		t.Fatalf("%v, %+v", err, w.Objects)
	}
	for _, at := range []setup.ReadScope{{Kind: setup.KindNetwork, Scope: "docker"}, {Kind: setup.KindConnector, Scope: "conn"},
		{Kind: setup.KindSetting, Scope: "app/web"}, {Kind: setup.KindPublished, Scope: "app/web"}} {
		if p := w.Unread[at]; !strings.Contains(p.Message, "There is no Docker") || !errors.Is(&p, fs.ErrNotExist) {
			t.Errorf("%v: %+v", at, p)
		}
	}
	if _, err := h.Look(t.Context()); err == nil {
		t.Error("a look succeeded")
	}
	if _, err := h.Watch(t.Context(), h.clock()); err == nil {
		t.Error("a watch succeeded")
	}
}

func TestAnAddressThatIsNoneIsTold(t *testing.T) {
	var p *setup.Problem
	if _, err := New(Options{Host: "not an address"}); !errors.As(err, &p) || p.Code != setup.CodeInvalid {
		t.Errorf("%v", err)
	}
}
