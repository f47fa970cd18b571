package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/rehearsal"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// asProgram makes the test binary behave as the program itself.
const asProgram = "CULVERT_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	logrus.SetOutput(io.Discard)
	os.Exit(m.Run())
}

const example = "../../examples/open-chat-studio/culvert.yaml"

// shop is a data folder with the rehearsal in it, worked on by commands.
type shop struct {
	*testing.T
	data  string
	file  string // culvert.yaml
	clock func() time.Time
	// unsure is how the account is where nobody knows how the real one is.
	unsure sim.Unsure
	second bool // another app runs on the server
}

func newShop(t *testing.T) *shop {
	t.Helper()
	return &shop{T: t, data: filepath.Join(t.TempDir(), "data"), file: example, clock: time.Now}
}

// edited uses a culvert.yaml of one's own: pairs of old and new lines.
func (s *shop) edited(pairs ...string) {
	s.Helper()
	text, err := os.ReadFile(example)
	if err != nil {
		s.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if !bytes.Contains(text, []byte(pairs[i])) {
			s.Fatalf("the example has no %q", pairs[i])
		}
		text = bytes.Replace(text, []byte(pairs[i]), []byte(pairs[i+1]), 1)
	}
	s.file = filepath.Join(s.TempDir(), "culvert.yaml")
	if err := os.WriteFile(s.file, text, 0o600); err != nil {
		s.Fatal(err)
	}
}

// ran is what a command printed, how it ended and which calls it made.
type ran struct {
	code  int
	out   string
	err   string // what a person sees of the error
	calls []apiCall
}

type apiCall struct {
	Method string
	Path   string
	Status int
}

func (s *shop) run(args ...string) ran {
	s.Helper()
	return s.plain(append(args, "--rehearsal", "-f", s.file)...)
}

// plain runs a command that works on no file.
func (s *shop) plain(args ...string) ran {
	s.Helper()
	return s.started(strings.NewReader(""), append(args, "--data", s.data)...)
}

// started runs a command with what somebody types at its questions.
func (s *shop) started(keys io.Reader, args ...string) ran {
	s.Helper()
	var out, errs, calls bytes.Buffer
	root := newRoot(&settings{stdin: keys, stdout: &out, stderr: &errs, practice: rehearsal.Options{Calls: &calls, Unsure: s.unsure}})
	root.SetArgs(args)
	code := exitCode(root.ExecuteContext(s.Context()), &errs)
	r := ran{code: code, out: out.String(), err: errs.String()}
	for d := json.NewDecoder(&calls); d.More(); {
		var c apiCall
		if err := d.Decode(&c); err != nil {
			s.Fatal(err)
		}
		r.calls = append(r.calls, c)
	}
	return r
}

// must runs a command that has to end well.
func (s *shop) must(args ...string) ran {
	s.Helper()
	r := s.run(args...)
	if r.code != exitOK {
		s.Fatalf("culvert %s ended with %d:\n%s%s", strings.Join(args, " "), r.code, r.out, r.err)
	}
	return r
}

func (s *shop) applied() *shop {
	s.Helper()
	s.must("apply", "--yes")
	return s
}

func (r ran) writes() []apiCall {
	var w []apiCall
	for _, c := range r.calls {
		if c.Method != http.MethodGet {
			w = append(w, c)
		}
	}
	return w
}

func (s *shop) project(name string) string {
	return filepath.Join(s.data, "practice", "world", "open-chat-studio", name)
}

// behindOurBack opens the world while no Culvert runs, as a stranger at the
// dashboard or on the server would.
func (s *shop) behindOurBack(f func(*stranger)) {
	s.Helper()
	w, err := rehearsal.Open(s.Context(), rehearsal.Options{
		Dir: filepath.Join(s.data, "practice", "world"), Clock: time.Now, Log: slog.New(slog.DiscardHandler), Second: s.second})
	if err != nil {
		s.Fatal(err)
	}
	defer func() {
		if err := w.Close(); err != nil {
			s.Error(err)
		}
	}()
	f(&stranger{s.T, w})
}

// fresh makes the world without any Culvert having looked at it.
func (s *shop) fresh(f func(*stranger)) *shop {
	s.Helper()
	if err := os.MkdirAll(filepath.Join(s.data, "practice"), 0o700); err != nil {
		s.Fatal(err)
	}
	if err := os.Chmod(s.data, 0o700); err != nil {
		s.Fatal(err)
	}
	s.behindOurBack(f)
	return s
}

// stranger is somebody who is not Culvert and works on the same account and
// server. It knows the API only, not the adapter.
type stranger struct {
	*testing.T
	*rehearsal.World
}

type object map[string]any

func (o object) id() string {
	id, _ := o["id"].(string)
	return id
}

func (w *stranger) Cleanup(f func()) { w.T.Cleanup(f) }

// call makes an API call; {account} and {zone} in the path are filled in.
func (w *stranger) call(method, path string, body any) json.RawMessage {
	w.Helper()
	b := w.Cloud.Basics()
	path = strings.NewReplacer("{account}", b.AccountID, "{zone}", b.ZoneID).Replace(path)
	text, err := json.Marshal(body)
	if err != nil {
		w.Fatal(err)
	}
	r, err := http.NewRequestWithContext(w.T.Context(), method, w.BaseURL()+path, bytes.NewReader(text))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+b.Token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := w.Client().Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Success bool
		Errors  json.RawMessage
		Result  json.RawMessage
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		w.Fatal(err)
	}
	if !answer.Success {
		w.Fatalf("%s %s: %s", method, path, answer.Errors)
	}
	return answer.Result
}

func (w *stranger) list(path string) []object {
	w.Helper()
	var all []object
	if err := json.Unmarshal(w.call(http.MethodGet, path, nil), &all); err != nil {
		w.Fatal(err)
	}
	return all
}

// named gives the one object of a list whose name begins with a text.
func (w *stranger) named(path, name string) object {
	w.Helper()
	var found []object
	for _, o := range w.list(path) {
		if text, _ := o["name"].(string); strings.HasPrefix(text, name) {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		w.Fatalf("%s has %d objects named %q, want one", path, len(found), name)
	}
	return found[0]
}

// reopenPort starts the app again with its port published to everybody.
func (w *stranger) reopenPort(a setup.Answers) {
	w.Helper()
	closed := setup.Published{Project: a.Stack.Project, Service: a.Stack.Service, Target: a.Stack.Target, Exposure: setup.ExposedLoopback}
	open := closed
	open.Exposure = setup.ExposedPublic
	outs, err := w.Docker.Do(w.T.Context(), setup.Call{Entries: []setup.Entry{
		{Key: a.PublishedKey(), Verb: setup.Update, ID: strconv.Itoa(closed.Target), From: closed, To: open}}})
	if err != nil || outs[0].Err != nil {
		w.Fatalf("opening the port: %v, %v", err, outs)
	}
}

// Where the API keeps things.
const (
	apps     = "accounts/{account}/access/apps"
	policies = "accounts/{account}/access/policies"
	logins   = "accounts/{account}/access/identity_providers"
	tunnels  = "accounts/{account}/cfd_tunnel?is_deleted=false"
	records  = "zones/{zone}/dns_records"
)

// account is all that the account holds, by kind, as the API lists it.
func (w *stranger) account() map[string][]object {
	w.Helper()
	all := map[string][]object{}
	for kind, path := range map[string]string{"apps": apps, "policies": policies, "logins": logins, "tunnels": tunnels, "records": records} {
		all[kind] = w.list(path + sep(path) + "per_page=50")
	}
	for _, t := range all["tunnels"] {
		var config struct {
			Config struct{ Ingress []object }
		}
		if err := json.Unmarshal(w.call(http.MethodGet, "accounts/{account}/cfd_tunnel/"+t.id()+"/configurations", nil), &config); err != nil {
			w.Fatal(err)
		}
		for _, rule := range config.Config.Ingress {
			if rule["hostname"] != nil {
				all["rules"] = append(all["rules"], rule)
			}
		}
	}
	return all
}

func sep(path string) string {
	if strings.Contains(path, "?") {
		return "&"
	}
	return "?"
}

func counts(all map[string][]object) string {
	return fmt.Sprintf("%d apps, %d policies, %d login methods, %d tunnels, %d rules, %d records",
		len(all["apps"]), len(all["policies"]), len(all["logins"]), len(all["tunnels"]), len(all["rules"]), len(all["records"]))
}

// whole is the account after an apply of the example: one of each thing.
const (
	whole = "8 apps, 2 policies, 2 login methods, 1 tunnels, 11 rules, 1 records"
	bare  = "0 apps, 0 policies, 1 login methods, 0 tunnels, 0 rules, 0 records"
)

// files are the project's files with their content.
func (s *shop) files() map[string]string {
	s.Helper()
	dir := s.project("")
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, dir+"/")] = string(text)
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return all
}

func (s *shop) write(name, text string) {
	s.Helper()
	if err := os.WriteFile(s.project(name), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

func (s *shop) read(name string) string {
	s.Helper()
	text, err := os.ReadFile(s.project(name))
	if err != nil {
		s.Fatal(err)
	}
	return string(text)
}

// workspace opens the data folder as a command does, and keeps the world at hand.
func (s *shop) workspace(ctx context.Context) (*workspace, *stranger) {
	s.Helper()
	w, world := openPractice(ctx, s.T, s.data, s.clock)
	return w, &stranger{s.T, world}
}

func secretText(text string) secret.Text { return secret.New(text) }
