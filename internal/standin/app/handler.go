package app

import (
	"fmt"
	"io"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
)

// site is the app as the world sees it.
type site struct {
	settings Settings
	routes   []compiled
}

type compiled struct {
	route
	re *regexp.Regexp
}

// Handler answers as the app does. Each request is written to log as a line:
// method, path, status.
func Handler(s Settings, log io.Writer) http.Handler {
	st := &site{settings: s}
	for _, r := range routes() {
		st.routes = append(st.routes, compiled{r, regexp.MustCompile("^" + r.path + "$")})
	}
	var logging sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		rec.Header().Set("Server", "gunicorn")
		st.cors(rec, r)
		logging.Lock()
		defer logging.Unlock()
		_, _ = fmt.Fprintf(log, "%s %s %d\n", r.Method, r.URL.EscapedPath(), rec.status)
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// What follows is the app's middleware, in its order. Each layer sets headers
// only on what it or a layer below it answered, which is why a wrong Host, a
// redirect and a page carry different ones.

// cors answers preflights of the chat widget, for any host.
func (st *site) cors(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/api/chat/") {
		st.security(w, r)
		return
	}
	h := w.Header()
	h.Add("Vary", "origin")
	if r.Header.Get("Origin") != "" {
		h.Set("Access-Control-Allow-Origin", "*")
	}
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		st.security(w, r)
		return
	}
	h.Set("Access-Control-Allow-Headers", "accept, accept-encoding, content-type, dnt, origin, user-agent, x-requested-with, x-ocs-widget-version, x-embed-key, x-session-token")
	h.Set("Access-Control-Allow-Methods", "DELETE, GET, OPTIONS, PATCH, POST, PUT")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusOK)
}

// security redirects to HTTPS, which needs an allowed host.
func (st *site) security(w http.ResponseWriter, r *http.Request) {
	secure := st.secure(r)
	redirect := st.settings.SSLRedirect && !secure
	if redirect && !st.settings.allows(r.Host) {
		badRequest(w)
		return
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	if redirect {
		html(w, "https://"+r.Host+r.URL.RequestURI(), http.StatusMovedPermanently, "")
		return
	}
	if secure {
		h.Set("Strict-Transport-Security", "max-age=60; includeSubDomains")
	}
	st.static(w, r)
}

// secure is what the app believes, not what the wire is.
func (st *site) secure(r *http.Request) bool {
	return st.settings.Strict && r.Header.Get("X-Forwarded-Proto") == "https"
}

// static serves files before the host is looked at.
func (st *site) static(w http.ResponseWriter, r *http.Request) {
	get := r.Method == http.MethodGet || r.Method == http.MethodHead
	name := path.Ext(r.URL.Path)
	if !get || name == "" || !strings.HasPrefix(r.URL.Path, "/static/") {
		st.common(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", staticType(name))
	h.Set("Cache-Control", "max-age=60, public")
	h.Set("Access-Control-Allow-Origin", "*")
	_, _ = io.WriteString(w, "/* static file */\n")
}

func staticType(ext string) string {
	switch ext {
	case ".js":
		return `text/javascript; charset="utf-8"`
	case ".css":
		return `text/css; charset="utf-8"`
	case ".png":
		return "image/png"
	case ".svg":
		return "image/svg+xml"
	default:
		return "application/octet-stream"
	}
}

// common refuses hosts that are not allowed and adds a missing final slash.
func (st *site) common(w http.ResponseWriter, r *http.Request) {
	if !st.settings.allows(r.Host) {
		badRequest(w)
		return
	}
	h := w.Header()
	h.Set("Content-Language", "en")
	if _, ok := st.find(r.URL.Path); !ok && !strings.HasSuffix(r.URL.Path, "/") {
		if _, ok := st.find(r.URL.Path + "/"); ok {
			u := *r.URL
			u.Path, u.RawPath = u.Path+"/", ""
			html(w, u.RequestURI(), http.StatusMovedPermanently, "")
			return
		}
	}
	h.Set("X-Frame-Options", "DENY")
	h.Add("Vary", "Accept-Language, Cookie")
	st.view(w, r)
}

func (st *site) find(path string) (route, bool) {
	for _, c := range st.routes {
		if c.re.MatchString(path) {
			return c.route, true
		}
	}
	return route{}, false
}

func (st *site) view(w http.ResponseWriter, r *http.Request) {
	rt, ok := st.find(r.URL.Path)
	switch {
	case !ok:
		notFound(st, w, r)
	case !rt.allowed(r.Method):
		w.Header().Set("Allow", rt.allow)
		if rt.json {
			jsonAnswer(w, http.StatusMethodNotAllowed, `{"detail":"Method \"`+r.Method+`\" not allowed."}`)
		} else {
			html(w, "", http.StatusMethodNotAllowed, "")
		}
	default:
		rt.view(st, w, r)
	}
}

// badRequest is the page for a host that is not allowed.
func badRequest(w http.ResponseWriter) {
	html(w, "", http.StatusBadRequest, page("Bad Request", "Shucks. That was a bad request."))
}

func html(w http.ResponseWriter, location string, status int, body string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if location != "" {
		h.Set("Location", location)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func jsonAnswer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func page(title, text string) string {
	return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + title +
		"</title></head><body><h1>" + title + "</h1><p>" + text + "</p></body></html>\n"
}
