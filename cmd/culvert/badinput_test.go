package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

// refused runs apply on input that is wrong: it has to say so and how to go on,
// and must change nothing.
func (s *shop) refused(says ...string) {
	s.Helper()
	before := s.files()
	r := s.run("apply", "--yes")
	if r.code != exitError {
		s.Errorf("apply ended with %d, want an error; it says:\n%s", r.code, r.out)
	}
	for _, text := range says {
		if !strings.Contains(r.err, text) {
			s.Errorf("the error is\n%s\nwant it to say %q", r.err, text)
		}
	}
	if w := r.writes(); len(w) > 0 {
		s.Errorf("with bad input apply wrote to the account: %v", w)
	}
	if diff := cmp.Diff(before, s.files()); diff != "" {
		s.Errorf("with bad input apply changed files (-before +after):\n%s", diff)
	}
}

func TestBadAnswersAreToldAtTheirLine(t *testing.T) {
	const (
		host  = "hostname: chat.example.org"
		team  = "domains: [example.org]"
		mails = "emails: []"
	)
	rows := map[string]struct{ old, typed, says string }{
		"a scheme":             {host, "hostname: https://chat.example.org", `line 11: hostname: Leave out "https://": only the name is needed`},
		"a path":               {host, "hostname: chat.example.org/admin", `line 11: hostname: Leave out everything from "/admin" on`},
		"a port":               {host, `hostname: "chat.example.org:8000"`, `line 11: hostname: Leave out the port ":8000": Cloudflare answers on 443 by itself.`},
		"an underscore":        {host, "hostname: my_chat.example.org", "line 11: hostname: A name on the web cannot have an underscore; use a dash."},
		"a trailing dot":       {host, "hostname: chat.example.org.", "line 11: hostname: Leave out the dot at the end."},
		"two names deep":       {host, "hostname: a.chat.example.org", "line 11: hostname: a.chat.example.org is two names deep: Cloudflare's free certificate covers one, such as a-chat.example.org."},
		"outside of the zone":  {host, "hostname: chat.example.com", "line 11: hostname: The address must end in .example.org, your domain at Cloudflare."},
		"no name at all":       {host, `hostname: ""`, "hostname"},
		"capital letters":      {host, "hostname: Chat.example.org", "line 11: hostname: Use small letters: chat.example.org."},
		"a public mail domain": {team, "domains: [gmail.com]", "line 22: team.domains: Anybody can get an address at gmail.com, so this would let everybody in."},
		"an at sign":           {team, `domains: ["@example.org"]`, "line 22: team.domains: Leave out the @: type example.org."},
		"a bad address":        {mails, "emails: [ana.example.org]", `line 21: team.emails: "ana.example.org" is not an e-mail address. Type one such as ana@example.org.`},
		"everybody":            {mails, `emails: ["*@example.org"]`, "line 21: team.emails: "},
		"nobody":               {team, "domains: []", "line 20: team: Say who may enter"},
		"an unknown webhook":   {"webhooks: default", "webhooks: [telegram, signal]", `webhooks: Open Chat Studio has no webhook called "signal". It knows: `},
		"an unknown key":       {"tunnel: \"\"", "tunel: x", `tunel`},
		"an unknown port":      {"published_port: loopback", "published_port: open", "published_port"},
		"an account's name":    {"account: \"\"", "account: Example Team", "line 17: account: An account id has 32 characters, 0 to 9 and a to f."},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := newShop(t).fresh(func(*stranger) {})
			s.edited(row.old, row.typed)
			s.refused(row.says)
		})
	}
}

func TestATokenThatLacksAPermissionIsToldWhichAndWhatItBlocks(t *testing.T) {
	for _, p := range setup.Permissions(setup.ModePublic) {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t).fresh(func(w *stranger) { w.lacking(p.Name) })
			if p.Name == "Account Settings" { // which an account id makes needless
				s.refused("Write the account's id into the file as account.")
				return
			}
			s.refused("The token lacks permissions. Open it in the dashboard, add these rows, and try again:",
				p.Name+": "+p.Level()+" (without it: no "+p.Blocks+")")
		})
	}
}

// lacking takes a permission from the token.
func (w *stranger) lacking(permission string) {
	w.Helper()
	if permission == "Config Rules" { // as the dashboard calls it
		permission = "Config Settings"
	}
	var left []string
	for _, name := range sim.AllPermissions() {
		if name != permission+" Read" && name != permission+" Write" {
			left = append(left, name)
		}
	}
	if len(left) != len(sim.AllPermissions())-1 {
		w.Fatalf("the simulator knows no single permission %q", permission)
	}
	w.Cloud.SetToken(w.Cloud.Basics().Token, "active", left...)
}

func TestWithTheAccountsIDATokenNeedNotListAccounts(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var id string
	s.fresh(func(w *stranger) {
		id = w.Cloud.Basics().AccountID
		w.lacking("Account Settings")
	})
	s.edited(`account: ""`, "account: "+id)
	s.applied()
}

// That a token may only read is not to be seen before the first change: then
// the run says so, and goes on once the token may.
func TestATokenThatMayOnlyReadIsToldAtTheFirstChange(t *testing.T) {
	t.Parallel()
	s := newShop(t).fresh(func(w *stranger) {
		var left []string
		for _, name := range sim.AllPermissions() {
			left = append(left, strings.Replace(name, "DNS Write", "DNS Read", 1))
		}
		w.Cloud.SetToken(w.Cloud.Basics().Token, "active", left...)
	})
	r := s.run("apply", "--yes")
	if r.code != exitError || !strings.Contains(r.err, "DNS") || !strings.Contains(r.err, "failed: Public name chat.example.org") {
		t.Errorf("apply ended with %d: %s", r.code, r.err)
	}
	s.behindOurBack(func(w *stranger) {
		if got, want := counts(w.account()), "8 apps, 2 policies, 2 login methods, 1 tunnels, 11 rules, 0 records"; got != want {
			t.Errorf("the account holds %s, want all but the record: %s", got, want)
		}
		w.Cloud.SetToken(w.Cloud.Basics().Token, "active", sim.AllPermissions()...)
	})
	s.applied()
}

func TestATokenIsTriedBeforeItIsKept(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	w, world := s.workspace(t.Context())
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	mine := world.Cloud.Basics()
	other := world.Cloud.AddAccount("Somebody else")
	revoked := world.Cloud.AddToken(sim.UserToken, "", sim.AllPermissions()...)
	world.Cloud.SetToken(revoked, "disabled")
	unknown := strings.Repeat("a", 40)
	rows := []struct {
		what, token, account string
		code                 setup.Code
		says                 string
	}{
		{"rubbish", "hunter2", "", setup.CodeUnauthorized, "token"},
		{"one that nobody made", unknown, "", setup.CodeUnauthorized, "token"},
		{"one that was switched off", revoked, "", setup.CodeUnauthorized, "The token is disabled."},
		{"a Global API Key", "cfk_" + unknown, "", setup.CodeUnauthorized, "Global API Key"},
		{"an account id with a letter too many", mine.Token, mine.AccountID + "0", setup.CodeInvalid, "32 characters"},
		{"an account that does not exist", mine.Token, strings.Repeat("0", 32), setup.CodeElsewhere, "does not reach the account"},
		{"the token of another account", world.Cloud.AddToken(sim.AccountToken, other, sim.AllPermissions()...), mine.AccountID, setup.CodeElsewhere, "belongs to another account"},
		{"a token for another account", world.Cloud.AddToken(sim.UserToken, other, sim.AllPermissions()...), mine.AccountID, setup.CodeElsewhere, "belongs to the account “Somebody else”"},
	}
	for _, row := range rows {
		report, err := w.journey.SaveToken(t.Context(), secretText(row.token), row.account)
		switch {
		case err != nil:
			t.Errorf("%s: %v", row.what, err)
		case report.Problem == nil:
			t.Errorf("%s is taken: %+v", row.what, report)
		case report.Problem.Code != row.code || !strings.Contains(report.Problem.Message, row.says):
			t.Errorf("%s: the problem is %s: %s; want %s and %q", row.what, report.Problem.Code, report.Problem.Message, row.code, row.says)
		case strings.Contains(report.Problem.Error(), row.token):
			t.Errorf("%s: the token is repeated in %q", row.what, report.Problem)
		}
		if kept, err := w.journey.StoredToken(t.Context()); err != nil || !kept.Empty() {
			t.Errorf("%s was kept (%v)", row.what, err)
		}
	}
	if report, err := w.journey.SaveToken(t.Context(), secretText(mine.Token), ""); err != nil || report.Problem != nil || len(report.Missing()) > 0 {
		t.Errorf("the right token gives %+v, %v", report, err)
	}
	own := world.Cloud.AddToken(sim.AccountToken, mine.AccountID, sim.AllPermissions()...)
	if report, err := w.journey.SaveToken(t.Context(), secretText(own), mine.AccountID); err != nil || report.Problem != nil || len(report.Missing()) > 0 {
		t.Errorf("a token of the account itself gives %+v, %v", report, err)
	}
}

func TestAProjectThatCannotBeTakenAsItIsSaysWhereAndWhy(t *testing.T) {
	const compose, env = "docker-compose.prod.yml", ".env.prod"
	replace := func(name, old, with string) func(*shop) {
		return func(s *shop) {
			text := s.read(name)
			if !strings.Contains(text, old) {
				s.Fatalf("%s has no %q", name, old)
			}
			s.write(name, strings.Replace(text, old, with, 1))
		}
	}
	rows := map[string]struct {
		act  func(*shop)
		says []string
	}{
		"a compose file that does not parse":     {replace(compose, "services:\n", "services:\n\t- what\n"), []string{compose, "line "}},
		"a compose file without the service":     {replace(compose, "\n  web:\n", "\n  website:\n"), []string{compose, "there is no service web. There are: "}},
		"an env file that does not parse":        {replace(env, "DJANGO_ALLOWED_HOSTS=\n", "DJANGO_ALLOWED_HOSTS='\n"), []string{env}},
		"no way to read a variable of the files": {replace(".env", "POSTGRES_PASSWORD=practice-only\n", ""), []string{"POSTGRES_PASSWORD"}},
		"the app is not running": {func(s *shop) {
			s.run("plan")
			s.behindOurBack(func(w *stranger) { w.Docker.SetRunning("web", false) })
		}, []string{"web is not running: start your app first (docker compose up -d), then look again."}},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := newShop(t).fresh(func(*stranger) {})
			row.act(s)
			s.refused(row.says...)
		})
	}
}

func TestEnvFilesAsPeopleHaveThemAreEditedByteByByte(t *testing.T) {
	const env = ".env.prod"
	hosts, origins := "DJANGO_ALLOWED_HOSTS=", "CSRF_TRUSTED_ORIGINS=https://chat.example.org"
	rows := map[string]struct {
		edit func(string) string // what the operator has
		want func(string) string // what becomes of that
	}{
		"lines that end as Windows has them": {
			func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
			func(s string) string {
				return strings.Replace(s, hosts+"\r\n", hosts+"chat.example.org\r\n", 1) + origins + "\r\n"
			},
		},
		"no end of the last line": {
			func(s string) string { return strings.TrimSuffix(s, "\n") },
			func(s string) string { return strings.Replace(s, hosts, hosts+"chat.example.org", 1) + "\n" + origins },
		},
		"the key twice, of which the last one counts": {
			func(s string) string { return s + hosts + "b.example.org\n" },
			func(s string) string {
				return strings.Replace(s, hosts+"b.example.org", hosts+"b.example.org,chat.example.org", 1) + origins + "\n"
			},
		},
		"other hosts before": {
			func(s string) string { return strings.Replace(s, hosts, hosts+"10.0.0.5,old.example.org", 1) },
			func(s string) string {
				return strings.Replace(s, hosts+"10.0.0.5,old.example.org", hosts+"10.0.0.5,old.example.org,chat.example.org", 1) + origins + "\n"
			},
		},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := newShop(t).fresh(func(*stranger) {})
			typed := row.edit(s.read(env))
			s.write(env, typed)
			s.applied()
			if diff := cmp.Diff(row.want(typed), s.read(env)); diff != "" {
				t.Errorf("the file is not as planned (-want +got):\n%s", diff)
			}
			s.must("destroy", "--yes")
			if diff := cmp.Diff(typed, s.read(env)); diff != "" {
				t.Errorf("taken down, the file is not as it was (-was +is):\n%s", diff)
			}
		})
	}
}

// What the compose file says under environment: wins over every env file, so a
// line there would not work.
func TestASettingThatCannotWorkIsNotWritten(t *testing.T) {
	t.Parallel()
	const compose = "docker-compose.prod.yml"
	s := newShop(t).fresh(func(*stranger) {})
	s.write(compose, strings.Replace(s.read(compose), "    ports:\n", "    environment:\n      DJANGO_ALLOWED_HOSTS: old.example.org\n    ports:\n", 1))
	before := s.files()
	plan := s.run("plan")
	const note = "DJANGO_ALLOWED_HOSTS is set under environment: of web in the compose file, which wins over every env file. Move it from there to "
	if !strings.Contains(plan.err, note) {
		t.Errorf("the plan does not say so beforehand: %s", plan.err)
	}
	r := s.run("apply", "--yes")
	if r.code != exitError || !strings.Contains(r.err, "The app has DJANGO_ALLOWED_HOSTS from environment: in the compose file") {
		t.Errorf("apply ended with %d: %s", r.code, r.err)
	}
	if diff := cmp.Diff(before, s.files()); diff != "" {
		t.Errorf("what was refused changed files (-want +got):\n%s", diff)
	}
	s.behindOurBack(func(w *stranger) {
		if got := w.list(records); len(got) > 0 {
			t.Error("the name was switched over to an app that does not know it")
		}
	})
	s.write(compose, before[compose][:strings.Index(before[compose], "    environment:\n      DJANGO")]+
		before[compose][strings.Index(before[compose], "    ports:\n"):])
	s.applied()
}

func TestAGateIsToldAndHoldsTheRunUp(t *testing.T) {
	rows := map[string]struct {
		close, open func(*stranger)
		says        string
	}{
		"the zone is pending": {
			func(w *stranger) { w.Cloud.SetZoneStatus(w.Cloud.Basics().ZoneID, "pending") },
			func(w *stranger) { w.Cloud.SetZoneStatus(w.Cloud.Basics().ZoneID, "active") },
			"parked: The domain example.org is not active at Cloudflare yet (pending). At your registrar, set the name servers to ",
		},
		"Zero Trust is off": {
			func(w *stranger) { w.Cloud.SetOnboarded(w.Cloud.Basics().AccountID, "") },
			func(w *stranger) {
				w.Cloud.SetOnboarded(w.Cloud.Basics().AccountID, "example-team.cloudflareaccess.com")
			},
			"parked: Zero Trust is not switched on for this account. Open one.dash.cloudflare.com, choose the Free plan",
		},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := newShop(t).fresh(row.close)
			for range 2 { // the second time it still waits, and says why
				if r := s.run("apply", "--yes"); r.code != exitError || !strings.Contains(r.err, row.says) {
					t.Fatalf("apply ended with %d:\n%s%s", r.code, r.out, r.err)
				}
			}
			s.behindOurBack(func(w *stranger) {
				if got := w.list(records); len(got) > 0 {
					t.Errorf("the name was switched over past the gate: %v", got)
				}
				row.open(w)
			})
			if r := s.must("apply", "--yes"); !strings.Contains(r.out, "Going on with a run that was interrupted.") {
				t.Errorf("apply did not go on with the run that waited:\n%s", r.out)
			}
			s.must("status")
		})
	}
}

func TestWhatWaitsAtAGateCanBeGivenUp(t *testing.T) {
	t.Parallel()
	s := newShop(t).fresh(func(w *stranger) { w.Cloud.SetZoneStatus(w.Cloud.Basics().ZoneID, "pending") })
	s.run("apply", "--yes")
	s.must("destroy", "--yes")
	s.behindOurBack(func(w *stranger) {
		if got := counts(w.account()); got != bare {
			t.Errorf("the account holds %s, want %s", got, bare)
		}
	})
}

// The service reads two files; the later one wins.
func TestAKeyInTwoEnvFilesIsChangedWhereItCounts(t *testing.T) {
	t.Parallel()
	s := newShop(t).fresh(func(*stranger) {})
	s.write(".env", s.read(".env")+"DJANGO_ALLOWED_HOSTS=first.example.org\n")
	before := s.read(".env")
	r := s.applied().run("plan")
	if !strings.Contains(r.err, "DJANGO_ALLOWED_HOSTS stands in ") || !strings.Contains(r.err, "The last one wins; remove the other") {
		t.Errorf("nobody is told of the line without effect: %s", r.err)
	}
	if got := s.read(".env"); got != before {
		t.Errorf("the file that does not count was changed:\n%s", got)
	}
	if !strings.Contains(s.read(".env.prod"), "DJANGO_ALLOWED_HOSTS=chat.example.org\n") {
		t.Errorf("the file that counts was not changed:\n%s", s.read(".env.prod"))
	}
}

func TestAPortFromAVariableIsClosedAsItIsWritten(t *testing.T) {
	t.Parallel()
	s := newShop(t).fresh(func(*stranger) {})
	s.write(".env", s.read(".env")+"PORT=8000\n")
	s.applied()
	if !strings.Contains(s.read("docker-compose.prod.yml"), `- "127.0.0.1:${PORT:-8000}:${PORT:-8000}"   # reachable from everywhere`) {
		t.Errorf("the line of the port is\n%s", s.read("docker-compose.prod.yml"))
	}
}

func TestARecordOnTheNameIsNeverOverwritten(t *testing.T) {
	for _, kind := range []object{
		{"type": "A", "content": "203.0.113.9", "proxied": true},
		{"type": "CNAME", "content": "elsewhere.example.net", "proxied": false},
	} {
		t.Run(kind["type"].(string), func(t *testing.T) {
			t.Parallel()
			record := object{"name": "chat.example.org", "ttl": 1}
			for k, v := range kind {
				record[k] = v
			}
			s := newShop(t)
			var before object
			s.fresh(func(w *stranger) {
				w.call("POST", records, record)
				before = w.named(records, "chat.example.org")
			})
			r := s.run("apply", "--yes")
			if r.code != exitError || !strings.Contains(r.err, "chat.example.org is in use") || !strings.Contains(r.err, "Culvert never overwrites a record.") {
				t.Errorf("apply ended with %d: %s", r.code, r.err)
			}
			s.must("destroy", "--yes")
			s.behindOurBack(func(w *stranger) {
				if diff := cmp.Diff(before, w.named(records, "chat.example.org")); diff != "" {
					t.Errorf("their record is not as it was (-before +after):\n%s", diff)
				}
			})
		})
	}
}
