package sim

import (
	"net/http"
	"net/url"
	"strings"
)

// Where people log in and out. loginPath is followed by the host that they want
// to enter; logoutPath is on every host.
const (
	loginPath  = "/cdn-cgi/access/login/"
	logoutPath = "/cdn-cgi/access/logout"
)

// teamPage answers on a team's own host.
func (c *Cloud) teamPage(a *account, v *visit) step {
	if v.path == logoutPath {
		return c.logout(a, v)
	}
	wanted, ok := strings.CutPrefix(v.path, loginPath)
	if !ok {
		return errorPage(http.StatusNotFound, "Not found")
	}
	kid := v.URL.Query().Get("kid")
	for app := range a.Apps.all() {
		if app.AUD == kid {
			return c.loginPage(a, app, hostname(wanted), v)
		}
	}
	return errorPage(http.StatusNotFound, "Unable to find your Access application!")
}

// loginPage lets in who is already logged in to the team, and otherwise asks
// for an address first and then for the code that was sent there.
func (c *Cloud) loginPage(a *account, app *app, host string, v *visit) step {
	if who, known := a.knows(v, c.now()); known && v.Method != http.MethodPost {
		return c.finish(a, app, host, who)
	}
	if v.Method != http.MethodPost {
		return pinForm{App: app.Name, Ways: a.pinOf(app) != nil}.write
	}
	return func(w http.ResponseWriter, v *visit) { c.answerForm(w, v, a.ID, app.ID, host) }
}

// answerForm takes what was typed, without the lock.
func (c *Cloud) answerForm(w http.ResponseWriter, v *visit, accountID, appID, host string) {
	email := emailAddress(v.PostFormValue("email"))
	code, nonce := v.PostFormValue("code"), v.PostFormValue("nonce")
	c.mu.RLock()
	next := c.typed(accountID, appID, host, email, code, nonce, v.who)
	c.mu.RUnlock()
	next(w, v)
}

func (c *Cloud) typed(accountID, appID, host, email, code, nonce string, who visitor) step {
	a, ok := c.visible().Accounts.get(accountID)
	if !ok || a.Org == nil {
		return errorPage(http.StatusNotFound, errNoApp.Error())
	}
	app, ok := a.Apps.get(appID)
	if !ok {
		return errorPage(http.StatusNotFound, errNoApp.Error())
	}
	idp := a.pinOf(app)
	switch {
	case idp == nil:
		return a.deny(app, errNoLogin)
	case code == "":
		return c.sendCode(a, app, email, who, idp.ID)
	case !a.rightCode(email, code, nonce, c.now()):
		return a.deny(app, errNotAllowed)
	}
	who.email, who.idp = email, idp.ID
	return c.finish(a, app, host, who)
}

// finish sends somebody who logged in back to where they came from, with a
// session of the application and one of the team; or tells them that they are
// not allowed.
func (c *Cloud) finish(a *account, app *app, host string, who visitor) step {
	jwt, err := c.openSession(a, app, who)
	c.logLogin(a, app, who, err == nil)
	if err != nil {
		return c.noted(a.deny(app, err))
	}
	team := &http.Cookie{Name: sessionCookie, Value: c.teamSession(a, who), Path: "/", Secure: true, HttpOnly: true,
		SameSite: http.SameSiteNoneMode}
	return c.noted(func(w http.ResponseWriter, v *visit) {
		back := url.URL{Scheme: "https", Host: host, Path: authorizedPath,
			RawQuery: url.Values{"token": {jwt}, "redirect_url": {v.URL.Query().Get("redirect_url")}}.Encode()}
		if _, known := v.team(); !known {
			http.SetCookie(w, team)
		}
		w.Header().Set("Location", back.String())
		html(w, v, http.StatusSeeOther, "303 See Other", "")
	})
}

// noted is a step after which the state is another, because of who logged in.
func (c *Cloud) noted(next step) step {
	return func(w http.ResponseWriter, v *visit) {
		c.changed()
		next(w, v)
	}
}

// enter turns the token that the login page gave into the application's cookie.
func (c *Cloud) enter(a *account, v *visit) step {
	jwt, target := v.URL.Query().Get("token"), v.URL.Query().Get("redirect_url")
	if !localTarget(target) {
		target = "/"
	}
	wanted, err := url.Parse(target)
	if err != nil {
		return errorPage(http.StatusBadRequest, "Bad request")
	}
	app := a.doors.find(v.host, normalPath(wanted.EscapedPath()))
	if app == nil {
		return errorPage(http.StatusBadRequest, "Bad request")
	}
	if _, err := a.verify(jwt, app, c.now()); err != nil {
		return a.deny(app, err)
	}
	cookie := sessionFor(jwt, app)
	return func(w http.ResponseWriter, v *visit) {
		http.SetCookie(w, cookie)
		w.Header().Set("Location", target)
		html(w, v, http.StatusFound, "302 Found", "")
	}
}

// logout ends every session that somebody has with the team, wherever they do
// it; only which cookie is deleted depends on where ("Session management, Log
// out as a user").
func (c *Cloud) logout(a *account, v *visit) step {
	email := ""
	if cookie, err := v.Cookie(sessionCookie); err == nil {
		if session, err := a.read(cookie.Value, c.now()); err == nil {
			email = session.Email
		}
	}
	id := a.ID
	return func(w http.ResponseWriter, v *visit) {
		if email != "" {
			c.RevokeUser(id, email)
		}
		http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, Secure: true})
		logoutPage.write(w, v, http.StatusOK, nil)
	}
}
