package sim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
)

func deviceRoutes() []route {
	list, one := "/accounts/{account}/devices/physical-devices", "/accounts/{account}/devices/physical-devices/{id}"
	return []route{
		{method: "GET", path: list, area: zeroTrustArea(), do: listDevices},
		{method: "GET", path: one, area: zeroTrustArea(), do: getDevice},
		{method: "DELETE", path: one, area: zeroTrustArea(), do: deleteDevice},
		{method: "POST", path: one + "/revoke", area: zeroTrustArea(), do: revokeDevice},
	}
}

// errNoDevice has a code and a text that were not established.
var errNoDevice = refuse(http.StatusNotFound, 1003, "Device not found")

// registrations are those of a device that are not deleted, the one that was
// seen last before the others.
func (a *account) registrations(device string) (list []*registration) {
	for r := range a.Registrations.all() {
		if r.DeviceID == device && r.DeletedAt == nil {
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(x, y *registration) int { return y.SeenAt.Compare(x.SeenAt) })
	return list
}

func activeAmong(list []*registration) (n int) {
	for _, r := range list {
		if r.active() {
			n++
		}
	}
	return n
}

// deviceRow is a device with what is known of who uses it.
type deviceRow struct {
	*device
	active int
	last   *registration // nil: nobody any more
}

func (a *account) deviceRow(d *device) deviceRow {
	list := a.registrations(d.ID)
	row := deviceRow{device: d, active: activeAmong(list)}
	if len(list) > 0 {
		row.last = list[0]
	}
	return row
}

func (r deviceRow) email() string {
	if r.last == nil {
		return ""
	}
	return r.last.Email
}

// deviceView shows the profile only to who asks for it.
func (c *call) deviceView(r deviceRow) map[string]any {
	v := map[string]any{"id": r.ID, "name": r.Name, "active_registrations": r.active, "created_at": r.CreatedAt, "updated_at": r.UpdatedAt,
		"last_seen_at": r.SeenAt, "deleted_at": r.DeletedAt, "client_version": r.Client, "device_type": r.System, "os_version": r.Version,
		"os_version_extra": nil, "hardware_id": nil, "mac_address": nil, "manufacturer": nil, "model": nil, "public_ip": nil, "serial_number": nil,
		"last_seen_user": nil, "last_seen_registration": nil}
	if r.last == nil {
		return v
	}
	v["last_seen_user"] = r.last.userView()
	if c.includes("last_seen_registration.policy") {
		v["last_seen_registration"] = map[string]any{"policy": c.policyOf(r.last)}
	}
	return v
}

// includes tells whether the query asks for more to be shown.
func (c *call) includes(what string) bool {
	return slices.Contains(strings.Split(c.query.Get("include"), ","), what)
}

func (r *registration) userView() map[string]any {
	name, _, _ := strings.Cut(r.Email, "@")
	return map[string]any{"id": r.UserID, "email": r.Email, "name": name}
}

// policyOf is the summary of the profile that a registration gets.
func (c *call) policyOf(r *registration) map[string]any {
	d, ok := c.account.PhysicalDevices.get(r.DeviceID)
	if !ok {
		return nil
	}
	p := c.account.profileOf(r.subject(d))
	return map[string]any{"id": p.ID, "default": p.Default, "deleted": false, "name": p.Name, "updated_at": r.UpdatedAt}
}

// perCursor is how many devices and registrations come at once; how many do at
// Cloudflare was not established.
func perCursor() paging { return paging{20, 1, 100} }

func listDevices(c *call) (answer, error) {
	var rows []deviceRow
	for d := range c.account.PhysicalDevices.all() {
		if row := c.account.deviceRow(d); d.DeletedAt == nil && c.wantsDevice(row) {
			rows = append(rows, row)
		}
	}
	sorted(c, rows, map[string]func(x, y deviceRow) int{
		"id":                   func(x, y deviceRow) int { return cmp.Compare(x.ID, y.ID) },
		"name":                 func(x, y deviceRow) int { return cmp.Compare(x.Name, y.Name) },
		"client_version":       func(x, y deviceRow) int { return cmp.Compare(x.Client, y.Client) },
		"last_seen_user.email": func(x, y deviceRow) int { return cmp.Compare(x.email(), y.email()) },
		"last_seen_at":         func(x, y deviceRow) int { return x.SeenAt.Compare(y.SeenAt) },
		"created_at":           func(x, y deviceRow) int { return x.CreatedAt.Compare(y.CreatedAt) },
		"active_registrations": func(x, y deviceRow) int { return cmp.Compare(x.active, y.active) },
	})
	var views []map[string]any
	for _, row := range rows {
		views = append(views, c.deviceView(row))
	}
	return byCursor(c.query, views, perCursor())
}

// sorted sorts rows as the query asks, if it does.
func sorted[T any](c *call, rows []T, orders map[string]func(x, y T) int) {
	order, known := orders[c.query.Get("sort_by")]
	if !known {
		return
	}
	slices.SortStableFunc(rows, order)
	if c.query.Get("sort_order") == "desc" {
		slices.Reverse(rows)
	}
}

// wantsDevice leaves out devices that nobody uses any more, unless they are asked
// for.
func (c *call) wantsDevice(r deviceRow) bool {
	switch c.query.Get("active_registrations") {
	case "include":
	case "exclude":
		if r.active > 0 {
			return false
		}
	default:
		if r.active == 0 {
			return false
		}
	}
	if email := c.query.Get("last_seen_user.email"); email != "" && email != r.email() {
		return false
	}
	if policy := c.query.Get("last_seen_registration.policy"); policy != "" && (r.last == nil || c.policyOf(r.last)["id"] != policy) {
		return false
	}
	return c.wantsID(r.ID) && c.wantsSeen(r.SeenAt) && c.wantsText(r.ID, r.Name, r.System, r.Client, r.email())
}

// wantsID goes by the ids that are asked for.
func (c *call) wantsID(id string) bool {
	return !c.query.Has("id") || slices.Contains(c.query["id"], id)
}

// wantsSeen goes by when something was seen.
func (c *call) wantsSeen(at time.Time) bool {
	after, err := time.Parse(time.RFC3339, c.query.Get("seen_after"))
	before, err2 := time.Parse(time.RFC3339, c.query.Get("seen_before"))
	return (err != nil || at.After(after)) && (err2 != nil || at.Before(before))
}

// wantsText searches details for a part.
func (c *call) wantsText(details ...string) bool {
	part := strings.ToLower(c.query.Get("search"))
	return slices.ContainsFunc(details, func(d string) bool { return strings.Contains(strings.ToLower(d), part) })
}

func (c *call) device() (*device, error) {
	if d, ok := c.account.PhysicalDevices.get(c.id); ok && d.DeletedAt == nil {
		return d, nil
	}
	return nil, errNoDevice
}

func getDevice(c *call) (answer, error) {
	d, err := c.device()
	if err != nil {
		return answer{}, err
	}
	return answer{result: c.deviceView(c.account.deviceRow(d))}, nil
}

// deleteDevice deletes it with its registrations.
func deleteDevice(c *call) (answer, error) {
	d, err := c.device()
	if err != nil {
		return answer{}, err
	}
	for _, r := range c.account.registrations(d.ID) {
		c.account.dropRegistration(r, c.now)
	}
	gone := *d
	gone.DeletedAt = &c.now
	c.account.PhysicalDevices.put(d.ID, &gone)
	forgetOldest(&c.account.PhysicalDevices, func(d *device) (string, *time.Time) { return d.ID, d.DeletedAt })
	return answer{}, nil
}

// revokeDevice revokes its registrations.
func revokeDevice(c *call) (answer, error) {
	d, err := c.device()
	if err != nil {
		return answer{}, err
	}
	for _, r := range c.account.registrations(d.ID) {
		c.account.setRevoked(r, &c.now, c.now)
	}
	return answer{}, nil
}
