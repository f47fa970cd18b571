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
	Type       string   `json:"type"` // app, meta, match
	Audience   []string `json:"aud"`
	Email      string   `json:"email,omitempty"`
	CommonName string   `json:"common_name,omitempty"` // the client id of a service token
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
	if err != nil || c.Type != "app" || len(c.Audience) != 1 || c.Audience[0] != app.AUD {
		return claims{}, errSession
	}
	if app.RevokedAt != nil && c.Issued < app.RevokedAt.Unix() {
		return claims{}, errSession
	}
	return c, nil
}

// login is the session that somebody with an e-mail address gets at an
// application, or why they get none. It stands for having typed the right
// one-time PIN. The state must be locked for reading.
func (c *Cloud) login(a *account, app *app, email string, v visitor) (string, error) {
	now := c.now()
	for idp := range a.IDPs.all() {
		if idp.Type != "onetimepin" || !app.allowsIDP(idp.ID) {
			continue
		}
		v.email, v.idp = strings.ToLower(strings.TrimSpace(email)), idp.ID
		if c.judge(a).decide(a.policiesOf(app), v) != through {
			return "", errNotAllowed
		}
		return a.sign(claims{Type: "app", Audience: []string{app.AUD}, Email: v.email,
			Issuer: "https://" + a.Org.AuthDomain, Issued: now.Unix(), Expires: now.Add(app.sessionLength()).Unix()}), nil
	}
	return "", errNoLogin
}

var (
	errNotAllowed = errors.New("that account does not have access")
	errNoLogin    = errors.New("the application has no login method by e-mail")
	errNoApp      = errors.New("no Access application covers this address")
)

func (a *app) sessionLength() time.Duration {
	var text string
	if json.Unmarshal(a.Settings["session_duration"], &text) == nil {
		if d, err := time.ParseDuration(text); err == nil && d > 0 {
			return d
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

func sessionFor(jwt string, app *app) *http.Cookie {
	return &http.Cookie{Name: sessionCookie, Value: jwt, Path: "/", Secure: true, SameSite: http.SameSiteNoneMode,
		HttpOnly: app.is("http_only_cookie_attribute")}
}
