package profile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Recognises says whether a service of a Docker host is this app's: it has the
// service's name, and its image, its command or the keys of its environment
// are the app's.
func (p Profile) Recognises(service, image string, command, keys []string) bool {
	if service != p.Service {
		return false
	}
	line := strings.Join(command, " ")
	contains := func(text string) func(string) bool {
		return func(part string) bool { return strings.Contains(text, part) }
	}
	if slices.ContainsFunc(p.Recognise.Images, contains(image)) || slices.ContainsFunc(p.Recognise.Commands, contains(line)) {
		return true
	}
	return slices.ContainsFunc(p.Env.Lists, func(l List) bool { return slices.Contains(keys, l.Name) })
}

var bindPort = regexp.MustCompile(`(?:--bind|-b)[ =]\S*:(\d{1,5})\b`)

// Target is the port on which the app listens, as its running command says, or
// else the usual one.
func (p Profile) Target(command []string) int {
	if m := bindPort.FindStringSubmatch(strings.Join(command, " ")); m != nil {
		if port, err := strconv.Atoi(m[1]); err == nil && port > 0 && port < 65536 {
			return port
		}
	}
	return p.Port.Default
}

// EnvFiles lists the env files in which settings may go, best first.
func (p Profile) EnvFiles() []string { return slices.Clone(p.Env.Files) }

// InUse names the doors whose platforms the app's environment shows to be in
// use. A platform without such a sign may be in use all the same.
func (p Profile) InUse(filled []string) []string {
	var names []string
	for _, d := range p.Doors {
		if slices.ContainsFunc(d.Signs, func(key string) bool { return slices.Contains(filled, key) }) {
			names = append(names, d.Name)
		}
	}
	return names
}

// Astray says which settings of the running app are not as they should be, in
// sentences. Only those count whose wanted value is a plain one.
func (p Profile) Astray(running map[string]string) []string {
	var lines []string
	for _, s := range p.Env.Report {
		have, set := running[s.Name]
		if strings.ContainsAny(s.Want, " ,") || have == s.Want {
			continue
		}
		is := "is not set"
		if set {
			is = "is " + have
		}
		lines = append(lines, s.Name+" "+is+", and should be "+s.Want+". "+s.Why)
	}
	return lines
}

// NoPlainLogin says in a sentence that nobody will be able to log in at an address
// by plain http, or that this cannot be told, going by the settings of the running
// app (nil: they are not known) and those that are to be set right. Empty: people
// can.
func (p Profile) NoPlainLogin(address string, running map[string]string, fixes []string) string {
	for _, s := range p.Env.Report {
		if len(s.NoPlainLogin) == 0 {
			continue
		}
		value := running[s.Name]
		if slices.Contains(fixes, s.Name) {
			value = s.Value
		} else if running == nil {
			return untoldLogin(address, "what "+s.Name+" the app runs with is not known", s)
		}
		switch {
		case slices.Contains(s.NoPlainLogin, value):
			return fmt.Sprintf("Nobody will be able to log in at %s: the app runs with %s, which asks for https, and without a certificate nothing there speaks it. The proof before the switch will refuse. Choose a certificate first%s.", address, value, whereChosen)
		case !slices.Contains(s.PlainLogin, value):
			return untoldLogin(address, s.Name+" is "+value, s)
		}
	}
	return ""
}

const whereChosen = ", on the page “How your team comes in” or as front in the file"

func untoldLogin(address, why string, s Setting) string {
	return fmt.Sprintf("Whether anybody will be able to log in at %s cannot be told: %s. If its settings ask for https, as %s does, nobody can without a certificate, and the proof before the switch will refuse. Choose one first%s, if so.",
		address, why, s.NoPlainLogin[0], whereChosen)
}

// Unset lists the keys by which the app would verify the callers of a door, and
// which have no value in its environment.
func (d Door) Unset(filled []string) []string {
	return slices.DeleteFunc(slices.Clone(d.Secrets), func(key string) bool { return slices.Contains(filled, key) })
}
