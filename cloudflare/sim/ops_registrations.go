package sim

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

func registrationRoutes() []route {
	list, one := "/accounts/{account}/devices/registrations", "/accounts/{account}/devices/registrations/{id}"
	return []route{
		{method: "GET", path: list, area: zeroTrustArea(), do: listRegistrations},
		{method: "DELETE", path: list, area: zeroTrustArea(), do: deleteRegistrations},
		{method: "POST", path: list + "/revoke", area: zeroTrustArea(), do: revokeRegistrations},
		{method: "POST", path: list + "/unrevoke", area: zeroTrustArea(), do: unrevokeRegistrations},
		{method: "GET", path: one, area: zeroTrustArea(), do: getRegistration},
		{method: "DELETE", path: one, area: zeroTrustArea(), do: deleteRegistration},
	}
}

// errNoRegistration has a code and a text that were not established.
var errNoRegistration = refuse(http.StatusNotFound, 1003, "Registration not found")

// registrationView shows the profile only to who asks for it.
func (c *call) registrationView(r *registration) map[string]any {
	device := map[string]any{"id": r.DeviceID}
	if d, ok := c.account.PhysicalDevices.get(r.DeviceID); ok {
		device["name"], device["client_version"] = d.Name, d.Client
	}
	v := map[string]any{"id": r.ID, "device": device, "user": r.userView(), "key": r.Key, "key_type": "curve25519", "tunnel_type": "wireguard",
		"virtual_ipv4": r.IPv4, "virtual_ipv6": nil, "created_at": r.CreatedAt, "updated_at": r.UpdatedAt, "last_seen_at": r.SeenAt,
		"revoked_at": r.RevokedAt, "deleted_at": r.DeletedAt}
	if d, ok := c.account.PhysicalDevices.get(r.DeviceID); ok && c.account.profileOf(r.subject(d)).usesMASQUE() {
		v["key_type"], v["tunnel_type"] = "secp256r1", "masque"
	}
	if c.includes("policy") {
		v["policy"] = c.policyOf(r)
	}
	return v
}

// usesMASQUE tells which protocol the client speaks.
func (p *profile) usesMASQUE() bool { return string(p.Settings["tunnel_protocol"]) == `"masque"` }

func listRegistrations(c *call) (answer, error) {
	var rows []*registration
	for r := range c.account.Registrations.all() {
		if c.wantsRegistration(r) {
			rows = append(rows, r)
		}
	}
	sorted(c, rows, map[string]func(x, y *registration) int{
		"id":           func(x, y *registration) int { return cmp.Compare(x.ID, y.ID) },
		"user.name":    func(x, y *registration) int { return cmp.Compare(x.Email, y.Email) },
		"user.email":   func(x, y *registration) int { return cmp.Compare(x.Email, y.Email) },
		"last_seen_at": func(x, y *registration) int { return x.SeenAt.Compare(y.SeenAt) },
		"created_at":   func(x, y *registration) int { return x.CreatedAt.Compare(y.CreatedAt) },
	})
	var views []map[string]any
	for _, r := range rows {
		views = append(views, c.registrationView(r))
	}
	return byCursor(c.query, views, perCursor())
}

// wantsRegistration leaves out those that are revoked, unless they are asked for.
func (c *call) wantsRegistration(r *registration) bool {
	status := cmp.Or(c.query.Get("status"), "active")
	is := func(field, value string) bool { return !c.query.Has(field) || slices.Contains(c.query[field], value) }
	switch {
	case r.DeletedAt != nil, status == "active" && !r.active(), status == "revoked" && r.RevokedAt == nil:
		return false
	case c.query.Has("policy.id") && c.policyOf(r)["id"] != c.query.Get("policy.id"):
		return false
	}
	return c.wantsID(r.ID) && is("device.id", r.DeviceID) && is("user.id", r.UserID) && c.wantsSeen(r.SeenAt) && c.wantsText(r.ID, r.Email, r.IPv4.String())
}

func (c *call) registration(id string) (*registration, error) {
	if r, ok := c.account.Registrations.get(id); ok && r.DeletedAt == nil {
		return r, nil
	}
	return nil, errNoRegistration
}

func getRegistration(c *call) (answer, error) {
	r, err := c.registration(c.id)
	if err != nil {
		return answer{}, err
	}
	return answer{result: c.registrationView(r)}, nil
}

func deleteRegistration(c *call) (answer, error) {
	r, err := c.registration(c.id)
	if err != nil {
		return answer{}, err
	}
	c.account.dropRegistration(r, c.now)
	return answer{}, nil
}

// asked are the registrations that the query names, all of which have to be there.
func (c *call) asked() (list []*registration, err error) {
	if len(c.query["id"]) == 0 {
		return nil, badProfile("id is required")
	}
	for _, id := range c.query["id"] {
		r, err := c.registration(id)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

func (c *call) eachAsked(do func(*registration)) (answer, error) {
	list, err := c.asked()
	for _, r := range list {
		do(r)
	}
	return answer{}, err
}

func deleteRegistrations(c *call) (answer, error) {
	return c.eachAsked(func(r *registration) { c.account.dropRegistration(r, c.now) })
}

func revokeRegistrations(c *call) (answer, error) {
	return c.eachAsked(func(r *registration) { c.account.setRevoked(r, &c.now, c.now) })
}

func unrevokeRegistrations(c *call) (answer, error) {
	return c.eachAsked(func(r *registration) { c.account.setRevoked(r, nil, c.now) })
}

func (a *account) setRevoked(r *registration, at *time.Time, now time.Time) {
	changed := *r
	changed.RevokedAt, changed.UpdatedAt = at, now
	a.Registrations.put(r.ID, &changed)
}

func (a *account) dropRegistration(r *registration, now time.Time) {
	gone := *r
	gone.DeletedAt, gone.UpdatedAt = &now, now
	a.Registrations.put(r.ID, &gone)
	forgetOldest(&a.Registrations, func(r *registration) (string, *time.Time) { return r.ID, r.DeletedAt })
}
