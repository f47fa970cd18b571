package sim

import (
	"fmt"
	"slices"
	"time"
)

// Mail is one that Cloudflare sent. None of them leaves the simulator.
type Mail struct {
	At      time.Time `json:"at"`
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
}

// keptMails is how many of the newest mails an account keeps.
const keptMails = 50

// Mails are those that were sent because of an account's notifications, oldest
// first.
func (c *Cloud) Mails(account string) []Mail {
	c.mu.RLock()
	defer c.mu.RUnlock()
	a, ok := c.state.Accounts.get(account)
	if !ok {
		return nil
	}
	return slices.Clone(a.Mails)
}

// health tells whoever wants to know that the status of a tunnel changed. It
// works under the lock.
func (c *Cloud) health(a *account, t *tunnel, before string) {
	now := c.status(t)
	if now == before || t.DeletedAt != nil {
		return
	}
	for n := range a.Alerts.all() {
		if !n.wants(tunnelHealth, "tunnel_id", t.ID) || !n.wants(tunnelHealth, "new_status", healthFilter(now)) {
			continue
		}
		for _, to := range n.Mechanisms.Email {
			a.send(Mail{At: c.now(), To: to.ID, Subject: n.Name,
				Text: fmt.Sprintf("The status of your Cloudflare Tunnel %s changed from %s to %s.", t.Name, before, now)})
		}
	}
}

// wants says whether a notification is about something: a filter that is not
// there leaves everything in.
func (n *alert) wants(sort, filter, value string) bool {
	only := n.Filters[filter]
	return n.Enabled && n.Type == sort && (len(only) == 0 || slices.Contains(only, value))
}

func (a *account) send(m Mail) {
	a.Mails = append(slices.Clone(a.Mails[max(0, len(a.Mails)-keptMails+1):]), m)
}
