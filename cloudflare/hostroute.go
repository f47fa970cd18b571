package cloudflare

import (
	"context"
	"encoding/json"
	"net/http"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/culvert/culvert/setup"
)

var readingHostRoutes = op{"read the routes for private names", needsTunnel}

func hostRoutesPath(account string, below ...string) string {
	return at(append([]string{"accounts", account, "zerotrust", "routes", "hostname"}, below...)...)
}

func (c *Client) readHostRoutes(ctx context.Context, account string) part {
	rows, err := c.list(ctx, readingHostRoutes, hostRoutesPath(account), live())
	return decodeAll(setup.ReadScope{Kind: setup.KindHostnameRoute, Scope: account}, rows, err, decodeHostRoute)
}

func decodeHostRoute(raw json.RawMessage) (setup.Object, error) {
	var r zero_trust.HostnameRoute
	if err := parse(readingHostRoutes, raw, &r); err != nil {
		return setup.Object{}, err
	}
	mark, comment := setup.FindMark(r.Comment)
	_, tunnel := setup.FindMark(r.TunnelName)
	return setup.Object{ID: r.ID, Mark: mark, Raw: raw, State: setup.HostnameRoute{
		Hostname: setup.NormalName(r.Hostname), Tunnel: setup.Lit(r.TunnelID), Comment: comment, TunnelName: tunnel,
	}}, nil
}

type hostRoutes struct{ *Client }

func (r hostRoutes) read(ctx context.Context, e setup.Entry, id string) (*setup.Object, error) {
	raw, err := r.get(ctx, readingHostRoutes, hostRoutesPath(e.Key.Scope, id), nil)
	o, err := found(raw, err, decodeHostRoute)
	return standing(o), err
}

func (r hostRoutes) create(ctx context.Context, e setup.Entry) (string, error) {
	to := e.To.(setup.HostnameRoute)
	raw, err := r.write(ctx, op{"make the route for the private name", needsTunnel}, http.MethodPost, hostRoutesPath(e.Key.Scope),
		zero_trust.NetworkHostnameRouteNewParams{
			Hostname: sdk.F(setup.NormalName(to.Hostname)), TunnelID: sdk.F(to.Tunnel.Lit), Comment: sdk.F(routeComment(to.Comment, e.Mark)),
		})
	return idOf(raw, err)
}

// update leaves the comment as it is: it may be somebody's.
func (r hostRoutes) update(ctx context.Context, e setup.Entry, _ *setup.Object) error {
	to := e.To.(setup.HostnameRoute)
	_, err := r.write(ctx, op{"change the route for the private name", needsTunnel}, http.MethodPatch, hostRoutesPath(e.Key.Scope, e.ID),
		zero_trust.NetworkHostnameRouteEditParams{Hostname: sdk.F(setup.NormalName(to.Hostname)), TunnelID: sdk.F(to.Tunnel.Lit)})
	return err
}

func (r hostRoutes) remove(ctx context.Context, e setup.Entry, _ *setup.Object) error {
	_, err := r.write(ctx, op{"delete the route for the private name", needsTunnel}, http.MethodDelete, hostRoutesPath(e.Key.Scope, e.ID), nil)
	return err
}
