package cloudflare

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"sync"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"
	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/cidr"
)

var readingRoutes = op{"read the routes to private networks", needsTunnel}

func routesPath(account string, below ...string) string {
	return at(append([]string{"accounts", account, "teamnet", "routes"}, below...)...)
}

// readRoutes gives those of every tunnel: one of somebody else may overlap ours.
// Which of them Cloudflare takes for an address it tells itself, asked beside the
// list; the id of a virtual network that is not the default one is known from there.
func (c *Client) readRoutes(ctx context.Context, v setup.View) []part {
	var asked sync.WaitGroup
	taken := make([]taking, len(v.Lookups))
	ask := func(i int, query url.Values) {
		asked.Go(func() { taken[i] = c.routeTaken(ctx, v.Account, v.Lookups[i].Address, query) })
	}
	for i, l := range v.Lookups {
		if l.VNet == "" {
			ask(i, nil)
		}
	}
	rows, err := c.list(ctx, readingRoutes, routesPath(v.Account), live())
	all := decodeAll(setup.ReadScope{Kind: setup.KindRoute, Scope: v.Account}, rows, err, decodeRoute)
	for i, l := range v.Lookups {
		if id := vnetOf(all.objects, l.VNet); id != "" {
			ask(i, url.Values{"virtual_network_id": {id}})
		}
	}
	asked.Wait()
	for i, a := range taken {
		if a.told && all.err == nil {
			all.objects = a.noted(all.objects, v.Lookups[i].Address)
		}
	}
	return []part{all}
}

// taking is which route Cloudflare takes for an address; nil: none.
type taking struct {
	told  bool
	route *setup.Object
}

// routeTaken asks for it. An answer that cannot be had leaves what the list shows:
// the question bars nothing.
func (c *Client) routeTaken(ctx context.Context, account, address string, query url.Values) taking {
	env, err := c.call(ctx, request{op: readingRoutes, method: http.MethodGet, path: routesPath(account, "ip", address), query: query})
	switch {
	case err != nil:
		return taking{}
	case isNull(env.Result):
		return taking{told: true}
	}
	o, err := decoded(env.Result, decodeRoute)
	if err != nil || standing(&o) == nil {
		return taking{}
	}
	o.Scope = account
	return taking{true, &o}
}

// vnetOf is the id of the virtual network with a name, as the routes in it tell it.
func vnetOf(routes []setup.Object, name string) string {
	for _, o := range routes {
		if name != "" && gjson.GetBytes(o.Raw, "virtual_network_name").String() == name {
			return o.State.(setup.Route).VNet.Lit
		}
	}
	return ""
}

// noted is a list of routes with what Cloudflare said about an address. A route that
// the list does not have yet is there all the same; if none is taken, that is none of
// the list.
func (t taking) noted(routes []setup.Object, address string) []setup.Object {
	if t.route == nil {
		for i, o := range routes {
			r := o.State.(setup.Route)
			r.Leaves = append(r.Leaves, address)
			routes[i].State = r
		}
		return routes
	}
	i := slices.IndexFunc(routes, func(o setup.Object) bool { return o.ID == t.route.ID })
	if i < 0 {
		i, routes = len(routes), append(routes, *t.route)
	}
	r := routes[i].State.(setup.Route)
	r.Takes = append(r.Takes, address)
	routes[i].State = r
	return routes
}

// decodeRoute reads one of a list, or one that was asked for, which does not
// name its tunnel.
func decodeRoute(raw json.RawMessage) (setup.Object, error) {
	var r zero_trust.Teamnet
	if err := parse(readingRoutes, raw, &r); err != nil {
		return setup.Object{}, err
	}
	network, err := cidr.Parse(r.Network)
	if err != nil {
		return setup.Object{}, refused(setup.CodeUnavailable, "Cloudflare's answer could not be understood: a route has the network %q. Try again in a moment.", clip(r.Network))
	}
	mark, comment := setup.FindMark(r.Comment)
	_, tunnel := setup.FindMark(r.TunnelName)
	return setup.Object{ID: r.ID, Mark: mark, Raw: raw, State: setup.Route{
		Network: network.String(), VNet: setup.Lit(r.VirtualNetworkID), Tunnel: setup.Lit(r.TunnelID), Comment: comment, TunnelName: tunnel,
	}}, nil
}

// standing drops what was deleted: Cloudflare still shows it to those who know
// its id.
func standing(o *setup.Object) *setup.Object {
	if o != nil && gjson.GetBytes(o.Raw, "deleted_at").Type == gjson.String {
		return nil
	}
	return o
}

// maxComment is how long the comment of a route can be, in characters.
const maxComment = 100

// routeComment is the operator's text with the mark behind it, for which it is cut.
func routeComment(text, mark string) string {
	room := maxComment - len(setup.WithMark("", mark))
	if r := []rune(text); len(r) > room {
		text = string(r[:room])
	}
	return setup.WithMark(text, mark)
}

type routes struct{ *Client }

func (r routes) read(ctx context.Context, e setup.Entry, id string) (*setup.Object, error) {
	raw, err := r.get(ctx, readingRoutes, routesPath(e.Key.Scope, id), nil)
	o, err := found(raw, err, decodeRoute)
	return standing(o), err
}

func (r routes) create(ctx context.Context, e setup.Entry) (string, error) {
	to := e.To.(setup.Route)
	raw, err := r.write(ctx, op{"make the route", needsTunnel}, http.MethodPost, routesPath(e.Key.Scope), zero_trust.NetworkRouteNewParams{
		Network: sdk.F(to.Network), TunnelID: sdk.F(to.Tunnel.Lit), Comment: sdk.F(routeComment(to.Comment, e.Mark)), VirtualNetworkID: sdk.F(to.VNet.Lit),
	})
	return idOf(raw, err)
}

// update leaves the comment as it is: it may be somebody's.
func (r routes) update(ctx context.Context, e setup.Entry, _ *setup.Object) error {
	to := e.To.(setup.Route)
	_, err := r.write(ctx, op{"change the route", needsTunnel}, http.MethodPatch, routesPath(e.Key.Scope, e.ID), zero_trust.NetworkRouteEditParams{
		Network: sdk.F(to.Network), TunnelID: sdk.F(to.Tunnel.Lit), VirtualNetworkID: sdk.F(to.VNet.Lit),
	})
	return err
}

func (r routes) remove(ctx context.Context, e setup.Entry, _ *setup.Object) error {
	_, err := r.write(ctx, op{"delete the route", needsTunnel}, http.MethodDelete, routesPath(e.Key.Scope, e.ID), nil)
	return err
}
