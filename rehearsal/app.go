package rehearsal

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	cloud "github.com/culvert/culvert/cloudflare/sim"
	docker "github.com/culvert/culvert/dockerx/sim"
	"github.com/culvert/culvert/internal/standin/app"
	"github.com/culvert/culvert/setup"
)

// SecondProject is the Compose project of the app that Options.Second is about.
const SecondProject = "second-chat"

// secondPort is where that app is published on the made-up server.
const secondPort = 8001

// madeUp is an app that runs on the made-up server, with what stands beside its
// connector.
type madeUp struct {
	world   *World
	project string
	port    int // at which the server publishes it
	server  *http.Server
	origin  net.Listener
	inside  inside
}

// layOut writes the folders of the apps, once; what was edited since stays. An
// app whose folder is there runs.
func (w *World) layOut(second bool) ([]docker.App, error) {
	apps := []docker.App{{Project: docker.Project, Port: docker.Target}}
	_, err := os.Stat(w.folder(SecondProject))
	if second || err == nil {
		apps = append(apps, docker.App{Project: SecondProject, Port: secondPort})
	}
	for i := range apps {
		a := &apps[i]
		w.apps = append(w.apps, &madeUp{world: w, project: a.Project, port: a.Port})
		a.Dir, a.Env = w.folder(a.Project), environment()
		if err := writeProject(a.Dir, a.Port); err != nil {
			return nil, err
		}
	}
	return apps, nil
}

func (w *World) folder(project string) string { return filepath.Join(w.dir, project) }

// projectDir is the folder of the first app.
func (w *World) projectDir() string { return w.folder(docker.Project) }

// environment is that of the service web at first, as the files have it.
func environment() map[string]string {
	return map[string]string{
		"DJANGO_SETTINGS_MODULE": "config.settings_production",
		"DJANGO_ALLOWED_HOSTS":   "",
		"SLACK_CLIENT_ID":        "",
		"SLACK_CLIENT_SECRET":    "",
		"SLACK_SIGNING_SECRET":   "made-up-signing-secret",
	}
}

// writeProject writes what is not there of an app's folder.
func writeProject(dir string, port int) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	compose, err := fs.ReadFile(project, "project/docker-compose.prod.yml")
	if err != nil {
		return err
	}
	env, err := fs.ReadFile(project, "project/env.prod")
	if err != nil {
		return err
	}
	if port != docker.Target {
		compose = bytes.Replace(compose, []byte(`- "${PORT:-8000}:`), []byte(`- "`+strconv.Itoa(port)+`:`), 1)
	}
	return errors.Join(
		writeNew(filepath.Join(dir, "docker-compose.prod.yml"), compose),
		writeNew(filepath.Join(dir, ".env.prod"), env),
		writeNew(filepath.Join(dir, ".env"), []byte("POSTGRES_PASSWORD=practice-only\n")),
	)
}

func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// app answers for the app of a project, as a connector in its network reaches it.
func (w *World) app(project string) http.Handler {
	i := slices.IndexFunc(w.apps, func(a *madeUp) bool { return a.project == project })
	if i < 0 {
		return http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { cloud.Unreachable(rw) })
	}
	return w.apps[i]
}

// listen opens the loopback ports behind the app and what stands beside it.
func (a *madeUp) listen() error {
	var err error
	a.inside.app = a
	a.origin, err = net.Listen("tcp", "127.0.0.1:0")
	return errors.Join(err, a.inside.listen())
}

// run serves until close.
func (a *madeUp) run() {
	a.server = &http.Server{Handler: a, ReadHeaderTimeout: 10 * time.Second}
	a.world.done.Go(func() { _ = a.server.Serve(a.origin) })
	a.inside.run()
}

func (a *madeUp) close() error { return errors.Join(a.server.Close(), a.inside.close()) }

// ServeHTTP is the app with the settings that its container has now.
func (a *madeUp) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	addresses, err := a.world.Docker.Addresses(r.Context(), a.project, docker.Service)
	if err != nil { // it does not run
		cloud.Unreachable(rw)
		return
	}
	env := a.world.Docker.Env(a.project, docker.Service)
	settings, err := app.FromEnv(func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}, func() string { return addresses[0] })
	if err != nil { // it would not have started
		cloud.Unreachable(rw)
		return
	}
	app.Handler(settings, io.Discard).ServeHTTP(rw, r)
}

// dial reaches the app or what stands beside it at an address; false: neither is
// there.
func (a *madeUp) dial(ctx context.Context, network, host, port string) (net.Conn, bool, error) {
	if conn, there, err := a.inside.dial(ctx, network, host, port); there {
		return conn, true, err
	}
	if !a.answersAt(ctx, host, port) {
		return nil, false, nil
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, a.origin.Addr().String())
	return conn, true, err
}

// answersAt says whether the app answers at an address: its container's, or the
// server's as far as the port is open. It does at none while it does not run.
func (a *madeUp) answersAt(ctx context.Context, host, port string) bool {
	addresses, err := a.world.Docker.Addresses(ctx, a.project, docker.Service)
	if err != nil {
		return false
	}
	if port == strconv.Itoa(docker.Target) && slices.Contains(addresses, host) {
		return true
	}
	return host == ServerAddress && port == strconv.Itoa(a.port) && a.world.Docker.Exposure(a.project) == setup.ExposedPublic
}

// beside runs a command as a project's image does.
func (w *World) beside(ctx context.Context, project string, env map[string]string, command []string) ([]byte, int) {
	var out bytes.Buffer
	status := app.Main(ctx, command, func(name string) (string, bool) {
		if name == app.DatabaseKey {
			return filepath.Join(w.dir, "database-"+project), true
		}
		value, ok := env[name]
		return value, ok
	}, &out, io.Discard)
	return out.Bytes(), status
}
