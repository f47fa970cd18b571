package sim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
)

type zone struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	AccountID   string        `json:"account_id"`
	Status      string        `json:"status"` // pending until delegated, then active; moved when delegated away
	Type        string        `json:"type"`
	Paid        bool          `json:"paid,omitempty"`
	NameServers []string      `json:"name_servers"`
	CreatedOn   time.Time     `json:"created_on"`
	ModifiedOn  time.Time     `json:"modified_on"`
	ActivatedOn *time.Time    `json:"activated_on"`
	CheckedOn   *time.Time    `json:"checked_on,omitempty"` // when an activation check was asked for
	Records     table[record] `json:"records"`
	Elsewhere   []record      `json:"elsewhere,omitempty"` // at the DNS host before
	Scanned     []record      `json:"scanned,omitempty"`   // found by a scan, and not reviewed
	Edge        *zoneEdge     `json:"edge"`

	named map[string][]*record // index, rebuilt by index
}

func zoneRoutes() []route {
	return []route{
		{method: "GET", path: "/zones", area: zoneArea("list"), do: listZones},
		{method: "POST", path: "/zones", area: zoneArea("create"), do: createZone},
		{method: "GET", path: "/zones/{zone}", area: zoneArea("read"), do: getZone},
		{method: "DELETE", path: "/zones/{zone}", area: zoneArea("delete"), do: deleteZone},
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
		Account: named{z.AccountID, owner.Name}, Plan: z.plan().named}
}

func listZones(c *call) (answer, error) {
	var rows []zoneView
	for z := range c.state.Zones.all() {
		if c.token.covers(z.AccountID) && c.wantsZone(z) {
			rows = append(rows, c.zoneView(z))
		}
	}
	if field := c.query.Get("order"); field != "" {
		slices.SortStableFunc(rows, func(a, b zoneView) int { return cmp.Compare(a.field(field), b.field(field)) })
	}
	if c.query.Get("direction") == "desc" {
		slices.Reverse(rows)
	}
	return page(c.query, rows, paging{20, 5, 50}), nil
}

func (v zoneView) field(name string) string {
	switch name {
	case "name":
		return v.Name
	case "status":
		return v.Status
	case "account.id":
		return v.Account.ID
	case "account.name":
		return v.Account.Name
	default:
		return "" // the plan of all is the same
	}
}

// wantsZone applies the filters of the list: all of them, or any (match=any).
// Names may be asked for with an operator (contains:exam).
func (c *call) wantsZone(z *zone) bool {
	owner, _ := c.state.Accounts.get(z.AccountID)
	hits, misses := 0, 0
	for field, value := range map[string]string{"name": z.Name, "status": z.Status, "account.id": z.AccountID, "account.name": owner.Name, "type": z.Type} {
		if !c.query.Has(field) {
			continue
		}
		asked := func(one string) bool { return matchesAsked(one, value, field == "name" || field == "account.name") }
		if slices.ContainsFunc(c.query[field], asked) {
			hits++
		} else {
			misses++
		}
	}
	if c.query.Get("match") == "any" {
		return hits > 0 || misses == 0
	}
	return misses == 0
}

// matchesAsked compares a value with what a query asks for: itself, one of a
// comma-separated list, or, where operators go, what an operator says of it.
func matchesAsked(asked, value string, operators bool) bool {
	operator, text, has := strings.Cut(asked, ":")
	if !has || !operators {
		return slices.ContainsFunc(strings.Split(asked, ","), func(one string) bool { return strings.EqualFold(one, value) })
	}
	if !strings.HasSuffix(operator, "_case_sensitive") {
		text, value = strings.ToLower(text), strings.ToLower(value)
	}
	switch strings.TrimSuffix(operator, "_case_sensitive") {
	case "equal":
		return value == text
	case "not_equal":
		return value != text
	case "starts_with":
		return strings.HasPrefix(value, text)
	case "ends_with":
		return strings.HasSuffix(value, text)
	case "contains":
		return strings.Contains(value, text)
	default:
		return false
	}
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
	if err := c.checkZone(name, in.Type); err != nil {
		return answer{}, err
	}
	z := c.cloud.newZone(c.state, in.Account.ID, name, "pending", c.now)
	return answer{result: c.zoneView(z)}, nil
}

// checkZone refuses a zone that is there, and what can be none. Which names are
// registered is known to the registries alone; here every name with a dot is.
func (c *call) checkZone(name, kind string) error {
	if _, taken := c.state.zoneNamed[name]; taken {
		return refuse(http.StatusBadRequest, 1061, name+" already exists")
	}
	_, rest, _ := strings.Cut(name, ".")
	switch {
	case rest == "" || !validName(name):
		return refuse(http.StatusBadRequest, 1049, name+" is not a registered domain")
	case c.state.zoneOf(name) != nil:
		return refuse(http.StatusBadRequest, 1116, "Please ensure you are providing the root domain and not any subdomains (e.g., example.com, not subdomain.example.com)")
	case kind != "" && kind != "full":
		return errPlan
	}
	return nil
}

// errPlan is for what the Free plan does not have. Its code was not established.
var errPlan = refuse(http.StatusBadRequest, 1015, "The zone's plan does not allow this change")

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

// editZone pauses a zone. Its type and its own name servers are for other plans.
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
		return answer{}, errPlan
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

// deleteZone leaves the Access applications of its hosts.
func deleteZone(c *call) (answer, error) {
	c.state.Zones.drop(c.zone.ID)
	delete(c.state.zoneNamed, c.zone.Name)
	return answer{result: named{ID: c.zone.ID}}, nil
}

// checkActivation only takes note: whether a zone was delegated is decided
// outside of Cloudflare (Cloud.SetZoneStatus). That a second check too soon is
// refused is documented, the code of either refusal is not.
func checkActivation(c *call) (answer, error) {
	switch z := c.zone; {
	case z.Status != "pending":
		return answer{}, refuse(http.StatusBadRequest, 1224, "This zone is not pending activation")
	case z.CheckedOn != nil && c.now.Before(z.CheckedOn.Add(z.plan().activation)):
		return answer{}, refuse(http.StatusBadRequest, 1224, "You may only perform this action once per hour.")
	}
	c.zone.CheckedOn = &c.now
	return answer{result: named{ID: c.zone.ID}}, nil
}

// index rebuilds the lookup of records by name, and what the edge looks at.
func (z *zone) index() {
	if z.Edge == nil {
		z.Edge = &zoneEdge{}
	}
	z.Edge.compile()
	z.indexRecords()
}

func (z *zone) indexRecords() {
	z.named = map[string][]*record{}
	for r := range z.Records.all() {
		z.named[r.Name] = append(z.named[r.Name], r)
	}
}

// hostname is the form in which names are stored and compared.
func hostname(s string) string { return strings.TrimSuffix(strings.ToLower(s), ".") }
