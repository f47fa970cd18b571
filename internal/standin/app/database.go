package app

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

// DatabaseKey names the file that stands for the app's database: all that it
// holds is the app's own record of its address. Without it there is none.
const DatabaseKey = "STANDIN_DATABASE"

// bornAs is the address that the app's migrations write.
const bornAs = "localhost:8000"

// team is the one team that the app has.
const team = "demo"

// siteUpdate is how a script changes the record; the address is its argument.
var siteUpdate = regexp.MustCompile(`Site\.objects\..*\.update\(domain=sys\.argv\[1\]\)`)

// script answers the scripts that ask the app about its database.
func (p program) script(args []string) int {
	text := args[0]
	domain, err := p.domain()
	switch {
	case err != nil:
		return p.fail(1, err)
	case siteUpdate.MatchString(text) && len(args) == 2:
		if err := p.setDomain(args[1]); err != nil {
			return p.fail(1, err)
		}
		return 0
	case strings.Contains(text, "Site.objects.get_current()"):
		return p.say(domain)(nil)
	case strings.Contains(text, `get_model("teams", "Team")`):
		return p.say(team)(nil)
	}
	return p.fail(2, "python: only manage.py is here")
}

// register tells nobody, and says what the app would tell.
func (p program) register(args []string) int {
	domain, err := p.domain()
	switch {
	case err != nil:
		return p.fail(1, err)
	case len(args) != 2 || args[0] != "--team-slug" || args[1] != team:
		return p.fail(1, "CommandError: there is no such team")
	}
	const channel = "/channels/telegram/0b9c1d3e-5f70-4a8b-9c2d-3e4f5a6b7c8d"
	return p.say("telegram https://" + domain + channel)(nil)
}

func (p program) domain() (string, error) {
	path, set := p.env(DatabaseKey)
	if !set {
		return "", errors.New("django.db.utils.OperationalError: there is no database")
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return bornAs, nil
	}
	return strings.TrimSpace(string(text)), err
}

func (p program) setDomain(domain string) error {
	path, _ := p.env(DatabaseKey)
	return os.WriteFile(path, []byte(domain+"\n"), 0o600)
}
