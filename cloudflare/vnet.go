package cloudflare

import (
	"context"
	"encoding/json"
	"net/url"

	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/culvert/culvert/setup"
)

var readingVNets = op{"read the virtual networks", needsTunnel}

func (c *Client) readVNets(ctx context.Context, account string) part {
	rows, err := c.list(ctx, readingVNets, at("accounts", account, "teamnet", "virtual_networks"), live())
	return decodeAll(setup.ReadScope{Kind: setup.KindVirtualNetwork, Scope: account}, rows, err, decodeVNet)
}

// live asks for what is not deleted: lists of private networks show the rest
// too if they are not told.
func live() url.Values { return url.Values{"is_deleted": {"false"}} }

func decodeVNet(raw json.RawMessage) (setup.Object, error) {
	var v zero_trust.VirtualNetwork
	if err := parse(readingVNets, raw, &v); err != nil {
		return setup.Object{}, err
	}
	return setup.Object{ID: v.ID, Raw: raw, State: setup.VirtualNetwork{Name: v.Name, Default: v.IsDefaultNetwork}}, nil
}
