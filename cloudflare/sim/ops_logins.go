package sim

import (
	"slices"
	"strings"
	"time"
)

func loginRoutes() []route {
	return []route{{method: "GET", path: "/accounts/{account}/access/logs/access_requests", area: area{names: []string{"Access: Audit Logs"}},
		access: true, do: listLogins}}
}

// listLogins gives the newest first, unless it is asked for another direction,
// and in one page.
func listLogins(c *call) (answer, error) {
	rows := []accessLogin{}
	for _, e := range c.account.Logins.all() {
		if c.wantsLogin(e) {
			rows = append(rows, e)
		}
	}
	if c.query.Get("direction") != "asc" {
		slices.Reverse(rows)
	}
	size := min(max(whole(c.query.Get("limit"), 25), 1), 1000)
	if c.query.Has("per_page") {
		size = min(max(whole(c.query.Get("per_page"), 25), 1), 1000)
	}
	from := min((max(1, whole(c.query.Get("page"), 1))-1)*size, len(rows))
	return answer{result: rows[from:min(from+size, len(rows))]}, nil
}

func (c *call) wantsLogin(e accessLogin) bool {
	since, err := time.Parse(time.RFC3339, c.query.Get("since"))
	until, err2 := time.Parse(time.RFC3339, c.query.Get("until"))
	allowed, given := c.flag("allowed")
	switch {
	case err == nil && e.CreatedAt.Before(since), err2 == nil && e.CreatedAt.After(until):
		return false
	case given && allowed != e.Allowed, c.query.Has("app_uid") && c.query.Get("app_uid") != e.AppUID:
		return false
	}
	return c.wantsEmail(e.Email)
}

// wantsEmail compares with a part, unless it is told to be exact.
func (c *call) wantsEmail(email string) bool {
	wanted, exact := c.query.Get("email"), c.query.Get("email_exact") == "true"
	if wanted == "" {
		return true
	}
	is := strings.Contains(email, wanted)
	if operator := c.query.Get("emailOp"); exact || operator == "eq" {
		is = email == wanted
	}
	return is != (c.query.Get("emailOp") == "neq")
}
