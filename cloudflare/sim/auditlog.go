package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// keptAudits is how many entries an account's audit log keeps.
const keptAudits = 250

// auditEntry is one write in an account, as its audit log (version 2) shows it.
type auditEntry struct {
	ID       string        `json:"id"`
	Account  auditName     `json:"account"`
	Action   auditAction   `json:"action"`
	Actor    auditActor    `json:"actor"`
	Raw      auditRaw      `json:"raw"`
	Resource auditResource `json:"resource"`
	Zone     *auditName    `json:"zone,omitempty"`
}

type auditName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type auditAction struct {
	Description string    `json:"description"`
	Result      string    `json:"result"` // success, failure
	Time        time.Time `json:"time"`
	Type        string    `json:"type"` // create, update, delete
}

type auditActor struct {
	ID        string `json:"id"`
	Context   string `json:"context"` // api_token, dash
	Email     string `json:"email,omitempty"`
	IPAddress string `json:"ip_address"`
	TokenID   string `json:"token_id,omitempty"`
	TokenName string `json:"token_name,omitempty"`
	Type      string `json:"type"` // user, account
}

type auditRaw struct {
	RayID     string `json:"cf_ray_id"`
	Method    string `json:"method"`
	Status    int    `json:"status_code"`
	URI       string `json:"uri"`
	UserAgent string `json:"user_agent"`
}

type auditResource struct {
	ID      string `json:"id"`
	Product string `json:"product"`
	Scope   string `json:"scope"` // accounts, zones
	Type    string `json:"type"`
}

// audit notes a write, whether or not it was let, in the account that it was
// for. It works under the lock.
func (c *call) audit(r *http.Request, route *route, status int) {
	a := c.account
	if a == nil {
		return
	}
	a.Audited++
	id := sha256.Sum256(fmt.Appendf(nil, "%s %d", a.ID, a.Audited))
	e := auditEntry{
		ID: hex.EncodeToString(id[:16]), Account: auditName{a.ID, a.Name},
		Action: auditAction{Result: "success", Time: c.now, Type: actionOf(r.Method)},
		Actor:  c.token.actor(clientIP(r)),
		Raw: auditRaw{RayID: hex.EncodeToString(id[16:24]), Method: r.Method, Status: status,
			URI: strings.TrimPrefix(r.URL.EscapedPath(), apiRoot), UserAgent: r.UserAgent()},
		Resource: route.resource(c.params),
	}
	if status >= http.StatusBadRequest {
		e.Action.Result = "failure"
	}
	if c.zone != nil {
		e.Zone, e.Resource.Scope = &auditName{c.zone.ID, c.zone.Name}, "zones"
	}
	e.Action.Description = strings.ToUpper(e.Action.Type[:1]) + e.Action.Type[1:] + " " + e.Resource.Type
	a.Audit = append(slices.Clone(a.Audit[max(0, len(a.Audit)-keptAudits+1):]), e)
}

func actionOf(method string) string {
	switch method {
	case http.MethodPost:
		return "create"
	case http.MethodDelete:
		return "delete"
	}
	return "update"
}

// actor is whose write it is. A person at the dashboard has no token.
func (t *token) actor(ip netip.Addr) auditActor {
	a := auditActor{ID: t.User, Context: "api_token", Email: t.User + "@example.org", Type: "user", TokenID: t.ID, TokenName: t.name()}
	switch {
	case t.ID == "":
		a.Context, a.TokenName = "dash", ""
	case t.Owner != "":
		a.ID, a.Email, a.Type = t.Owner, "", "account"
	}
	if ip.IsValid() {
		a.IPAddress = ip.String()
	}
	return a
}

// name is what a token was called when it was made.
func (t *token) name() string {
	if t.Name != "" {
		return t.Name
	}
	return "token " + t.ID[:min(6, len(t.ID))]
}

// resource names what an operation is about, after the steps of its path. What a
// write is called there in the real log was not established for every product.
func (r *route) resource(params map[string]string) auditResource {
	out := auditResource{Scope: "accounts", Product: "accounts", Type: "account"}
	var steps []string
	for _, s := range strings.Split(strings.Trim(r.path, "/"), "/")[1:] {
		name, isParam := strings.CutPrefix(strings.TrimSuffix(s, "}"), "{")
		switch {
		case !isParam:
			steps = append(steps, s)
		case name != "account":
			out.ID = params[name]
		}
	}
	if len(steps) > 0 {
		out.Product, out.Type = steps[0], strings.TrimSuffix(steps[len(steps)-1], "s")
	}
	return out
}
