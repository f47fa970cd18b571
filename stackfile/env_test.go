package stackfile

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEnvIsReadAsComposeReadsIt(t *testing.T) {
	e := parseE(t, "\uFEFF# head\nA=1\nexport B = two # note\nC: yaml\nD=\nE= # c\nF=a\t# c\nG=\"x\\ny\" H=2\nI='it\\'s $1'\nJ=${A}${UNSET}\nK=\"two\nlines\"\nBARE\nA=3\nL=${NO-def}${NO:-def}\n")
	want := map[string]string{"A": "3", "B": "two", "C": "yaml", "D": "", "E": "# c", "F": "a\t# c",
		"G": "x\ny", "H": "2", "I": "it's $1", "J": "1", "K": "two\nlines", "L": "defdef"}
	lines := map[string]int{"A": 14, "B": 3, "C": 4, "D": 5, "E": 6, "F": 7, "G": 8, "H": 8, "I": 9, "J": 10, "K": 11, "L": 15}
	for key, value := range want {
		got, line, ok := e.Get(key)
		if got != value || line != lines[key] || !ok {
			t.Errorf("%s = %q on line %d (%v), want %q on line %d", key, got, line, ok, value, lines[key])
		}
	}
	for _, key := range []string{"BARE", "NONE", ""} {
		if v, _, ok := e.Get(key); ok {
			t.Errorf("%q has the value %q, want none", key, v)
		}
	}
	if got := strings.Join(e.Keys(), " "); got != "A B C D E F G H I J K BARE L" {
		t.Errorf("keys %s", got)
	}
	if d := cmp.Diff([]Duplicate{{Key: "A", Lines: []int{2, 14}}}, e.Duplicates()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"J"}, e.References("A")); d != "" {
		t.Error(d)
	}
}

// Each row is a file before and after K was set.
func TestSetKeepsEveryOtherByte(t *testing.T) {
	for name, row := range map[string]struct{ before, value, after string }{
		"an empty key is filled in":              {"A=1\nK=\nB=2\n", "v", "A=1\nK=v\nB=2\n"},
		"blanks after an empty key stay":         {"K=  \nB=2\n", "v", "K=v  \nB=2\n"},
		"a note after an empty key stays":        {"K= # note\n", "v", "K=v # note\n"},
		"a colour is a value, not a note":        {"K=#fff\n", "v", "K=v\n"},
		"a note after a value stays":             {"K=old # note\n", "v", "K=v # note\n"},
		"a note after a tab makes quotes needed": {"K=old\t# note\n", "v", "K='v'\t# note\n"},
		"single quotes stay":                     {"K='old' # note\n", "v", "K='v' # note\n"},
		"double quotes stay":                     {"K=\"old\"\n", "a\"b\\c$d", "K=\"a\\\"b\\\\c\\$d\"\n"},
		"spaces around = stay":                   {"export K = old\n", "v", "export K = v\n"},
		"a colon stays":                          {"K: old\n", "v", "K: v\n"},
		"two keys on a line":                     {"K=\"old\" B=2\n", "v", "K=\"v\" B=2\n"},
		"a name without = gets one":              {"A=1\nK\nB=2\n", "v", "A=1\nK=v\nB=2\n"},
		"a dollar needs single quotes":           {"K=\n", "a$b${c", "K='a$b${c'\n"},
		"a space needs quotes":                   {"K=\n", "a b", "K='a b'\n"},
		"an apostrophe is escaped":               {"K=\n", "it's", "K='it\\'s'\n"},
		"a final backslash needs double quotes":  {"K=\n", `a\`, `K="a\\"` + "\n"},
		"several lines need double quotes":       {"K='x'\n", "a\nb", `K="a\nb"` + "\n"},
		"empty":                                  {"K=old # note\n", "", "K='' # note\n"},
		"several lines before":                   {"K=\"a\nb\"\nB=2\n", "v", "K=\"v\"\nB=2\n"},
		"the last of two counts":                 {"K=1\nK=2\nB=1\n", "v", "K=1\nK=v\nB=1\n"},
		"the same value changes nothing":         {"K='v'\n", "v", "K='v'\n"},
		"appended":                               {"A=1\n", "v", "A=1\nK=v\n"},
		"appended after blank lines":             {"A=1\n\n\n", "v", "A=1\n\n\nK=v\n"},
		"appended without a final newline":       {"A=1", "v", "A=1\nK=v"},
		"appended after a note without newline":  {"A=1\n# K=", "v", "A=1\n# K=\nK=v"},
		"appended to CRLF":                       {"A=1\r\nB=\r\n", "v", "A=1\r\nB=\r\nK=v\r\n"},
		"appended to CRLF without a final one":   {"A=1\r\nB=2", "v", "A=1\r\nB=2\r\nK=v"},
		"appended to nothing":                    {"", "v", "K=v\n"},
		"appended to a byte order mark":          {"\uFEFF", "v", "\uFEFFK=v\n"},
		"filled in with CRLF":                    {"K=\r\nA=1\r\n", "v", "K=v\r\nA=1\r\n"},
		"replaced with CRLF":                     {"K=old # n\r\nA=1\r\n", "v", "K=v # n\r\nA=1\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := parseE(t, row.before).Set("K", row.value)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(row.after, string(e.After)); d != "" {
				t.Error(d)
			}
			mustUndo(t, e.Edit)
		})
	}
}

func TestSetOfAKeyThatStandsTwiceWarns(t *testing.T) {
	e, err := parseE(t, "K=1\nA=2\nK=3\n").Set("K", "v")
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Warnings) != 1 || !strings.Contains(e.Warnings[0], "lines 1, 3") {
		t.Errorf("warnings %q", e.Warnings)
	}
}

func TestEnvRefusals(t *testing.T) {
	set := func(key, value string) func(*Env) error {
		return func(e *Env) error { _, err := e.Set(key, value); return err }
	}
	unset := func(e *Env) error { _, err := e.Unset("K"); return err }
	for name, row := range map[string]struct {
		src   string
		edit  func(*Env) error
		words string
		line  int
	}{
		"unterminated quote":           {"A=1\nK='s3cret\nB=2\n", nil, "value of K does not end", 2},
		"a line that is no key":        {"A=1\n-----s3cret+/=\n", nil, "a name cannot hold", 2},
		"a space in the name":          {"A=1\nSOME s3cret=1\n", nil, "holds a space", 2},
		"not UTF-8":                    {"A=1\nB=\xff\n", nil, "not UTF-8", 2},
		"a $ that is no variable":      {"A=1\nPW=s3cret${\n", nil, "value of PW holds a $", 2},
		"others refer to it":           {"K=a\nURL=https://${K}\nX='${K}'\nW=$K\n", set("K", "v"), "Other values are made from ${K} and would change with it: URL, W", 1},
		"a bare last name":             {"A=1\nFOO", set("K", "v"), "ends in a name without `=`", 2},
		"half a line break at the end": {"A=1\r", set("K", "v"), "half a Windows line break", 1},
		"a bad name":                   {"", set("K-1", "v"), "not a name", 0},
		"a zero byte":                  {"", set("K", "\x00"), "zero byte", 0},
		"unset of a key set twice":     {"K=1\nK=2\n", unset, "stands on lines 1, 2", 2},
		"unset of half a line":         {"K='1' B=2\n", unset, "shares its line with B", 1},
		"unset of half a line, 2":      {"B='1' K=2\n", unset, "shares its line with B", 1},
		"unset of what is used":        {"K=1\nB=$K\n", unset, "made from ${K}", 1},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := ParseEnv([]byte(row.src))
			if row.edit != nil && err == nil {
				err = row.edit(e)
			}
			mustRefuse(t, err, row.words, row.line)
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the refusal shows a secret: %v", err)
			}
		})
	}
}

func TestUnsetTakesAnAppendedLineAwayAgain(t *testing.T) {
	for _, before := range []string{"", "\n", "A=1", "A=1\n", "A=1\n\n", "A=1\r\n", "A=1\r\nB=2", "\uFEFF", "\uFEFFA=1", "A=1\n  ", "# note"} {
		set, err := parseE(t, before).Set("K", "a b")
		if err != nil {
			t.Fatal(err)
		}
		if !set.Appended {
			t.Errorf("%q: not reported as appended", before)
		}
		back, err := parseE(t, string(set.After)).Unset("K")
		if err != nil {
			t.Fatal(err)
		}
		if string(back.After) != before {
			t.Errorf("%q became %q", before, back.After)
		}
		mustUndo(t, back.Edit)
	}
	e, err := parseE(t, "A=1\n").Unset("K")
	if err != nil || !e.Empty() {
		t.Errorf("unset of an absent key: %v, %v", e, err)
	}
	multi, err := parseE(t, "A=1\nK=\"a\nb\"\nB=2\n").Unset("K")
	if err != nil || string(multi.After) != "A=1\nB=2\n" {
		t.Errorf("unset of two lines: %q, %v", multi.After, err)
	}
}

func TestMaskedDiffShowsOnlyOurValues(t *testing.T) {
	before := "A=s3cret-1\nHOSTS=a.example\n# PW=s3cret-2\nP='s3cret\n3'\nT=x Q=s3cret # s3cret\nOLD=s3cret-4\n"
	after := "A=s3cret-5 # s3cret-6\nHOSTS=a.example,b.example\n# PW=s3cret-7\nP='s3cret\n8' HOSTS2=s3cret\nT=x Q=s3cret-9 # s3cret\n# HOSTS=\n"
	got := MaskedDiff([]byte(before), []byte(after), map[string]bool{"HOSTS": true})
	if strings.Contains(got, "s3cret") {
		t.Errorf("shows a secret:\n%s", got)
	}
	want := "@@ line 1 @@\n" +
		"- A=••••••••\n- HOSTS=a.example\n- # PW=••••••••\n" +
		"+ A=••••••••\n+ HOSTS=a.example,b.example\n+ # PW=••••••••\n" +
		"@@ line 5 @@\n" +
		"- ••••••••\n- T=••••••••\n- OLD=••••••••\n" +
		"+ ••••••••HOSTS2=••••••••\n+ T=••••••••\n+ # HOSTS=\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	broken := MaskedDiff([]byte("HOSTS=a\n"), []byte("HOSTS='s3cret\n"), map[string]bool{"HOSTS": true})
	if want := "@@ line 1 @@\n- HOSTS=a\n+ ••••••••\n"; broken != want {
		t.Errorf("a file that cannot be parsed shows %q", broken)
	}
	if same := MaskedDiff([]byte(before), []byte(before), nil); same != "" {
		t.Errorf("no change shows %q", same)
	}
}

// Every variant of our fixture takes an edit of each kind, and gives it back.
func TestFixtureInEveryVariant(t *testing.T) {
	for name, src := range variants(fixture(t, "env.prod")) {
		t.Run(name, func(t *testing.T) {
			e := parseE(t, string(src))
			for key, value := range map[string]string{
				"DJANGO_ALLOWED_HOSTS": "chat.example.org", "CSRF_TRUSTED_ORIGINS": "https://chat.example.org",
				"SECRET_KEY": "a'b$c", "SLACK_SIGNING_SECRET": "new", "DATABASE_URL": "x", "ENABLE_JSON_LOGGING": "False",
			} {
				edit, err := e.Set(key, value)
				if err != nil {
					t.Fatal(err)
				}
				after := parseE(t, string(edit.After))
				if got, _, ok := after.Get(key); !ok || got != value {
					t.Errorf("%s reads %q", key, got)
				}
				if bytes.HasSuffix(src, []byte("\n")) != bytes.HasSuffix(edit.After, []byte("\n")) {
					t.Error("the state of the final newline changed")
				}
				lf, crlf := bytes.Count(edit.After, []byte("\n")), bytes.Count(edit.After, []byte("\r\n"))
				if crlf != 0 && crlf != lf {
					t.Error("line endings are mixed now")
				}
				mustUndo(t, edit.Edit)
			}
		})
	}
	for name, src := range variants(fixture(t, "docker-compose.prod.yml")) {
		t.Run("compose "+name, func(t *testing.T) {
			c := parse(t, string(src))
			bound, err := c.BindLoopback("web", "${PORT:-8000}", nil)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Replace(string(src), `- "${PORT`, `- "127.0.0.1:${PORT`, 1)
			if string(bound.After) != want {
				t.Errorf("got\n%s", bound.Diff())
			}
			mustUndo(t, bound)
			removed, err := c.RemovePort("web", "8000", nil)
			if err != nil {
				t.Fatal(err)
			}
			want = strings.Replace(strings.Replace(string(src), `- "${PORT`, `# - "${PORT`, 1), "ports:", "# ports:", 1)
			if string(removed.After) != want {
				t.Errorf("got\n%s", removed.Diff())
			}
			mustUndo(t, removed)
		})
	}
}

func TestDiffsOfTheFixture(t *testing.T) {
	c := parse(t, string(fixture(t, "docker-compose.prod.yml")))
	bound, err := c.BindLoopback("web", "8000", nil)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "bind.diff", bound.Diff())
	removed, err := c.RemovePort("web", "8000", nil)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "remove.diff", removed.Diff())
	src := fixture(t, "env.prod")
	hosts, err := parseE(t, string(src)).Set("DJANGO_ALLOWED_HOSTS", "chat.example.org")
	if err != nil {
		t.Fatal(err)
	}
	origins, err := parseE(t, string(hosts.After)).Set("CSRF_TRUSTED_ORIGINS", "https://chat.example.org")
	if err != nil {
		t.Fatal(err)
	}
	ours := map[string]bool{"DJANGO_ALLOWED_HOSTS": true, "CSRF_TRUSTED_ORIGINS": true}
	golden(t, "env.diff", MaskedDiff(src, origins.After, ours))
}

func TestDiffHidesSecretsInItsContext(t *testing.T) {
	c := parse(t, "services:\n  web:\n    environment:\n      - DB_PASSWORD=s3cret\n    ports: [8000]\n    x-api_token: s3cret\n")
	e, err := c.BindLoopback("web", "8000", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "@@ line 5 @@\n        - DB_PASSWORD=••••••••\n-     ports: [8000]\n+     ports: [127.0.0.1::8000]\n      x-api_token: ••••••••\n"
	if d := cmp.Diff(want, e.Diff()); d != "" {
		t.Error(d)
	}
}
