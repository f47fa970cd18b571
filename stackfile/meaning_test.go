package stackfile

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/google/go-cmp/cmp"
)

// project writes files into a folder and gives the options to load them:
// compose files are the ones that end in .yml, in the order given.
func project(t testing.TB, files ...string) LoadOptions {
	t.Helper()
	o := LoadOptions{ProjectName: "chat", WorkingDir: t.TempDir()}
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(o.WorkingDir, files[i])
		if err := os.WriteFile(path, []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, ".yml") {
			o.Files = append(o.Files, files[i])
		}
	}
	return o
}

// ocs is our fixture as an operator has it on disk.
func ocs(t testing.TB) LoadOptions {
	t.Helper()
	return project(t,
		"docker-compose.prod.yml", string(fixture(t, "docker-compose.prod.yml")),
		".env", "POSTGRES_PASSWORD=pw\nPORT=9000\n",
		".env.prod", string(fixture(t, "env.prod")))
}

func load(t testing.TB, o LoadOptions) *Meaning {
	t.Helper()
	m, err := Load(context.Background(), o)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return m
}

// edited loads the project with one file's content replaced.
func edited(t testing.TB, o LoadOptions, name string, content []byte) *Meaning {
	t.Helper()
	o.Content = map[string][]byte{filepath.Join(o.WorkingDir, name): content}
	return load(t, o)
}

func TestTheFixtureMeansWhatComposeSays(t *testing.T) {
	o := ocs(t)
	m := load(t, o)
	if got := strings.Join(m.Services(), " "); m.Name() != "chat" || got != "celery_beat celery_worker db migrate redis web" {
		t.Errorf("project %s with services %s", m.Name(), got)
	}
	if d := cmp.Diff([]Port{{Published: "9000", Target: 9000, Protocol: "tcp"}}, m.Ports("web")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]Network{{Key: "default", Name: "chat_default"}}, m.Networks("web")); d != "" {
		t.Error(d)
	}
	if name, ok := m.DefaultNetwork(); name != "chat_default" || !ok {
		t.Errorf("default network %q", name)
	}
	envFiles := []EnvFile{
		{Path: filepath.Join(o.WorkingDir, ".env"), Exists: true},
		{Path: filepath.Join(o.WorkingDir, ".env.prod"), Exists: true},
	}
	if d := cmp.Diff(envFiles, m.EnvFiles("web")); d != "" {
		t.Error(d)
	}
	if got := strings.Join(m.EnvFileUsers(envFiles[1].Path), " "); got != "celery_beat celery_worker migrate web" {
		t.Errorf("users of .env.prod: %s", got)
	}
	value, hidden, ok := m.Env("web", "POSTGRES_PASSWORD")
	if !ok || value.Path != envFiles[1].Path || value.Line != 6 || len(hidden) != 1 || hidden[0].Value != "pw" {
		t.Errorf("POSTGRES_PASSWORD of web: %+v over %+v", value, hidden)
	}
	if v, path, ok := m.Variable("PORT"); v != "9000" || path != envFiles[0].Path || !ok {
		t.Errorf("PORT is %q from %q", v, path)
	}
	if m.Image("web") != "open-chat-studio:latest" {
		t.Errorf("image %q", m.Image("web"))
	}
}

// What we resolve ourselves, so that content can come from memory, must be what
// compose-go resolves from disk.
func TestEnvironmentsAreThoseComposeGoResolves(t *testing.T) {
	for name, o := range map[string]LoadOptions{
		"fixture": ocs(t),
		"everything at once": project(t,
			"a.yml", "services:\n  web:\n    image: a\n    environment:\n      - FROM_SHELL\n      - FROM_DOTENV\n      - UNSET\n      - BOTH=environment\n      - E=x${FROM_DOTENV}\n    env_file: [one.env, two.env]\n",
			".env", "FROM_DOTENV=dotenv\nSEEN=dotenv\nREF=${FROM_SHELL}\n",
			"one.env", "A=1\nBOTH=file\nSEEN=file\nR=${SEEN}\nD=${DEFAULTED-def}\nFROM_DOTENV\nNOWHERE\n",
			"two.env", "A=2\nFROM_ONE=${A}\nQ=\"a\\nb\" Z='$A'\nFROM_ENV=${E}\n"),
	} {
		t.Run(name, func(t *testing.T) {
			o.Shell = map[string]string{"FROM_SHELL": "shell", "SEEN2": "x"}
			m := load(t, o)
			options, err := cli.NewProjectOptions(nil, cli.WithName(o.ProjectName), cli.WithWorkingDirectory(o.WorkingDir),
				cli.WithEnv([]string{"FROM_SHELL=shell", "SEEN2=x"}), cli.WithEnvFiles(), cli.WithDotEnv, cli.WithProfiles([]string{"*"}))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range o.Files {
				options.ConfigPaths = append(options.ConfigPaths, filepath.Join(o.WorkingDir, f))
			}
			reference, err := options.LoadProject(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			for service, s := range reference.Services {
				want := map[string]string(s.Environment.ToMapping())
				if d := cmp.Diff(want, m.environment(service)); d != "" {
					t.Errorf("%s: %s", service, d)
				}
				for key, v := range want {
					if got, _, ok := m.Env(service, key); !ok || got.Value != v {
						t.Errorf("%s: Env(%s) = %+v, want %q", service, key, got, v)
					}
				}
			}
		})
	}
}

func TestPrecedenceOfVariables(t *testing.T) {
	base := project(t, "a.yml", "services: {web: {image: 'a:${V}'}}\n", ".env", "V=dotenv\n", "one", "V=one\nW=${V}\n", "two", "V=two${W}\n")
	for name, row := range map[string]struct {
		envFiles []string
		shell    map[string]string
		image    string
		origin   string
	}{
		"dotenv":                     {nil, nil, "a:dotenv", ".env"},
		"env files replace dotenv":   {[]string{"one", "two"}, nil, "a:twoone", "two"},
		"the shell wins over all":    {[]string{"one"}, map[string]string{"V": "shell"}, "a:shell", ""},
		"the last env file wins":     {[]string{"two", "one"}, nil, "a:one", "one"},
		"the shell wins over dotenv": {nil, map[string]string{"V": "shell"}, "a:shell", ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := base
			o.EnvFiles, o.Shell = row.envFiles, row.shell
			m := load(t, o)
			if m.Image("web") != row.image {
				t.Errorf("image %s, want %s", m.Image("web"), row.image)
			}
			if _, path, _ := m.Variable("V"); filepath.Base(path) != row.origin && path != row.origin {
				t.Errorf("origin %s, want %s", path, row.origin)
			}
		})
	}
}

func TestProjectAndNetworkNames(t *testing.T) {
	o := project(t, "a.yml", "name: typed\nservices:\n  web: {image: a, networks: [default, front], profiles: [x]}\n  alone: {image: a, network_mode: host}\nnetworks:\n  default: {name: mattermost}\n  front: {external: true, name: edge}\n")
	o.ProjectName = ""
	m := load(t, o)
	if m.Name() != "typed" || m.NetworkMode("alone") != "host" || len(m.Networks("alone")) != 0 {
		t.Errorf("name %q, mode %q, networks %v", m.Name(), m.NetworkMode("alone"), m.Networks("alone"))
	}
	want := []Network{{Key: "default", Name: "mattermost"}, {Key: "front", Name: "edge", External: true}}
	if d := cmp.Diff(want, m.Networks("web")); d != "" {
		t.Error(d)
	}
	o.Shell = map[string]string{"COMPOSE_PROJECT_NAME": "shell"}
	if got := load(t, o).Name(); got != "shell" {
		t.Errorf("name %q, want the shell's", got)
	}
}

func TestLoadRefusals(t *testing.T) {
	web := "services: {web: {image: a, env_file: [.env.prod]}}\n"
	for name, row := range map[string]struct {
		files []string
		words string
	}{
		"required env_file absent": {[]string{"a.yml", web}, "does not exist, so the app cannot start"},
		"broken env_file":          {[]string{"a.yml", web, ".env.prod", "A='s3cret\n"}, ".env.prod: The quoted value of A does not end"},
		"broken .env":              {[]string{"a.yml", "services: {web: {image: a}}\n", ".env", "A=s3cret${\n"}, ".env: The value of A holds a $"},
		"a $ in the compose file":  {[]string{"a.yml", "services: {web: {image: a, environment: {PW: 's3cret${'}}}\n"}, "the $ in services.web.environment.PW"},
		"a required variable":      {[]string{"a.yml", "services: {web: {image: 'a:${TAG:?needed}'}}\n"}, "required variable TAG"},
		"not a compose file":       {[]string{"a.yml", "services: {web: {imag: a}}\n"}, "does not accept the project"},
		"unknown format":           {[]string{"a.yml", "services: {web: {image: a, env_file: [{path: x, format: toml}]}}\n", "x", ""}, `unknown format "toml"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(context.Background(), project(t, row.files...))
			mustRefuse(t, err, row.words, 0)
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the refusal shows a secret: %v", err)
			}
		})
	}
	o := ocs(t)
	o.Content = map[string][]byte{filepath.Join(o.WorkingDir, "env.prod"): nil}
	_, err := Load(context.Background(), o)
	mustRefuse(t, err, "does not read", 0)
	if _, err := Load(context.Background(), LoadOptions{WorkingDir: "."}); err == nil {
		t.Error("a relative working directory was accepted")
	}
	o = ocs(t)
	o.Files = []string{"-"}
	_, err = Load(context.Background(), o)
	mustRefuse(t, err, "standard input", 0)
	o = ocs(t)
	o.EnvFiles = []string{"nowhere.env"}
	_, err = Load(context.Background(), o)
	mustRefuse(t, err, "nowhere.env does not exist", 0)
}

func TestRawEnvFilesAreTakenAsTheyStand(t *testing.T) {
	o := project(t, "a.yml", "services: {web: {image: a, env_file: [{path: raw, format: raw}]}}\n", ".env", "PASSED=yes\n",
		"raw", "# note\nA='$x' # y\r\n\nPASSED\nUNSET\n")
	want := map[string]string{"A": "'$x' # y", "PASSED": "yes"}
	if d := cmp.Diff(want, load(t, o).environment("web")); d != "" {
		t.Error(d)
	}
}

func TestUsesNamesWhatElseTakesAVariable(t *testing.T) {
	o := project(t, "a.yml", "services:\n  web:\n    image: a\n    ports: ['${PORT:-80}:80']\n    command: run ${X:-${PORT}}\n    environment:\n      - PORT\n      - B=$$PORT\n  two:\n    image: b\n    environment:\n      PORT:\n",
		".env", "PORT=1\nURL=http://x:$PORT\nNOT='$PORT'\n")
	var got []string
	for _, u := range load(t, o).Uses("PORT") {
		got = append(got, filepath.Base(u.Path)+" "+u.Where)
	}
	want := []string{"a.yml services.web.ports", "a.yml services.web.command", "a.yml services.web.environment", "a.yml services.two.environment", ".env URL"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
