package files

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

const (
	mark       = "culvert-abcdefghij-01234567"
	tunnelA    = "11111111-1111-4111-8111-111111111111"
	tunnelB    = "22222222-2222-4222-8222-222222222222"
	canary     = "made-up-db-pa55word" // a secret of the project's env file
	allowed    = "DJANGO_ALLOWED_HOSTS"
	trusted    = "CSRF_TRUSTED_ORIGINS"
	host       = "chat.example.org"
	composeYML = "docker-compose.prod.yml"
)

// world is a project folder with the Port over it.
type world struct {
	t     *testing.T
	dir   string
	data  string
	stack setup.Stack
	files *Files
	log   bytes.Buffer
	asked []string // tunnels whose token was fetched
	keep  []byte   // everything that was handed out, to look for secrets in
}

// project lays out a project folder from pairs of name and content.
func project(t *testing.T, pairs ...string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), data: t.TempDir()}
	for i := 0; i < len(pairs); i += 2 {
		w.put(pairs[i], pairs[i+1], 0o644)
	}
	box, err := secret.OpenBox(filepath.Join(w.data, "key"))
	if err != nil {
		t.Fatal(err)
	}
	w.stack = setup.Stack{
		Project: "ocs", Dir: w.dir, Files: []string{filepath.Join(w.dir, pairs[0])}, Service: "web", Target: 8000, Network: "ocs_default",
		ComposeFile: filepath.Join(w.dir, pairs[0]), EnvFile: filepath.Join(w.dir, ".env.prod"),
		Settings:      []string{allowed, trusted, "DJANGO_SETTINGS_MODULE"},
		ConnectorFile: filepath.Join(w.dir, "docker-compose.culvert.yml"), ConnectorProject: "culvert-ocs",
	}
	w.files = New(Options{
		Backups: filepath.Join(w.data, "backups"), Seal: box.Seal, Open: box.Open, Token: w.token,
		TokenDir: filepath.Join(w.data, "connectors"),
		Log:      slog.New(slog.NewTextHandler(&w.log, nil)),
		Clock:    func() time.Time { return time.Date(2026, 8, 21, 9, 0, 0, 0, time.UTC) }, // stands still
	})
	return w
}

// ocs is our own project of Open Chat Studio's shape.
func ocs(t *testing.T) *world {
	t.Helper()
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join("..", "testdata", "ocs", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	return project(t, composeYML, read(composeYML), ".env.prod", read("env.prod"), ".env", "POSTGRES_PASSWORD="+canary+"\n")
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) put(name, content string, mode fs.FileMode) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), []byte(content), mode); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) get(name string) string {
	w.t.Helper()
	b, err := os.ReadFile(w.path(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

func tokenFor(tunnel string) string {
	b, _ := json.Marshal(map[string]string{"a": "account", "t": tunnel, "s": "c2VjcmV0LW9mLQ" + tunnel[:8]})
	return base64.StdEncoding.EncodeToString(b)
}

func (w *world) token(_ context.Context, tunnel string) (secret.Text, error) {
	w.asked = append(w.asked, tunnel)
	return secret.New(tokenFor(tunnel)), nil
}

func (w *world) observe() setup.World {
	w.t.Helper()
	seen, err := w.files.Observe(w.t.Context(), setup.View{Private: true, Stacks: []setup.Stack{w.stack}})
	if err != nil {
		w.t.Fatal(err)
	}
	return seen
}

// object gives what was seen under a kind and id; its State is nil if nothing.
func (w *world) object(kind setup.Kind, id string) setup.Object {
	w.t.Helper()
	seen := w.observe()
	for _, p := range seen.Unread {
		w.t.Fatalf("unread: %s", p.Message)
	}
	for _, o := range seen.Objects {
		if o.State.Kind() == kind && o.ID == id {
			return o
		}
	}
	return setup.Object{}
}

func (w *world) do(entries ...setup.Entry) []setup.Outcome {
	w.t.Helper()
	out, err := w.files.Do(w.t.Context(), setup.Call{Footprint: "test", Entries: entries})
	if err != nil {
		w.t.Fatal(err)
	}
	w.keep = fmt.Appendf(w.keep, "%+v %v", out, out)
	return out
}

// must makes the changes and gives the outcomes, none of which is a problem.
func (w *world) must(entries ...setup.Entry) []setup.Outcome {
	w.t.Helper()
	out := w.do(entries...)
	for i, o := range out {
		if o.Err != nil {
			w.t.Fatalf("%s: %s", entries[i].Key, o.Err.Error())
		}
		if !setup.Same(o.State, entries[i].To) && !setup.Met(entries[i].To, o.State) {
			w.t.Fatalf("%s: stands as %+v, wanted %+v", entries[i].Key, o.State, entries[i].To)
		}
	}
	return out
}

// refused makes one change that must be declined with a code and with words.
func (w *world) refused(e setup.Entry, code setup.Code, words string) {
	w.t.Helper()
	p := w.do(e)[0].Err
	if p == nil {
		w.t.Fatalf("%s was not refused", e.Key)
	}
	if p.Code != code || !strings.Contains(p.Message, words) {
		w.t.Errorf("got %s: %s (%v)\nwant %s: …%s…", p.Code, p.Message, p.Cause, code, words)
	}
}

// env is the entry that gives a key of the env file a value, from what stands.
func (w *world) env(name, value string) setup.Entry {
	w.t.Helper()
	from := w.object(setup.KindEnvVar, name).State
	e := setup.Entry{Key: setup.Key{Kind: setup.KindEnvVar, Scope: w.stack.EnvFile, Name: name}, Verb: setup.Update, ID: name, From: from,
		To: setup.EnvVar{Path: w.stack.EnvFile, Name: name, Value: value, Join: setup.JoinComma, Items: strings.Split(value, ",")}}
	if from == nil {
		e.Verb, e.ID = setup.Create, ""
	}
	return e
}

// back is the entry that puts things as they were before another one.
func (w *world) back(e setup.Entry) setup.Entry {
	w.t.Helper()
	now := w.object(e.Key.Kind, idOf(e)).State
	back := setup.Entry{Key: e.Key, Verb: setup.Update, ID: idOf(e), From: now, To: e.From, Mark: e.Mark}
	if e.From == nil {
		back.Verb = setup.Delete
	}
	return back
}

func (w *world) port(to setup.Exposure) setup.Entry {
	w.t.Helper()
	from := w.object(setup.KindComposePort, "web").State
	want := setup.ComposePort{Path: w.stack.ComposeFile, Service: "web", Target: w.stack.Target, Exposure: to}
	return setup.Entry{Key: setup.Key{Kind: setup.KindComposePort, Scope: w.stack.ComposeFile, Name: "web"}, Verb: setup.Update, ID: "web", From: from, To: want}
}

func (w *world) connector(tunnel string) setup.Entry {
	w.t.Helper()
	from := w.object(setup.KindConnectorFile, w.stack.ConnectorFile).State
	e := setup.Entry{Key: setup.Key{Kind: setup.KindConnectorFile, Scope: w.stack.ConnectorFile, Name: "cloudflared"}, Verb: setup.Update, From: from, Mark: mark,
		To: setup.ConnectorFile{Path: w.stack.ConnectorFile, Project: "culvert-ocs", Image: "cloudflare/cloudflared:2026.8.2", Network: "ocs_default", Tunnel: setup.Lit(tunnel)}}
	if from == nil {
		e.Verb = setup.Create
	}
	return e
}

// unchanged checks that a file is as it was and that nothing lies beside it.
func (w *world) unchanged(name, content string) {
	w.t.Helper()
	if got := w.get(name); got != content {
		w.t.Errorf("%s is now\n%s", name, got)
	}
	w.noLeftovers(w.dir)
}

func (w *world) noLeftovers(dir string) {
	w.t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), ".culvert-") {
			w.t.Errorf("%s was left behind", e.Name())
		}
	}
}

func (w *world) backups(name string) []string {
	w.t.Helper()
	all, err := filepath.Glob(filepath.Join(w.files.backupDir(w.path(name)), "*"))
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func stat(t *testing.T, path string) fs.FileInfo {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}
