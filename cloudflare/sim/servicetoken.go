package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// newServiceSecrets is since when secrets have the shape cfast_...
func newServiceSecrets() time.Time { return time.Date(2026, 8, 26, 0, 0, 0, 0, time.UTC) }

// strict tells whether an organization is strict about service tokens: 401 for a
// bad one, 403 for a good one that is not allowed, and no cookie for one that is
// ("Enforce strict service token authentication"). Those made since October 2026
// are, and cannot be otherwise.
func (o *organization) strict() bool {
	return string(o.Settings["strict_service_token_auth"]) == "true" ||
		!o.CreatedAt.Before(time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC))
}

func fingerprint(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// shown is the service token that a request carries. It may be no valid one.
type shown struct {
	id, secret string
	broken     bool // a header is missing, or is there twice
}

func shownIn(h http.Header) shown {
	ids, secrets := h.Values("Cf-Access-Client-Id"), h.Values("Cf-Access-Client-Secret")
	return shown{h.Get("Cf-Access-Client-Id"), h.Get("Cf-Access-Client-Secret"), len(ids) != len(secrets) || len(ids) > 1}
}

func (s shown) any() bool { return s != shown{} }

// carried is the service token of a visit: of the two headers, or of the single
// one that the application names for both; it cannot be in both ways.
func (v *visit) carried(app *app) shown {
	var both map[string]string
	name := app.text("read_service_tokens_from_header")
	if name == "" || json.Unmarshal([]byte(v.Header.Get(name)), &both) != nil {
		return v.shown
	}
	var s shown
	for field, value := range both {
		switch strings.ToLower(field) {
		case "cf-access-client-id":
			s.id = value
		case "cf-access-client-secret":
			s.secret = value
		}
	}
	if !s.any() {
		return v.shown
	}
	s.broken = s.id == "" || s.secret == "" || v.shown.any()
	return s
}

// clientNamed is the service token with a client id, if there is one.
func (a *account) clientNamed(id string) *serviceToken {
	for t := range a.ServiceTokens.all() {
		if t.ClientID == id {
			return t
		}
	}
	return nil
}

// machine is Access for a visit that carries a service token. Settled is false
// where it is treated as any other visit: in an organization that is not strict,
// where the token does not open the door.
func (c *Cloud) machine(a *account, app *app, policies []*policy, v *visit) (answered step, settled bool) {
	s := v.carried(app)
	if !s.any() {
		return nil, false
	}
	t := a.clientNamed(s.id)
	good := t != nil && !s.broken && t.accepts(s.secret, c.now())
	if good {
		v.who.service = t.ID
		if p := c.judge(a).withoutLogin(policies, v.who); p != nil {
			return c.admitMachine(a, app, p, t, v), true
		}
	}
	switch {
	case !a.Org.strict():
		return nil, false
	case good:
		return denyMachine(app, "that service token does not have access"), true
	default:
		return unauthorizedPage, true
	}
}

func (c *Cloud) admitMachine(a *account, app *app, p *policy, t *serviceToken, v *visit) step {
	now := c.now()
	jwt := a.sign(claims{Type: "app", Audience: []string{app.AUD}, CommonName: t.ClientID, Policy: p.ID, Serial: c.ids.issued.Add(1),
		Issuer: "https://" + a.Org.AuthDomain, Issued: now.Unix(),
		Expires: now.Add(lifetime(p.Settings["session_duration"], app.Settings["session_duration"])).Unix()})
	v.Header.Set("Cf-Access-Jwt-Assertion", jwt)
	if a.Org.strict() {
		return nil
	}
	cookie, next := sessionFor(jwt, app), c.onward(a, v)
	return func(w http.ResponseWriter, v *visit) {
		http.SetCookie(w, cookie)
		next(w, v)
	}
}
