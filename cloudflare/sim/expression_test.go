package sim

import (
	"errors"
	"strings"
	"testing"
)

func TestAnExpressionMatchesWhatTheRulesLanguageSays(t *testing.T) {
	s := subject{host: "chat.example.org", path: "/Hooks/a b/1", agent: `curl/8 "x\y"`}
	for text, want := range map[string]bool{
		`true`: true, `false`: false, `not true`: false, `!false`: true, `not not true`: true,
		`http.host eq "chat.example.org"`: true, `http.host == "example.org"`: false,
		`http.host ne "chat.example.org"`: false, `http.host != "x"`: true,
		`http.host in {"example.org" "chat.example.org"}`: true, `http.host in {"x"}`: false, `http.host in {}`: false,
		`not http.host in {"x"}`: true, `not http.host eq "x" and false`: false,
		`http.request.uri.path contains "/a b/"`: true, `http.request.uri.path contains "/A"`: false,
		`lower(http.request.uri.path) contains "/hooks"`: true, `upper(lower(http.host)) eq "CHAT.EXAMPLE.ORG"`: true,
		`starts_with(http.request.uri.path, "/Hooks/")`: true, `starts_with(http.request.uri.path, "/hooks/")`: false,
		`ends_with(lower(http.request.uri.path), "/1")`: true, `(ends_with(http.host, ".org"))`: true,
		`http.user_agent eq "curl/8 \"x\\y\""`: true, `http.user_agent eq r#"curl/8 "x\y""#`: true, `http.host eq r"chat.example.org"`: true,
		`http.request.uri.path wildcard "/hooks/*"`: true, `http.request.uri.path strict wildcard "/hooks/*"`: false,
		`http.request.uri.path strict wildcard "/H*/1"`: true, `http.host wildcard "CHAT"`: false,
		`true or true and false`: true, `(true or true) and false`: false, `true xor true or true`: true,
		`true xor true and false`: true, `true ^^ true`: false, `true && !false || false`: true,
		"(http.host eq \"chat.example.org\"\n  and\tstarts_with(http.request.uri.path, \"/Hooks/\"))": true,
	} {
		e, err := parseExpression(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := e(s); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestAnExpressionThatCannotBeSaysWhereAndWhy(t *testing.T) {
	for text, want := range map[string]string{
		``:                                            "(1:1)", // the API refuses a blank one before
		`URI Path contains "/"`:                       "(1:1):\nURI Path contains \"/\"\n^^^ unknown identifier",
		`http.host eq "a" and ip.src eq 1.2.3.4`:      "(1:22):\nhttp.host eq \"a\" and ip.src eq 1.2.3.4\n                     ^^^^^^ unknown identifier (the simulator knows http.host",
		`http.host not in {"a"}`:                      "(1:11)",
		`http.host eq chat.example.org`:               "expected a string",
		`http.host eq "a`:                             "missing ending quote",
		`http.host eq r##"a"#`:                        "missing ending quote",
		`http.host eq "a\b"`:                          `expected \" or \\`,
		`http.host in {"a", "b"}`:                     "(1:18)",
		`http.host in {"a"`:                           "expected a string",
		`http.host in $list`:                          "unrecognised input",
		`http.host EQ "a"`:                            "unrecognised input",
		`http.host`:                                   "unrecognised input",
		`http.host lt "a"`:                            "the simulator does not know this operator",
		`(http.host eq "a"`:                           "expected )",
		`http.host eq "a")`:                           "unrecognised input",
		`http.host eq "a" or`:                         "expected a field",
		`http.request.uri.path ends_with ".html"`:     "unrecognised input",
		`starts_with(http.host)`:                      "expected ,",
		`starts_with("a", "b")`:                       "expected a field",
		`lower(http.host, "a") eq "a"`:                "expected )",
		`http.host wildcard "**"`:                     "double star",
		`http.host wildcard "\\*"`:                    "does not know escapes",
		`true` + "\n" + `  and ;`:                     "(2:7):\n  and ;\n      ^ unrecognised input",
		`http.host matches "^a"`:                      "not entitled: the use of operator Matches is not allowed, a Business plan or a WAF Advanced plan is required",
		`http.host ~ "^a"`:                            "not entitled",
		`true` + strings.Repeat(" ", maxExpression-3): "longer than 4096",
	} {
		_, err := parseExpression(text)
		if wrong := (*exprError)(nil); !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzAnExpressionHoldsTogether(f *testing.F) {
	for _, seed := range []string{`http.host eq "a" and not (http.request.uri.path in {"/a" "/b"} xor true)`, `starts_with(http.user_agent, r#"x"#)`,
		`lower(http.host) strict wildcard "*.a" || !false`, `http.host ~ "a"`, `((((`, "true\nand\"", `r"`, `http.host contains "\""`} {
		f.Add(seed, "a", "/b", "")
	}
	f.Fuzz(func(t *testing.T, text, host, path, agent string) {
		if len(text) > maxExpression-20 {
			t.Skip()
		}
		s := subject{host: host, path: path, agent: agent}
		e, err := parseExpression(text)
		if err != nil {
			if err.Error() == "" {
				t.Error("a refusal without a word")
			}
			return
		}
		for _, row := range []struct {
			form string
			want bool
		}{{"(" + text + ")", e(s)}, {"not (" + text + ")", !e(s)}, {text + " or false", e(s)}, {"(" + text + ") and true", e(s)},
			{"(" + text + ") xor (" + text + ")", false}} {
			if 2*len(text) > maxExpression-20 {
				continue
			}
			other, err := parseExpression(row.form)
			if err != nil {
				t.Fatalf("%q is an expression and %q is none: %v", text, row.form, err)
			}
			if other(s) != row.want {
				t.Errorf("%q is %v, want %v", row.form, other(s), row.want)
			}
		}
	})
}

func TestWhichDevicesAProfileIsFor(t *testing.T) {
	ann := subject{email: "ann@example.org", system: "windows", version: "10.0.22000", groups: []string{"staff", "developers"}}
	for text, want := range map[string]bool{
		`identity.email == "ann@example.org"`:                                             true,
		`identity.email in {"ben@example.org" "ann@example.org"}`:                         true,
		`identity.email matches "@example\\.org$"`:                                        true,
		`any(identity.groups.name[*] in {"developers" "admin"}) and os.name == "windows"`: true,
		`any(identity.groups.email[*] == "admin")`:                                        false,
		`identity.email == "x" or any(identity.groups.id[*] == "staff")`:                  true,
		`os.name in {"mac" "linux"} or not network in {"office"}`:                         true,
		`identity.email contains "@example.net"`:                                          false,
	} {
		e, err := parseMatch(text)
		if err != nil || e(ann) != want {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
	for text, want := range map[string]string{
		`http.host eq "a"`:                     "unknown identifier (the simulator knows identity.email",
		`identity.email matches "("`:           "invalid regular expression",
		`identity.groups.name == "developers"`: "unknown identifier",
		`any(identity.groups.name[*] == "a"`:   "expected )",
	} {
		if _, err := parseMatch(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := parseExpression(`any(http.host[*] == "a")`); err == nil {
		t.Error("a rule took any()")
	}
}
