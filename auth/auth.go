// Package auth decides who may use the pages: a login link that works once, a
// session in a cookie, and the checks that keep other web sites out (which
// host was asked for, from which site a request comes, what a page may load).
//
// It renders no pages and must not know routes beyond the paths that it is
// told, nor what the people do once they are in.
package auth

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
)

const (
	defaultIdle     = 4 * time.Hour
	defaultLifetime = 12 * time.Hour
)

// Options are what logins need.
type Options struct {
	Sessions scs.CtxStore
	Links    Links
	Clock    func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil: no log

	// Open lists paths that need no session. One that ends in a slash stands
	// for everything below it. The login links and SignedOut are always open.
	Open []string
	// SignedOut is the path of the page for those who have no session.
	SignedOut string // empty: /signed-out

	HTTPS  bool   // the pages are reached by https only
	Cookie string // name of the cookie; empty: culvert

	Idle     time.Duration // without a request; 0: four hours
	Lifetime time.Duration // from the login; 0: twelve hours
}

// Auth issues login links and guards pages with sessions. It is safe for
// concurrent use.
type Auth struct {
	sessions  *scs.SessionManager
	links     Links
	now       func() time.Time
	log       *slog.Logger
	open      []string
	signedOut string
	idle      time.Duration
}

// New makes an Auth.
func New(o Options) *Auth {
	a := &Auth{
		links:     o.Links,
		now:       o.Clock,
		log:       o.Log,
		signedOut: or(o.SignedOut, "/signed-out"),
		idle:      or(o.Idle, defaultIdle),
	}
	if a.now == nil {
		a.now = time.Now
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	a.open = append([]string{linkPath, a.signedOut}, o.Open...)
	a.sessions = scs.New()
	a.sessions.Store = o.Sessions
	a.sessions.HashTokenInStore = true
	a.sessions.Lifetime = or(o.Lifetime, defaultLifetime)
	// IdleTimeout stays off: it would write at every request. See load.
	a.sessions.Cookie.Name = or(o.Cookie, "culvert")
	a.sessions.Cookie.HttpOnly = true
	a.sessions.Cookie.SameSite = http.SameSiteLaxMode
	a.sessions.Cookie.Secure = o.HTTPS
	return a
}

func or[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}
