package auth

import (
	"context"
	"net/http"
	"path"
	"strings"
)

// Middleware lets requests through that have a session or ask for an open path.
// The others are told that they are signed out, each in the way that its sender
// understands: a page is redirected, HTMX is told to go there, a stream and
// everything else gets 401.
func (a *Auth) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Cookie")
		ctx, actor, err := a.load(w, r)
		if err != nil {
			a.failed(w, r, err)
			return
		}
		if actor == "" && !a.isOpen(r) {
			a.refuse(w, r)
			return
		}
		ctx = context.WithValue(ctx, visitKey{}, &visit{w, actor})
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// load reads the session of a request and notes the visit, at most once a
// minute. A session that was left alone for too long is ended.
func (a *Auth) load(w http.ResponseWriter, r *http.Request) (ctx context.Context, actor string, err error) {
	token := ""
	if c, err := r.Cookie(a.sessions.Cookie.Name); err == nil {
		token = c.Value
	}
	if ctx, err = a.sessions.Load(r.Context(), token); err != nil {
		return nil, "", err
	}
	actor, seen := a.signedIn(ctx)
	switch {
	case actor == "" && !seen.IsZero():
		err = a.end(ctx, w)
	case actor != "" && a.now().Sub(seen) >= touchEvery:
		a.sessions.Put(ctx, seenKey, a.now().UnixMilli())
		_, _, err = a.sessions.Commit(ctx)
	}
	return ctx, actor, err
}

// isOpen looks at the path as routers may: decoded and as it was sent, and with
// dots resolved. All of them must be open.
func (a *Auth) isOpen(r *http.Request) bool {
	for _, p := range []string{r.URL.Path, r.URL.EscapedPath()} {
		if !a.inOpen(p) || !a.inOpen(clean(p)) {
			return false
		}
	}
	return true
}

func clean(p string) string {
	c := path.Clean(p)
	if strings.HasSuffix(p, "/") && c != "/" {
		c += "/"
	}
	return c
}

func (a *Auth) inOpen(p string) bool {
	for _, o := range a.open {
		if p == o || strings.HasSuffix(o, "/") && strings.HasPrefix(p, o) {
			return true
		}
	}
	return false
}

func (a *Auth) refuse(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("HX-Request") == "true":
		w.Header().Set("HX-Redirect", a.signedOut)
	case isPage(r):
		http.Redirect(w, r, a.signedOut, http.StatusSeeOther)
		return
	}
	http.Error(w, "You are signed out. Get a new login link on the server where Culvert runs.", http.StatusUnauthorized)
}

// isPage says whether a person looks at the answer. A stream must never be
// redirected: the browser would try again for ever.
func isPage(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		strings.Contains(r.Header.Get("Accept"), "text/html")
}

// failed answers when a session could not be read or written.
func (a *Auth) failed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the visitor left
	}
	a.log.ErrorContext(r.Context(), "session", "error", err)
	http.Error(w, "Culvert could not read or write your session. Its log says why. Try again.",
		http.StatusInternalServerError)
}
