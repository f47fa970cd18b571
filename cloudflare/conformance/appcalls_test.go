package conformance

import (
	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"
)

// appCalls are the official client's methods for applications, which reach them
// through their account or through a zone.
type appCalls struct {
	*try
	base string // A or Z
	apps *zero_trust.AccessApplicationService
}

func (t *try) through(base string) appCalls { return appCalls{t, base, t.zt.Access.Applications} }

type newApp = zero_trust.AccessApplicationNewParamsBodySelfHostedApplication

func (c appCalls) create(body zero_trust.AccessApplicationNewParamsBodyUnion) (*zero_trust.AccessApplicationNewResponse, error) {
	p := zero_trust.AccessApplicationNewParams{Body: body}
	if c.base == Z {
		p.ZoneID = sdk.F(c.zone)
	} else {
		p.AccountID = sdk.F(c.account)
	}
	made, err := c.apps.New(c.ctx, p)
	if err == nil {
		c.vars["id"] = made.ID
		c.made(A + "/access/apps/{id}")
	}
	return made, err
}

func (c appCalls) update(id string, body zero_trust.AccessApplicationUpdateParamsBodySelfHostedApplication) (*zero_trust.AccessApplicationUpdateResponse, error) {
	p := zero_trust.AccessApplicationUpdateParams{Body: body}
	if c.base == Z {
		p.ZoneID = sdk.F(c.zone)
	} else {
		p.AccountID = sdk.F(c.account)
	}
	return c.apps.Update(c.ctx, id, p)
}

func (c appCalls) get(id string) (*zero_trust.AccessApplicationGetResponse, error) {
	if c.base == Z {
		return c.apps.Get(c.ctx, id, zero_trust.AccessApplicationGetParams{ZoneID: sdk.F(c.zone)})
	}
	return c.apps.Get(c.ctx, id, zero_trust.AccessApplicationGetParams{AccountID: sdk.F(c.account)})
}

func (c appCalls) remove(id string) (*zero_trust.AccessApplicationDeleteResponse, error) {
	if c.base == Z {
		return c.apps.Delete(c.ctx, id, zero_trust.AccessApplicationDeleteParams{ZoneID: sdk.F(c.zone)})
	}
	return c.apps.Delete(c.ctx, id, zero_trust.AccessApplicationDeleteParams{AccountID: sdk.F(c.account)})
}

func (c appCalls) list(p zero_trust.AccessApplicationListParams) []zero_trust.AccessApplicationListResponse {
	if c.base == Z {
		p.ZoneID = sdk.F(c.zone)
	} else {
		p.AccountID = sdk.F(c.account)
	}
	return must[*appsPage](c.try)(c.apps.List(c.ctx, p)).Result
}

func (c appCalls) revoke(id string) error {
	p := zero_trust.AccessApplicationRevokeTokensParams{}
	if c.base == Z {
		p.ZoneID = sdk.F(c.zone)
	} else {
		p.AccountID = sdk.F(c.account)
	}
	_, err := c.apps.RevokeTokens(c.ctx, id, p)
	return err
}

func (c appCalls) editSettings(id string, p zero_trust.AccessApplicationSettingEditParams) (*zero_trust.AccessApplicationSettingEditResponse, error) {
	if c.base == Z {
		p.ZoneID = sdk.F(c.zone)
	} else {
		p.AccountID = sdk.F(c.account)
	}
	return c.apps.Settings.Edit(c.ctx, id, p)
}

func (c appCalls) putSettings(id string, p zero_trust.AccessApplicationSettingUpdateParams) (*zero_trust.AccessApplicationSettingUpdateResponse, error) {
	if c.base == Z {
		p.ZoneID = sdk.F(c.zone)
	} else {
		p.AccountID = sdk.F(c.account)
	}
	return c.apps.Settings.Update(c.ctx, id, p)
}

// The policies of an application.

func (c appCalls) addPolicy(app string, body zero_trust.AccessApplicationPolicyNewParamsBody) (*zero_trust.AccessApplicationPolicyNewResponse, error) {
	p := zero_trust.AccessApplicationPolicyNewParams{Body: body}
	if c.base == Z {
		p.ZoneID = sdk.F(c.zone)
	} else {
		p.AccountID = sdk.F(c.account)
	}
	return c.apps.Policies.New(c.ctx, app, p)
}

func (c appCalls) putPolicy(app, id string, body zero_trust.AccessApplicationPolicyUpdateParamsBody) (*zero_trust.AccessApplicationPolicyUpdateResponse, error) {
	p := zero_trust.AccessApplicationPolicyUpdateParams{Body: body}
	if c.base == Z {
		p.ZoneID = sdk.F(c.zone)
	} else {
		p.AccountID = sdk.F(c.account)
	}
	return c.apps.Policies.Update(c.ctx, app, id, p)
}

func (c appCalls) policy(app, id string) (*zero_trust.AccessApplicationPolicyGetResponse, error) {
	if c.base == Z {
		return c.apps.Policies.Get(c.ctx, app, id, zero_trust.AccessApplicationPolicyGetParams{ZoneID: sdk.F(c.zone)})
	}
	return c.apps.Policies.Get(c.ctx, app, id, zero_trust.AccessApplicationPolicyGetParams{AccountID: sdk.F(c.account)})
}

func (c appCalls) policies(app string) []zero_trust.AccessApplicationPolicyListResponse {
	p := zero_trust.AccessApplicationPolicyListParams{}
	if c.base == Z {
		p.ZoneID = sdk.F(c.zone)
	} else {
		p.AccountID = sdk.F(c.account)
	}
	return must[*appPoliciesPage](c.try)(c.apps.Policies.List(c.ctx, app, p)).Result
}

func (c appCalls) removePolicy(app, id string) (*zero_trust.AccessApplicationPolicyDeleteResponse, error) {
	if c.base == Z {
		return c.apps.Policies.Delete(c.ctx, app, id, zero_trust.AccessApplicationPolicyDeleteParams{ZoneID: sdk.F(c.zone)})
	}
	return c.apps.Policies.Delete(c.ctx, app, id, zero_trust.AccessApplicationPolicyDeleteParams{AccountID: sdk.F(c.account)})
}
