package cloudflare

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// TunnelToken gives what a connector needs to run a tunnel. Reading it takes
// the permission to edit tunnels.
func (c *Client) TunnelToken(ctx context.Context, tunnelID string) (secret.Text, error) {
	account, err := c.homeOf(tunnelID)
	if err != nil {
		return secret.Text{}, err
	}
	reading := op{"read the token of the tunnel", needsTunnel}
	raw, err := c.get(ctx, reading, tunnelsPath(account, tunnelID, "token"), nil)
	if err != nil {
		return secret.Text{}, problem(err)
	}
	var token string
	if json.Unmarshal(raw, &token) != nil || token == "" { // its error could show a part of it
		return secret.Text{}, refused(setup.CodeUnavailable, "Could not %s: Cloudflare's answer holds none. Try again in a moment.", reading.doing)
	}
	return secret.New(token), nil
}

// countAgain is how long what is known of connectors is good for: it is a call for
// each tunnel, and many setups share the budget.
const countAgain = 4 * time.Minute

// countConnectors says of our tunnels that serve which connectors they have.
// The list in a tunnel's own object is deprecated and may be empty; where the
// other cannot be read it has to do.
func (c *Client) countConnectors(ctx context.Context, tunnels []setup.Object) {
	var serving []int
	for i, o := range tunnels {
		if o.Mark != "" && o.State.(setup.Tunnel).Connectors > 0 {
			serving = append(serving, i)
		}
	}
	var work sync.WaitGroup
	for _, i := range serving {
		work.Go(func() {
			if all := c.connectorsOf(ctx, tunnels[i].ID); len(all) > 0 {
				t := tunnels[i].State.(setup.Tunnel)
				t.Connectors, t.Replicas = len(all), all
				tunnels[i].State = t
			}
		})
	}
	work.Wait()
}

// connectorsOf are those of a tunnel, as they were known not long ago; none: that
// is not known.
func (c *Client) connectorsOf(ctx context.Context, tunnel string) []setup.Replica {
	c.mu.Lock()
	known := c.replicas[tunnel]
	c.mu.Unlock()
	if len(known) > 0 && c.clock().Sub(known[0].Seen) < countAgain {
		return known
	}
	all, err := c.Connectors(ctx, tunnel)
	if err != nil || len(all) == 0 {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replicas[tunnel] = all
	return all
}

// Connectors lists the connectors of a tunnel.
func (c *Client) Connectors(ctx context.Context, tunnelID string) ([]setup.Replica, error) {
	account, err := c.homeOf(tunnelID)
	if err != nil {
		return nil, err
	}
	reading := op{"read the connectors of the tunnel", needsTunnel}
	rows, err := c.list(ctx, reading, tunnelsPath(account, tunnelID, "connections"), nil)
	if err != nil {
		return nil, problem(err)
	}
	all := make([]setup.Replica, len(rows))
	for i, row := range rows {
		var client zero_trust.Client
		if err := parse(reading, row, &client); err != nil {
			return nil, problem(err)
		}
		all[i] = replica(client, c.clock())
	}
	return all, nil
}

func replica(client zero_trust.Client, now time.Time) setup.Replica {
	r := setup.Replica{ID: client.ID, Version: client.Version, Arch: client.Arch,
		Config: client.ConfigVersion, Since: client.RunAt, Connections: len(client.Conns), Seen: now}
	for _, conn := range client.Conns {
		r.Colos, r.Origins = append(r.Colos, conn.ColoName), append(r.Origins, conn.OriginIP)
		if r.Version == "" {
			r.Version = conn.ClientVersion
		}
	}
	r.Colos, r.Origins = inOrder(r.Colos), inOrder(r.Origins)
	return r
}

// inOrder sorts names, and drops those that are there twice or empty.
func inOrder(names []string) []string {
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(s string) bool { return s == "" })
}
