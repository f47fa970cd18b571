package sim

import (
	"encoding/json"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"time"
)

// alert is a notification policy: of what its account is told, and whom.
type alert struct {
	ID          string              `json:"id"`
	Name        string              `json:"name"`
	Description string              `json:"description"`
	Type        string              `json:"alert_type"`
	Enabled     bool                `json:"enabled"`
	Interval    string              `json:"alert_interval,omitempty"`
	Filters     map[string][]string `json:"filters"`
	Mechanisms  mechanisms          `json:"mechanisms"`
	Created     time.Time           `json:"created"`
	Modified    time.Time           `json:"modified"`
}

type mechanisms struct {
	Email     []mechanism `json:"email"`
	Pagerduty []mechanism `json:"pagerduty"`
	Webhooks  []mechanism `json:"webhooks"`
}

type mechanism struct {
	ID string `json:"id"`
}

func alertRoutes() []route {
	list, one := "/accounts/{account}/alerting/v3/policies", "/accounts/{account}/alerting/v3/policies/{alert}"
	return []route{
		{method: "GET", path: list, area: alertArea(), do: listAlerts},
		{method: "POST", path: list, area: alertArea(), do: createAlert},
		{method: "GET", path: one, area: alertArea(), do: getAlert},
		{method: "PUT", path: one, area: alertArea(), do: putAlert},
		{method: "DELETE", path: one, area: alertArea(), do: deleteAlert},
	}
}

func alertArea() area { return area{names: []string{"Notifications"}} }

// badAlert: but for "Invalid object selections", the codes and texts of these
// refusals were not established.
func badAlert(text string) error { return refuse(http.StatusBadRequest, 17003, text) }

var errNoAlert = refuse(http.StatusNotFound, 1003, "Notification policy not found")

// alertTypes are the sorts of notifications that can be made here, with the
// filters that each takes. Only the first is ever sent.
func alertTypes() map[string][]string {
	return map[string][]string{
		tunnelHealth:                   {"tunnel_id", "new_status"},
		"tunnel_update_event":          {"tunnel_id"},
		"incident_alert":               {"incident_impact", "affected_components"},
		"universal_ssl_event_type":     nil,
		"expiring_service_token_alert": nil,
	}
}

const tunnelHealth = "tunnel_health_event"

// healthFilter is the word that the filter of a notification has for the status
// of a tunnel. One that it does not know is taken, and never fits.
func healthFilter(status string) string { return "TUNNEL_STATUS_TYPE_" + strings.ToUpper(status) }

func listAlerts(c *call) (answer, error) {
	rows := []*alert{}
	for n := range c.account.Alerts.all() {
		rows = append(rows, n)
	}
	return answer{result: rows}, nil
}

func (c *call) alert() (*alert, error) {
	if n, ok := c.account.Alerts.get(c.params["alert"]); ok {
		return n, nil
	}
	return nil, errNoAlert
}

func getAlert(c *call) (answer, error) {
	n, err := c.alert()
	if err != nil {
		return answer{}, err
	}
	return answer{result: n}, nil
}

type alertInput struct {
	Name        *string             `json:"name"`
	Description *string             `json:"description"`
	Type        *string             `json:"alert_type"`
	Enabled     *bool               `json:"enabled"`
	Interval    *string             `json:"alert_interval"`
	Filters     map[string][]string `json:"filters"`
	Mechanisms  json.RawMessage     `json:"mechanisms"`
}

// saveAlert puts what the body says into n and stores it. Only the id is shown.
func (c *call) saveAlert(n alert) (answer, error) {
	var in alertInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	set(&n.Name, in.Name)
	set(&n.Description, in.Description)
	set(&n.Type, in.Type)
	set(&n.Enabled, in.Enabled)
	set(&n.Interval, in.Interval)
	if in.Filters != nil {
		n.Filters = in.Filters
	}
	if in.Mechanisms != nil {
		n.Mechanisms = mechanisms{}
		if json.Unmarshal(in.Mechanisms, &n.Mechanisms) != nil {
			return answer{}, badAlert("invalid mechanisms")
		}
	}
	n.Mechanisms = mechanisms{orEmpty(n.Mechanisms.Email), orEmpty(n.Mechanisms.Pagerduty), orEmpty(n.Mechanisms.Webhooks)}
	n.Modified = c.now
	if err := c.checkAlert(&n); err != nil {
		return answer{}, err
	}
	c.account.Alerts.put(n.ID, &n)
	return answer{result: map[string]string{"id": n.ID}}, nil
}

func (c *call) checkAlert(n *alert) error {
	filters, known := alertTypes()[n.Type]
	m := n.Mechanisms
	switch {
	case n.Name == "":
		return badAlert("name is required")
	case !known:
		return badAlert("invalid alert_type")
	case len(m.Email)+len(m.Pagerduty)+len(m.Webhooks) == 0:
		return badAlert("at least one mechanism is required")
	case len(m.Pagerduty)+len(m.Webhooks) > 0: // none can be made here
		return badAlert("Invalid object selections")
	}
	for name := range n.Filters {
		if !slices.Contains(filters, name) {
			return badAlert("Invalid object selections")
		}
	}
	for _, id := range n.Filters["tunnel_id"] {
		if _, ok := c.account.Tunnels.get(id); !ok {
			return badAlert("Invalid object selections")
		}
	}
	for _, e := range m.Email {
		if err := c.checkRecipient(e.ID); err != nil {
			return err
		}
	}
	return nil
}

// checkRecipient: whether an address has to be confirmed first was not
// established.
func (c *call) checkRecipient(address string) error {
	a, err := mail.ParseAddress(address)
	switch {
	case err != nil || a.Address != address:
		return badAlert("invalid email address: " + address)
	case c.cloud.o.Unsure.UnknownMailRefused && address != c.token.User+"@example.org":
		return badAlert("email address is not verified: " + address)
	}
	return nil
}

func createAlert(c *call) (answer, error) {
	return c.saveAlert(alert{ID: c.cloud.ids.tag(), Enabled: true, Filters: map[string][]string{}, Created: c.now})
}

// putAlert takes the body for the whole, unless it keeps what is not in it.
func putAlert(c *call) (answer, error) {
	n, err := c.alert()
	if err != nil {
		return answer{}, err
	}
	if c.cloud.o.Unsure.AlertPutKeeps {
		return c.saveAlert(*n)
	}
	return c.saveAlert(alert{ID: n.ID, Enabled: true, Filters: map[string][]string{}, Created: n.Created})
}

// deleteAlert has no result: the official client knows none.
func deleteAlert(c *call) (answer, error) {
	n, err := c.alert()
	if err != nil {
		return answer{}, err
	}
	c.account.Alerts.drop(n.ID)
	return answer{}, nil
}
