package sim

import (
	"net/http"
	"strings"
	"time"
)

type zone struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	AccountID   string        `json:"account_id"`
	Status      string        `json:"status"` // pending until delegated, then active; moved when delegated away
	Type        string        `json:"type"`
	NameServers []string      `json:"name_servers"`
	CreatedOn   time.Time     `json:"created_on"`
	ModifiedOn  time.Time     `json:"modified_on"`
	ActivatedOn *time.Time    `json:"activated_on"`
	Records     table[record] `json:"records"`
	Edge        *zoneEdge     `json:"edge"`

	named map[string][]*record // index, rebuilt by index
}

func zoneRoutes() []route {
	return []route{
		{method: "GET", path: "/zones", area: zoneArea("list"), do: listZones},
		{method: "POST", path: "/zones", area: zoneArea("create"), do: createZone},
		{method: "GET", path: "/zones/{zone}", area: zoneArea("read"), do: getZone},
		{method: "PATCH", path: "/zones/{zone}", area: zoneArea("edit"), do: editZone},
		{method: "PUT", path: "/zones/{zone}/activation_check", area: zoneArea("update"), do: checkActivation},
	}
}

type named struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

type zoneView struct {
	ID                  string         `json:"id"`
	Name                string         `json:"name"`
	Status              string         `json:"status"`
	Paused              bool           `json:"paused"`
	Type                string         `json:"type"`
	DevelopmentMode     int            `json:"development_mode"`
	NameServers         []string       `json:"name_servers"`
	OriginalNameServers []string       `json:"original_name_servers"`
	OriginalRegistrar   *string        `json:"original_registrar"`
	OriginalDNSHost     *string        `json:"original_dnshost"`
	ModifiedOn          time.Time      `json:"modified_on"`
	CreatedOn           time.Time      `json:"created_on"`
	ActivatedOn         *time.Time     `json:"activated_on"`
	Meta                map[string]any `json:"meta"`
	Owner               map[string]any `json:"owner"`
	Account             named          `json:"account"`
	Plan                named          `json:"plan"`
}

func (c *call) zoneView(z *zone) zoneView {
	owner, _ := c.state.Accounts.get(z.AccountID)
	return zoneView{ID: z.ID, Name: z.Name, Status: z.Status, Paused: z.Edge.Paused, Type: z.Type,
		DevelopmentMode: z.Edge.development(c.now), NameServers: z.NameServers,
		ModifiedOn: z.ModifiedOn, CreatedOn: z.CreatedOn, ActivatedOn: z.ActivatedOn,
		Meta:    map[string]any{"step": 2, "custom_certificate_quota": 0, "page_rule_quota": 3, "phishing_detected": false},
		Owner:   map[string]any{"id": nil, "type": "user", "email": nil},
		Account: named{z.AccountID, owner.Name}, Plan: named{"0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "Free Website"}}
}

func listZones(c *call) (answer, error) {
	var rows []zoneView
	for z := range c.state.Zones.all() {
		if c.token.covers(z.AccountID) && c.wantsZone(z) {
			rows = append(rows, c.zoneView(z))
		}
	}
	return page(c.query, rows, paging{20, 5, 50}), nil
}

func (c *call) wantsZone(z *zone) bool {
	is := func(field, value string) bool {
		return !c.query.Has(field) || strings.EqualFold(c.query.Get(field), value)
	}
	return is("name", z.Name) && is("status", z.Status) && is("account.id", z.AccountID)
}

func getZone(c *call) (answer, error) { return answer{result: c.zoneView(c.zone)}, nil }

func createZone(c *call) (answer, error) {
	var in struct {
		Account named  `json:"account"`
		Name    string `json:"name"`
		Type    string `json:"type"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if _, ok := c.state.Accounts.get(in.Account.ID); !ok || !c.token.covers(in.Account.ID) {
		return answer{}, refuse(http.StatusBadRequest, 1068, "Permission denied")
	}
	name := hostname(in.Name)
	if _, taken := c.state.zoneNamed[name]; taken {
		return answer{}, refuse(http.StatusBadRequest, 1061, name+" already exists")
	}
	z := c.cloud.newZone(c.state, in.Account.ID, name, "pending", c.now)
	return answer{result: c.zoneView(z)}, nil
}

// newZone adds a zone. The state must be locked.
func (c *Cloud) newZone(s *state, account, name, status string, now time.Time) *zone {
	z := &zone{ID: c.ids.tag(), Name: name, AccountID: account, Status: status, Type: "full",
		NameServers: []string{"ada.ns.cloudflare.com", "bob.ns.cloudflare.com"}, CreatedOn: now, ModifiedOn: now,
		Edge: c.newEdge(now)}
	if status == "active" {
		z.ActivatedOn = &now
	}
	z.index()
	s.Zones.put(z.ID, z)
	s.zoneNamed[name] = z
	return z
}

// editZone pauses a zone. Its type and its own name servers are for other plans;
// the code of that refusal was not established.
func editZone(c *call) (answer, error) {
	var in struct {
		Paused *bool   `json:"paused"`
		Type   *string `json:"type"`
		Vanity []any   `json:"vanity_name_servers"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if in.Type != nil && *in.Type != c.zone.Type || len(in.Vanity) > 0 {
		return answer{}, refuse(http.StatusBadRequest, 1015, "The zone's plan does not allow this change")
	}
	if in.Paused != nil {
		pause := func(e *zoneEdge) error {
			e.Paused = *in.Paused
			return nil
		}
		if err := c.zone.configure(c.now, pause); err != nil {
			return answer{}, err
		}
	}
	return answer{result: c.zoneView(c.zone)}, nil
}

// checkActivation only takes note: whether a zone was delegated is decided
// outside of Cloudflare (Cloud.SetZoneStatus).
func checkActivation(c *call) (answer, error) {
	if c.zone.Status != "pending" {
		return answer{}, refuse(http.StatusBadRequest, 1224, "This zone is not pending activation")
	}
	return answer{result: named{ID: c.zone.ID}}, nil
}

// index rebuilds the lookup of records by name, and what the edge looks at.
func (z *zone) index() {
	if z.Edge == nil {
		z.Edge = &zoneEdge{}
	}
	z.Edge.compile()
	z.named = map[string][]*record{}
	for r := range z.Records.all() {
		z.named[r.Name] = append(z.named[r.Name], r)
	}
}

// hostname is the form in which names are stored and compared.
func hostname(s string) string { return strings.TrimSuffix(strings.ToLower(s), ".") }
