package setup

import (
	"regexp"
	"slices"
	"strings"
)

// SiteCommand is how the app's own record of its address is read and written:
// commands in the running container of the service. The argument {domain} of
// Write is replaced by the domain.
type SiteCommand struct {
	Read  []string `json:"read"` // prints the domain, alone on the last line
	Write []string `json:"write"`
}

// Domain is what Read printed: the last line. Nothing is no answer.
func (SiteCommand) Domain(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

var domainText = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?$`)

// Writing is the command that writes a domain. It may be a program text, so what
// is no domain does not get into it: false.
func (c SiteCommand) Writing(domain string) ([]string, bool) {
	command := slices.Clone(c.Write)
	for i, arg := range command {
		command[i] = strings.ReplaceAll(arg, "{domain}", domain)
	}
	return command, domainText.MatchString(domain)
}

// Site is the app's own record of its address, in its database. The app builds
// from it the addresses of webhooks, invitations and password mails, so it is
// changed only if the operator said so after reading what hangs on it.
//
// Always there: a Port shows one object for each Stack with a Site command, with
// the ID "site" in the scope project/service. A command that fails, or prints
// nothing, is unread.
type Site struct {
	Project string `json:"project"`
	Service string `json:"service"`
	Domain  string `json:"domain"`
}

func (Site) Kind() Kind                 { return KindSite }
func (s Site) mapIDs(func(ID) ID) State { return s }
func (s Site) occupies() []string       { return []string{"site of " + s.Project + "/" + s.Service} }
func (s Site) met(have State) bool      { return Same(s, have) }
func (s Site) over(State) State         { return s }
