package files

import (
	"os"
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
)

func TestAPortIsSeenAsFarAsItCanBeReached(t *testing.T) {
	for _, row := range []struct {
		web  string
		want setup.Exposure
	}{
		{"ports: ['8000:8000']", setup.ExposedPublic},
		{"ports: ['10.0.0.1:8000:8000']", setup.ExposedPublic},
		{"ports: ['127.0.0.1:8000:8000', '[::1]:8000:8000']", setup.ExposedLoopback},
		{"ports: ['127.0.0.1:8000:8000', '9000:8000']", setup.ExposedPublic},
		{"ports: [{target: 8000, published: '8000', host_ip: 127.0.0.1}]", setup.ExposedLoopback},
		{"ports: ['8000:8000/udp', '9000:9000']", setup.ExposedNone},
		{"expose: ['8000']", setup.ExposedNone},
		{"network_mode: host", setup.ExposedPublic},
	} {
		t.Run(row.web, func(t *testing.T) {
			w := project(t, composeYML, "services:\n  web:\n    image: a\n    "+row.web+"\n")
			o := w.object(setup.KindComposePort, "web")
			want := setup.ComposePort{Path: w.stack.ComposeFile, Service: "web", Target: 8000, Exposure: row.want}
			if !setup.Same(o.State, want) || o.Scope != w.stack.ComposeFile {
				t.Errorf("got %+v", o)
			}
		})
	}
}

func TestAPortIsClosedAndTheFileComesBackByteForByte(t *testing.T) {
	for name, as := range map[string]func(string) string{
		"LF":               func(s string) string { return s },
		"CRLF":             func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"no final newline": func(s string) string { return strings.TrimRight(s, "\n") },
		"BOM":              func(s string) string { return "\uFEFF" + s },
	} {
		for _, to := range []setup.Exposure{setup.ExposedLoopback, setup.ExposedNone} {
			t.Run(name+", "+string(to), func(t *testing.T) {
				w := ocs(t)
				original := as(w.get(composeYML))
				w.put(composeYML, original, 0o644)
				e := w.port(to)
				w.must(e)
				if got := w.object(setup.KindComposePort, "web").State.(setup.ComposePort).Exposure; got != to {
					t.Errorf("seen as %s", got)
				}
				w.must(w.back(e))
				w.unchanged(composeYML, original)
			})
		}
	}
}

func TestAPortClosedInTwoStepsOpensInOne(t *testing.T) {
	w := ocs(t)
	original := w.get(composeYML)
	w.must(w.port(setup.ExposedLoopback))
	w.must(w.port(setup.ExposedNone))
	w.must(w.port(setup.ExposedPublic))
	w.unchanged(composeYML, original)
}

func TestAPortIsOpenedOnlyAsWeFoundIt(t *testing.T) {
	t.Run("not in a file that was changed since", func(t *testing.T) {
		w := ocs(t)
		w.must(w.port(setup.ExposedLoopback))
		now := w.get(composeYML) + "# a note\n"
		w.put(composeYML, now, 0o644)
		w.refused(w.port(setup.ExposedPublic), setup.CodeRefused, "no longer as Culvert left it")
		w.unchanged(composeYML, now)
	})
	t.Run("not if the operator had it closed", func(t *testing.T) {
		w := project(t, composeYML, "services: {web: {image: a, ports: ['127.0.0.1:8000:8000']}}\n")
		w.refused(w.port(setup.ExposedPublic), setup.CodeRefused, "by hand")
	})
}

func TestPortEditsThatWouldNotCloseThePortAreRefused(t *testing.T) {
	open := "services: {web: {image: a, ports: ['8000:8000']}}\n"
	for name, row := range map[string]struct {
		first, second string
		words         string
	}{
		"another file publishes it too":   {open, "services: {web: {ports: ['8001:8000']}}\n", "Change it in each of them"},
		"another file replaces it":        {open, "services: {web: {ports: !override ['8000:8000']}}\n", "another file decides"},
		"the port is an alias":            {"x-p: &p ['8000:8000']\nservices:\n  web:\n    image: a\n    ports: *p\n", "", ", line 5: "},
		"only another file publishes it":  {"services: {web: {image: a}}\n", "services: {web: {ports: ['8000:8000']}}\n", "second.yml. Change it in each"},
		"it comes from a file it extends": {"services: {web: {extends: {file: base.yml, service: base}}}\n", "", "includes or extends"},
		"host network":                    {"services: {web: {image: a, network_mode: host}}\n", "", "network_mode: host"},
	} {
		t.Run(name, func(t *testing.T) {
			w := project(t, composeYML, row.first, "base.yml", "services: {base: {image: a, ports: ['8000:8000']}}\n")
			if row.second != "" {
				w.put("second.yml", row.second, 0o644)
				w.stack.Files = append(w.stack.Files, w.path("second.yml"))
			}
			w.refused(w.port(setup.ExposedLoopback), setup.CodeRefused, row.words)
			w.unchanged(composeYML, row.first)
		})
	}
	t.Run("it comes from an included file", func(t *testing.T) {
		w := project(t, composeYML, "include: [web.yml]\nservices: {db: {image: b}}\n", "web.yml", open)
		w.refused(w.port(setup.ExposedLoopback), setup.CodeRefused, "no service")
	})
}

func TestAComposeFileThatDoesNotParseIsUnreadAndNamesFileAndLine(t *testing.T) {
	w := ocs(t)
	for words, src := range map[string]string{
		", line 3: ":              "services:\n  web:\n    image: a\n    image: b\n",
		"there is no service web": "services:\n  other:\n    image: a\n",
		"not valid YAML":          "services:\n  web: [\n",
		"Compose does not accept": "services:\n  web:\n    image: a\n    ports: {a: b}\n",
	} {
		w.put(composeYML, src, 0o644)
		p := w.observe().Unread[setup.ReadScope{Kind: setup.KindComposePort, Scope: w.stack.ComposeFile}]
		if !strings.HasPrefix(p.Message, w.stack.ComposeFile) || p.Code != setup.CodeInvalid {
			t.Errorf("%s: %+v", words, p)
		}
		if words != ", line 3: " && !strings.Contains(p.Message, words) {
			t.Errorf("%q does not say %q", p.Message, words)
		}
	}
	if err := os.Remove(w.path(composeYML)); err != nil {
		t.Fatal(err)
	}
	p := w.observe().Unread[setup.ReadScope{Kind: setup.KindComposePort, Scope: w.stack.ComposeFile}]
	if p.Code != setup.CodeNotFound || !strings.Contains(p.Message, w.stack.ComposeFile+" does not exist") {
		t.Errorf("got %+v", p)
	}
}

func TestAPortThatChangedSinceIsLeftAlone(t *testing.T) {
	w := ocs(t)
	e := w.port(setup.ExposedNone)
	now := strings.Replace(w.get(composeYML), `- "${PORT`, `- "127.0.0.1:${PORT`, 1)
	w.put(composeYML, now, 0o644)
	w.refused(e, setup.CodeChanged, "look again")
	w.unchanged(composeYML, now)
}

func TestThePreviewOfAPortShowsTheLines(t *testing.T) {
	w := ocs(t)
	original := w.get(composeYML)
	e := w.port(setup.ExposedLoopback)
	diff, err := w.files.Preview(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	want := `+       - "127.0.0.1:${PORT:-8000}:${PORT:-8000}"`
	if !strings.Contains(diff, want) || !strings.Contains(diff, `-       - "${PORT:-8000}:${PORT:-8000}"`) {
		t.Errorf("got\n%s", diff)
	}
	w.unchanged(composeYML, original)
	w.must(e)
	if diff, err = w.files.Preview(t.Context(), w.back(e)); err != nil || strings.Count(diff, "\n") != 2 {
		t.Errorf("the way back shows\n%s%v", diff, err)
	}
}
