package cloudflare

import (
	"context"
	"errors"

	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/culvert/culvert/setup"
)

var readingOrganization = op{"look at Zero Trust", needsOrg}

// readOrganization: an account that was never onboarded has none, which
// Cloudflare says with an error of its own.
func (c *Client) readOrganization(ctx context.Context, account string) part {
	p := part{at: setup.ReadScope{Kind: setup.KindOrganization, Scope: account}}
	state, raw, err := c.organization(ctx, account)
	switch {
	case notEnabled(err):
	case err != nil:
		p.err = err
	default:
		p.objects = []setup.Object{{Scope: account, ID: account, State: state, Raw: raw}}
	}
	return p
}

func (c *Client) organization(ctx context.Context, account string) (setup.Organization, []byte, error) {
	raw, err := c.get(ctx, readingOrganization, at("accounts", account, "access", "organizations"), nil)
	if err != nil {
		return setup.Organization{}, nil, err
	}
	var org zero_trust.Organization
	if err := parse(readingOrganization, raw, &org); err != nil {
		return setup.Organization{}, nil, err
	}
	return setup.Organization{AuthDomain: host(org.AuthDomain)}, raw, nil
}

func notEnabled(err error) bool {
	var e *apiError
	return errors.As(err, &e) && e.has(9999)
}
