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

// strict tells whether an organization is strict about service tokens, as those
// made since October 2026 are: 401 for a bad one, 403 for a good one that is
// not allowed, and no cookie for one that is.
func (o *organization) strict() bool {
	return !o.CreatedAt.Before(time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC))
}

func fingerprint(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// shown is the service token that a request carries. It may be no valid one.
type shown struct{ id, secret string }

func shownIn(h http.Header) shown {
	return shown{h.Get("Cf-Access-Client-Id"), h.Get("Cf-Access-Client-Secret")}
}

// carried is the service token of a visit: of the two headers, or of the single
// one that the application names for both.
func (v *visit) carried(app *app) (shown, bool) {
	s := v.shown
	var name string
	if json.Unmarshal(app.Settings["read_service_tokens_from_header"], &name) == nil && name != "" {
		var both map[string]string
		if json.Unmarshal([]byte(v.Header.Get(name)), &both) == nil {
			for field, value := range both {
				switch strings.ToLower(field) {
				case "cf-access-client-id":
					s.id = value
				case "cf-access-client-secret":
					s.secret = value
				}
			}
		}
	}
	return s, s != shown{}
}

// admits gives the service token that was shown, if it is good.
func (a *account) admits(s shown, now time.Time) (*serviceToken, bool) {
	for t := range a.ServiceTokens.all() {
		if t.ClientID == s.id {
			return t, t.accepts(s.secret, now)
		}
	}
	return nil, false
}

// machine is Access for a visit that carries a service token. Settled is false
// where it is treated as any other visit.
func (c *Cloud) machine(a *account, app *app, policies []*policy, v *visit) (answered step, settled bool) {
	s, carried := v.carried(app)
	if !carried || c.judge(a).bypassed(policies, v.who) {
		return nil, false
	}
	token, good := a.admits(s, c.now())
	if good {
		v.who.service = token.ID
	}
	made := c.judge(a).decide(policies, visitor{ip: v.who.ip, service: v.who.service})
	switch {
	case good && made == through:
		return c.admitMachine(a, app, token, v), true
	case !a.Org.strict():
		return nil, false
	case good:
		return forbidden("that service token does not have access"), true
	default:
		return unauthorizedPage, true
	}
}

func (c *Cloud) admitMachine(a *account, app *app, t *serviceToken, v *visit) step {
	now := c.now()
	jwt := a.sign(claims{Type: "app", Audience: []string{app.AUD}, CommonName: t.ClientID, Issuer: "https://" + a.Org.AuthDomain,
		Issued: now.Unix(), Expires: now.Add(app.sessionLength()).Unix()})
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
