package files

import (
	"os"
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
)

func TestAnEnvFileIsSeenKeyByKey(t *testing.T) {
	w := ocs(t)
	if o := w.object(setup.KindEnvVar, allowed); !setup.Same(o.State, setup.EnvVar{Path: w.stack.EnvFile, Name: allowed}) || o.Scope != w.stack.EnvFile {
		t.Errorf("an empty key is seen as %+v", o)
	}
	if o := w.object(setup.KindEnvVar, trusted); o.State != nil {
		t.Errorf("an absent key is seen as %+v", o)
	}
	if o := w.object(setup.KindEnvVar, "DJANGO_SETTINGS_MODULE"); o.State.(setup.EnvVar).Value != "config.settings_production" {
		t.Errorf("got %+v", o)
	}
	for _, o := range w.observe().Objects {
		if v, ok := o.State.(setup.EnvVar); ok && strings.Contains(v.Value, canary) {
			t.Errorf("%s was read although nobody asked for it", v.Name)
		}
	}
}

func TestTwoKeysAreWrittenInOneCallAndPutBackByteForByte(t *testing.T) {
	for name, as := range map[string]func(string) string{
		"LF":               func(s string) string { return s },
		"CRLF":             func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"no final newline": func(s string) string { return strings.TrimRight(s, "\n") },
		"BOM":              func(s string) string { return "\uFEFF" + s },
	} {
		t.Run(name, func(t *testing.T) {
			w := ocs(t)
			original := as(w.get(".env.prod"))
			w.put(".env.prod", original, 0o644)
			hosts, origins := w.env(allowed, host), w.env(trusted, "https://"+host)
			w.must(hosts, origins)
			if n := len(w.backups(".env.prod")); n != 1 {
				t.Errorf("%d backups, want one for the one write", n)
			}
			if got := w.object(setup.KindEnvVar, allowed).State.(setup.EnvVar).Value; got != host {
				t.Errorf("read back %q", got)
			}
			out := w.do(w.back(hosts), w.back(origins))
			if out[0].Err != nil || out[1].Err != nil || out[1].State != nil {
				t.Fatalf("putting back: %+v", out)
			}
			w.unchanged(".env.prod", original)
		})
	}
}

// Each of these lines would come back with another spelling if it were only
// edited in the other direction.
func TestAnUnusualLineComesBackAsItWasSpelled(t *testing.T) {
	for _, line := range []string{allowed + "= # the hosts", allowed, "export " + allowed + "=\"a.example.org\"  # note", allowed + "='a.example.org'", allowed + "=${DOMAIN}"} {
		t.Run(line, func(t *testing.T) {
			original := "DOMAIN=a.example.org\n" + line + "\nLAST=1"
			w := project(t, composeYML, "services: {web: {image: a, env_file: .env.prod, ports: ['8000:8000']}}\n", ".env.prod", original)
			e := w.env(allowed, "a.example.org,"+host)
			w.must(e)
			w.do(w.back(e))
			w.unchanged(".env.prod", original)
		})
	}
}

func TestAnUndoKeepsWhatTheOperatorWroteMeanwhile(t *testing.T) {
	w := ocs(t)
	original := w.get(".env.prod")
	hosts, origins := w.env(allowed, host), w.env(trusted, "https://"+host)
	w.must(hosts)
	w.must(origins)
	w.put(".env.prod", w.get(".env.prod")+"NEW=1\n", 0o644)
	w.do(w.back(origins), w.back(hosts))
	w.unchanged(".env.prod", original+"NEW=1\n")
}

func TestUndoOfOneOfTwoWritesKeepsTheOther(t *testing.T) {
	w := ocs(t)
	first := w.env(allowed, host)
	w.must(first)
	second := w.env(trusted, "https://"+host)
	w.must(second)
	w.do(w.back(first))
	if got := w.get(".env.prod"); !strings.Contains(got, trusted+"=https://"+host) || strings.Contains(got, allowed+"="+host) {
		t.Errorf("got\n%s", got)
	}
}

func TestAKeyThatChangedSinceIsLeftAlone(t *testing.T) {
	w := ocs(t)
	hosts, origins := w.env(allowed, host), w.env(trusted, "https://"+host)
	w.put(".env.prod", strings.Replace(w.get(".env.prod"), allowed+"=", allowed+"=other.example.org", 1), 0o644)
	out := w.do(hosts, origins)
	if out[0].Err == nil || out[0].Err.Code != setup.CodeChanged || out[0].State.(setup.EnvVar).Value != "other.example.org" {
		t.Errorf("got %+v", out[0])
	}
	if out[1].Err != nil {
		t.Errorf("the other key was not written: %v", out[1].Err)
	}
	if got := w.get(".env.prod"); !strings.Contains(got, allowed+"=other.example.org") || !strings.Contains(got, trusted+"=https://"+host) {
		t.Errorf("got\n%s", got)
	}
}

func TestAValueIsReadAsTheAppGetsIt(t *testing.T) {
	w := project(t, composeYML, "services: {web: {image: a, env_file: .env.prod, ports: ['8000:8000']}}\n",
		".env", "DOMAIN=a.example.org\n", ".env.prod", allowed+"=${DOMAIN}\n")
	if got := w.object(setup.KindEnvVar, allowed).State.(setup.EnvVar).Value; got != "a.example.org" {
		t.Errorf("got %q: the host that the app answers to would be lost", got)
	}
}

func TestAKeyThatTheFileDoesNotDecideIsSeenWhereItStands(t *testing.T) {
	for name, row := range map[string]struct{ compose, later, where string }{
		"the compose file": {"services: {web: {image: a, env_file: [{path: .env.prod, required: false}], environment: {" + allowed + ": x.example}}}\n", "", "environment: in the compose file"},
		"a later env file": {"services: {web: {image: a, env_file: [{path: .env.prod, required: false}, later.env]}}\n", allowed + "=x.example\n", "later.env, line 1"},
	} {
		for _, prod := range []string{"", allowed + "=y.example\n"} {
			w := project(t, composeYML, row.compose, "later.env", row.later)
			if prod != "" {
				w.put(".env.prod", prod, 0o600)
			}
			got, _ := w.object(setup.KindEnvVar, allowed).State.(setup.EnvVar)
			if got.Value != "x.example" || !strings.HasSuffix(got.Elsewhere, row.where) {
				t.Errorf("%s, with %q in the file: got %+v", name, prod, got)
			}
		}
	}
	w := project(t, composeYML, "services: {web: {image: a, env_file: [earlier.env, .env.prod]}}\n", "earlier.env", allowed+"=x.example\n", ".env.prod", allowed+"=y.example\n")
	if got := w.object(setup.KindEnvVar, allowed).State.(setup.EnvVar); got.Elsewhere != "" || got.Value != "y.example" {
		t.Errorf("the file is the last to speak, and is seen as %+v", got)
	}
}

func TestEnvEditsThatDoMoreOrLessThanShownAreRefused(t *testing.T) {
	const web = "services: {web: {image: a, env_file: [.env, .env.prod], ports: ['8000:8000']}}\n"
	for name, row := range map[string]struct {
		compose, env, prod string
		words              string
	}{
		"a list elsewhere would be lost":   {web, allowed + "=old.example.org\n", "B=1\n", "would be lost"},
		"environment: wins":                {"services: {web: {image: a, env_file: .env.prod, environment: {" + allowed + ": x}}}\n", "", "B=1\n", "decided elsewhere"},
		"a later file wins":                {"services: {web: {image: a, env_file: [.env.prod, .env]}}\n", allowed + "=x\n", allowed + "=y\n", "decided elsewhere"},
		"nobody reads the file":            {"services: {web: {image: a}}\n", "", "B=1\n", "does not read"},
		"something else is made from it":   {"services: {web: {image: a, env_file: .env.prod}}\n", "", allowed + "=y\nURL=https://${" + allowed + "}/\n", "would change with it"},
		"the last line is not finished":    {"services: {web: {image: a, env_file: .env.prod}}\n", "", "B=1\nHALF", "cannot be added after it"},
		"another service takes it from it": {"services: {web: {image: a, env_file: .env.prod}, b: {image: b, env_file: .env.prod, environment: {" + allowed + ": z}}}\n", "", "B=1\n", "decided elsewhere"},
	} {
		t.Run(name, func(t *testing.T) {
			w := project(t, composeYML, row.compose, ".env", row.env, ".env.prod", row.prod)
			w.refused(w.env(allowed, host), setup.CodeRefused, row.words)
			w.unchanged(".env.prod", row.prod)
			if len(w.backups(".env.prod")) > 0 {
				t.Error("a backup was made although nothing was written")
			}
		})
	}
}

func TestANewEnvFileIsMadeForItsOwnerAloneAndGoesWithItsKey(t *testing.T) {
	w := project(t, composeYML, "services: {web: {image: a, env_file: [{path: .env.prod, required: false}]}}\n")
	e := w.env(allowed, host)
	w.must(e)
	if mode := stat(t, w.path(".env.prod")).Mode(); mode != 0o600 {
		t.Errorf("mode %v", mode)
	}
	if got := w.get(".env.prod"); got != allowed+"="+host+"\n" {
		t.Errorf("got %q", got)
	}
	if out := w.do(w.back(e)); out[0].Err != nil {
		t.Fatal(out[0].Err)
	}
	if _, err := os.Stat(w.path(".env.prod")); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
}

func TestAFileThatWeMadeAndThatIsNowRequiredStays(t *testing.T) {
	const optional = "services: {web: {image: a, env_file: [{path: .env.prod, required: false}]}}\n"
	w := project(t, composeYML, optional)
	e := w.env(allowed, host)
	w.must(e)
	w.put(composeYML, strings.Replace(optional, "false", "true", 1), 0o644)
	w.do(w.back(e))
	w.unchanged(".env.prod", "")
}

func TestARequiredFileThatIsMissingIsNotMade(t *testing.T) {
	w := project(t, composeYML, "services: {web: {image: a, env_file: .env.prod}}\n")
	w.observe()
	e := setup.Entry{Key: setup.Key{Kind: setup.KindEnvVar, Scope: w.stack.EnvFile, Name: allowed}, Verb: setup.Create,
		To: setup.EnvVar{Path: w.stack.EnvFile, Name: allowed, Value: host}}
	w.refused(e, setup.CodeRefused, "does not exist, so the app cannot start")
	if _, err := os.Stat(w.path(".env.prod")); !os.IsNotExist(err) {
		t.Error("it was made")
	}
}

func TestAFileThatIsNotReadableAsSettingsIsUnreadAndNamesTheLine(t *testing.T) {
	w := ocs(t)
	w.put(".env.prod", "A=1\nthis is no setting\nP="+canary+"\n", 0o644)
	p, ok := w.observe().Unread[setup.ReadScope{Kind: setup.KindEnvVar, Scope: w.stack.EnvFile}]
	if !ok || !strings.HasPrefix(p.Message, w.stack.EnvFile+", line 2: ") {
		t.Errorf("got %+v", p)
	}
	if strings.Contains(p.Error(), canary) {
		t.Error("a secret got out")
	}
}

func TestAMissingFileHoldsNoKeysAndAMissingFolderIsUnread(t *testing.T) {
	w := ocs(t)
	if err := os.Remove(w.path(".env.prod")); err != nil {
		t.Fatal(err)
	}
	if o := w.object(setup.KindEnvVar, allowed); o.State != nil {
		t.Errorf("got %+v", o)
	}
	w.stack.EnvFile = w.path("gone/.env.prod")
	if _, ok := w.observe().Unread[setup.ReadScope{Kind: setup.KindEnvVar, Scope: w.stack.EnvFile}]; !ok {
		t.Error("a folder that is not there was taken for an empty one")
	}
}

func TestThePreviewOfAKeyShowsItsLinesAndMasksTheOthers(t *testing.T) {
	w := ocs(t)
	original := w.get(".env.prod")
	w.put(".env.prod", strings.Replace(original, allowed+"=", "DATABASE_PASSWORD="+canary+"\n"+allowed+"=", 1), 0o644)
	before := w.get(".env.prod")
	diff, err := w.files.Preview(t.Context(), w.env(allowed, host))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(diff, "- "+allowed+"=\n") || !strings.Contains(diff, "+ "+allowed+"="+host+"\n") || strings.Contains(diff, canary) {
		t.Errorf("got\n%s", diff)
	}
	w.unchanged(".env.prod", before)
	if len(w.backups(".env.prod")) > 0 {
		t.Error("a preview made a backup")
	}
}

func TestAFileThatWasNotLookedAtIsNotChanged(t *testing.T) {
	w := ocs(t)
	e := w.env(allowed, host)
	w.files = New(w.files.Options)
	w.refused(e, setup.CodeUnavailable, "Look again")
}
