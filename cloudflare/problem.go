package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/setup"
)

// The permissions, as the dashboard and setup.Permissions name them.
const (
	needsTunnel    = "Cloudflare Tunnel"
	needsZeroTrust = "Zero Trust"
	needsApps      = "Access: Apps and Policies"
	needsOrg       = "Access: Organizations, Identity Providers, and Groups"
	needsAccount   = "Account Settings"
	needsZone      = "Zone"
	needsDNS       = "DNS"
	needsRules     = "Config Rules"
	needsWAF       = "Zone WAF"
	needsBots      = "Bot Management"
	needsSettings  = "Zone Settings"

	needsNotifications = "Notifications"
)

// blockedFor is how long Cloudflare refuses a user who made too many calls, if
// it does not say so itself.
const blockedFor = 5 * time.Minute

// problem turns an error of a call into what a person needs. No other place
// turns Cloudflare's codes into words.
func problem(err error) *setup.Problem {
	var e *apiError
	if !errors.As(err, &e) {
		return setup.AsProblem(err)
	}
	p := e.sort()
	p.Cause = err
	return p
}

// sort finds what is known of a failed call: first what does not depend on the
// codes, then the codes, then the status alone.
func (e *apiError) sort() *setup.Problem {
	switch {
	case e.status == 0:
		return e.unreachable()
	case e.status == http.StatusTooManyRequests || e.has(10429) || e.has(971):
		return e.limited()
	case e.status >= 500:
		return e.say(setup.CodeUnavailable, "Cloudflare has trouble of its own (HTTP %d). Try again in a few minutes; www.cloudflarestatus.com tells more.", e.status)
	case e.status < 300 && e.faults == nil:
		return e.say(setup.CodeUnavailable, "Cloudflare's answer could not be understood: %v. Try again in a moment.", e.cause)
	}
	for _, f := range e.faults {
		if p := e.known(f); p != nil {
			return p
		}
	}
	return e.byStatus()
}

func (e *apiError) unreachable() *setup.Problem {
	if errors.Is(e.cause, context.Canceled) || errors.Is(e.cause, context.DeadlineExceeded) {
		return e.say(setup.CodeUnavailable, "Cloudflare did not answer in time. Try again in a moment.")
	}
	if e.unsent && !neverSent(e.cause) {
		return e.say(setup.CodeRateLimited, "Culvert holds calls back to stay within what Cloudflare allows, and this one would have had to wait too long. Try again in a minute.")
	}
	return e.say(setup.CodeUnavailable, "Cloudflare could not be reached. Check that this server can open https connections to api.cloudflare.com, then try again.")
}

func (e *apiError) limited() *setup.Problem {
	wait := e.retryAfter
	if wait == 0 {
		wait = blockedFor
	}
	p := e.say(setup.CodeRateLimited, "Cloudflare allows one user 1,200 calls in five minutes, counting the dashboard and every other program with a token of yours, and they are used up. Wait %s, then try again.",
		wait.Round(time.Second))
	p.RetryAfter = wait
	return p
}

// say makes a problem whose text begins with what was being done.
func (e *apiError) say(code setup.Code, format string, args ...any) *setup.Problem {
	return &setup.Problem{Code: code, Message: fmt.Sprintf("Could not %s. ", e.doing) + fmt.Sprintf(format, args...)}
}

func (e *apiError) denied() *setup.Problem {
	p := e.say(setup.CodeDenied, "The token lacks the permission “%s: %s”. In the dashboard open My Profile, API Tokens, edit the token and add it.", e.needs, e.level())
	p.Permission = e.needs
	return p
}

// level is what the permission is asked with; people add it once. Domains are
// read by everybody, and changed by nothing but that.
func (e *apiError) level() string {
	all := append(setup.Permissions(setup.ModeFallback), setup.AlertPermission())
	for _, r := range setup.Remedies() {
		all = append(all, r.Needs())
	}
	i := slices.IndexFunc(all, func(p setup.Permission) bool { return p.Name == e.needs })
	return setup.Permission{Edit: e.op == endingPause || i >= 0 && all[i].Edit}.Level()
}

func (e *apiError) unauthorized() *setup.Problem {
	return e.say(setup.CodeUnauthorized, "Cloudflare does not accept the API token: it was deleted, it expired, or it was not copied whole. Make a new one and enter it.")
}

// known maps one fault of an envelope; nil if its code says nothing.
func (e *apiError) known(f apiFault) *setup.Problem {
	switch f.Code {
	case 6003, 6111, 6103, 9106:
		return e.say(setup.CodeUnauthorized, "What was entered is not written like an API token: 40 characters or more, no spaces. A Global API Key does not work here.")
	case 9109:
		return e.notForThis(f)
	case 1000:
		if e.status == http.StatusUnauthorized || e.status == http.StatusForbidden {
			return e.unauthorized()
		}
	case 1001:
		if strings.Contains(f.Message, "account owned") {
			return e.say(setup.CodeInvalid, "A token that belongs to an account cannot list accounts. Type the account id instead; the dashboard shows it on the account's overview page.")
		}
	case 10000, 1068:
		return e.denied()
	case 0:
		if e.status == http.StatusForbidden {
			return e.denied()
		}
	case 9999:
		return e.say(setup.CodeNotEnabled, "Zero Trust is not switched on for this account. Open one.dash.cloudflare.com and choose a plan; the free one will do.")
	case 1052:
		return e.say(setup.CodeUnavailable, "Cloudflare has trouble of its own. Try again in a few minutes.")
	case 7000, 7003:
		return e.say(setup.CodeInvalid, "An id does not have the form of one at Cloudflare. Check the account id: 32 characters, 0 to 9 and a to f.")
	case 10405:
		return e.say(setup.CodeInternal, "Cloudflare does not know this call. Culvert may be too old for the present API.")
	}
	if p := e.taken(f); p != nil {
		return p
	}
	return e.rejected(f)
}

// notForThis tells the three meanings of code 9109 apart.
func (e *apiError) notForThis(f apiFault) *setup.Problem {
	switch {
	case strings.Contains(f.Message, "access token from location"):
		return e.say(setup.CodeUnauthorized, "The token may not be used from this server's address. Edit the token in the dashboard: Client IP Address Filtering.")
	case strings.Contains(f.Message, "Invalid access token"):
		return e.unauthorized()
	}
	return e.say(setup.CodeElsewhere, "The token is for another account or domain and does not reach this one. Make a token for this one, or edit the token in the dashboard and choose this one under Resources.")
}

// taken: the name is in use, or what should go is.
func (e *apiError) taken(f apiFault) *setup.Problem {
	switch f.Code {
	case 1013:
		return e.say(setup.CodeConflict, "A tunnel of this name exists already. Look again: it can be taken over, or another name chosen.")
	case 1014:
		return e.say(setup.CodeConflict, "There is a route for exactly this already. Look again: it can be taken over, or removed in the dashboard.")
	case 1022:
		return e.say(setup.CodeInUse, "A connector is still connected to the tunnel. Stop the cloudflared that uses it, wait a moment, and try again.")
	case 1061:
		return e.say(setup.CodeConflict, "The domain is at Cloudflare already, perhaps in another account.")
	case 11010:
		if e.needs == needsOrg {
			return e.say(setup.CodeConflict, "There is such a login method already. Look again.")
		}
		return e.say(setup.CodeConflict, "An Access application for one of these addresses exists already. Look again, and take it over or change it in the dashboard.")
	case 81053, 81054:
		return e.say(setup.CodeConflict, "Another DNS record has this name already (A, AAAA or CNAME). It is left alone. Choose another name, or delete the record in the dashboard if nothing needs it.")
	case 81057, 81058:
		return e.say(setup.CodeConflict, "The same DNS record exists already. Look again.")
	}
	return nil
}

// rejected: Cloudflare does not take what was sent.
func (e *apiError) rejected(f apiFault) *setup.Problem {
	text := clip(f.text())
	switch {
	case e.needs == needsNotifications && e.method != http.MethodGet && e.method != http.MethodDelete:
		return e.mailRefused(text)
	case strings.Contains(text, "in use"), strings.Contains(text, "being used"):
		return e.say(setup.CodeInUse, "Something else still uses it. Cloudflare says: %s", text)
	case f.Code == 12130 && strings.Contains(text, "does not belong to zone"):
		return e.say(setup.CodeInvalid, "The address is not under a domain that is active in this account. Wait until the domain is active, or choose an address under one that is.")
	case f.Code == 12130 && strings.Contains(text, "destination"):
		return e.say(setup.CodeInvalid, "An Access application takes five addresses at most. Cloudflare says: %s", text)
	case f.Code == 12130, f.Code == 1004, f.Code == 1056, f.Code >= 9000 && f.Code < 9500:
		return e.say(setup.CodeInvalid, "Cloudflare does not accept it: %s", text)
	}
	return nil
}

// mailRefused: which addresses Cloudflare takes for notifications, and with which
// code it refuses others, is not documented.
func (e *apiError) mailRefused(text string) *setup.Problem {
	if e.status != http.StatusBadRequest && e.status != http.StatusUnprocessableEntity {
		return nil
	}
	return e.say(setup.CodeInvalid, "Cloudflare does not take this mail. It may want an address of somebody in the account, or one that was confirmed: in the dashboard, open Notifications, add a Tunnel Health Alert with this address and follow what it says. Cloudflare says: %s", text)
}

// byStatus is what is left when no code says anything.
func (e *apiError) byStatus() *setup.Problem {
	text := e.excerpt
	for _, f := range e.faults {
		text = strings.TrimSpace(text + " " + clip(f.text()))
	}
	if text == "" {
		text = http.StatusText(e.status)
	}
	switch {
	case e.status == http.StatusUnauthorized:
		return e.unauthorized()
	case e.status == http.StatusForbidden && e.faults != nil:
		return e.denied()
	case e.status == http.StatusNotFound && e.faults != nil:
		return e.say(setup.CodeNotFound, "Cloudflare does not have it any more. Look again.")
	case e.status == http.StatusConflict:
		return e.say(setup.CodeConflict, "Something else is in the way. Cloudflare says: %s", text)
	case e.status < 300, e.status == http.StatusRequestTimeout:
		return e.say(setup.CodeUnavailable, "Cloudflare answered that it failed, without a reason that is known. Try again in a moment. It says: %s", text)
	case e.faults == nil:
		return e.say(setup.CodeUnavailable, "The answer (HTTP %d) did not come from Cloudflare's API. A proxy or firewall on the way may have sent it: %s", e.status, text)
	}
	return e.say(setup.CodeInvalid, "Cloudflare does not accept it: %s", text)
}

// refused is a problem of our own making: we decline, or it is not as it was.
func refused(code setup.Code, format string, args ...any) *setup.Problem {
	return &setup.Problem{Code: code, Message: fmt.Sprintf(format, args...)}
}
