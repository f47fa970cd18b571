package cloudflare

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/shared"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"
	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/setup"
)

var readingTunnels = op{"read the tunnels", needsTunnel}

func tunnelsPath(account string, below ...string) string {
	return at(append([]string{"accounts", account, "cfd_tunnel"}, below...)...)
}

// readTunnels asks for live tunnels only: without is_deleted Cloudflare lists
// the deleted ones too.
func (c *Client) readTunnels(ctx context.Context, account string) part {
	rows, err := c.list(ctx, readingTunnels, tunnelsPath(account), url.Values{"is_deleted": {"false"}})
	p := decodeAll(setup.ReadScope{Kind: setup.KindTunnel, Scope: account}, rows, err, decodeTunnel)
	for _, o := range p.objects {
		c.remember(o.ID, account)
	}
	c.countConnectors(ctx, p.objects)
	return p
}

func decodeTunnel(raw json.RawMessage) (setup.Object, error) {
	var t shared.CloudflareTunnel
	if err := parse(readingTunnels, raw, &t); err != nil {
		return setup.Object{}, err
	}
	mark, name := setup.FindMark(t.Name)
	return setup.Object{ID: t.ID, Mark: mark, Raw: raw, State: setup.Tunnel{
		Name:       name,
		Remote:     t.ConfigSrc == shared.CloudflareTunnelConfigSrcCloudflare,
		Connectors: connectors(raw, t.Status),
	}}, nil
}

// connectors counts what the tunnel's own object tells. The list in it is
// deprecated and may be empty; then the status says whether there is any.
func connectors(raw []byte, status shared.CloudflareTunnelStatus) int {
	clients := map[string]bool{}
	for _, client := range gjson.GetBytes(raw, "connections.#.client_id").Array() {
		clients[client.String()] = true
	}
	serving := status == shared.CloudflareTunnelStatusHealthy || status == shared.CloudflareTunnelStatusDegraded
	if len(clients) == 0 && serving {
		return 1
	}
	return len(clients)
}

type tunnels struct{ *Client }

func (t tunnels) read(ctx context.Context, e setup.Entry, id string) (*setup.Object, error) {
	raw, err := t.get(ctx, readingTunnels, tunnelsPath(e.Key.Scope, id), nil)
	o, err := found(raw, err, decodeTunnel)
	if err != nil || o == nil {
		return nil, err
	}
	var life shared.CloudflareTunnel
	if err := parse(readingTunnels, raw, &life); err != nil {
		return nil, err
	}
	if !life.DeletedAt.IsZero() {
		return nil, nil // Cloudflare still shows a deleted tunnel to those who know its id
	}
	return o, nil
}

// create lets Cloudflare make the secret: it never passes through our hands.
func (t tunnels) create(ctx context.Context, e setup.Entry) (string, error) {
	to := e.To.(setup.Tunnel)
	if !to.Remote {
		return "", refused(setup.CodeRefused, "Culvert makes no tunnel whose rules live in a file.")
	}
	raw, err := t.write(ctx, op{"make the tunnel", needsTunnel}, http.MethodPost, tunnelsPath(e.Key.Scope),
		zero_trust.TunnelCloudflaredNewParams{
			Name:      sdk.F(setup.WithMark(to.Name, e.Mark)),
			ConfigSrc: sdk.F(zero_trust.TunnelCloudflaredNewParamsConfigSrcCloudflare),
		})
	id, err := idOf(raw, err)
	if err == nil {
		t.remember(id, e.Key.Scope)
	}
	return id, err
}

func (t tunnels) update(ctx context.Context, e setup.Entry, have *setup.Object) error {
	to := e.To.(setup.Tunnel)
	if to.Remote != have.State.(setup.Tunnel).Remote {
		return refused(setup.CodeRefused, "Where a tunnel keeps its rules is decided when it is made. Make a new tunnel instead.")
	}
	_, err := t.write(ctx, op{"rename the tunnel", needsTunnel}, http.MethodPatch, tunnelsPath(e.Key.Scope, e.ID),
		zero_trust.TunnelCloudflaredEditParams{Name: sdk.F(setup.WithMark(to.Name, have.Mark))})
	return err
}

// remove does not cascade: a tunnel that still carries somebody is left.
func (t tunnels) remove(ctx context.Context, e setup.Entry, _ *setup.Object) error {
	_, err := t.write(ctx, op{"delete the tunnel", needsTunnel}, http.MethodDelete, tunnelsPath(e.Key.Scope, e.ID), nil)
	return err
}
