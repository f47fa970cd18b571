package sim

import (
	"net/http"
	"slices"
	"time"
)

// revoke ends the sessions, as of now, that have a mark: "user " and an e-mail
// address, or "app " and an application's id. The state must be locked.
func (c *Cloud) revoke(a *account, mark string) {
	if a.Revoked == nil {
		a.Revoked = map[string]uint64{}
	}
	a.Revoked[mark] = c.ids.issued.Add(1)
}

// isOver tells whether a session was revoked: all of its application, or all
// that somebody has.
func (a *account) isOver(c claims, app string) bool {
	return c.Serial <= a.Revoked["app "+app] || c.Email != "" && c.Serial <= a.Revoked["user "+c.Email]
}

// RevokeUser ends all sessions that somebody has with an account's team. They
// may log in again. It reports whether there is such an account.
func (c *Cloud) RevokeUser(account, email string) bool {
	return c.revokeBy(account, "user "+emailAddress(email))
}

// RevokeSessions ends all sessions of an Access application. It reports whether
// there is such an account.
func (c *Cloud) RevokeSessions(account, app string) bool {
	return c.revokeBy(account, "app "+app)
}

func (c *Cloud) revokeBy(id, mark string) bool {
	known := false
	c.change(func(s *state) {
		var a *account
		if a, known = s.Accounts.get(id); known {
			c.revoke(a, mark)
		}
	})
	return known
}

func revokeRoutes() []route {
	return []route{{method: "POST", path: "/accounts/{account}/access/organizations/revoke_user", area: orgArea(), access: true, do: revokeUser}}
}

// revokeUser wants the address. It can end what the person has on devices too:
// the devices' registrations, or only the session of the client.
func revokeUser(c *call) (answer, error) {
	var in struct {
		Email   string `json:"email"`
		Devices bool   `json:"devices"`
		Reauth  bool   `json:"warp_session_reauth"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if in.Email == "" {
		return answer{}, invalidAccess("email is required")
	}
	email := emailAddress(in.Email)
	c.cloud.revoke(c.account, "user "+email)
	for _, r := range slices.Collect(c.account.Registrations.all()) {
		if asked, _ := c.flag("devices"); r.Email == email && (in.Devices || asked) && r.active() {
			c.account.setRevoked(r, &c.now, c.now)
		} else if r.Email == email && in.Reauth {
			ended := *r
			ended.LoggedIn = time.Time{}
			c.account.Registrations.put(r.ID, &ended)
		}
	}
	return answer{status: http.StatusOK, result: true}, nil
}
