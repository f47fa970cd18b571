package auth

import (
	"net/http"
	"net/url"
)

const fromElsewhere = "This request came from another web site, so Culvert did nothing. " +
	"Open Culvert's own page and try again there."

// CrossOrigin refuses requests that change something and come from another web
// site. It lets every GET through; streams need SameOrigin as well.
func CrossOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(refuseElsewhere))
	return protection.Handler(next)
}

// SameOrigin refuses every request that another web site makes, whatever its
// method: for streams, which hold a connection and a place in the hub.
func SameOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !IsSameOrigin(r) {
			refuseElsewhere(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// IsSameOrigin says whether a request comes from a page of ours, from the
// address bar or from a program that is no browser. Browsers send
// Sec-Fetch-Site only to https and to this machine; elsewhere the Origin
// counts, which they send with cross-site streams.
func IsSameOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
	default:
		return false // cross-site, or another port or name of the same site
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}

func refuseElsewhere(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, fromElsewhere, http.StatusForbidden)
}
