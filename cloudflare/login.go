package cloudflare

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/culvert/culvert/setup"
)

const oneTimePIN = "onetimepin"

var readingLogins = op{"read the login methods", needsOrg}

func loginsPath(account string, below ...string) string {
	return at(append([]string{"accounts", account, "access", "identity_providers"}, below...)...)
}

func (c *Client) readLogins(ctx context.Context, account string) part {
	rows, err := c.list(ctx, readingLogins, loginsPath(account), nil)
	return decodeAll(setup.ReadScope{Kind: setup.KindLoginMethod, Scope: account}, rows, err, decodeLogin)
}

// decodeLogin keeps no raw JSON: the configuration of a login method may hold
// the secret that it shares with its provider.
func decodeLogin(raw json.RawMessage) (setup.Object, error) {
	var in struct{ ID, Name, Type string }
	if err := parse(readingLogins, raw, &in); err != nil {
		return setup.Object{}, err
	}
	mark, name := setup.FindMark(in.Name)
	return setup.Object{ID: in.ID, Mark: mark, State: setup.LoginMethod{Type: in.Type, Name: name}}, nil
}

// logins writes login methods: only codes by e-mail, as every other kind needs
// the secret of a provider, which Cloudflare never gives back.
type logins struct{ *Client }

func (l logins) read(ctx context.Context, e setup.Entry, id string) (*setup.Object, error) {
	raw, err := l.get(ctx, readingLogins, loginsPath(e.Key.Scope, id), nil)
	return found(raw, err, decodeLogin)
}

func (l logins) create(ctx context.Context, e setup.Entry) (string, error) {
	body, err := loginBody(e.To, e.Mark)
	if err != nil {
		return "", err
	}
	raw, err := l.write(ctx, op{"add the login method", needsOrg}, http.MethodPost, loginsPath(e.Key.Scope), body)
	return idOf(raw, err)
}

func (l logins) update(ctx context.Context, e setup.Entry, have *setup.Object) error {
	if have.State.(setup.LoginMethod).Type != oneTimePIN {
		return refused(setup.CodeRefused, "Culvert changes no login method but codes by e-mail. Change this one in the dashboard (Zero Trust, Settings, Authentication).")
	}
	body, err := loginBody(e.To, have.Mark)
	if err != nil {
		return err
	}
	_, err = l.write(ctx, op{"change the login method", needsOrg}, http.MethodPut, loginsPath(e.Key.Scope, e.ID), body)
	return err
}

func (l logins) remove(ctx context.Context, e setup.Entry, _ *setup.Object) error {
	_, err := l.write(ctx, op{"delete the login method", needsOrg}, http.MethodDelete, loginsPath(e.Key.Scope, e.ID), nil)
	return err
}

func loginBody(to setup.State, mark string) (any, error) {
	m, ok := to.(setup.LoginMethod)
	if !ok || m.Type != oneTimePIN {
		return nil, refused(setup.CodeRefused, "Culvert sets up no login method but codes by e-mail. Add this one in the dashboard (Zero Trust, Settings, Authentication).")
	}
	return map[string]any{"type": m.Type, "name": setup.WithMark(m.Name, mark), "config": struct{}{}}, nil
}
