package cloudflare

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/cloudflare/cloudflare-go/v7/accounts"

	"github.com/culvert/culvert/setup"
)

// The two kinds of token.
const (
	userToken    = "user"
	accountToken = "account"
)

var accountID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// Check learns about the token by reading with it: whether it is valid, which
// accounts and domains it reaches, and which of the needed permissions it has.
// It writes nothing, so that Edit stays unproven.
//
// What is wrong with the token or the account id is in the report; the error is
// for a Cloudflare that could not be asked.
func (c *Client) Check(ctx context.Context, account string, needs []setup.Permission) (setup.TokenReport, error) {
	ck := &tokenCheck{Client: c, needs: needs}
	ck.report.ZeroTrust = setup.GrantedUnknown
	ck.report.Account = strings.TrimSpace(account)
	err := ck.run(ctx)
	if ck.report.Problem == nil && err != nil {
		ck.report.Problem = problem(err)
	}
	if p := ck.report.Problem; p != nil && p.Retryable() {
		return ck.report, p
	}
	return ck.report, nil
}

type tokenCheck struct {
	*Client
	needs  []setup.Permission
	report setup.TokenReport

	listed  error    // why the accounts could not be listed
	zoneIDs []string // of report.Zones
}

func (ck *tokenCheck) run(ctx context.Context) error {
	if p := ck.malformed(); p != nil {
		return p
	}
	if err := ck.verify(ctx); err != nil {
		return err
	}
	if err := ck.listAccounts(ctx); err != nil {
		return err
	}
	if ck.report.Account == "" {
		ck.report.AskAccount = ck.listed != nil || len(ck.report.Accounts) == 0
		return nil
	}
	if ck.report.Status == "" { // not verified yet: it may be the account's own
		if err := ck.verifyAsAccount(ctx); err != nil {
			return err
		}
	}
	ck.grants(ctx)
	return ck.reach()
}

// malformed finds what needs no call.
func (ck *tokenCheck) malformed() *setup.Problem {
	token := ck.token.Reveal()
	switch {
	case strings.HasPrefix(token, "cfk_"):
		return refused(setup.CodeUnauthorized, "This is a Global API Key: it may do everything and cannot be limited. Make an API token instead, with the link on this page.")
	case strings.HasPrefix(token, "cfoat_"):
		return refused(setup.CodeUnauthorized, "This is the short-lived login of Wrangler. Make an API token instead, with the link on this page.")
	case ck.report.Account != "" && !accountID.MatchString(ck.report.Account):
		return refused(setup.CodeInvalid, "An account id has 32 characters, 0 to 9 and a to f. The dashboard shows it on the account's overview page.")
	}
	return nil
}

// verify asks whether the token is valid. The prefix says which endpoint knows
// it; an old token has none, and one that belongs to an account is "invalid" to
// the endpoint for users.
func (ck *tokenCheck) verify(ctx context.Context) error {
	if strings.HasPrefix(ck.token.Reveal(), "cfat_") {
		ck.report.Kind = accountToken
		if ck.report.Account == "" {
			return nil // verified once the account is known
		}
		return ck.verifyAsAccount(ctx)
	}
	status, err := ck.status(ctx, "user/tokens/verify")
	var e *apiError
	if errors.As(err, &e) && e.has(1000) && !strings.HasPrefix(ck.token.Reveal(), "cfut_") {
		return nil
	}
	if err != nil {
		return err
	}
	ck.report.Kind = userToken
	return ck.active(status)
}

func (ck *tokenCheck) verifyAsAccount(ctx context.Context) error {
	status, err := ck.status(ctx, at("accounts", ck.report.Account, "tokens", "verify"))
	switch {
	case err != nil && problem(err).Code == setup.CodeElsewhere:
		return ck.elsewhere()
	case err != nil:
		return err
	}
	ck.report.Kind = accountToken
	return ck.active(status)
}

func (ck *tokenCheck) status(ctx context.Context, path string) (string, error) {
	verifying := op{"verify the token", "API Tokens"}
	raw, err := ck.get(ctx, verifying, path, nil)
	if err != nil {
		return "", err
	}
	var result struct{ Status string }
	err = parse(verifying, raw, &result)
	return result.Status, err
}

func (ck *tokenCheck) active(status string) error {
	ck.report.Status = status
	if status == "active" {
		return nil
	}
	return refused(setup.CodeUnauthorized, "The token is %s. Make a new one, or switch it on again in the dashboard (My Profile, API Tokens).", cmp.Or(status, "not active"))
}

// listAccounts also chooses the account if there is only one.
func (ck *tokenCheck) listAccounts(ctx context.Context) error {
	listing := op{"list your accounts", needsAccount}
	rows, err := ck.list(ctx, listing, "accounts", nil)
	if err != nil {
		ck.listed = err
		if p := problem(err); p.Retryable() || p.Code == setup.CodeUnauthorized && ck.report.Kind == "" && ck.report.Account == "" {
			return err
		}
		return nil
	}
	for _, row := range rows {
		var a accounts.Account
		if err := parse(listing, row, &a); err != nil {
			return err
		}
		ck.report.Accounts = append(ck.report.Accounts, setup.Account{ID: a.ID, Name: a.Name})
	}
	slices.SortFunc(ck.report.Accounts, func(a, b setup.Account) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	if ck.report.Account == "" && len(ck.report.Accounts) == 1 {
		ck.report.Account = ck.report.Accounts[0].ID
	}
	return nil
}

// grants reads one thing per permission.
func (ck *tokenCheck) grants(ctx context.Context) {
	account := ck.report.Account
	one := url.Values{"page": {"1"}, "per_page": {"5"}} // the fewest that every list takes
	read := func(o op, path string) error {
		_, err := ck.get(ctx, o, path, one)
		return err
	}
	var tunnels, apps, organization, zones, dns, rules, devices error
	var wg sync.WaitGroup
	wg.Go(func() { tunnels = read(readingTunnels, tunnelsPath(account)) })
	wg.Go(func() { apps = read(readingApps, appsPath(account)) })
	wg.Go(func() { organization = ck.zeroTrust(ctx) })
	if ck.asked(func(p setup.Permission) bool { return p.Name == needsZeroTrust }) {
		wg.Go(func() { devices = read(readingProxy, proxyPath(account)) })
	}
	if ck.asked(func(p setup.Permission) bool { return p.Zone }) {
		wg.Go(func() {
			zones = ck.readZones(ctx)
			dns, rules = ck.readOneZone(ctx)
		})
	}
	wg.Wait()
	results := map[string]error{needsAccount: ck.listed, needsTunnel: tunnels, needsApps: apps,
		needsOrg: organization, needsZone: zones, needsDNS: dns, needsRules: rules,
		needsZeroTrust: devices}
	for _, p := range ck.needs {
		err, probed := results[p.Name]
		if !probed {
			err = errNoProbe
		}
		ck.report.Grants = append(ck.report.Grants, grant(p, err))
	}
}

func (ck *tokenCheck) asked(which func(setup.Permission) bool) bool {
	return slices.ContainsFunc(ck.needs, which)
}

// Why a permission could not be tried.
var (
	errNoProbe = refused(setup.CodeInvalid, "Not known: no read would show it.")
	errNoZone  = refused(setup.CodeInvalid, "Not known: the token sees no domain to try it on.")
)

// grant says what a read with a permission showed.
func grant(p setup.Permission, err error) setup.Grant {
	switch {
	case err == nil && p.Edit:
		return setup.Grant{Permission: p, Granted: setup.GrantedRead}
	case err == nil:
		return setup.Grant{Permission: p, Granted: setup.GrantedYes}
	}
	why := problem(err)
	g := setup.Grant{Permission: p, Granted: setup.GrantedUnknown, Detail: why.Message}
	if why.Code == setup.CodeDenied || why.Code == setup.CodeElsewhere {
		g.Granted = setup.GrantedNo
	}
	return g
}

// zeroTrust also learns whether Zero Trust is switched on. That it is not says
// nothing about the permission.
func (ck *tokenCheck) zeroTrust(ctx context.Context) error {
	org, _, err := ck.organization(ctx, ck.report.Account)
	switch {
	case err == nil:
		ck.report.ZeroTrust, ck.report.TeamDomain = setup.GrantedYes, org.AuthDomain
	case notEnabled(err):
		ck.report.ZeroTrust = setup.GrantedNo
	}
	return err
}

func (ck *tokenCheck) readZones(ctx context.Context) error {
	rows, err := ck.zones(ctx, ck.report.Account, "")
	if err != nil {
		return err
	}
	for _, row := range rows {
		o, err := decodeZone(row)
		if err != nil {
			return err
		}
		ck.report.Zones = append(ck.report.Zones, o.State.(setup.Zone))
		ck.zoneIDs = append(ck.zoneIDs, o.ID)
	}
	return nil
}

// readOneZone tries the records and the rules of one domain; others may be
// closed to the token all the same.
func (ck *tokenCheck) readOneZone(ctx context.Context) (dns, rules error) {
	if len(ck.zoneIDs) == 0 {
		return errNoZone, errNoZone
	}
	zone := ck.zoneIDs[0]
	var wg sync.WaitGroup
	wg.Go(func() { _, dns = ck.get(ctx, readingRecords, recordsPath(zone), url.Values{"per_page": {"5"}}) })
	wg.Go(func() { _, rules = ck.ruleset(ctx, configRules(), zone) })
	wg.Wait()
	return dns, rules
}

// reach says it in one sentence if the token has nothing to do with the account.
func (ck *tokenCheck) reach() error {
	known := slices.ContainsFunc(ck.report.Accounts, func(a setup.Account) bool { return a.ID == ck.report.Account })
	for _, g := range ck.report.Grants {
		if !g.Zone && g.Name != needsAccount && g.Granted != setup.GrantedNo {
			known = true
		}
	}
	if known {
		return nil
	}
	return ck.elsewhere()
}

// elsewhere says that the token belongs to another account, and to which if it
// tells.
func (ck *tokenCheck) elsewhere() *setup.Problem {
	var names []string
	for _, a := range ck.report.Accounts {
		names = append(names, "“"+a.Name+"”")
	}
	whose := "another account"
	if len(names) > 0 {
		whose = "the account " + strings.Join(names, " or ")
	}
	return refused(setup.CodeElsewhere, "The token belongs to %s and does not reach the account %s. Choose the token's account, or make a token for this one.", whose, ck.report.Account)
}
