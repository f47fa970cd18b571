package sim

import (
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// logbook is who logged in to Access applications, or tried to. It has a lock of
// its own, because logging in changes nothing else of the state.
type logbook struct {
	mu   sync.Mutex
	rows []accessLogin // oldest first
}

// keptLogins is how many of an account are remembered.
const keptLogins = 1000

// accessLogin is one entry, as the API shows it.
type accessLogin struct {
	Email      string    `json:"user_email"`
	Action     string    `json:"action"`
	Allowed    bool      `json:"allowed"`
	AppDomain  string    `json:"app_domain"`
	AppUID     string    `json:"app_uid"`
	Connection string    `json:"connection"` // kind of the login method
	CreatedAt  time.Time `json:"created_at"`
	IP         string    `json:"ip_address"`
	RayID      string    `json:"ray_id"`
}

func (l *logbook) add(e accessLogin) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows = append(l.rows, e)
	if len(l.rows) > keptLogins {
		l.rows = slices.Delete(l.rows, 0, len(l.rows)-keptLogins)
	}
}

func (l *logbook) all() []accessLogin {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.rows)
}

func (l *logbook) MarshalJSON() ([]byte, error) { return json.Marshal(orEmpty(l.all())) }

func (l *logbook) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &l.rows) }

// logLogin notes a login at an application, or one that was refused there. What
// a bypass lets through is no login, nor is asking for a code.
func (c *Cloud) logLogin(a *account, app *app, who visitor, allowed bool) {
	e := accessLogin{Email: who.email, Action: "login", Allowed: allowed, AppDomain: app.Domain, AppUID: app.ID,
		CreatedAt: c.now(), RayID: c.ids.ray()[:16]}
	if app.Type == "warp" {
		e.AppDomain = a.Org.AuthDomain + "/warp"
	}
	if idp, ok := a.IDPs.get(who.idp); ok {
		e.Connection = idp.Type
	}
	if who.ip.IsValid() {
		e.IP = who.ip.String()
	}
	a.Logins.add(e)
}
