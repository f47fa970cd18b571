package journey

import (
	"context"
	"errors"
	"fmt"

	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// SaveToken tries a token and keeps it, encrypted, if it is valid. A token that
// lacks a permission is kept too: the table says what is missing, and adding a
// row to it at Cloudflare does not change the token.
func (j *Journey) SaveToken(ctx context.Context, token secret.Text, account string) (setup.TokenReport, error) {
	if token.Empty() {
		return setup.TokenReport{}, &setup.Problem{Code: setup.CodeInvalid, Message: "Paste the token that Cloudflare showed you. It is shown only once; make a new one if it is lost."}
	}
	report, err := j.try(ctx, token, account)
	if err != nil {
		return setup.TokenReport{}, err
	}
	if report.Problem != nil {
		return report, nil
	}
	if err := j.Store.PutSecret(ctx, tokenName, token); err != nil {
		return report, fmt.Errorf("storing the token: %w", err)
	}
	if err := j.takeUp(ctx); err != nil {
		return report, err
	}
	return report, j.adopt(ctx, report, account)
}

// KeepPractice keeps the token of the rehearsal's account, if none was pasted
// yet, so that the pages can watch what commands set up.
func (j *Journey) KeepPractice(ctx context.Context) error {
	_, err := j.Store.Secret(ctx, tokenName)
	if errors.Is(err, ErrNotFound) {
		err = j.Store.PutSecret(ctx, tokenName, secret.New(j.Practice))
	}
	if err != nil {
		return fmt.Errorf("keeping the rehearsal's token: %w", err)
	}
	return nil
}

// CheckToken tries the token in use again.
func (j *Journey) CheckToken(ctx context.Context) (setup.TokenReport, error) {
	stored, err := j.StoredToken(ctx)
	if err != nil {
		return setup.TokenReport{}, err
	}
	token := j.orGiven(stored)
	if token.Empty() {
		return setup.TokenReport{}, &setup.Problem{Code: setup.CodeNoToken, Message: "No token is stored yet. Paste one below."}
	}
	account, err := j.typedAccount(ctx)
	if err != nil {
		return setup.TokenReport{}, err
	}
	report, err := j.try(ctx, token, account)
	if err != nil {
		return setup.TokenReport{}, err
	}
	return report, j.adopt(ctx, report, account)
}

// try reads with a token for everything that the setups want.
func (j *Journey) try(ctx context.Context, token secret.Text, account string) (setup.TokenReport, error) {
	needs, err := j.needs(ctx)
	if err != nil {
		return setup.TokenReport{}, err
	}
	return j.Cloud.Try(ctx, token, account, needs)
}

// needs works out what the token must be allowed to do: what any of the setups
// needs, with what the mail for the case that the server is gone takes, where it is
// wanted. Before there is a setup it is what a public one needs.
func (j *Journey) needs(ctx context.Context) ([]setup.Permission, error) {
	rows, err := j.Store.Setups(ctx)
	if err != nil {
		return nil, err
	}
	var needs []setup.Permission
	for _, row := range rows {
		if row.Closed {
			continue
		}
		d, err := decodeDraft(row.Draft)
		if err != nil {
			return nil, err
		}
		mode := d.Mode
		if !j.Offers(mode) {
			mode = setup.ModePublic
		}
		needs = setup.WithFurther(needs, setup.PermissionsFor(mode, d.Hostname, d.Zone))
		if d.AlertEmail != "" {
			needs = setup.WithFurther(needs, []setup.Permission{setup.AlertPermission()})
		}
	}
	if len(needs) == 0 {
		needs = setup.Permissions(setup.ModePublic)
	}
	j.mu.Lock()
	j.token.Needs, j.token.Link = needs, setup.TokenLink(needs)
	j.mu.Unlock()
	return needs, nil
}

// typedAccount is the account that some setup names; a token may see several.
func (j *Journey) typedAccount(ctx context.Context) (string, error) {
	rows, err := j.Store.Setups(ctx)
	if err != nil {
		return "", err
	}
	for _, row := range rows {
		d, err := decodeDraft(row.Draft)
		if err != nil {
			return "", err
		}
		if d.Account != "" {
			return d.Account, nil
		}
	}
	return "", nil
}

// ForgetToken deletes the stored token. What was set up goes on working; without
// another one it can no longer be looked at or repaired from here.
func (j *Journey) ForgetToken(ctx context.Context) error {
	if err := j.Store.DeleteSecret(ctx, tokenName); err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("deleting the token: %w", err)
	}
	if err := j.takeUp(ctx); err != nil {
		return err
	}
	j.mu.Lock()
	j.token.Report = nil
	j.mu.Unlock()
	j.Notify.Publish("", "token")
	return nil
}

// adopt remembers a report and writes the account into every setup that has
// none yet or has another one typed now.
func (j *Journey) adopt(ctx context.Context, report setup.TokenReport, typed string) error {
	j.mu.Lock()
	j.token.Held, j.token.Report, j.token.Checked = true, &report, j.Clock.Now()
	j.mu.Unlock()
	account := report.Account
	if typed != "" {
		account = typed
	}
	rows, err := j.Store.Setups(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		d, err := decodeDraft(row.Draft)
		if err != nil {
			return err
		}
		if account != "" && d.Account != account && (d.Account == "" || typed != "") {
			d.Account = account
			if err := j.saveDraft(ctx, row, d); err != nil {
				return err
			}
		}
		j.lookSoon(row.ID)
		if j.Watch != nil {
			j.Watch.Hurry(row.ID) // what it was refused for may be over
		}
	}
	j.Notify.Publish("", "token")
	return nil
}
