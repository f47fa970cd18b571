package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// sessionCookie is where Access keeps who logged in to an application.
const sessionCookie = "CF_Authorization"

// claims is what the simulator's JWTs say. They are signed with a key of the
// account (HS256, where Cloudflare has RS256): only the simulated edge can
// check them.
type claims struct {
	Type       string   `json:"type"` // app, org, pin, clearance, meta, match
	Audience   []string `json:"aud"`
	Email      string   `json:"email,omitempty"`
	CommonName string   `json:"common_name,omitempty"` // the client id of a service token
	IDP        string   `json:"idp,omitempty"`         // the login method
	Policy     string   `json:"policy_id,omitempty"`   // that let in
	Serial     uint64   `json:"serial,omitempty"`      // of two sessions the younger has the higher one
	Issuer     string   `json:"iss,omitempty"`
	Issued     int64    `json:"iat"`
	Expires    int64    `json:"exp,omitempty"`
	Hostname   string   `json:"hostname,omitempty"`
	AppHost    string   `json:"app_hostname,omitempty"`
	AuthDomain string   `json:"auth_domain,omitempty"`
	Redirect   string   `json:"redirect_url,omitempty"`
	AuthStatus string   `json:"auth_status,omitempty"`
	Service    *bool    `json:"service_token_status,omitempty"`
}

// sign makes a JWT of what c marshals to.
func (a *account) sign(c any) string {
	enc := base64.RawURLEncoding
	body, err := json.Marshal(c)
	if err != nil {
		panic(err) // callers give strings and numbers
	}
	text := enc.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc.EncodeToString(body)
	return text + "." + enc.EncodeToString(a.mac(text))
}

func (a *account) mac(text string) []byte {
	mac := hmac.New(sha256.New, []byte(a.Key))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

var errSession = errors.New("no valid session")

// read gives what a JWT of the account's says, if it is one and still good.
func (a *account) read(jwt string, now time.Time) (claims, error) {
	at := strings.LastIndexByte(jwt, '.')
	if at < 0 {
		return claims{}, errSession
	}
	sum, err := base64.RawURLEncoding.DecodeString(jwt[at+1:])
	if err != nil || !hmac.Equal(sum, a.mac(jwt[:at])) {
		return claims{}, errSession
	}
	_, body, _ := strings.Cut(jwt[:at], ".")
	text, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return claims{}, errSession
	}
	var c claims
	if err := json.Unmarshal(text, &c); err != nil || now.Unix() >= c.Expires {
		return claims{}, errSession
	}
	return c, nil
}

// verify reads a session for an application.
func (a *account) verify(jwt string, app *app, now time.Time) (claims, error) {
	c, err := a.read(jwt, now)
	if err != nil || c.Type != "app" || len(c.Audience) != 1 || c.Audience[0] != app.AUD || a.isOver(c, app.ID) {
		return claims{}, errSession
	}
	return c, nil
}

// team is the cookie of a visit to the team's host.
func (v *visit) team() (string, bool) {
	cookie, err := v.Cookie(sessionCookie)
	if err != nil {
		return "", false
	}
	return cookie.Value, true
}

// knows tells who a visitor to the team's host is, by the global session.
func (a *account) knows(v *visit, now time.Time) (visitor, bool) {
	jwt, _ := v.team()
	c, err := a.read(jwt, now)
	if err != nil || c.Type != "org" || a.isOver(c, "") {
		return visitor{}, false
	}
	who := v.who
	who.email, who.idp = c.Email, c.IDP
	return who, true
}

// teamSession is the global session of somebody who logged in. It lets in
// nowhere by itself: applications give their own for it.
func (c *Cloud) teamSession(a *account, who visitor) string {
	now := c.now()
	return a.sign(claims{Type: "org", Email: who.email, IDP: who.idp, Issuer: "https://" + a.Org.AuthDomain, Serial: c.ids.issued.Add(1),
		Issued: now.Unix(), Expires: now.Add(lifetime(a.Org.Settings["session_duration"])).Unix()})
}

// openSession is the session that somebody who logged in gets at an application, or
// why they get none. The state must be locked for reading.
func (c *Cloud) openSession(a *account, app *app, who visitor) (string, error) {
	made, p := c.judge(a).decide(a.policiesOf(app), who)
	if made != through {
		return "", errNotAllowed
	}
	now := c.now()
	return a.sign(claims{Type: "app", Audience: []string{app.AUD}, Email: who.email, IDP: who.idp, Policy: p.ID,
		Issuer: "https://" + a.Org.AuthDomain, Serial: c.ids.issued.Add(1), Issued: now.Unix(),
		Expires: now.Add(lifetime(p.Settings["session_duration"], app.Settings["session_duration"])).Unix()}), nil
}

// login is openSession for an e-mail address whose one-time PIN was typed.
func (c *Cloud) login(a *account, app *app, email string, who visitor) (string, error) {
	idp := a.pinOf(app)
	if idp == nil {
		return "", errNoLogin
	}
	who.email, who.idp = emailAddress(email), idp.ID
	session, err := c.openSession(a, app, who)
	if err == nil { // otherwise no code was sent that could have been typed
		c.logLogin(a, app, who, true)
	}
	return session, err
}

// emailAddress is the form in which addresses are compared.
func emailAddress(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

var (
	errNotAllowed = errors.New("that account does not have access")
	errNoLogin    = errors.New("the application has no login method by e-mail")
	errNoApp      = errors.New("no Access application covers this address")
)

// lifetime is the first of some durations that is set, or else a day
// ("Authorization cookie"). How long "0s", an immediate timeout, still lets in
// was not established.
func lifetime(settings ...json.RawMessage) time.Duration {
	for _, s := range settings {
		var text string
		if json.Unmarshal(s, &text) != nil {
			continue
		}
		if d, err := time.ParseDuration(text); err == nil && d >= 0 {
			return max(d, 5*time.Second)
		}
	}
	return 24 * time.Hour
}

// Session logs an e-mail address in at a URL, as the login page would, and
// gives the cookie to send with requests to it.
func (c *Cloud) Session(rawURL, email string) (*http.Cookie, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, err
	}
	c.arrive()
	cookie, err := c.sessionAt(u, email)
	if err == nil {
		c.changed() // who logged in is in the state
	}
	return cookie, err
}

func (c *Cloud) sessionAt(u *url.URL, email string) (*http.Cookie, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	a, app := c.visible().gate(hostname(u.Hostname()), normalPath(u.EscapedPath()))
	if app == nil {
		return nil, errNoApp
	}
	jwt, err := c.login(a, app, email, visitor{})
	if err != nil {
		return nil, err
	}
	return sessionFor(jwt, app), nil
}

// sessionFor is the cookie of an application's session, with the attributes that
// the application gives it ("Authorization cookie, Cookie settings").
func sessionFor(jwt string, app *app) *http.Cookie {
	c := &http.Cookie{Name: sessionCookie, Value: jwt, Path: "/", Secure: true, SameSite: http.SameSiteNoneMode,
		HttpOnly: app.is("http_only_cookie_attribute")}
	switch strings.ToLower(string(app.Settings["same_site_cookie_attribute"])) {
	case `"lax"`:
		c.SameSite = http.SameSiteLaxMode
	case `"strict"`:
		c.SameSite = http.SameSiteStrictMode
	}
	return c
}
