package files

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

func (w *world) tokenPath() string { return filepath.Join(w.data, "connectors", "culvert-ocs.env") }

func (w *world) storedToken() string {
	w.t.Helper()
	b, err := os.ReadFile(w.tokenPath())
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

func TestTheConnectorsFileIsWrittenWithTheTokenBesideIt(t *testing.T) {
	w := ocs(t)
	if o := w.object(setup.KindConnectorFile, w.stack.ConnectorFile); o.State != nil {
		t.Fatalf("got %+v", o)
	}
	e := w.connector(tunnelA)
	w.must(e)
	o := w.object(setup.KindConnectorFile, w.stack.ConnectorFile)
	if !setup.Same(o.State, e.To) || o.Mark != mark || o.Scope != w.stack.ConnectorFile {
		t.Errorf("seen as %+v", o)
	}
	text := w.get("docker-compose.culvert.yml")
	for _, want := range []string{mark + "\n", `"sh.culvert.mark": "` + mark + `"`, `path: "` + w.tokenPath() + `"`, `name: "ocs_default"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if got := w.storedToken(); got != "TUNNEL_TOKEN="+tokenFor(tunnelA)+"\n" {
		t.Errorf("token file: %q", got)
	}
	if mode := stat(t, w.tokenPath()).Mode(); mode != 0o600 {
		t.Errorf("token file has mode %v", mode)
	}
	if mode := stat(t, filepath.Dir(w.tokenPath())).Mode().Perm(); mode != 0o700 {
		t.Errorf("token folder has mode %v", mode)
	}
	if mode := stat(t, w.stack.ConnectorFile).Mode(); mode != 0o644 {
		t.Errorf("compose file has mode %v", mode)
	}
}

func TestATokenOfAnotherTunnelShowsAndIsReplaced(t *testing.T) {
	w := ocs(t)
	w.must(w.connector(tunnelA))
	if err := os.WriteFile(w.tokenPath(), []byte("TUNNEL_TOKEN="+tokenFor(tunnelB)+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if s := w.object(setup.KindConnectorFile, w.stack.ConnectorFile).State.(setup.ConnectorFile); s.Tunnel != setup.Lit(tunnelB) {
		t.Errorf("seen as %+v", s)
	}
	w.must(w.connector(tunnelA))
	if mode := stat(t, w.tokenPath()).Mode(); mode != 0o600 || !strings.Contains(w.storedToken(), tokenFor(tunnelA)) {
		t.Errorf("mode %v, token of the right tunnel: %v", mode, strings.Contains(w.storedToken(), tokenFor(tunnelA)))
	}
}

func TestALostTokenShows(t *testing.T) {
	w := ocs(t)
	w.must(w.connector(tunnelA))
	if err := os.RemoveAll(filepath.Dir(w.tokenPath())); err != nil {
		t.Fatal(err)
	}
	if s := w.object(setup.KindConnectorFile, w.stack.ConnectorFile).State.(setup.ConnectorFile); s.Tunnel != (setup.ID{}) {
		t.Errorf("seen as %+v", s)
	}
	w.must(w.connector(tunnelA))
}

func TestAConnectorFileChangedByHandShowsAndIsWrittenAgain(t *testing.T) {
	for name, edit := range map[string]func(string) string{
		"a line more": func(s string) string {
			return strings.Replace(s, "    restart:", "    privileged: true\n    restart:", 1)
		},
		"not readable":   func(s string) string { return s + "x: [\n" },
		"without labels": func(s string) string { return strings.ReplaceAll(s, "sh.culvert.mark", "sh.other") },
	} {
		t.Run(name, func(t *testing.T) {
			w := ocs(t)
			w.must(w.connector(tunnelA))
			original := w.get("docker-compose.culvert.yml")
			w.put("docker-compose.culvert.yml", edit(original), 0o644)
			e := w.connector(tunnelA)
			if setup.Same(e.From, e.To) {
				t.Fatal("the change does not show")
			}
			if o := w.object(setup.KindConnectorFile, w.stack.ConnectorFile); o.Mark != mark {
				t.Errorf("no longer known as ours: %+v", o)
			}
			w.must(e)
			w.unchanged("docker-compose.culvert.yml", original)
		})
	}
}

func TestDeletingTheConnectorTakesTheTokenAlong(t *testing.T) {
	for name, edit := range map[string]string{"as written": "", "not readable": "x: [\n"} {
		t.Run(name, func(t *testing.T) {
			w := ocs(t)
			e := w.connector(tunnelA)
			w.must(e)
			w.put("docker-compose.culvert.yml", w.get("docker-compose.culvert.yml")+edit, 0o644)
			if out := w.do(w.back(e)); out[0].Err != nil || out[0].State != nil {
				t.Fatalf("got %+v", out[0])
			}
			for _, path := range []string{w.stack.ConnectorFile, w.tokenPath()} {
				if _, err := os.Stat(path); !os.IsNotExist(err) {
					t.Errorf("%s is still there: %v", path, err)
				}
			}
		})
	}
}

func TestAStrangersFileIsSeenAndNeverTouched(t *testing.T) {
	w := ocs(t)
	foreign := "# " + mark + "\nname: theirs\nservices:\n  cloudflared:\n    image: cloudflare/cloudflared:latest\n    env_file: [{path: /x.env}]\n"
	w.put("docker-compose.culvert.yml", foreign, 0o644)
	o := w.object(setup.KindConnectorFile, w.stack.ConnectorFile)
	want := setup.ConnectorFile{Path: w.stack.ConnectorFile, Project: "theirs", Image: "cloudflare/cloudflared:latest"}
	if o.Mark != "" || !setup.Same(o.State, want) {
		t.Errorf("seen as %+v", o)
	}
	e := w.connector(tunnelA)
	w.refused(e, setup.CodeRefused, "was not written by this Culvert")
	e.To, e.Verb = nil, setup.Delete
	w.refused(e, setup.CodeRefused, "was not written by this Culvert")
	e.From, e.Verb = nil, setup.Create
	w.refused(e, setup.CodeChanged, "look again")
	w.unchanged("docker-compose.culvert.yml", foreign)
	if len(w.asked) > 0 {
		t.Error("a token was fetched for nothing")
	}
}

func TestAFileOfAnotherInstallationIsNotOurs(t *testing.T) {
	w := ocs(t)
	w.must(w.connector(tunnelA))
	e := w.connector(tunnelB)
	e.Mark = "culvert-zzzzzzzzzz-76543210"
	w.refused(e, setup.CodeRefused, "was not written by this Culvert")
	if !strings.Contains(w.storedToken(), tokenFor(tunnelA)) {
		t.Error("the token was replaced")
	}
}

func TestNoTokenMeansNoFiles(t *testing.T) {
	for name, row := range map[string]struct {
		token string
		err   error
		code  setup.Code
		words string
	}{
		"the account says no":       {err: &setup.Problem{Code: setup.CodeDenied, Message: "The token may not do this."}, code: setup.CodeDenied, words: "may not"},
		"an error without words":    {err: errors.New("boom"), code: setup.CodeInternal, words: "log says more"},
		"a token of another tunnel": {token: tokenFor(tunnelB), code: setup.CodeInvalid, words: "does not belong to the tunnel " + tunnelA},
		"a text that is no token":   {token: "nonsense-s3cret", code: setup.CodeInvalid, words: "does not belong"},
	} {
		t.Run(name, func(t *testing.T) {
			w := ocs(t)
			w.files.Token = func(context.Context, string) (secret.Text, error) { return secret.New(row.token), row.err }
			w.refused(w.connector(tunnelA), row.code, row.words)
			if o := w.object(setup.KindConnectorFile, w.stack.ConnectorFile); o.State != nil {
				t.Errorf("left %+v", o)
			}
			if _, err := os.Stat(w.tokenPath()); !os.IsNotExist(err) {
				t.Errorf("left a token file: %v", err)
			}
			if strings.Contains(string(w.keep)+w.log.String(), "s3cret") {
				t.Error("the text got out")
			}
		})
	}
}

func TestAConnectorFileThatFailsHalfWayPutsTheTokenBack(t *testing.T) {
	for name, before := range map[string]bool{"new": false, "changed": true} {
		t.Run(name, func(t *testing.T) {
			w := ocs(t)
			if before {
				w.must(w.connector(tunnelA))
			}
			e := w.connector(tunnelB)
			to := e.To.(setup.ConnectorFile)
			to.Image = "cloudflare/cloudflared:2027.1.0"
			e.To = to
			w.files.disk = failing{realDisk{}, "rename", "docker-compose.culvert.yml"}
			if p := w.do(e)[0].Err; p == nil {
				t.Fatal("nothing failed")
			}
			w.files.disk = realDisk{}
			w.noLeftovers(w.dir)
			_, err := os.Stat(w.tokenPath())
			switch {
			case !before && !os.IsNotExist(err):
				t.Errorf("left a token: %v", err)
			case before && w.storedToken() != "TUNNEL_TOKEN="+tokenFor(tunnelA)+"\n":
				t.Error("the old token is gone")
			}
		})
	}
}

func TestTheTokenStandsNowhereButInItsFile(t *testing.T) {
	w := ocs(t)
	for _, tunnel := range []string{tunnelA, tunnelB} {
		diff, err := w.files.Preview(t.Context(), w.connector(tunnel))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(diff, "+ TUNNEL_TOKEN="+dots) || !strings.Contains(diff, "@@ "+w.stack.ConnectorFile) && tunnel == tunnelA {
			t.Errorf("the preview shows\n%s", diff)
		}
		w.keep = append(w.keep, diff...)
		if n := len(w.asked); tunnel == tunnelA && n != 0 {
			t.Error("the preview fetched a token")
		}
		w.must(w.connector(tunnel))
	}
	w.keep = append(w.keep, w.log.String()...)
	err := filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		w.keep = append(w.keep, b...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range append(w.backups("docker-compose.culvert.yml"), w.backups(composeYML)...) {
		sealed, err := os.ReadFile(b)
		if err != nil {
			t.Fatal(err)
		}
		w.keep = append(w.keep, sealed...)
	}
	for _, tunnel := range []string{tunnelA, tunnelB} {
		if strings.Contains(string(w.keep), tokenFor(tunnel)) || strings.Contains(string(w.keep), "c2VjcmV0LW9mLQ") {
			t.Error("a token got out")
		}
	}
}

func TestWhatRunsBesideTheConnectorIsReadBackAsItWasWritten(t *testing.T) {
	w := ocs(t)
	e := w.connector(tunnelA)
	to := e.To.(setup.ConnectorFile)
	to.Networks, to.Protocol = []string{"culvert-ocs"}, "quic"
	to.Sidecars = []setup.SidecarSpec{
		{Service: setup.DNSService, Image: "dnsmasq@sha256:1", Names: []setup.HostAddress{{Name: "ocs.your-org", Address: "172.30.250.2"}},
			Networks: []setup.Endpoint{{Network: "culvert-ocs", Address: "172.30.250.3"}}},
		{Service: setup.FrontService, Image: "nginx@sha256:2", Dir: "/srv/culvert/front", Config: "abc",
			Networks: []setup.Endpoint{{Network: "culvert-ocs", Address: "172.30.250.2", Aliases: []string{"ocs.your-org"}}, {Network: "ocs_default"}}},
	}
	e.To = to
	w.must(e)
	if o := w.object(setup.KindConnectorFile, w.stack.ConnectorFile); !setup.Same(o.State, to) {
		t.Errorf("seen as %+v, want %+v", o.State, to)
	}
	text := w.get("docker-compose.culvert.yml")
	for _, want := range []string{`- "--local=/ocs.your-org/"`, `- "--no-resolv"`, `target: "/etc/culvert"`, `read_only: true`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	w.put("docker-compose.culvert.yml", strings.Replace(text, `- "--no-hosts"`, `- "--expand-hosts"`, 1), 0o644)
	if o := w.object(setup.KindConnectorFile, w.stack.ConnectorFile); setup.Same(o.State, to) {
		t.Error("an argument that was changed by hand does not show")
	}
}
