package setup

import (
	"strings"
	"testing"
)

func TestGoodAnswersHaveNothingWrong(t *testing.T) {
	a := sample("ocs", "chat.example.org")
	if bad := a.Validate(); len(bad) > 0 {
		t.Errorf("good answers have %v", bad)
	}
	a.Hostname = a.Zone // the domain itself
	a.Doors = nil
	a.Tunnel = "another-name"
	a.Port = PortKeep
	if bad := a.Validate(); len(bad) > 0 {
		t.Errorf("answers that are less common and good have %v", bad)
	}
}

// Each row spoils good answers at one field, and says what a person reads there.
func TestEachFaultIsToldAtItsFieldWithTheWayOut(t *testing.T) {
	host := func(h string) func(*Answers) { return func(a *Answers) { a.Hostname = h } }
	zone := func(z string) func(*Answers) { return func(a *Answers) { a.Zone = z } }
	account := func(id string) func(*Answers) { return func(a *Answers) { a.Account = id } }
	mail := func(e string) func(*Answers) { return func(a *Answers) { a.Team.Emails = []string{e} } }
	domain := func(d string) func(*Answers) { return func(a *Answers) { a.Team.Domains = []string{d} } }
	door := func(f func(*Door)) func(*Answers) { return func(a *Answers) { f(&a.Doors[0]) } }
	stack := func(f func(*Stack)) func(*Answers) { return func(a *Answers) { f(&a.Stack) } }
	rows := map[string]struct {
		spoil func(*Answers)
		field string
		says  string
	}{
		"no host":                                  {host(""), "hostname", "Type the address"},
		"a host with https":                        {host("https://chat.example.org"), "hostname", `Leave out "https://"`},
		"a host with http":                         {host("http://chat.example.org/"), "hostname", `Leave out "http://"`},
		"a host with a path":                       {host("chat.example.org/admin/"), "hostname", `Leave out everything from "/admin/" on`},
		"a host with a query":                      {host("chat.example.org?x=1"), "hostname", `from "?x=1" on`},
		"a host with a port":                       {host("chat.example.org:8000"), "hostname", `Leave out the port ":8000"`},
		"a host with a dot behind":                 {host("chat.example.org."), "hostname", "Leave out the dot at the end."},
		"a host with an underscore":                {host("my_chat.example.org"), "hostname", "cannot have an underscore; use a dash"},
		"a host with a space":                      {host("chat .example.org"), "hostname", "Leave out the spaces."},
		"a host in capitals":                       {host("CHAT.example.org"), "hostname", "Use small letters: chat.example.org."},
		"a host of one word":                       {host("chat"), "hostname", "Type the whole name"},
		"a host two names deep":                    {host("a.b.example.org"), "hostname", "such as a-b.example.org"},
		"a host of another domain":                 {host("chat.example.com"), "hostname", "must end in .example.org"},
		"a host that only ends alike":              {host("chat.notexample.org"), "hostname", "must end in .example.org"},
		"a host with a dash in front":              {host("-chat.example.org"), "hostname", `"-chat" cannot be part of a name`},
		"a host with a wildcard":                   {host("*.example.org"), "hostname", `"*" cannot be part of a name`},
		"a host with two dots":                     {host("chat..example.org"), "hostname", `"" cannot be part of a name`},
		"a host with a letter that needs punycode": {host("chät.example.org"), "hostname", `"chät" cannot be part of a name`},
		"a host that is too long":                  {host(strings.Repeat("a.", 130) + "example.org"), "hostname", "at most 253"},
		"a label that is too long":                 {host(strings.Repeat("a", 64) + ".example.org"), "hostname", "cannot be part of a name"},
		"no zone":                                  {zone(""), "zone", "Type your domain"},
		"a zone with a scheme":                     {zone("https://example.org"), "zone", "Leave out"},
		"no account":                               {account(""), "account", "Choose your Cloudflare account."},
		"a short account":                          {account("123"), "account", "32 characters"},
		"an account in capitals":                   {account(strings.Repeat("A", 32)), "account", "32 characters"},
		"nobody may enter":                         {func(a *Answers) { a.Team = Team{} }, "team", "Say who may enter"},
		"an address without at":                    {mail("ana.example.org"), "team.emails", "is not an e-mail address"},
		"an address with a name":                   {mail("Ana <ana@example.org>"), "team.emails", "is not an e-mail address"},
		"an address for everybody":                 {mail("*@example.org"), "team.emails", "is not an e-mail address"},
		"two addresses in one":                     {mail("ana@example.org ben@example.org"), "team.emails", "is not an e-mail address"},
		"a domain with at":                         {domain("@example.org"), "team.domains", "Leave out the @: type example.org."},
		"everybody at gmail":                       {domain("gmail.com"), "team.domains", "Anybody can get an address at gmail.com"},
		"everybody at Gmail in capitals":           {domain("GMail.com"), "team.domains", "Anybody can get an address"},
		"a domain that is none":                    {domain("example"), "team.domains", "Type the whole name"},
		"a setup's name with spaces":               {func(a *Answers) { a.Setup = "my app" }, "setup", "small letters, digits and dashes"},
		"a setup's name of the dashboard's own":    {func(a *Answers) { a.Setup = "static" }, "setup", "Choose another name"},
		"a tunnel's name with spaces":              {func(a *Answers) { a.Tunnel = "My tunnel" }, "tunnel", "small letters, digits and dashes"},
		"an unknown choice of the port":            {func(a *Answers) { a.Port = "open" }, "port", "loopback, none or keep"},
		"an unknown mode":                          {func(a *Answers) { a.Mode = "vpn" }, "mode", `"public"`},
		"a door without paths":                     {door(func(d *Door) { d.Destinations = nil }), "webhooks", "0 paths; one door can have 1 to 5"},
		"a door with six paths":                    {door(func(d *Door) { d.Destinations = []string{"/a", "/b", "/c", "/d", "/e", "/f"} }), "webhooks", "6 paths"},
		"a door to everything":                     {door(func(d *Door) { d.Destinations = []string{"/*"} }), "webhooks", "would open everything"},
		"a door to the root":                       {door(func(d *Door) { d.Destinations = []string{"/"} }), "webhooks", "would open everything"},
		"a door without a slash":                   {door(func(d *Door) { d.Destinations = []string{"x"} }), "webhooks", "would open everything"},
		"two doors on one path":                    {door(func(d *Door) { d.Destinations = []string{"/slack/events"} }), "webhooks", "both ask for /slack/events"},
		"a path that is open in front":             {door(func(d *Door) { d.Paths = []string{"/x$"} }), "webhooks", "not anchored"},
		"a path that is open behind":               {door(func(d *Door) { d.Paths = []string{"^/x"} }), "webhooks", "not anchored"},
		"a path that is no expression":             {door(func(d *Door) { d.Paths = []string{"^/(x$"} }), "webhooks", "not anchored"},
		"no app":                                   {stack(func(s *Stack) { *s = Stack{} }), "app", "No app was chosen"},
		"no port of the app":                       {stack(func(s *Stack) { s.Target = 0 }), "app", "port"},
		"a port that is none":                      {stack(func(s *Stack) { s.Target = 70000 }), "app", "port"},
		"no network":                               {stack(func(s *Stack) { s.Network = "" }), "app", "network"},
		"no env file":                              {stack(func(s *Stack) { s.EnvFile = "" }), "app", "env file"},
		"no compose file":                          {stack(func(s *Stack) { s.ComposeFile = "" }), "app", "compose file"},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			a := sample("ocs", "chat.example.org")
			row.spoil(&a)
			bad := a.Validate()
			if len(bad) != 1 || bad[0].Field != row.field || !strings.Contains(bad[0].Message, row.says) {
				t.Errorf("it gives %v, want %s: … %s …", bad, row.field, row.says)
			}
		})
	}
}

func TestEveryFaultIsToldAtOnce(t *testing.T) {
	bad := Answers{}.Validate()
	fields := map[string]bool{}
	for _, b := range bad {
		fields[b.Field] = true
	}
	for _, f := range []string{"setup", "account", "zone", "hostname", "team", "app", "port", "mode"} {
		if !fields[f] {
			t.Errorf("empty answers are not told about %s", f)
		}
	}
}

func TestPublicMailDomainsAreWrittenAsTheyAreCompared(t *testing.T) {
	for _, d := range publicMail {
		if d != strings.ToLower(d) || checkName(d, "example.org") != "" {
			t.Errorf("%q would never match", d)
		}
	}
}
