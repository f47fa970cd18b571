package stackfile

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCompareLetsAnEditOfPortsThrough(t *testing.T) {
	o := ocs(t)
	before := load(t, o)
	c := parse(t, string(fixture(t, "docker-compose.prod.yml")))
	bound, err := c.BindLoopback("web", "${PORT:-8000}", before.Lookup)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Compare(before, edited(t, o, "docker-compose.prod.yml", bound.After), "web")
	if err != nil {
		t.Fatal(err)
	}
	if want := "web publishes 127.0.0.1:9000 → 9000/tcp instead of every address:9000 → 9000/tcp."; d.String() != want {
		t.Errorf("got %q", d)
	}
	removed, err := c.RemovePort("web", "${PORT:-8000}", before.Lookup)
	if err != nil {
		t.Fatal(err)
	}
	d, err = Compare(before, edited(t, o, "docker-compose.prod.yml", removed.After), "web")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(d.Services(), " "); got != "web" || !strings.Contains(d.String(), "publishes nothing") {
		t.Errorf("%s: %s", got, d)
	}
	_, err = Compare(before, before, "web")
	mustRefuse(t, err, "has no effect", 0)
}

func TestCompareRefusesEverythingElse(t *testing.T) {
	base := "services:\n  web:\n    image: a\n    ports: ['8000:8000']\n  db:\n    image: b\nvolumes:\n  v:\n"
	for name, row := range map[string]struct{ after, words string }{
		"another service":   {strings.Replace(base, "image: b", "image: c", 1), "db: image changes."},
		"another setting":   {strings.Replace(base, "image: a", "image: z", 1), "web: image changes."},
		"a service gone":    {strings.Replace(base, "  db:\n    image: b\n", "", 1), "The service db disappears."},
		"a service more":    {strings.Replace(base, "  db:", "  two: {image: x}\n  db:", 1), "The service two appears."},
		"a volume":          {strings.Replace(base, "  v:", "  w:", 1), "The project's volumes.v changes. The project's volumes.w changes."},
		"environment":       {strings.Replace(base, "image: b", "image: b\n    environment: {A: s3cret}", 1), "db: A is added."},
		"more is published": {strings.Replace(base, "'8000:8000'", "'8000:8000', '9000:9000'", 1), "would publish every address:9000 → 9000/tcp"},
		"another address":   {strings.Replace(base, "'8000:8000'", "'10.0.0.1:8000:8000'", 1), "would publish 10.0.0.1:8000"},
		"ports of another":  {strings.Replace(base, "image: b", "image: b\n    ports: [80]", 1), "db publishes every address:a free port"},
	} {
		t.Run(name, func(t *testing.T) {
			o := project(t, "a.yml", base)
			d, err := Compare(load(t, o), edited(t, o, "a.yml", []byte(row.after)), "web")
			mustRefuse(t, err, row.words, 0)
			if strings.Contains(d.String()+err.Error(), "s3cret") {
				t.Errorf("shows a value: %v", err)
			}
		})
	}
}

func TestInheritedPortsAreReallyClosed(t *testing.T) {
	o := project(t, "a.yml", sharedPorts)
	before, c := load(t, o), parse(t, sharedPorts)
	for _, service := range []string{"web", "worker", "only"} {
		for name, edit := range map[string]func(string, string, Lookup) (Edit, error){"bind": c.BindLoopback, "remove": c.RemovePort} {
			e, err := edit(service, "8000", nil)
			if err != nil {
				t.Fatal(err)
			}
			after := edited(t, o, "a.yml", e.After)
			if _, err := Compare(before, after, service); err != nil {
				t.Errorf("%s of %s: %v", name, service, err)
			}
			for _, p := range after.Ports(service) {
				if p.Target == 8000 && !p.Loopback() {
					t.Errorf("%s of %s leaves %s", name, service, p)
				}
			}
		}
	}
}

func TestCompareRefusesAnEditThatAnotherFileOverrides(t *testing.T) {
	src := "services: {web: {image: a, ports: ['8000:8000']}}\n"
	o := project(t, "a.yml", src, "b.yml", "services:\n  web:\n    ports: !override ['8000:8000']\n")
	e, err := parse(t, src).BindLoopback("web", "8000", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Compare(load(t, o), edited(t, o, "a.yml", e.After), "web")
	mustRefuse(t, err, "has no effect", 0)
}

func TestCompareFindsAPortThatAnotherFilePublishesToo(t *testing.T) {
	o := project(t, "a.yml", "services: {web: {image: a, ports: ['8000:8000']}}\n", "b.yml", "services: {web: {ports: ['8001:8000']}}\n")
	before := load(t, o)
	e, err := parse(t, "services: {web: {image: a, ports: ['8000:8000']}}\n").BindLoopback("web", "8000", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Compare(before, edited(t, o, "a.yml", e.After), "web")
	mustRefuse(t, err, "every address:8001 → 8000/tcp stays published", 0)
	mustRefuse(t, err, "a.yml, b.yml", 0)
}

func TestCompareEnv(t *testing.T) {
	host := "chat.example.org"
	set := func(t *testing.T, o LoadOptions, name string) (*Meaning, error) {
		src, err := os.ReadFile(filepath.Join(o.WorkingDir, name))
		if err != nil {
			t.Fatal(err)
		}
		e, err := parseE(t, string(src)).Set("DJANGO_ALLOWED_HOSTS", host)
		if err != nil {
			t.Fatal(err)
		}
		o.Content = map[string][]byte{filepath.Join(o.WorkingDir, name): e.After}
		return Load(context.Background(), o)
	}
	want := map[string]*string{"DJANGO_ALLOWED_HOSTS": &host}
	t.Run("lets the key through, for all services that read the file", func(t *testing.T) {
		o := ocs(t)
		after, err := set(t, o, ".env.prod")
		if err != nil {
			t.Fatal(err)
		}
		d, err := CompareEnv(load(t, o), after, filepath.Join(o.WorkingDir, ".env.prod"), want)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(d.Services(), " "); got != "celery_beat celery_worker migrate web" {
			t.Errorf("changed services: %s", got)
		}
		if strings.Contains(d.String(), host) {
			t.Errorf("shows the value: %s", d)
		}
	})
	t.Run("refuses a file that a later one overrides", func(t *testing.T) {
		o := ocs(t)
		after, err := set(t, o, ".env")
		if err != nil {
			t.Fatal(err)
		}
		_, err = CompareEnv(load(t, o), after, filepath.Join(o.WorkingDir, ".env"), want)
		mustRefuse(t, err, "decided elsewhere: .env.prod, line 32", 0)
	})
	t.Run("refuses a key that environment: overrides", func(t *testing.T) {
		o := project(t, "a.yml", "services: {web: {image: a, env_file: x.env, environment: {DJANGO_ALLOWED_HOSTS: a}}}\n", "x.env", "B=1\n")
		after, err := set(t, o, "x.env")
		if err != nil {
			t.Fatal(err)
		}
		_, err = CompareEnv(load(t, o), after, filepath.Join(o.WorkingDir, "x.env"), want)
		mustRefuse(t, err, "`environment:` in the compose file", 0)
	})
	t.Run("refuses what changes more", func(t *testing.T) {
		o := project(t, "a.yml", "services: {web: {image: 'a:${DJANGO_ALLOWED_HOSTS}', env_file: .env}}\n", ".env", "DJANGO_ALLOWED_HOSTS=a\n")
		after, err := set(t, o, ".env")
		if err != nil {
			t.Fatal(err)
		}
		_, err = CompareEnv(load(t, o), after, filepath.Join(o.WorkingDir, ".env"), want)
		mustRefuse(t, err, "web: image changes.", 0)
	})
	t.Run("refuses a file that is no service's environment", func(t *testing.T) {
		o := project(t, "a.yml", "services: {web: {image: a}}\n", ".env", "B=1\n")
		after, err := set(t, o, ".env")
		if err != nil {
			t.Fatal(err)
		}
		_, err = CompareEnv(load(t, o), after, filepath.Join(o.WorkingDir, ".env"), want)
		mustRefuse(t, err, "No service gets its environment from .env", 0)
	})
	t.Run("lets the removal of a key through", func(t *testing.T) {
		o := project(t, "a.yml", "services: {web: {image: a, env_file: x.env}}\n", "x.env", "B=1\nK=v\n")
		after := edited(t, o, "x.env", []byte("B=1\n"))
		if _, err := CompareEnv(load(t, o), after, filepath.Join(o.WorkingDir, "x.env"), map[string]*string{"K": nil}); err != nil {
			t.Error(err)
		}
	})
}

// Whole files of an app, its own from outside of this project where FIXTURES
// names their folder: every edit we make of them must pass its gate.
func TestWholeFiles(t *testing.T) {
	dir, settings := filepath.Join("..", "testdata", "ocs"), "env.prod"
	if outside := os.Getenv("FIXTURES"); outside != "" {
		dir, settings = filepath.Join(outside, "open-chat-studio"), "env.example"
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, composeSrc := range variants(read("docker-compose.prod.yml")) {
		t.Run(name, func(t *testing.T) {
			env := variants(read(settings))[name]
			o := project(t, "docker-compose.prod.yml", string(composeSrc), ".env", "POSTGRES_PASSWORD=x\n", ".env.prod", string(env))
			before := load(t, o)
			for _, edit := range []func(string, string, Lookup) (Edit, error){parse(t, string(composeSrc)).BindLoopback, parse(t, string(composeSrc)).RemovePort} {
				e, err := edit("web", "${PORT:-8000}", before.Lookup)
				if err != nil {
					t.Fatal(err)
				}
				if d, err := Compare(before, edited(t, o, "docker-compose.prod.yml", e.After), "web"); err != nil || len(d.Changes) != 1 {
					t.Errorf("%v, %s", err, d)
				}
				mustUndo(t, e)
			}
			values := map[string]string{"DJANGO_ALLOWED_HOSTS": "chat.example.org", "CSRF_TRUSTED_ORIGINS": "https://chat.example.org", "SECRET_KEY": "a b$c"}
			for key, value := range values {
				e, err := parseE(t, string(env)).Set(key, value)
				if err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(o.WorkingDir, ".env.prod")
				if d, err := CompareEnv(before, edited(t, o, ".env.prod", e.After), path, map[string]*string{key: &value}); err != nil || len(d.Services()) != 4 {
					t.Errorf("%v, %s", err, d)
				}
				mustUndo(t, e.Edit)
			}
		})
	}
}
