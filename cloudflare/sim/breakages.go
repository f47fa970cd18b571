package sim

import (
	"fmt"
	"slices"
)

// Breakage is something that goes wrong in an account which works: somebody at
// the dashboard does it, or it happens outside. Break does it, Mend takes back
// exactly that.
type Breakage struct {
	ID   string `json:"id"`
	Name string `json:"name"` // in the words of whoever did it
	Does string `json:"does"` // what is different then
	Sees string `json:"sees"` // what the operator notices
	Mend string `json:"mend"` // how it is put right by hand

	act func(*Cloud) error
}

// Breakages are all that can be broken in an account, in the order in which a
// visitor's request meets them.
func Breakages() []Breakage {
	return slices.Concat(domainBreakages(), accessBreakages(), tunnelBreakages(), alertBreakages(), tokenBreakages())
}

func domainBreakages() []Breakage {
	return []Breakage{
		{"record-grey", "Turn the orange cloud grey", "The public name no longer goes through Cloudflare.",
			"Nobody reaches the app by its name, neither bots nor people.", "Switch the record's proxy on again.",
			eachRecord("PATCH", map[string]any{"proxied": false})},
		{"record-deleted", "Delete the public name", "The DNS record that leads to the tunnel is gone.",
			"The name does not exist any more.", "Make the record again: a CNAME to the tunnel, proxied.", eachRecord("DELETE", nil)},
		{"nameservers-changed", "Change the nameservers", "The registrar names others, so Cloudflare no longer answers for the domain.",
			"The zone says moved; names get their answers elsewhere.", "Enter Cloudflare's nameservers at the registrar again.", (*Cloud).moveZone},
		{"zone-paused", "Pause Cloudflare for the domain", "Cloudflare only answers DNS and lets nothing through its edge.",
			"Nothing reaches the tunnel.", "Resume the domain in the dashboard (Overview).", zonePatch("", map[string]any{"paused": true})},
		{"bot-fight-mode", "Switch Bot Fight Mode on", "Cloudflare puts a challenge before every caller that looks like a program, on the whole domain.",
			"Webhooks get a challenge page; people notice nothing.", "Switch it off under Security → Bots.", putBotFight},
		{"super-bot-fight-mode", "Let Super Bot Fight Mode block machines", "The domain is on a plan that costs something, and Super Bot Fight Mode blocks every caller that looks like a program, on the whole domain.",
			"Webhooks are blocked; people notice nothing.", "Under Security → Bots let what is certainly automated through, or make a custom rule for the webhook paths that skips Super Bot Fight Mode.", putSuperBots},
		{"browser-check", "Check the browser of every caller", "Browser Integrity Check is on, and no configuration rule leaves the webhooks out.",
			"Callers that do not name themselves, as some messengers, get error 1010.", "Make a configuration rule that switches it off for the webhook paths.", (*Cloud).checkBrowsers},
	}
}

func accessBreakages() []Breakage {
	return []Breakage{
		{"door-deleted", "Delete a door", "The Access application that lets one platform through without a login is gone.",
			"That platform gets a login page; its messages are lost.", "Make an application for its paths with a Bypass policy.", onApp(asksNobody, (*Cloud).deleteApp)},
		{"door-widened", "Widen a door", "The application of one platform also covers the administration pages and the app's login.",
			"Both are open to everybody.", "Put the application's old paths back.", onApp(asksNobody, (*Cloud).widenApp)},
		{"lock-deleted", "Delete the lock", "The Access application over the whole name is gone.",
			"Everything behind the name is open to everybody.", "Make an application for the whole name with an Allow policy.", onApp(asksSomebody, (*Cloud).deleteApp)},
		{"lock-without-policy", "Take the lock's policy away", "No policy says any more who may enter.",
			"Cloudflare lets nobody of the team in.", "Add the Allow policy to the application again.", onApp(asksSomebody, (*Cloud).stripApp)},
		{"team-everyone", "Let everybody in", "The policy of the lock includes everyone.",
			"Anybody with an e-mail address can log in.", "Put the team's addresses back into the policy.", (*Cloud).admitEveryone},
		{"doors-closed", "Change the rule of the doors", "The policy that lets webhooks through without a login asks for one.",
			"Every platform gets a login page; messages are lost.", "Set the policy's action to Bypass for everyone again.", (*Cloud).closeDoors},
		{"foreign-app", "Shadow a door", "Somebody else's application covers the path of one platform more closely.",
			"That platform gets their login page.", "Delete their application, or agree on its path.", onApp(asksNobody, (*Cloud).shadowApp)},
		{"login-deleted", "Delete the login codes", "The login method that sends codes by e-mail is gone.",
			"Nobody of the team can prove who they are.", "Add One-time PIN under Settings → Authentication.", (*Cloud).deleteLogins},
	}
}

func tunnelBreakages() []Breakage {
	return []Breakage{
		{"rules-emptied", "Empty the tunnel's rules", "The tunnel answers everything with 404.",
			"Whoever gets past Access gets 404.", "Add the public hostname to the tunnel again.", editRules(func(rules []any) []any { return rules[len(rules)-1:] })},
		{"foreign-rule", "Put a rule before all others", "A rule for every name of the domain answers before the app's.",
			"Whoever gets past Access gets 404.", "Delete the rule, or move it below.", (*Cloud).ruleBefore},
		{"tunnel-deleted", "Delete the tunnel", "The tunnel is gone, and its connector is refused.",
			"Cloudflare answers with error 1033.", "Make a tunnel and lead the name and the connector to it.", (*Cloud).deleteTunnels},
		{"fallback-removed", "Remove a fallback entry", "Devices no longer ask your own server for the private name.",
			"The private name is unknown on colleagues' devices.", "Add the entry under Local Domain Fallback again.", (*Cloud).removeFallback},
		{"route-deleted", "Delete a private route", "No route carries packets to the private name any more.",
			"Colleagues' devices find the name, and nobody answers.", "Make the route again, to this server's tunnel.", (*Cloud).deleteRoute},
	}
}

func alertBreakages() []Breakage {
	return []Breakage{
		{"alert-deleted", "Delete the mail for the case that the server is gone", "The notification about the tunnel is gone.",
			"Nothing, until the server is gone: then nobody is told.", "Add a Tunnel Health Alert under Notifications again.",
			eachAlert((*Cloud).deleteAlert)},
		{"alert-off", "Switch that mail off", "The notification about the tunnel is switched off.",
			"Nothing, until the server is gone: then nobody is told.", "Switch it on again under Notifications.", eachAlert((*Cloud).silence)},
	}
}

func tokenBreakages() []Breakage {
	return []Breakage{
		{"permission-revoked", "Revoke a permission", "The API token may no longer read or change DNS records.",
			"Everything goes on, but the record can neither be watched nor repaired.", "Open the token and add the row DNS Edit.", (*Cloud).revokePermission},
	}
}

// BreakageNamed is the breakage with an id; an error says which there are.
func BreakageNamed(id string) (Breakage, error) {
	var ids []string
	for _, b := range Breakages() {
		if b.ID == id {
			return b, nil
		}
		ids = append(ids, b.ID)
	}
	return Breakage{}, fmt.Errorf("nothing is called %q; what can be broken is %v", id, ids)
}
