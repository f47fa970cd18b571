package setup

import (
	"slices"
	"strings"
)

// Alert is a notification of the account: Cloudflare sends a mail when nothing is
// connected to a tunnel any more. It is for the case that nothing on the server
// can tell, because the whole server is gone. (Cloudflare docs, "Tunnel Health
// Alert".)
//
// A Port shows every such notification, with the Mark out of the description.
// Whoever has one that does the same already gets no second one.
type Alert struct {
	Tunnels  []ID     `json:"tunnels,omitempty"`  // none: every tunnel of the account
	Statuses []string `json:"statuses,omitempty"` // of which it tells; none: of every one
	Emails   []string `json:"emails,omitempty"`   // small letters, sorted
	Enabled  bool     `json:"enabled"`
	// Other is a digest of what narrows it further, if there is anything.
	Other string `json:"other,omitempty"`

	Title string `json:"-"` // its name
}

// TunnelDown is the status of a tunnel that had connectors and has none, as the
// filter of a notification writes it. It is not the word that the tunnel itself
// has for it: a filter with that one is taken, and never fits.
const TunnelDown = "TUNNEL_STATUS_TYPE_DOWN"

// Kind is that of a notification.
func (Alert) Kind() Kind { return KindAlert }

func (n Alert) mapIDs(f func(ID) ID) State {
	n.Tunnels = slices.Clone(n.Tunnels)
	for i, id := range n.Tunnels {
		n.Tunnels[i] = f(id)
	}
	return n
}

func (Alert) occupies() []string { return nil }
func (n Alert) over(State) State { return n }

// met: one that also tells others, or of more, does as well.
func (n Alert) met(have State) bool {
	h, ok := have.(Alert)
	return ok && h.Enabled == n.Enabled && h.Other == n.Other &&
		(len(h.Tunnels) == 0 || hasAll(h.Tunnels, n.Tunnels)) &&
		(len(h.Statuses) == 0 || hasAll(h.Statuses, n.Statuses)) && hasAll(h.Emails, n.Emails)
}

// hasAll says whether all of some are in a list.
func hasAll[T comparable](list, some []T) bool {
	return !slices.ContainsFunc(some, func(t T) bool { return !slices.Contains(list, t) })
}

// AlertKey is the key of what tells that nothing is connected to the tunnel.
func (a Answers) AlertKey() Key { return a.key(KindAlert, string(a.Setup)) }

func (a Answers) wantAlert(w map[Key]State) {
	if a.AlertEmail != "" {
		w[a.AlertKey()] = Alert{Tunnels: []ID{Ref(a.TunnelKey())}, Statuses: []string{TunnelDown},
			Emails: []string{strings.ToLower(a.AlertEmail)}, Enabled: true}
	}
}

// AlertPermission is what a token needs for it. It is asked for only where the
// alert is wanted.
func AlertPermission() Permission {
	return Permission{Name: "Notifications", Key: "notifications", Edit: true,
		Blocks: "having Cloudflare send a mail when this server is gone"}
}

func alertName(k Key, n Alert) string {
	if n.Title != "" {
		return "Mail “" + n.Title + "” (notification)"
	}
	return "Mail from Cloudflare when nothing is connected to the tunnel of " + k.Name + " (notification)"
}

func describeAlert(n Alert) []string {
	var lines []string
	for _, e := range n.Emails {
		lines = append(lines, "mails "+e)
	}
	for _, t := range n.Tunnels {
		lines = append(lines, "about the tunnel "+nameOfID(t))
	}
	if len(n.Tunnels) == 0 {
		lines = append(lines, "about every tunnel of the account")
	}
	for _, s := range n.Statuses {
		lines = append(lines, "when its status becomes "+strings.ToLower(strings.TrimPrefix(s, "TUNNEL_STATUS_TYPE_")))
	}
	if !n.Enabled {
		lines = append(lines, "switched off")
	}
	if n.Other != "" {
		lines = append(lines, "narrowed further "+n.Other)
	}
	return lines
}
