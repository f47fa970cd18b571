package app_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/culvert/culvert/internal/standin/app"
)

const patience = 10 * time.Second

type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func TestCommandsThatEndByThemselves(t *testing.T) {
	production := []string{"DJANGO_SETTINGS_MODULE", "config.settings_production"}
	for _, row := range []struct {
		argv string
		env  []string
		code int
		says string
	}{
		{"/bin/python manage.py migrate --noinput", nil, 0, "No migrations to apply."},
		{"/ocs python manage.py migrate --noinput", nil, 0, "No migrations to apply."},
		{"python manage.py migrate", []string{"CSRF_TRUSTED_ORIGINS", "https://a.b,c.d"}, 1, "4_0.E001"},
		{"python manage.py migrate", production, 1, "Set the DJANGO_ALLOWED_HOSTS environment variable"},
		{"python manage.py migrate", append(production, "DJANGO_ALLOWED_HOSTS", ""), 0, ""},
		{"python manage.py migrate", append(production, "DJANGO_ALLOWED_HOSTS", "$HOSTS"), 1, "Set the HOSTS environment variable"},
		{"python manage.py migrate", []string{"DJANGO_SETTINGS_MODULE", "config.setings"}, 1, "ModuleNotFoundError"},
		{"python manage.py dance", nil, 1, "Unknown command"},
		{"python -c print", nil, 1, "there is no database"},
		{"gunicorn config.wsgi:application", production, 3, "Worker failed to boot"},
		{"gunicorn --bind 127.0.0.1:0", nil, 1, "no application module"},
		{"gunicorn --bind 127.0.0.1:0 config.wsgi:application", []string{"STANDIN_START_DELAY", "soon"}, 1, "no duration"},
		{"celery -A config worker", production, 1, "DJANGO_ALLOWED_HOSTS"},
		{"redis-cli ping", nil, 0, "PONG"},
		{"pg_isready -U postgres", nil, 0, "accepting connections"},
		{"/ocs dance", nil, 127, "dance: not found"},
	} {
		t.Run(row.argv, func(t *testing.T) {
			code, said := finish(t, strings.Fields(row.argv), row.env...)
			if code != row.code || !strings.Contains(said, row.says) {
				t.Errorf("exit code %d, want %d; said %q", code, row.code, said)
			}
		})
	}
}

func TestTheShellRunsHealthChecks(t *testing.T) {
	for line, want := range map[string]int{
		"pg_isready -U postgres":                           0,
		"pg_isready -U postgres && redis-cli ping":         0,
		"redis-cli ping || exit 1":                         0,
		"dance || exit 3":                                  3,
		"dance && true":                                    127,
		"exec true":                                        0,
		"python manage.py migrate --noinput && python x y": 2,
		"": 2,
	} {
		if code, _ := finish(t, []string{"/bin/sh", "-c", line}); code != want {
			t.Errorf("%q: exit code %d, want %d", line, code, want)
		}
	}
	if code, _ := finish(t, []string{"sh", "script.sh"}); code != 2 {
		t.Errorf("a script: exit code %d", code)
	}
}

// finish runs a command that ends by itself.
func finish(t *testing.T, argv []string, pairs ...string) (code int, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out output
	code = app.Main(ctx, argv, env(pairs...), &out, &out)
	if ctx.Err() != nil {
		t.Errorf("%v does not end by itself", argv)
	}
	return code, out.String()
}

// start runs a command and returns how to stop it, which gives the exit code.
func start(t *testing.T, argv []string, e app.Lookup) (out *output, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out = &output{}
	code := make(chan int, 1)
	go func() { code <- app.Main(ctx, argv, e, out, out) }()
	stop = sync.OnceValue(func() int {
		cancel()
		select {
		case c := <-code:
			return c
		case <-time.After(patience):
			t.Error("it does not stop")
			return -1
		}
	})
	t.Cleanup(func() { stop() })
	return out, stop
}

func TestServicesWithoutWorkStayUntilTheyAreStopped(t *testing.T) {
	for _, argv := range []string{
		"/ocs", "/bin/postgres", "/ocs postgres", "redis-server --appendonly yes",
		"celery -A config worker -l INFO --pool threads --concurrency 20", "celery -A config beat -l INFO",
	} {
		t.Run(argv, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				var out output
				code := make(chan int, 1)
				go func() { code <- app.Main(ctx, strings.Fields(argv), env(), &out, &out) }()
				synctest.Wait()
				if len(code) != 0 {
					t.Fatalf("it ended by itself with %d: %s", <-code, &out)
				}
				cancel()
				if got := <-code; got != 0 {
					t.Errorf("exit code %d: %s", got, &out)
				}
			})
		})
	}
}

func TestADatabaseCanBeReached(t *testing.T) {
	out, stop := start(t, []string{"postgres"}, env("STANDIN_LISTEN", "127.0.0.1:0"))
	var addr []string
	eventually(t, "it listens", func() bool {
		addr = regexp.MustCompile(`Listening at: (\S+)\n`).FindStringSubmatch(out.String())
		return addr != nil
	})
	for range 2 {
		c, err := net.Dial("tcp", addr[1])
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
	}
	if code := stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := net.Dial("tcp", addr[1]); err == nil {
		t.Error("it still answers")
	}
}

func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func TestTheWebServiceServesUntilItIsStopped(t *testing.T) {
	argv := strings.Fields("gunicorn --bind 127.0.0.1:0 --workers 2 --threads 8 --timeout 0 --no-control-socket config.wsgi:application")
	begun := time.Now()
	out, stop := start(t, argv, env("STANDIN_START_DELAY", "50ms"))
	var addr []string
	eventually(t, "it listens", func() bool {
		addr = regexp.MustCompile(`Listening at: (\S+)\n`).FindStringSubmatch(out.String())
		return addr != nil
	})
	if d := time.Since(begun); d < 50*time.Millisecond {
		t.Errorf("it was there after %v", d)
	}
	resp, err := http.Get(addr[1] + "/robots.txt")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 200 || resp.Header.Get("Server") != "gunicorn" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	if code := stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(out.String(), "GET /robots.txt 200\n") {
		t.Errorf("the log is %q", out)
	}
	if _, err := http.Get(addr[1]); err == nil {
		t.Error("it still answers")
	}
}

func TestTheWebServiceCanBeStoppedWhileItStarts(t *testing.T) {
	_, stop := start(t, []string{"gunicorn", "config.wsgi:application"}, env("STANDIN_START_DELAY", "1h"))
	if code := stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestEveryServiceOfTheComposeFileHasItsCommand reads a compose project of the
// app's shape, so that none of its services needs a program that is not here.
func TestEveryServiceOfTheComposeFileHasItsCommand(t *testing.T) {
	raw, err := os.ReadFile("testdata/docker-compose.prod.yml")
	if err != nil {
		t.Fatal(err)
	}
	var project struct {
		Services map[string]struct {
			Command     string
			Healthcheck struct{ Test []string }
		}
	}
	if err := yaml.Unmarshal(raw, &project); err != nil {
		t.Fatal(err)
	}
	if len(project.Services) != 6 {
		t.Fatalf("%d services", len(project.Services))
	}
	port := strings.NewReplacer("${PORT:-8000}", "0", "0.0.0.0", "127.0.0.1", "${WEB_WORKERS:-2}", "2")
	for name, s := range project.Services {
		t.Run(name, func(t *testing.T) {
			argv := strings.Fields(port.Replace(s.Command))
			out, stop := start(t, append([]string{"/ocs"}, argv...), env())
			if code := stop(); code != 0 {
				t.Errorf("exit code %d: %s", code, out)
			}
			test := s.Healthcheck.Test
			if len(test) == 0 {
				return
			}
			words := test[1:]
			if test[0] == "CMD-SHELL" {
				words = []string{"/bin/sh", "-c", test[1]}
			}
			if code, said := finish(t, words); code != 0 {
				t.Errorf("health check %v: exit code %d: %s", test, code, said)
			}
		})
	}
}
