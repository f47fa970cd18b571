package profile

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/culvert/culvert/setup"
)

// faultsOfOwn says what is wrong with an own path beside those before it. What
// is closed opens nothing, so only its form counts.
func (p Profile) faultsOfOwn(o setup.OwnPath, before []setup.OwnPath) []setup.FieldError {
	var bad []setup.FieldError
	add := func(part, message string) {
		if message != "" {
			bad = append(bad, setup.FieldError{Field: part, Message: message})
		}
	}
	add("name", checkOwnName(o.Name))
	add("method", checkOwnMethod(o.Method))
	path := checkOwnPath(o.Path)
	if path == "" && slices.ContainsFunc(before, func(other setup.OwnPath) bool { return other.Path == o.Path }) {
		path = fmt.Sprintf("%s stands here a second time. Keep one of them.", o.Path)
	}
	if path == "" && !o.Closed {
		path = p.tooWide(o.Path, before)
	}
	add("path", path)
	if path == "" {
		add("check", p.checkOwnSample(o))
	}
	add("answer", checkOwnStatus(o))
	return bad
}

func checkOwnName(name string) string {
	if len(name) > 60 || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "Use a short name on one line, such as Payments."
	}
	return ""
}

var ownMethods = []string{"POST", "GET", "PUT", "PATCH", "DELETE"}

// OwnMethods lists how an own path may be called.
func OwnMethods() []string { return slices.Clone(ownMethods) }

func checkOwnMethod(method string) string {
	if !slices.Contains(ownMethods, method) {
		return fmt.Sprintf("%q is not possible. Choose one of %s.", method, strings.Join(ownMethods, ", "))
	}
	return ""
}

var plainSegments = regexp.MustCompile(`^(/[A-Za-z0-9._~@-]+)+/?$`)

// checkOwnPath says whether a path can be written in one way only, so that what
// is compared is what is opened.
func checkOwnPath(path string) string {
	fixed := strings.TrimSuffix(path, "/*")
	switch {
	case path == "":
		return "Type the path that is called, such as /hooks/payments."
	case strings.Contains(path, "://"):
		return "Leave out the address: only the path is needed, from the slash behind the name on."
	case !strings.HasPrefix(path, "/"):
		return fmt.Sprintf("A path begins with a slash: /%s.", strings.TrimLeft(path, "*"))
	case strings.Trim(path, "/*") == "":
		return "This would open the whole app. Name the path that is called, such as /hooks/payments."
	case strings.ContainsAny(path, "?#"):
		return fmt.Sprintf("Leave out everything from %q on: doors go by the path alone.", path[strings.IndexAny(path, "?#"):])
	case strings.Contains(fixed, "*"):
		return "A star can stand only at the end, behind a slash, for everything below: /hooks/*."
	case len(path) > 200:
		return "A path can have at most 200 characters here."
	case !plainSegments.MatchString(fixed):
		return "Use letters, digits and . _ ~ @ - between single slashes, without spaces and without %."
	}
	for segment := range strings.SplitSeq(fixed, "/") {
		if segment == "." || segment == ".." {
			return "Write the path without . and .. in it."
		}
	}
	return ""
}

// tooWide says why a path must not be opened: it would let through what has to
// stay locked, or what a door is there for. It goes by the widest way in which
// Access may read the path, whatever the case of its letters.
func (p Profile) tooWide(path string, before []setup.OwnPath) string {
	low := strings.ToLower(path)
	opens := func(page string) bool { return mayCover(low, strings.ToLower(page)) }
	for _, c := range p.Controls {
		if opens(c.Path) {
			return fmt.Sprintf("This would open %s (%s), which must stay behind the login.", lowerFirst(c.Name), c.Path)
		}
	}
	for _, c := range p.Closed {
		if !c.Single || !singleWithin(low, c.Patterns) {
			if slices.ContainsFunc(c.Patterns, func(form string) bool { return mayMeet(low, strings.ToLower(form)) }) {
				return fmt.Sprintf("This would open a part of %s, which stays behind the login. %s", c.Path, c.Why)
			}
		}
	}
	for _, n := range p.Never {
		if opens(n.Witness) || covers(low, strings.ToLower(strings.ReplaceAll(n.Pattern, "*", "x/y"))) {
			return fmt.Sprintf("This would open %s too. %s", n.Witness, n.Why)
		}
	}
	for _, d := range p.Doors {
		if slices.ContainsFunc(d.Destinations, func(form string) bool { return overlap(low, strings.ToLower(form)) }) {
			return fmt.Sprintf("The door for %s is there for that (%s). Open that door instead.", d.Name, strings.Join(d.Destinations, ", "))
		}
		if i := slices.IndexFunc(d.Siblings, opens); i >= 0 {
			return fmt.Sprintf("This would open %s, beside the door for %s, which must stay locked.", d.Siblings[i], d.Name)
		}
	}
	for _, other := range before {
		if !other.Closed && overlap(low, strings.ToLower(other.Path)) {
			return fmt.Sprintf("It overlaps with %s, which is open already. Keep one of them, or make them narrower.", other.Path)
		}
	}
	return ""
}

// overlap says whether two patterns may let the same path through.
func overlap(a, b string) bool {
	return slices.ContainsFunc(readings(b), func(form string) bool { return mayMeet(a, form) })
}

// singleWithin says whether a path is one of those below a pattern, and not
// most of them.
func singleWithin(path string, patterns []string) bool {
	return !strings.Contains(path, "*") && slices.ContainsFunc(patterns, func(form string) bool {
		return covers(form, path) && len(strings.TrimSuffix(path, "/")) > len(strings.TrimSuffix(form, "*"))
	})
}

// checkOwnSample: what is asked must lie behind the door that it proves.
func (p Profile) checkOwnSample(o setup.OwnPath) string {
	if o.Sample == "" {
		if strings.HasSuffix(o.Path, "*") {
			return fmt.Sprintf("Type a path below it that may be asked to prove the door, such as %scheck.", strings.TrimSuffix(o.Path, "*"))
		}
		return ""
	}
	if strings.Contains(o.Sample, "*") || checkOwnPath(o.Sample) != "" || !covers(o.Path, o.Sample) || strings.HasSuffix(o.Path, o.Sample+"*") {
		return fmt.Sprintf("Type one path that %s covers, without a star.", o.Path)
	}
	return ""
}

// checkOwnStatus: what is expected must tell the app from something else, and a
// path that is there from one that is not.
func checkOwnStatus(o setup.OwnPath) string {
	switch s := o.Status; {
	case s == 0:
		return ""
	case s == http.StatusNotFound || s == http.StatusGone:
		return fmt.Sprintf("An app answers %d where nothing is, so this would prove nothing. Type what it says to a GET without content, such as 405, 400 or 401.", s)
	case s == http.StatusMethodNotAllowed && o.Method == http.MethodGet:
		return "The path is called with GET, so the app does not refuse GET. Type what it answers, such as 200."
	case s < 200 || s > 499 || s >= 300 && s < 400:
		return fmt.Sprintf("%d is no answer that proves a door. Type what the app says to a GET without content: 200 to 299, or 400 to 499.", s)
	}
	return ""
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
