package sim

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

func auditRoutes() []route {
	return []route{{method: "GET", path: "/accounts/{account}/logs/audit", area: accountArea(), do: listAudits}}
}

// auditInfo is what comes with the log's pages. The count is a text, as
// Cloudflare's schema has it.
type auditInfo struct {
	Count  string `json:"count"`
	Cursor string `json:"cursor"`
}

// listAudits gives the newest first, unless it is asked for another direction.
// Both ends of the time have to be named.
func listAudits(c *call) (answer, error) {
	since, err := auditTime(c.query.Get("since"))
	if err != nil {
		return answer{}, err
	}
	before, err := auditTime(c.query.Get("before"))
	if err != nil {
		return answer{}, err
	}
	rows := slices.DeleteFunc(slices.Clone(c.account.Audit), func(e auditEntry) bool {
		return e.Action.Time.Before(since) || e.Action.Time.After(before) || !e.asked(c.query)
	})
	if c.query.Get("direction") != "asc" {
		slices.Reverse(rows)
	}
	q := url.Values{"cursor": c.query["cursor"], "per_page": c.query["limit"]}
	a, err := byCursor(q, rows, paging{100, 1, 1000})
	if err != nil {
		return answer{}, err
	}
	info := a.info.(*cursorInfo)
	a.info = auditInfo{strconv.Itoa(info.Count), info.Cursor}
	return a, nil
}

// auditTime is a moment, or the beginning of a day. What a bad one is answered
// with was not established.
func auditTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, refuse(http.StatusBadRequest, 1001, "since and before must be dates")
}

// asked says whether an entry is one of those that the filters leave.
func (e auditEntry) asked(q url.Values) bool {
	for name, value := range map[string]string{
		"action_type": e.Action.Type, "action_result": e.Action.Result, "actor_email": e.Actor.Email, "actor_context": e.Actor.Context,
		"resource_id": e.Resource.ID, "resource_type": e.Resource.Type, "resource_product": e.Resource.Product,
		"raw_method": e.Raw.Method, "raw_uri": e.Raw.URI, "audit_log_id": e.ID,
	} {
		if wanted := q[name]; len(wanted) > 0 && !slices.Contains(wanted, value) {
			return false
		}
	}
	return true
}
