package files

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/setup"
)

var (
	envFiles = []string{".env.prod", ".env"}
	keys     = []string{allowed, trusted, "DJANGO_SETTINGS_MODULE"}
)

// locate asks for a stack of which only what Docker's labels tell is known.
func (w *world) locate() (setup.Stack, string, error) {
	w.t.Helper()
	s := w.stack
	s.ComposeFile, s.EnvFile, s.ConnectorFile, s.ConnectorProject = "", "", "", ""
	found, warnings, err := w.files.Locate(w.t.Context(), s, envFiles, keys)
	return found, strings.ReplaceAll(strings.Join(warnings, "\n"), w.dir+"/", ""), err
}

func TestLocateFindsWhereEditsGo(t *testing.T) {
	w := ocs(t)
	got, warnings, err := w.locate()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(w.stack, got); d != "" {
		t.Error(d)
	}
	if warnings != "" { // a key that is absent will be added
		t.Errorf("got %q", warnings)
	}
}

func TestLocateChoosesAmongFiles(t *testing.T) {
	web := func(rest string) string {
		return "services:\n  web:\n    image: a\n    ports: ['8000:8000']\n    " + rest + "\n"
	}
	both := web("env_file: [{path: .env, required: false}, {path: .env.prod, required: false}]")
	const anything = allowed + "=a\n" + trusted + "=b\nDJANGO_SETTINGS_MODULE=c\n"
	for name, row := range map[string]struct {
		files    []string // name and content, the compose files first
		compose  []string // names of the compose files
		edit     string   // where the port is
		env      string
		warnings []string // each must be said; "" : nothing is
	}{
		"where the key stands": {
			[]string{"a.yml", both, ".env", anything, ".env.prod", "X=1\n"}, nil, "a.yml", ".env", []string{""}},
		"the file that wins": {
			[]string{"a.yml", both, ".env", anything, ".env.prod", anything}, nil, "a.yml", ".env.prod",
			[]string{allowed + " stands in .env, line 1 and in .env.prod, line 1. The last one wins"}},
		"keys in two files": {
			[]string{"a.yml", both, ".env", trusted + "=b\n", ".env.prod", allowed + "=a\n"}, nil, "a.yml", ".env.prod",
			[]string{trusted + " stands in .env, line 1 and not in .env.prod"}},
		"the one that exists": {
			[]string{"a.yml", both, ".env", "X=1\n"}, nil, "a.yml", ".env", []string{""}},
		"the preferred one": {
			[]string{"a.yml", both, ".env", "X=1\n", ".env.prod", "X=1\n"}, nil, "a.yml", ".env.prod", []string{""}},
		"one that is to be made": {
			[]string{"a.yml", both}, nil, "a.yml", ".env.prod", []string{".env.prod does not exist yet. Culvert will make it"}},
		"a file that is not preferred": {
			[]string{"a.yml", web("env_file: [one.env, two.env]"), "one.env", "X=1\n", "two.env", "X=1\n"}, nil, "a.yml", "two.env", []string{""}},
		"a file that the service does not read is not chosen": {
			[]string{"a.yml", web("env_file: my.env"), ".env.prod", anything, "my.env", "X=1\n"}, nil, "a.yml", "my.env", []string{""}},
		"no env file": {
			[]string{"a.yml", web("expose: [1]")}, nil, "a.yml", "", []string{"web reads no env file"}},
		"environment: wins": {
			[]string{"a.yml", web("env_file: .env.prod\n    environment: {" + allowed + ": a}"), ".env.prod", anything}, nil, "a.yml", ".env.prod",
			[]string{allowed + " is set under environment: of web"}},
		"from the shell": {
			[]string{"a.yml", web("env_file: .env.prod\n    environment: [" + allowed + "]"), ".env.prod", anything, ".env", allowed + "=x\n"}, nil, "a.yml", ".env.prod",
			[]string{allowed + " is handed to web from the shell that starts the app, or else from .env (a.yml, line 6)"}},
		"from the shell by a variable": {
			[]string{"a.yml", web("env_file: .env.prod\n    environment: {" + allowed + ": '${" + allowed + ":-x}', URL: 'https://${" + allowed + ":-x}'}"), ".env.prod", anything}, nil, "a.yml", ".env.prod",
			[]string{allowed + " is handed to web from the shell"}},
		"a key that stands twice": {
			[]string{"a.yml", both, ".env.prod", anything + allowed + "=z\n"}, nil, "a.yml", ".env.prod",
			[]string{allowed + " stands 2 times in .env.prod. The one in line 4 counts"}},
		"the file that publishes": {
			[]string{"a.yml", both, "b.yml", "services: {web: {labels: {x: y}}}\n", ".env.prod", anything}, []string{"a.yml", "b.yml"}, "a.yml", ".env.prod", []string{""}},
		"the last file that publishes": {
			[]string{"a.yml", both, "b.yml", "services: {web: {ports: ['8001:8000']}}\n", ".env.prod", anything}, []string{"a.yml", "b.yml"}, "b.yml", ".env.prod",
			[]string{"a.yml and b.yml publish port 8000 of web, and ports of several files add up"}},
		"another port does not count": {
			[]string{"a.yml", both, "b.yml", "services: {web: {ports: ['9000:9000', '8000:8000/udp']}}\n", ".env.prod", anything}, []string{"a.yml", "b.yml"}, "a.yml", ".env.prod", []string{""}},
		"no port": {
			[]string{"a.yml", "services: {web: {image: a, env_file: .env.prod}}\n", ".env.prod", anything}, nil, "a.yml", ".env.prod", []string{""}},
		"an included file": {
			[]string{"a.yml", "include: [b.yml]\nservices: {db: {image: b}}\n", "b.yml", both, ".env.prod", anything}, nil, "a.yml", ".env.prod",
			[]string{"is published by a file that a.yml includes or extends"}},
		"host network": {
			[]string{"a.yml", "services: {web: {image: a, network_mode: host, env_file: .env.prod}}\n", ".env.prod", anything}, nil, "a.yml", ".env.prod",
			[]string{"a connector does not reach it"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := project(t, row.files...)
			if row.compose != nil {
				w.stack.Files = nil
			}
			for _, n := range row.compose {
				w.stack.Files = append(w.stack.Files, w.path(n))
			}
			got, warnings, err := w.locate()
			if err != nil {
				t.Fatal(err)
			}
			if got.ComposeFile != w.path(row.edit) {
				t.Errorf("compose file: %s", got.ComposeFile)
			}
			if want := filepath.Join(w.dir, row.env); got.EnvFile != want && row.env+got.EnvFile != "" {
				t.Errorf("env file: %s", got.EnvFile)
			}
			for _, want := range row.warnings {
				if !strings.Contains(warnings, want) || want == "" && warnings != "" {
					t.Errorf("%q is not said:\n%s", want, warnings)
				}
			}
		})
	}
}

func TestAnEnvFileThatWasChosenStays(t *testing.T) {
	w := ocs(t)
	s := w.stack
	s.EnvFile = w.path("other.env")
	got, warnings, err := w.files.Locate(t.Context(), s, envFiles, keys)
	if err != nil || got.EnvFile != s.EnvFile {
		t.Fatalf("%s, %v", got.EnvFile, err)
	}
	if want := "web does not read " + s.EnvFile + ", so a setting there has no effect. It reads: " + w.path(".env") + ", " + w.path(".env.prod") + "."; !strings.Contains(strings.Join(warnings, "\n"), want) {
		t.Errorf("got %q", warnings)
	}
}

func TestDataInsideTheAppsFolderIsWarnedOf(t *testing.T) {
	w := ocs(t)
	w.files.TokenDir = w.path("culvert/connectors")
	if _, warnings, err := w.locate(); err != nil || !strings.Contains(warnings, "would hold the tunnel's token") {
		t.Errorf("got %q, %v", warnings, err)
	}
}

func TestLocateRefusesAProjectThatCannotBeUnderstood(t *testing.T) {
	for name, row := range map[string]struct {
		compose, env string
		code         setup.Code
		words        string
	}{
		"not YAML":             {"services:\n  web: [\n", "", setup.CodeInvalid, "/a.yml, line "},
		"a key twice":          {"services:\n  web:\n    image: a\n    image: b\n", "", setup.CodeInvalid, "/a.yml, line "},
		"not compose":          {"services: {web: {image: a, ports: x}}\n", "", setup.CodeInvalid, "/a.yml: Compose does not accept"},
		"no such service":      {"services: {app: {image: a}}\n", "", setup.CodeInvalid, "/a.yml: there is no service web. There are: app."},
		"an env file missing":  {"services: {web: {image: a, env_file: gone.env}}\n", "", setup.CodeInvalid, "gone.env does not exist, so the app cannot start"},
		"an env file broken":   {"services: {web: {image: a, env_file: .env}}\n", "A=1\nno setting\n", setup.CodeInvalid, "/.env, line 2: "},
		"a variable not set":   {"services: {web: {image: 'a:${TAG:?set TAG in .env}'}}\n", "", setup.CodeInvalid, "set TAG in .env"},
		"a compose file gone":  {"", "", setup.CodeNotFound, "/a.yml does not exist"},
		"from standard input":  {"-", "", setup.CodeInvalid, "standard input"},
		"a secret in the file": {"services: {web: {image: a, environment: {P: 'x${" + canary + "'}}}\n", "", setup.CodeInvalid, "Compose cannot make sense of the $"},
	} {
		t.Run(name, func(t *testing.T) {
			w := project(t, "a.yml", row.compose, ".env", row.env)
			switch row.compose {
			case "":
				if err := os.Remove(w.path("a.yml")); err != nil {
					t.Fatal(err)
				}
			case "-":
				w.stack.Files = []string{"-"}
			}
			_, _, err := w.locate()
			p := setup.AsProblem(err)
			if err == nil || p.Code != row.code || !strings.Contains(p.Message, row.words) {
				t.Errorf("got %v", err)
			}
			if err != nil && strings.Contains(err.Error(), canary) {
				t.Error("a secret got out")
			}
		})
	}
}

// Whole files of an app, its own from outside of this project where FIXTURES
// names their folder: they are located, changed and put back.
func TestWholeFiles(t *testing.T) {
	dir, settings := filepath.Join("..", "testdata", "ocs"), "env.prod"
	if outside := os.Getenv("FIXTURES"); outside != "" {
		dir, settings = filepath.Join(outside, "open-chat-studio"), "env.example"
	}
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, env := range []string{".env", ".env.prod"} {
		t.Run("settings in "+env, func(t *testing.T) {
			w := project(t, composeYML, read(composeYML), env, read(settings))
			if env != ".env" {
				w.put(".env", "POSTGRES_PASSWORD="+canary+"\n", 0o600)
			}
			if !strings.Contains(w.get(env), "\nPOSTGRES_PASSWORD=") {
				w.put(".env", w.get(".env")+"POSTGRES_PASSWORD="+canary+"\n", 0o600)
			}
			before := w.get(env)
			found, warnings, err := w.locate()
			if err != nil {
				t.Fatal(err)
			}
			if found.EnvFile != w.path(env) || found.ComposeFile != w.path(composeYML) {
				t.Errorf("located %+v", found)
			}
			if warnings != "" {
				t.Errorf("something is in the way:\n%s", warnings)
			}
			w.stack = found
			w.stack.Settings = keys
			hosts, origins, port, conn := w.env(allowed, host), w.env(trusted, "https://"+host), w.port(setup.ExposedLoopback), w.connector(tunnelA)
			w.must(hosts, origins)
			w.must(conn)
			w.must(port)
			w.must(w.back(port))
			w.do(w.back(conn))
			w.do(w.back(hosts), w.back(origins))
			w.unchanged(env, before)
			w.unchanged(composeYML, read(composeYML))
		})
	}
}
