package probe

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// answer is a response in the form in which it is judged.
type answer struct {
	status   int
	header   http.Header
	body     string
	method   string
	host     string // that was asked
	location *url.URL
}

func read(resp *http.Response, body []byte) answer {
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(body)}
	if a.header == nil {
		a.header = http.Header{}
	}
	if resp.Request != nil {
		a.method = resp.Request.Method
		a.host = resp.Request.Host
	}
	if to := a.header.Get("Location"); to != "" {
		a.location, _ = url.Parse(to) // nil if it makes no sense
	}
	return a
}

// viaCloudflare: everything that comes through the edge carries its stamp.
func (a answer) viaCloudflare() bool {
	return a.header.Get("Cf-Ray") != "" || strings.EqualFold(a.header.Get("Server"), "cloudflare")
}

// isAccess recognises the lock. An answer that only speaks of Access is not
// it: apps do that too.
func (a answer) isAccess() bool {
	if !a.viaCloudflare() {
		return false
	}
	asked := strings.HasPrefix(strings.ToLower(a.header.Get("Www-Authenticate")), "cloudflare-access")
	switch {
	case a.isRedirect():
		return asked || a.leadsToLogin()
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		return asked || a.hasAccessHeader() || a.isAccessPage()
	}
	return false
}

func (a answer) isRedirect() bool {
	switch a.status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// leadsToLogin: the login page of a team, or the part of the site's own
// namespace that the edge keeps for Access. Another host with such a path, or a
// name that only ends alike, is somebody else's.
func (a answer) leadsToLogin() bool {
	if a.location == nil || !strings.HasPrefix(a.location.Path, "/cdn-cgi/access/") {
		return false
	}
	host := strings.ToLower(a.location.Hostname())
	if host == "" {
		return a.location.Scheme == ""
	}
	own := strings.EqualFold(a.location.Host, a.host)
	return a.location.Scheme == "https" && (own || strings.HasSuffix(host, ".cloudflareaccess.com"))
}

// hasAccessHeader: the metadata header does not count, for it also comes with
// what Access lets through.
func (a answer) hasAccessHeader() bool {
	for name := range a.header {
		if strings.HasPrefix(name, "Cf-Access-") && name != "Cf-Access-Metadata" {
			return true
		}
	}
	return false
}

func (a answer) isAccessPage() bool {
	return a.isHTML() && strings.Contains(title(a.body), "Cloudflare Access") && strings.Contains(a.body, "/cdn-cgi/access/")
}

// hasAppHeaders: two of the three headers that Django puts on every answer.
// With SAMEORIGIN they are Cloudflare's own, on its pages or by a rule.
func (a answer) hasAppHeaders() bool {
	frame := strings.ToUpper(a.header.Get("X-Frame-Options"))
	if frame != "" && frame != "DENY" {
		return false
	}
	marks := 0
	for _, mark := range []bool{
		frame == "DENY",
		strings.EqualFold(a.header.Get("X-Content-Type-Options"), "nosniff"),
		strings.EqualFold(a.header.Get("Referrer-Policy"), "same-origin"),
	} {
		if mark {
			marks++
		}
	}
	return marks >= 2
}

// refusesHost: the page with which the app answers a host name that it does not
// know. A webhook's own 400 is plain text, a page's own comes with Django's
// X-Frame-Options, which is set behind the look at the host; nginx and the edge
// sign theirs.
func (a answer) refusesHost() bool {
	body := strings.ToLower(a.body)
	return a.status == http.StatusBadRequest && a.isHTML() && strings.Contains(body, "bad request") &&
		a.header.Get("X-Frame-Options") == "" && !strings.Contains(body, "<center>") && !a.isEdgePage()
}

// asksForKey: a 401 in JSON with a scheme, as an API gives it.
func (a answer) asksForKey() bool {
	return a.status == http.StatusUnauthorized && a.mediaType() == "application/json" && a.header.Get("Www-Authenticate") != ""
}

func (a answer) mediaType() string {
	kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

func (a answer) isHTML() bool { return a.mediaType() == "text/html" }

// isEmpty: no body, and none was announced to a HEAD.
func (a answer) isEmpty() bool {
	if a.method == http.MethodHead {
		length := a.header.Get("Content-Length")
		return a.header.Get("Content-Type") == "" && (length == "" || length == "0")
	}
	return strings.TrimSpace(a.body) == ""
}

func (a answer) allowed() []string {
	var methods []string
	for _, m := range strings.Split(a.header.Get("Allow"), ",") {
		if m = strings.ToUpper(strings.TrimSpace(m)); m != "" {
			methods = append(methods, m)
		}
	}
	return methods
}

// isEdgePage recognises Cloudflare's own error pages.
func (a answer) isEdgePage() bool {
	return a.isHTML() && (strings.Contains(a.body, "<center>cloudflare</center>") ||
		strings.Contains(a.body, "cf-error-details") || strings.HasSuffix(title(a.body), "| Cloudflare"))
}

// refusedUnseen: a refusal of a HEAD, which has no page to know it by. The app
// would have signed it, and Access too.
func (a answer) refusedUnseen() bool {
	return a.method == http.MethodHead && (a.status == http.StatusForbidden || a.status == http.StatusTooManyRequests)
}

var (
	plainCode = regexp.MustCompile(`^error code: (\d{3,4})$`)
	titleCode = regexp.MustCompile(`\bError (\d{3,4})\b`)
	titleText = regexp.MustCompile(`(?is)<title>(.*?)</title>`)
)

// edgeCode is the number of Cloudflare's error, in any of the three forms in
// which it comes; 0 if there is none.
func (a answer) edgeCode() int {
	text := strings.TrimSpace(a.body)
	if m := plainCode.FindStringSubmatch(text); m != nil {
		return number(m[1])
	}
	if a.mediaType() == "application/problem+json" {
		var problem struct {
			Code int `json:"error_code"`
		}
		if json.Unmarshal([]byte(text), &problem) == nil {
			return problem.Code
		}
	}
	if a.isEdgePage() {
		if m := titleCode.FindStringSubmatch(title(a.body)); m != nil {
			return number(m[1])
		}
	}
	return 0
}

func number(digits string) int {
	n, _ := strconv.Atoi(digits) // three or four digits
	return n
}

func title(body string) string {
	if m := titleText.FindStringSubmatch(body); m != nil {
		return strings.TrimSpace(m[1])
	}
	return ""
}
