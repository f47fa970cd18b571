package sim

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// loginPath is followed by the host that the visitor wants to enter.
const loginPath = "/cdn-cgi/access/login/"

// teamPage answers on a team's own host, where people log in.
func (c *Cloud) teamPage(a *account, v *visit) step {
	wanted, ok := strings.CutPrefix(v.path, loginPath)
	if !ok {
		return errorPage(http.StatusNotFound, "Not found")
	}
	kid := v.URL.Query().Get("kid")
	for app := range a.Apps.all() {
		if app.AUD != kid {
			continue
		}
		if v.Method == http.MethodPost {
			return func(w http.ResponseWriter, v *visit) { c.submitLogin(w, v, a.ID, app.ID, wanted) }
		}
		page := loginForm{App: app.Name, Ways: a.hasPIN(app)}
		return func(w http.ResponseWriter, v *visit) { loginPage.write(w, v, http.StatusOK, page) }
	}
	return errorPage(http.StatusNotFound, "Unable to find your Access application!")
}

func (a *account) hasPIN(app *app) bool {
	for idp := range a.IDPs.all() {
		if idp.Type == "onetimepin" && app.allowsIDP(idp.ID) {
			return true
		}
	}
	return false
}

// submitLogin takes an e-mail address as proven, and sends those who are
// allowed back to where they came from, with a session.
func (c *Cloud) submitLogin(w http.ResponseWriter, v *visit, accountID, appID, host string) {
	email, target := v.FormValue("email"), v.URL.Query().Get("redirect_url")
	jwt, err := c.loginByID(accountID, appID, email, v.who)
	if errors.Is(err, errNotAllowed) || errors.Is(err, errNoLogin) {
		forbidden(err.Error())(w, v)
		return
	}
	if err != nil {
		errorPage(http.StatusNotFound, err.Error())(w, v)
		return
	}
	back := url.URL{Scheme: "https", Host: hostname(host), Path: authorizedPath,
		RawQuery: url.Values{"token": {jwt}, "redirect_url": {target}}.Encode()}
	w.Header().Set("Location", back.String())
	html(w, v, http.StatusSeeOther, "303 See Other", "")
}

func (c *Cloud) loginByID(accountID, appID, email string, who visitor) (string, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	a, ok := c.visible().Accounts.get(accountID)
	if !ok || a.Org == nil {
		return "", errNoApp
	}
	app, ok := a.Apps.get(appID)
	if !ok {
		return "", errNoApp
	}
	return c.login(a, app, email, who)
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
		return forbidden(err.Error())
	}
	cookie := sessionFor(jwt, app)
	return func(w http.ResponseWriter, v *visit) {
		http.SetCookie(w, cookie)
		w.Header().Set("Location", target)
		html(w, v, http.StatusFound, "302 Found", "")
	}
}

// loginForm is the login page. The simulator mails no PIN: typing an address
// stands for having read its mail.
type loginForm struct {
	App  string
	Ways bool // there is a login method by e-mail
}

var loginPage = newPage("login", `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign in to {{.App}}</title></head>
<body><h1>Sign in to {{.App}}</h1>
<p>Simulated Cloudflare Access. No mail is sent: the address you type is taken as yours.</p>
{{if .Ways}}<form method="post"><label>E-mail <input type="email" name="email" required autofocus></label> <button>Sign in</button></form>
{{else}}<p>This application has no login method by e-mail.</p>
{{end}}</body></html>
`)
