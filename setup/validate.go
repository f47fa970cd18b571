package setup

import (
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
)

// FieldError is bad input at one field: what is wrong and what to type instead.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

func (e FieldError) Error() string { return e.Field + ": " + e.Message }

// Validate says what is wrong with the answers, field by field. Empty means
// that a plan can be made.
func (a Answers) Validate() []FieldError {
	var bad []FieldError
	add := func(field, message string) {
		if message != "" {
			bad = append(bad, FieldError{field, message})
		}
	}
	add("setup", checkSlug(string(a.Setup)))
	if a.Tunnel != "" {
		add("tunnel", checkSlug(a.Tunnel))
	}
	add("account", checkAccount(a.Account))
	if !a.withoutDomain() {
		add("zone", checkDomain(a.Zone))
		add("hostname", CheckHostname(a.Hostname, a.Zone))
	}
	bad = append(bad, a.Team.validate()...)
	add("webhooks", checkDoors(a.Doors))
	add("app", a.Stack.check())
	if !slices.Contains([]PortChoice{PortLoopback, PortNone, PortKeep}, a.Port) {
		add("port", "Choose what becomes of the published port: loopback, none or keep.")
	}
	add("app", checkSettings(a.Settings))
	add("connector_image", checkImage(a.Image, "cloudflare/cloudflared:2026.8.2"))
	if a.AlertEmail != "" {
		add("alert_email", checkMailbox(a.AlertEmail))
	}
	return append(bad, a.validateMode()...)
}

var slug = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// Reserved names are words of the dashboard's addresses.
func Reserved(name string) bool {
	return slices.Contains([]string{"look", "choose", "start", "static", "practice", "break", "signed-out", "sign-out", "healthz", "metrics"}, name)
}

func checkSlug(s string) string {
	if Reserved(s) {
		return fmt.Sprintf("%q is a word of the dashboard's own addresses. Choose another name.", s)
	}
	if !slug.MatchString(s) {
		return "Use 1 to 40 small letters, digits and dashes, such as open-chat-studio."
	}
	return ""
}

var accountID = regexp.MustCompile(`^[0-9a-f]{32}$`)

func checkAccount(s string) string {
	switch {
	case s == "":
		return "Choose your Cloudflare account. Its id stands in the address bar of the dashboard, behind dash.cloudflare.com/."
	case !accountID.MatchString(s):
		return "An account id has 32 characters, 0 to 9 and a to f. It stands in the address bar of the dashboard, behind dash.cloudflare.com/."
	}
	return ""
}

var label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func checkDomain(s string) string {
	if s == "" {
		return "Type your domain at Cloudflare, such as example.org."
	}
	return checkName(s, "example.org")
}

// checkName finds what commonly goes wrong when people type a host name.
func checkName(s, example string) string {
	switch {
	case strings.Contains(s, "://"):
		return fmt.Sprintf("Leave out %q: only the name is needed, such as %s.", s[:strings.Index(s, "://")+3], example)
	case strings.ContainsAny(s, "/?#"):
		return fmt.Sprintf("Leave out everything from %q on: only the name is needed, such as %s.", s[strings.IndexAny(s, "/?#"):], example)
	case strings.Contains(s, ":"):
		return fmt.Sprintf("Leave out the port %q: Cloudflare answers on 443 by itself.", s[strings.Index(s, ":"):])
	case strings.HasSuffix(s, "."):
		return "Leave out the dot at the end."
	case strings.Contains(s, "_"):
		return "A name on the web cannot have an underscore; use a dash."
	case strings.ContainsAny(s, " \t"):
		return "Leave out the spaces."
	case s != strings.ToLower(s):
		return fmt.Sprintf("Use small letters: %s.", strings.ToLower(s))
	case len(s) > 253:
		return "A name can have at most 253 characters."
	case !strings.Contains(s, "."):
		return fmt.Sprintf("Type the whole name, such as %s.", example)
	}
	for _, l := range strings.Split(s, ".") {
		if !label.MatchString(l) {
			return fmt.Sprintf("%q cannot be part of a name: use letters, digits and dashes, not a dash at an end.", l)
		}
	}
	return ""
}

// CheckHostname says what is wrong with a public hostname of a zone.
func CheckHostname(host, zone string) string {
	if host == "" {
		return "Type the address under which the app shall be reached, such as chat.example.org."
	}
	if bad := checkName(host, "chat.example.org"); bad != "" {
		return bad
	}
	if zone == "" || checkName(zone, "") != "" {
		return ""
	}
	if host == zone {
		return "" // the domain itself has a certificate too
	}
	prefix, in := strings.CutSuffix(host, "."+zone)
	if !in {
		return fmt.Sprintf("The address must end in .%s, your domain at Cloudflare.", zone)
	}
	if strings.Contains(prefix, ".") {
		return fmt.Sprintf("%s is two names deep: Cloudflare's free certificate covers one, such as %s.%s.",
			host, strings.ReplaceAll(prefix, ".", "-"), zone)
	}
	return ""
}

// publicMail are domains where anybody can get an address.
var publicMail = []string{
	"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com",
	"icloud.com", "me.com", "mac.com", "aol.com", "proton.me", "protonmail.com", "pm.me", "gmx.com",
	"gmx.de", "gmx.net", "web.de", "mail.com", "mail.ru", "yandex.com", "yandex.ru", "zoho.com",
	"tutanota.com", "tuta.com", "fastmail.com", "hey.com", "qq.com", "163.com", "126.com", "t-online.de",
	"orange.fr", "laposte.net", "libero.it", "rediffmail.com",
}

func (t Team) validate() []FieldError {
	var bad []FieldError
	if len(t.Emails) == 0 && len(t.Domains) == 0 {
		bad = append(bad, FieldError{"team", "Say who may enter: e-mail addresses, or the domain of your organisation's addresses."})
	}
	for _, e := range t.Emails {
		if m := checkMailbox(e); m != "" {
			bad = append(bad, FieldError{"team.emails", m})
		}
	}
	for _, d := range t.Domains {
		switch {
		case strings.Contains(d, "@"):
			bad = append(bad, FieldError{"team.domains", fmt.Sprintf("Leave out the @: type %s.", d[strings.LastIndex(d, "@")+1:])})
		case slices.Contains(publicMail, strings.ToLower(d)):
			bad = append(bad, FieldError{"team.domains", fmt.Sprintf("Anybody can get an address at %s, so this would let everybody in. List the addresses of your colleagues instead.", d)})
		default:
			if m := checkName(d, "example.org"); m != "" {
				bad = append(bad, FieldError{"team.domains", m})
			}
		}
	}
	return bad
}

func checkMailbox(s string) string {
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s || strings.ContainsAny(s, "*") {
		return fmt.Sprintf("%q is not an e-mail address. Type one such as ana@example.org.", s)
	}
	return ""
}

// maxDestinations is Cloudflare's limit for one Access application.
const maxDestinations = 5

func checkDoors(doors []Door) string {
	seen := map[string]string{}
	for _, d := range doors {
		if len(d.Destinations) == 0 || len(d.Destinations) > maxDestinations {
			return fmt.Sprintf("%s has %d paths; one door can have 1 to %d.", d.Name, len(d.Destinations), maxDestinations)
		}
		for _, path := range d.Destinations {
			if !strings.HasPrefix(path, "/") || path == "/" || path == "/*" {
				return fmt.Sprintf("%s asks for %q, which would open everything.", d.Name, path)
			}
			if other, twice := seen[path]; twice {
				return fmt.Sprintf("%s and %s both ask for %s.", other, d.Name, path)
			}
			seen[path] = d.Name
		}
		for _, re := range d.Paths {
			if _, err := regexp.Compile(re); err != nil || !strings.HasPrefix(re, "^/") || !strings.HasSuffix(re, "$") {
				return fmt.Sprintf("%s: the path pattern %q is not anchored at both ends.", d.Name, re)
			}
		}
	}
	return ""
}

func (s Stack) check() string {
	switch {
	case s.Project == "" || s.Service == "":
		return "No app was chosen. Start your app with docker compose, then look again."
	case s.Target <= 0 || s.Target > 65535:
		return "The port on which the app listens is not known. Type it, such as 8000."
	case s.Network == "":
		return "The app's Docker network is not known. Start the app, then look again."
	case s.EnvFile == "":
		return "The app has no env file in which its settings can be written."
	case s.ComposeFile == "":
		return "The compose file of the app is not known."
	}
	return ""
}
