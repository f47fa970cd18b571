package probe

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/culvert/culvert/setup"
)

// judgeDoor: the app itself must answer, and as it does to an unsigned request.
func judgeDoor(a answer, by setup.Answerer, c setup.Check) (bool, string) {
	switch by {
	case setup.ByApp:
		if wanted(a, c.Want) {
			return true, doorOpen(a)
		}
		return false, doorOdd(a, c)
	case setup.ByAccess:
		return false, "Access asks for a login: the door is closed, and nothing gets through to the app."
	}
	return false, inTheWay(a, by, c)
}

func doorOpen(a answer) string {
	methods := methodsBut(a.allowed())
	switch {
	case a.status != 405 || len(methods) == 0:
		return fmt.Sprintf("The app answered (%d): the door is open.", a.status)
	case len(methods) == 1:
		return fmt.Sprintf("The app answered (405, it accepts %s only): the door is open.", methods[0])
	}
	return fmt.Sprintf("The app answered (405, it accepts %s): the door is open.", strings.Join(methods, ", "))
}

// methodsBut leaves out OPTIONS, which says nothing about a webhook.
func methodsBut(methods []string) []string {
	var left []string
	for _, m := range methods {
		if m != "OPTIONS" {
			left = append(left, m)
		}
	}
	return left
}

func doorOdd(a answer, c setup.Check) string {
	switch {
	case a.isRedirect() && a.location != nil && a.location.Scheme == "https" && a.location.Path == pathOf(c.Path):
		return fmt.Sprintf("The app answered %d and sends callers to https: it does not see that they came by https already.", a.status)
	case a.status == 404:
		return "The app answered 404: the door is open, but the app does not know this path."
	case a.status >= 500:
		return fmt.Sprintf("The app answered %d: the door is open, but the app has a fault there.", a.status)
	}
	return fmt.Sprintf("The app answered %d, but not as it should (%s).", a.status, expectation(c.Want))
}

func expectation(w setup.Answer) string {
	var parts []string
	if w.Status != 0 {
		parts = append(parts, fmt.Sprint(w.Status))
	}
	if w.Allow != "" {
		parts = append(parts, "Allow: "+w.Allow)
	}
	if w.Body != "" {
		parts = append(parts, fmt.Sprintf("%q", w.Body))
	}
	return strings.Join(parts, ", ")
}

// judgeMetadata: the path must not be gated. The metadata header may come with
// what Access lets through, so who answered decides, and without a sign of that
// the header must be absent.
func judgeMetadata(a answer, by setup.Answerer) (bool, string) {
	switch by {
	case setup.ByApp:
		return true, fmt.Sprintf("Access lets this path through (%d from the app): the door is open.", a.status)
	case setup.ByAccess:
		return false, "Access asks for a login: the door is closed, and nothing gets through to the app."
	case setup.ByUnknown:
		refusal := a.status == 403 || a.status == 429 || a.status >= 500 // whose, a HEAD does not show
		if a.viaCloudflare() && !refusal && !a.isAccess() && a.header.Get("Cf-Access-Metadata") == "" {
			return true, fmt.Sprintf("Access does not ask for a login here (%d): the door is open.", a.status)
		}
	}
	return false, inTheWay(a, by, setup.Check{})
}

// judgeLock: Access must answer, and nobody else.
func judgeLock(a answer, by setup.Answerer, c setup.Check) (bool, string) {
	switch by {
	case setup.ByAccess:
		return true, "Access asks for a login."
	case setup.ByApp:
		return false, c.Path + " answers without a login."
	case setup.ByAppHost:
		return false, c.Path + " reaches the app without a login; only the app's list of host names stopped it."
	case setup.ByTunnel, setup.ByConnector:
		return false, fmt.Sprintf("%s was let through to the tunnel without a login (%d); only that the app is not reached keeps it closed.", c.Path, a.status)
	case setup.ByEdge:
		return false, fmt.Sprintf("Cloudflare stopped the check itself (%s), so whether %s is locked cannot be told.", reason(a), c.Path)
	}
	return false, fmt.Sprintf("%s gives an answer (%d) that is not a login by Access.", c.Path, a.status)
}

// inTheWay says what answered in the app's place.
func inTheWay(a answer, by setup.Answerer, c setup.Check) string {
	switch by {
	case setup.ByAppHost:
		return "The app answered, but it refuses this host name (400): the name is missing in its list of hosts, or the app was not restarted since."
	case setup.ByEdge:
		if a.status >= 520 && a.status <= 529 {
			return fmt.Sprintf("Cloudflare cannot reach the server that the name points to (%d): the name does not lead into the tunnel.", a.status)
		}
		if code := a.edgeCode(); c.NoUserAgent && a.header.Get("Cf-Mitigated") == "" && (code == 0 || code == 1010) {
			return fmt.Sprintf("Cloudflare blocked the caller (%s). It sent no User-Agent, as the real one does not: Browser Integrity Check stops such callers.", reason(a))
		}
		return fmt.Sprintf("Cloudflare blocked the caller (%s): a security setting of your domain stands in the way.", reason(a))
	case setup.ByTunnel:
		return fmt.Sprintf("Cloudflare has no connection to the tunnel (%s): cloudflared is not running, or the name leads to another tunnel.", reason(a))
	case setup.ByConnector:
		if a.status == 404 {
			return "The tunnel has no rule for this path (404)."
		}
		return fmt.Sprintf("cloudflared runs, but it cannot reach the app (%d).", a.status)
	}
	return fmt.Sprintf("Something answered (%d) that is neither the app nor Cloudflare as we know them.", a.status)
}

func reason(a answer) string {
	if mitigated := a.header.Get("Cf-Mitigated"); mitigated != "" {
		return fmt.Sprintf("%d, %s", a.status, clean(mitigated))
	}
	if code := a.edgeCode(); code != 0 && code != a.status {
		return fmt.Sprintf("%d, error %d", a.status, code)
	}
	return fmt.Sprint(a.status)
}

func pathOf(path string) string {
	bare, _, _ := strings.Cut(path, "?")
	if decoded, err := url.PathUnescape(bare); err == nil {
		return decoded
	}
	return bare
}

// excerpt gives the lines that decide. Cookies and the signed parts of
// addresses are left out.
func excerpt(a answer) []string {
	lines := []string{fmt.Sprintf("HTTP %d", a.status)}
	add := func(name, value string) {
		if value = clean(value); value != "" {
			lines = append(lines, name+": "+value)
		}
	}
	if a.location != nil {
		bare := url.URL{Scheme: a.location.Scheme, Host: a.location.Host, Path: a.location.Path}
		add("Location", bare.String())
	}
	scheme, _, _ := strings.Cut(a.header.Get("Www-Authenticate"), " ")
	add("WWW-Authenticate", scheme)
	for _, name := range []string{
		"Allow", "Cf-Mitigated", "Content-Type", "Server", "Cf-Ray", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy",
	} {
		add(name, a.header.Get(name))
	}
	if a.header.Get("Cf-Access-Metadata") != "" {
		lines = append(lines, "Cf-Access-Metadata: …")
	}
	text := title(a.body)
	if text == "" && !a.isHTML() {
		text, _, _ = strings.Cut(strings.TrimSpace(a.body), "\n")
	}
	if text = clean(text); text != "" {
		lines = append(lines, text)
	}
	return lines
}

// clean makes one short line of printable text.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return ' '
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if short := []rune(s); len(short) > 160 {
		return string(short[:159]) + "…"
	}
	return s
}
