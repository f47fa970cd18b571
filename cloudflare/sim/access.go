package sim

import (
	"net/http"
	"net/url"
	"slices"
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
	if v.path == authorizedPath {
		return c.enter(a, v)
	}
	app := a.doors.find(v.host, v.path)
	if app == nil {
		if a.Org.deniesUnmatched(c.state.zoneOf(v.host).Name) {
			return forbidden("no Access application covers this address")
		}
		return nil
	}
	if app.arriving {
		return notReady
	}
	if cookie, err := v.Cookie(sessionCookie); err == nil {
		if session, err := a.verify(cookie.Value, app, c.now()); err == nil {
			return pass(v, cookie.Value, session)
		}
	}
	policies := a.policiesOf(app)
	if answered, settled := c.machine(a, app, policies, v); settled {
		return answered
	}
	open := c.judge(a).bypassed(policies, v.who)
	if v.Header.Get(metadataRequest) != "" && (!open || !c.o.Unsure.NoMetadataOnBypass) {
		v.Header.Del(metadataRequest)
		match := a.sign(claims{Type: "match", Audience: []string{app.AUD}, Hostname: v.host,
			AppHost: app.Domain, AuthDomain: a.Org.AuthDomain, Issued: c.now().Unix()})
		return withHeader("Cf-Access-Metadata", match, c.answerOrCarry(a, app, policies, v))
	}
	return c.challenge(a, app, policies, v)
}

// challenge is guard's answer to a visitor without a session.
func (c *Cloud) challenge(a *account, app *app, policies []*policy, v *visit) step {
	made := c.judge(a).decide(policies, v.who)
	if made == through {
		return nil
	}
	if app.is("service_auth_401_redirect") && hasServiceAuth(policies) {
		return unauthorizedPage
	}
	switch made {
	case needsLogin:
		return c.redirectToLogin(a, app, v)
	case serviceOnly:
		return forbidden("a service token is required")
	default:
		return forbidden(errNotAllowed.Error())
	}
}

func hasServiceAuth(policies []*policy) bool {
	return slices.ContainsFunc(policies, func(p *policy) bool { return p.Decision == "non_identity" })
}

// answerOrCarry is challenge, or what answers beyond it.
func (c *Cloud) answerOrCarry(a *account, app *app, policies []*policy, v *visit) step {
	if answered := c.challenge(a, app, policies, v); answered != nil {
		return answered
	}
	return c.onward(a, v)
}

// onward carries a visit that Access has nothing against.
func (c *Cloud) onward(a *account, v *visit) step {
	_, r := c.visible().lookup(v.host)
	return c.carry(a, r, v)
}

// pass lets a session on and tells the origin who it is. A session was
// allowed when it began; changed policies do not end it.
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
