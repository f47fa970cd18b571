package app

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// signIn is the login page with Django's protection against forged forms: the
// cookie must come back, equal to the field, from an origin that is trusted.
// In strict mode the cookie is Secure, so no browser keeps it over plain HTTP.
func signIn(st *site, w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		st.postSignIn(w, r)
		return
	}
	token := rand.Text()
	if c, err := r.Cookie("csrftoken"); err == nil && isToken(c.Value) {
		token = c.Value
	}
	st.showSignIn(w, token)
}

func (st *site) showSignIn(w http.ResponseWriter, token string) {
	st.cookie(w, "csrftoken", token)
	html(w, "", http.StatusOK, page("Sign In", `<form method="post"><input type="hidden" name="csrfmiddlewaretoken" value="`+token+
		`"><input name="login" type="email"><input name="password" type="password"><button>Sign In</button></form>`))
}

func (st *site) postSignIn(w http.ResponseWriter, r *http.Request) {
	c, err := r.Cookie("csrftoken")
	if err != nil || c.Value == "" || r.PostFormValue("csrfmiddlewaretoken") != c.Value || !st.trusts(r) {
		html(w, "", http.StatusForbidden, page("Forbidden", "CSRF verification failed. Request aborted."))
		return
	}
	if r.PostFormValue("login") == "" && r.PostFormValue("password") == "" {
		st.showSignIn(w, c.Value) // nothing is filled in, so the form comes back
		return
	}
	// Whoever gets here may come in: what is behind is not the stand-in's business.
	st.cookie(w, "sessionid", rand.Text())
	html(w, "/", http.StatusFound, "")
}

// isToken keeps anything but letters and digits out of the page.
func isToken(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// trusts compares the Origin header with the app's own address and the trusted
// ones, or over HTTPS the Referer if there is no Origin.
func (st *site) trusts(r *http.Request) bool {
	scheme := "http"
	if st.secure(r) {
		scheme = "https"
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		if scheme == "http" {
			return true
		}
		u, err := url.Parse(r.Referer())
		if err != nil || u.Host == "" {
			return false
		}
		origin = u.Scheme + "://" + u.Host
	}
	return origin == scheme+"://"+r.Host || slices.ContainsFunc(st.settings.CSRFTrusted, func(trusted string) bool {
		s, below, wild := strings.Cut(trusted, "://*")
		return origin == trusted || wild && strings.HasPrefix(origin, s+"://") && strings.HasSuffix(origin, below)
	})
}

func (st *site) cookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", SameSite: http.SameSiteLaxMode,
		Secure: st.settings.Strict, HttpOnly: name == "sessionid",
	})
}
