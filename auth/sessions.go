package auth

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Operator is the actor of everyone who came in by a login link: the link shows
// that they can read the server's log, not who they are.
const Operator = "operator"

// touchEvery bounds how often a visit is written down.
const touchEvery = time.Minute

// Keys of a session's data.
const (
	actorKey = "actor"
	seenKey  = "seen" // of the last visit, in milliseconds
)

// visit is one request that came through Middleware. Sessions are written when
// they change and not, as the session library's own middleware does, when the
// answer begins: by then it is too late to say that it failed.
type visit struct {
	w     http.ResponseWriter // for the cookie
	actor string
}

type visitKey struct{}

// Actor says who makes a request that came through Middleware; empty: nobody
// who is signed in.
func Actor(ctx context.Context) string {
	v, _ := ctx.Value(visitKey{}).(*visit)
	if v == nil {
		return ""
	}
	return v.actor
}

var errOutside = errors.New("this request did not come through the session middleware")

// signIn begins a session with a new token, whatever token came in.
func (a *Auth) signIn(ctx context.Context, actor string) error {
	v, _ := ctx.Value(visitKey{}).(*visit)
	if v == nil {
		return errOutside
	}
	if err := a.sessions.RenewToken(ctx); err != nil {
		return err
	}
	a.sessions.Put(ctx, actorKey, actor)
	a.sessions.Put(ctx, seenKey, a.now().UnixMilli())
	token, expires, err := a.sessions.Commit(ctx)
	if err != nil {
		return err
	}
	a.sessions.WriteSessionCookie(ctx, v.w, token, expires)
	return nil
}

// SignOut ends the session of a request that came through Middleware, also for
// other requests that are under way with it. Call it before the answer begins.
func (a *Auth) SignOut(ctx context.Context) error {
	v, _ := ctx.Value(visitKey{}).(*visit)
	if v == nil {
		return errOutside
	}
	return a.end(ctx, v.w)
}

func (a *Auth) end(ctx context.Context, w http.ResponseWriter) error {
	if err := a.sessions.Destroy(ctx); err != nil {
		return err
	}
	a.sessions.WriteSessionCookie(ctx, w, "", time.Time{})
	return nil
}

// Alive reads again whether the session with which a stream began is still
// good. The context is that of the stream's request. An open stream does not
// count as a visit.
func (a *Auth) Alive(ctx context.Context) (bool, error) {
	if Actor(ctx) == "" {
		return false, nil
	}
	fresh, err := a.sessions.Load(unloaded{ctx}, a.sessions.Token(ctx))
	if err != nil {
		return false, err
	}
	actor, _ := a.signedIn(fresh)
	return actor != "", nil
}

// unloaded is a context without the values of its parent, so that the session
// that was loaded into it is loaded again.
type unloaded struct{ context.Context }

func (unloaded) Value(any) any { return nil }

// signedIn reads the loaded session: no actor if there is none or if it was
// idle for too long; the zero time only if there is none.
func (a *Auth) signedIn(ctx context.Context) (actor string, seen time.Time) {
	actor = a.sessions.GetString(ctx, actorKey)
	if actor == "" {
		return "", time.Time{}
	}
	seen = time.UnixMilli(a.sessions.GetInt64(ctx, seenKey))
	if a.now().Sub(seen) >= a.idle {
		return "", seen
	}
	return actor, seen
}
