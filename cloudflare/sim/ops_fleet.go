package sim

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"
)

func fleetRoutes() []route {
	base := "/accounts/{account}/dex"
	all := []route{
		{method: "GET", path: base + "/fleet-status/live", do: getFleet},
		{method: "GET", path: base + "/fleet-status/devices", do: listFleet},
		{method: "GET", path: base + "/devices/{id}/fleet-status/live", do: getFleetDevice},
	}
	for i := range all {
		all[i].area = dexArea()
	}
	return all
}

// fleetStatus is a device as it was seen last.
type fleetStatus struct {
	DeviceID     string    `json:"deviceId"`
	DeviceName   string    `json:"deviceName"`
	Registration string    `json:"registrationId"`
	Person       string    `json:"personEmail"`
	Status       string    `json:"status"`
	Mode         string    `json:"mode"`
	Colo         string    `json:"colo"`
	Platform     string    `json:"platform"`
	Version      string    `json:"version"`
	TunnelType   string    `json:"tunnelType"`
	DOHSubdomain string    `json:"dohSubdomain"`
	SwitchLocked bool      `json:"switchLocked"`
	Timestamp    time.Time `json:"timestamp"`
}

// fleet is every device that was seen since then, and not later than until.
func (c *call) fleet(since, until time.Time) (list []fleetStatus) {
	for d := range c.account.PhysicalDevices.all() {
		row := c.account.deviceRow(d)
		if row.active == 0 || d.SeenAt.Before(since) || d.SeenAt.After(until) {
			continue
		}
		p := c.account.profileOf(row.last.subject(d))
		s := fleetStatus{DeviceID: d.ID, DeviceName: d.Name, Registration: row.last.ID, Person: row.email(), Status: "connected", Mode: p.mode(),
			Colo: "LIS", Platform: d.System, Version: d.Client, TunnelType: "wireguard", DOHSubdomain: c.account.GatewayTag,
			SwitchLocked: string(p.Settings["switch_locked"]) == "true", Timestamp: d.SeenAt}
		if p.usesMASQUE() {
			s.TunnelType = "masque"
		}
		list = append(list, s)
	}
	return list
}

// since is the beginning of the time that the query asks about.
func (c *call) since() (time.Time, error) {
	minutes, err := strconv.ParseFloat(c.query.Get("since_minutes"), 64)
	if err != nil || minutes < 0 || minutes > 60*24*7 {
		return time.Time{}, badDEX("since_minutes is required")
	}
	return c.now.Add(-time.Duration(minutes * float64(time.Minute))), nil
}

// liveStat is how many devices have something in common.
type liveStat struct {
	Value  string `json:"value"`
	Unique int    `json:"uniqueDevicesTotal"`
}

func countBy(list []fleetStatus, value func(fleetStatus) string) []liveStat {
	counts := map[string]int{}
	for _, s := range list {
		counts[value(s)]++
	}
	stats := []liveStat{}
	for _, v := range slices.Sorted(maps.Keys(counts)) {
		stats = append(stats, liveStat{v, counts[v]})
	}
	return stats
}

func getFleet(c *call) (answer, error) {
	since, err := c.since()
	if err != nil {
		return answer{}, err
	}
	list := c.fleet(since, c.now)
	return answer{result: map[string]any{"deviceStats": map[string]any{"uniqueDevicesTotal": len(list),
		"byStatus":   countBy(list, func(s fleetStatus) string { return s.Status }),
		"byMode":     countBy(list, func(s fleetStatus) string { return s.Mode }),
		"byColo":     countBy(list, func(s fleetStatus) string { return s.Colo }),
		"byPlatform": countBy(list, func(s fleetStatus) string { return s.Platform }),
		"byVersion":  countBy(list, func(s fleetStatus) string { return s.Version })}}}, nil
}

// listFleet wants to be told a time and a page.
func listFleet(c *call) (answer, error) {
	from, to := moment(c.query.Get("from")), moment(c.query.Get("to"))
	if from.IsZero() || to.IsZero() || !c.query.Has("page") || !c.query.Has("per_page") {
		return answer{}, badDEX("from, to, page and per_page are required")
	}
	if cmp.Or(c.query.Get("source"), "last_seen") == "last_seen" && to.Sub(from) > time.Hour {
		return answer{}, badDEX("last_seen reaches back 60 minutes")
	}
	list := slices.DeleteFunc(c.fleet(from, to), func(s fleetStatus) bool { return !c.wantsFleet(s) })
	return page(c.query, list, paging{10, 1, 50}), nil
}

func (c *call) wantsFleet(s fleetStatus) bool {
	for field, value := range map[string]string{"device_id": s.DeviceID, "colo": s.Colo, "mode": s.Mode, "platform": s.Platform,
		"status": s.Status, "version": s.Version} {
		if c.query.Has(field) && c.query.Get(field) != value {
			return false
		}
	}
	return true
}

// moment reads a time in ISO 8601, or in milliseconds; of anything else it is zero.
func moment(text string) time.Time {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMilli(ms)
	}
	return time.Time{}
}

func getFleetDevice(c *call) (answer, error) {
	since, err := c.since()
	if err != nil {
		return answer{}, err
	}
	for _, s := range c.fleet(since, c.now) {
		if s.DeviceID == c.id {
			return answer{result: s}, nil
		}
	}
	return answer{}, errNoDevice
}
