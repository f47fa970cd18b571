package files

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
)

// withFront is a project with a front; its folder does not exist yet.
func withFront(t *testing.T) (*world, setup.FrontConfig) {
	w := ocs(t)
	w.stack.FrontDir = filepath.Join(w.data, "front", "ocs")
	return w, setup.FrontConfig{Dir: w.stack.FrontDir, Names: []string{"ocs.your-org"}, Upstream: "web:8000"}
}

func (w *world) front(to setup.State) setup.Entry {
	path := setup.FrontConfig{Dir: w.stack.FrontDir}.Path()
	o := w.object(setup.KindFrontConfig, path)
	e := setup.Entry{Key: setup.Key{Kind: setup.KindFrontConfig, Scope: path, Name: "front"}, Verb: setup.Update, ID: o.ID, From: o.State, To: to, Mark: mark}
	if o.State == nil {
		e.Verb = setup.Create
	}
	return e
}

func TestTheFrontsConfigurationIsWrittenAndReadBack(t *testing.T) {
	w, to := withFront(t)
	w.must(w.front(to))
	o := w.object(setup.KindFrontConfig, to.Path())
	if !setup.Same(o.State, to) || o.Mark != mark || o.Scope != to.Path() {
		t.Fatalf("seen as %+v", o)
	}
	text, err := os.ReadFile(to.Path())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"server_name ocs.your-org;", "set $app web:8000;", "proxy_set_header Host $http_host;", "proxy_set_header X-Forwarded-Proto https;",
		"proxy_set_header X-Forwarded-For $remote_addr;", "proxy_set_header Upgrade $http_upgrade;", "ssl_certificate /etc/culvert/tls.pem;",
		"ssl_certificate_key /etc/culvert/tls.pem;", "return 421;", "proxy_read_timeout 1h;"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if err := os.WriteFile(to.Path(), []byte(strings.Replace(string(text), "1h", "5s", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if o := w.object(setup.KindFrontConfig, to.Path()); setup.Same(o.State, to) || o.Mark != mark {
		t.Errorf("a line changed by hand does not show: %+v", o)
	}
	w.must(w.front(to))
	e := w.front(nil)
	e.Verb = setup.Delete
	w.must(e)
	if o := w.object(setup.KindFrontConfig, to.Path()); o.State != nil {
		t.Errorf("still there: %+v", o)
	}
}

func TestAStrangersFrontConfigurationIsLeftAlone(t *testing.T) {
	w, to := withFront(t)
	if err := os.MkdirAll(to.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to.Path(), []byte("events {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	w.refused(w.front(to), setup.CodeRefused, "not written by this Culvert")
	if o := w.object(setup.KindFrontConfig, to.Path()); o.Mark != "" || o.State == nil {
		t.Errorf("seen as %+v", o)
	}
}

func TestWhatIsNoNameDoesNotGetIntoTheConfiguration(t *testing.T) {
	for _, name := range []string{"a;return 200", "a b", "a{", "$host", "", "../x", "a\nb"} {
		w, to := withFront(t)
		to.Names = []string{name}
		w.refused(w.front(to), setup.CodeRefused, "is not one")
		to.Names, to.Upstream = []string{"ocs.your-org"}, name
		w.refused(w.front(to), setup.CodeRefused, "is not one")
	}
}
