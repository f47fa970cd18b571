package sim

import (
	"net/http"
	"strings"
	"time"
)

func tokenRoutes() []route {
	return []route{
		{method: "GET", path: "/user/tokens/verify", do: verifyUserToken},
		{method: "GET", path: "/accounts/{account}/tokens/verify", do: verifyAccountToken},
		{method: "GET", path: "/user/tokens/permission_groups", area: userGroupsArea(), do: listUserGroups},
		{method: "GET", path: "/accounts/{account}/tokens/permission_groups", area: accountGroupsArea(), do: listAccountGroups},
	}
}

// verifyUserToken knows nothing of account-owned tokens: to it a good one is
// an invalid one.
func verifyUserToken(c *call) (answer, error) {
	if c.token.Owner != "" {
		return answer{}, errInvalidToken
	}
	return c.verified(), nil
}

func verifyAccountToken(c *call) (answer, error) {
	if c.token.Owner != c.account.ID {
		return answer{}, errInvalidToken
	}
	return c.verified(), nil
}

func (c *call) verified() answer {
	result := struct {
		ID        string     `json:"id"`
		Status    string     `json:"status"`
		NotBefore *time.Time `json:"not_before,omitempty"`
		ExpiresOn *time.Time `json:"expires_on,omitempty"`
	}{c.token.ID, c.token.state(c.now), c.token.NotBefore, c.token.ExpiresOn}
	text := "This API Token is valid and active"
	if result.Status != "active" {
		text = "This API Token is " + result.Status
	}
	return answer{result: result, messages: []message{{Code: 10000, Message: text}}}
}

func accountRoutes() []route {
	return []route{
		{method: "GET", path: "/accounts", do: listAccounts}, // looks at the permission itself
		{method: "GET", path: "/accounts/{account}", area: accountArea(), do: getAccount},
	}
}

type accountView struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Type      string          `json:"type"`
	Settings  accountSettings `json:"settings"`
	CreatedOn time.Time       `json:"created_on"`
}

type accountSettings struct {
	EnforceTwofactor  bool    `json:"enforce_twofactor"`
	AbuseContactEmail *string `json:"abuse_contact_email"`
}

func (a *account) view() accountView {
	return accountView{ID: a.ID, Name: a.Name, Type: "standard", CreatedOn: a.CreatedOn}
}

func listAccounts(c *call) (answer, error) {
	if c.token.Owner != "" && !c.cloud.o.Unsure.AccountTokensListAccounts {
		return answer{}, refuse(http.StatusBadRequest, 1001, "List accounts endpoint does not support account owned tokens.")
	}
	if !c.token.may(accountArea(), true) {
		return answer{}, errPermission
	}
	var rows []accountView
	name := c.query.Get("name")
	for a := range c.state.Accounts.all() {
		if c.token.covers(a.ID) && strings.Contains(strings.ToLower(a.Name), strings.ToLower(name)) {
			rows = append(rows, a.view())
		}
	}
	return page(c.query, rows, paging{20, 5, 50}), nil
}

func getAccount(c *call) (answer, error) { return answer{result: c.account.view()}, nil }
