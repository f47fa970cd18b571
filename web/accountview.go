package web

import (
	"github.com/culvert/culvert/setup"
)

// GrantRow is one line of the permission table.
type GrantRow struct {
	Name   string
	Level  string
	Sign   string
	Word   string
	Tone   string
	Blocks string
	Detail string
}

// grants gives the permission table: what the token may, or what it will need.
func (v View) grants() []GrantRow {
	var rows []GrantRow
	r := v.O.Token.Report
	if r == nil || len(r.Grants) == 0 {
		for _, p := range v.O.Token.Needs {
			rows = append(rows, GrantRow{Name: p.Name, Level: p.Level(), Sign: "·", Tone: "quiet", Blocks: p.Blocks})
		}
		return rows
	}
	for _, g := range r.Grants {
		row := GrantRow{Name: g.Name, Level: g.Level(), Blocks: g.Blocks, Detail: g.Detail}
		row.Sign, row.Word, row.Tone = grantWords(g)
		rows = append(rows, row)
	}
	return rows
}

func grantWords(g setup.Grant) (sign, word, tone string) {
	switch g.Granted {
	case setup.GrantedYes:
		return "✔", "there", "good"
	case setup.GrantedRead:
		return "✔", "read works", "good"
	case setup.GrantedNo:
		return "✘", "missing", "bad"
	}
	return "·", "not known yet", "quiet"
}

// ZeroTrust says whether Zero Trust is switched on, and what to do if not.
type ZeroTrust struct{ Sign, Word, Tone, Text string }

func (v View) zeroTrust() (ZeroTrust, bool) {
	r := v.O.Token.Report
	if r == nil {
		return ZeroTrust{}, false
	}
	switch r.ZeroTrust {
	case setup.GrantedYes, setup.GrantedRead:
		text := "Zero Trust is switched on."
		if r.TeamDomain != "" {
			text = "Zero Trust is switched on: " + r.TeamDomain + "."
		}
		return ZeroTrust{"✔", "switched on", "good", text}, true
	case setup.GrantedNo:
		return ZeroTrust{"✘", "not switched on", "bad",
			"Zero Trust is not switched on for this account. Open one.dash.cloudflare.com, choose a team name and the Free plan, then check again. " +
				"Cloudflare may ask for a card; the Free plan charges 0."}, true
	}
	return ZeroTrust{"·", "not known", "quiet", "Whether Zero Trust is switched on could not be read; the permissions below say why."}, true
}

// tokenErrors says what is wrong with the token that is stored.
func (v View) tokenErrors() []string {
	if r := v.O.Token.Report; r != nil && r.Problem != nil {
		return []string{r.Problem.Message}
	}
	return nil
}

// accountField asks for the account's id, where the token cannot tell it.
func (v View) accountField() Field {
	return Field{
		ID: "account", Name: "account", Label: "Account id", Value: v.O.Draft.Account, Errors: v.accountErrors(),
		Hint: "32 characters. It stands in the address bar of the dashboard, behind dash.cloudflare.com/.",
	}
}

// accountErrors leaves out "nothing chosen yet" until something was.
func (v View) accountErrors() []string {
	if v.O.Draft.Account == "" && !v.Wrong {
		return nil
	}
	return v.errorsAt("account")
}

// accounts lists the accounts to choose from, if there is a choice.
func (v View) accounts() []setup.Account {
	if r := v.O.Token.Report; r != nil && len(r.Accounts) > 1 {
		return r.Accounts
	}
	return nil
}

// askAccount says whether the account's id has to be typed.
func (v View) askAccount() bool {
	r := v.O.Token.Report
	return r != nil && len(r.Accounts) == 0 && (r.AskAccount || v.O.Draft.Account != "" || len(v.accountErrors()) > 0)
}

// accountName is the chosen account for people.
func (v View) accountName() string {
	r := v.O.Token.Report
	if r == nil {
		return ""
	}
	for _, a := range r.Accounts {
		if a.ID == v.O.Draft.Account || v.O.Draft.Account == "" && a.ID == r.Account {
			return a.Name
		}
	}
	return ""
}

// accountID is the chosen account.
func (v View) accountID() string {
	if v.O.Draft.Account == "" && v.O.Token.Report != nil {
		return v.O.Token.Report.Account
	}
	return v.O.Draft.Account
}
