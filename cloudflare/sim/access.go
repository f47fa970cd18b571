package sim

import (
	"net/http"
	"net/url"
)

// metadataRequest asks the edge which Access application covers a URL;
// cloudflared uses it.
const metadataRequest = "Cf-Access-Metadata-Request"

// authorizedPath is where the login page sends people back to, on the host
// that they want to enter.
const authorizedPath = "/cdn-cgi/access/authorized"

// gate finds the account of a host and the Access application that covers the
// path; app is nil if none does.
func (s *state) gate(host, path string) (*account, *app) {
	z := s.zoneOf(host)
	if z == nil {
		return nil, nil
	}
	a, ok := s.Accounts.get(z.AccountID)
	if !ok || a.Org == nil {
		return nil, nil
	}
	return a, a.doors.find(host, path)
}

// guard is Access. It gives the step that answers in the origin's place, or
// nil when the visitor may go on.
func (c *Cloud) guard(a *account, v *visit) step {
	if a.Org == nil {
		return nil
	}
	switch v.path {
	case authorizedPath:
		return c.enter(a, v)
	case logoutPath:
		return c.logout(a, v)
	}
	app := a.doors.find(v.host, v.path)
	switch {
	case app == nil && a.Org.deniesUnmatched(c.visible().zoneOf(v.host).Name):
		return forbidden("no Access application covers this address")
	case app == nil:
		return nil
	case app.arriving:
		return notReady
	}
	answered := c.ask(a, app, a.policiesOf(app), v)
	if v.Header.Get(metadataRequest) == "" {
		return answered
	}
	return c.tellMetadata(a, app, answered, v)
}

// ask goes through the ways past an application: a bypass, a preflight request
// that is let through, a service token, a session. The policies are in order.
func (c *Cloud) ask(a *account, app *app, policies []*policy, v *visit) step {
	j := c.judge(a)
	if j.bypassed(policies, v.who) {
		return nil
	}
	if answered, settled := c.preflight(a, app, v); settled {
		return answered
	}
	if answered, settled := c.machine(a, app, policies, v); settled {
		return answered
	}
	if jwt, session, ok := c.session(a, app, policies, v); ok {
		return pass(v, jwt, session)
	}
	return c.challenge(a, app, policies, v)
}

// session is the one that a visit carries for an application, if it is good:
// not over, and nothing that is checked continuously speaks against it. That a
// policy changed, or went, does not end it ("Session management, Revoke user
// sessions").
func (c *Cloud) session(a *account, app *app, policies []*policy, v *visit) (jwt string, session claims, ok bool) {
	cookie, err := v.Cookie(sessionCookie)
	if err != nil {
		return "", claims{}, false
	}
	if session, err = a.verify(cookie.Value, app, c.now()); err != nil {
		return "", claims{}, false
	}
	who := v.who
	if session.CommonName != "" {
		token := a.clientNamed(session.CommonName)
		if token == nil || !token.works(c.now()) {
			return "", claims{}, false
		}
		who.service = token.ID
	}
	for _, p := range policies {
		if p.ID == session.Policy && !c.judge(a).stillHolds(p.ruleset, who) {
			return "", claims{}, false
		}
	}
	return cookie.Value, session, true
}

// challenge is the answer to a visitor whom nothing lets past.
func (c *Cloud) challenge(a *account, app *app, policies []*policy, v *visit) step {
	script := v.Header.Get("X-Requested-With") == "XMLHttpRequest" // "Session management, AJAX"
	switch {
	case script, app.is("service_auth_401_redirect") && hasServiceAuth(policies):
		return unauthorizedPage
	case c.judge(a).whoMayLogIn(policies) == serviceOnly:
		return denyMachine(app, "a service token is required")
	}
	return c.redirectToLogin(a, app, v)
}

// tellMetadata says in a header which application covers a URL, beside what is
// answered anyway.
func (c *Cloud) tellMetadata(a *account, app *app, answered step, v *visit) step {
	if c.o.Unsure.NoMetadataOnBypass && c.judge(a).bypassed(a.policiesOf(app), v.who) {
		return answered
	}
	v.Header.Del(metadataRequest)
	if answered == nil {
		answered = c.onward(a, v)
	}
	match := a.sign(claims{Type: "match", Audience: []string{app.AUD}, Hostname: v.host,
		AppHost: app.Domain, AuthDomain: a.Org.AuthDomain, Issued: c.now().Unix()})
	return withHeader("Cf-Access-Metadata", match, answered)
}

// onward carries a visit that Access has nothing against.
func (c *Cloud) onward(a *account, v *visit) step {
	_, r := c.visible().lookup(v.host)
	return c.carry(a, r, v)
}

// pass lets a session on and tells the origin who it is.
func pass(v *visit, jwt string, session claims) step {
	v.Header.Set("Cf-Access-Jwt-Assertion", jwt)
	if session.Email != "" {
		v.Header.Set("Cf-Access-Authenticated-User-Email", session.Email)
	}
	return nil
}

// redirectToLogin sends a visitor to the team's login page.
func (c *Cloud) redirectToLogin(a *account, app *app, v *visit) step {
	no := false
	target := v.URL.RequestURI()
	meta := a.sign(claims{Type: "meta", Audience: []string{app.AUD}, Hostname: v.host, Redirect: target,
		AuthStatus: "NONE", Service: &no, Issued: c.now().Unix()})
	location := "https://" + a.Org.AuthDomain + "/cdn-cgi/access/login/" + v.host + "?" +
		url.Values{"kid": {app.AUD}, "meta": {meta}, "redirect_url": {target}}.Encode()
	session := c.ids.aud()
	return func(w http.ResponseWriter, v *visit) {
		h := w.Header()
		h.Set("Www-Authenticate", `Cloudflare-Access resource_metadata="https://`+v.host+
			`/.well-known/cloudflare-access-protected-resource`+v.URL.EscapedPath()+`"`)
		h.Set("Set-Cookie", "CF_AppSession="+session+"; Path=/; Secure; HttpOnly")
		h.Set("Location", location)
		h.Set("Cache-Control", "private, max-age=0, no-store, no-cache, must-revalidate")
		html(w, v, http.StatusFound, "302 Found", "")
	}
}

func withHeader(name, value string, next step) step {
	return func(w http.ResponseWriter, v *visit) {
		w.Header().Set(name, value)
		next(w, v)
	}
}
