package sim

import (
	"net/http"
	"strings"
	"time"
)

// clearanceCookie is where the edge keeps that a challenge was solved.
const clearanceCookie = "cf_clearance"

// solvePath is where a browser that solved a challenge goes, on the host that it
// wants to enter.
const solvePath = "/cdn-cgi/challenge-platform/solve"

// challenged is a challenge: a page that only a browser that runs scripts gets
// past. Whatever was asked for, it is HTML and says so in cf-mitigated ("Detect
// a Challenge Page response").
func challenged(w http.ResponseWriter, v *visit) {
	w.Header().Set("Cf-Mitigated", "challenge")
	w.Header().Set("Cache-Control", "private, max-age=0, no-store, no-cache, must-revalidate")
	challengePage.write(w, v, http.StatusForbidden, map[string]string{"Host": v.host, "Solve": solvePath, "To": v.URL.RequestURI(), "Ray": v.ray})
}

// cleared tells whether a visitor solved a challenge of the zone not long ago.
func (a *account) cleared(v *visit, zone string, now time.Time) bool {
	cookie, err := v.Cookie(clearanceCookie)
	if err != nil {
		return false
	}
	said, err := a.read(cookie.Value, now)
	return err == nil && said.Type == "clearance" && said.Hostname == zone
}

// solve takes a challenge as solved, for as long as the zone's challenge passage
// says, and sends the browser back.
func (c *Cloud) solve(a *account, z *zone, passage time.Duration, v *visit) step {
	if v.Method != http.MethodPost {
		return challenged
	}
	jwt := a.sign(claims{Type: "clearance", Hostname: z.Name, Issued: c.now().Unix(), Expires: c.now().Add(passage).Unix()})
	cookie := &http.Cookie{Name: clearanceCookie, Value: jwt, Path: "/", Domain: z.Name, MaxAge: int(passage / time.Second),
		Secure: v.scheme == "https", HttpOnly: true}
	return func(w http.ResponseWriter, v *visit) {
		to := v.PostFormValue("to")
		if !localTarget(to) {
			to = "/"
		}
		http.SetCookie(w, cookie)
		w.Header().Set("Location", to)
		html(w, v, http.StatusSeeOther, "303 See Other", "")
	}
}

// localTarget tells whether a redirect stays on its host.
func localTarget(to string) bool {
	return strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") && !strings.HasPrefix(to, `/\`)
}
