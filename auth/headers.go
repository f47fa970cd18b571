package auth

import (
	"net/http"
	"strings"
)

// Connecting lets the scripts of one page ask one further address as well. It is
// called by the page's handler, after Headers.
func Connecting(h http.Header, origin string) {
	h.Set("Content-Security-Policy", contentPolicy(origin))
}

func contentPolicy(more ...string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		"img-src 'self' data:",
		strings.Join(append([]string{"connect-src 'self'"}, more...), " "),
		"form-action 'self'",
		"frame-ancestors 'none'",
		"base-uri 'none'",
	}, "; ")
}

// Headers sets what a browser must know to keep a page to itself. Handlers may
// set Cache-Control anew, as static files do.
func Headers(next http.Handler) http.Handler {
	policy := contentPolicy()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		// Not no-referrer: with it a form's Origin is "null", and where browsers
		// send no Sec-Fetch-Site (plain http by name) CrossOrigin would refuse
		// our own forms.
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		// Not no-store: it would take what was typed when a person goes back.
		h.Set("Cache-Control", "private, no-cache")
		next.ServeHTTP(w, r)
	})
}
