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

// count is how many connectors a tunnel had.
type count struct {
	connectors int
	at         time.Time
}

// countAgain is how long a count of connectors is good for: it is a call for each
// tunnel, and many setups share the budget.
const countAgain = 4 * time.Minute

// countConnectors says of our tunnels that serve how many connectors they have.
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
			if n, ok := c.connectorsOf(ctx, tunnels[i].ID); ok {
				t := tunnels[i].State.(setup.Tunnel)
				t.Connectors = n
				tunnels[i].State = t
			}
		})
	}
	work.Wait()
}

func (c *Client) connectorsOf(ctx context.Context, tunnel string) (int, bool) {
	c.mu.Lock()
	known, ok := c.counts[tunnel]
	c.mu.Unlock()
	if ok && c.clock().Sub(known.at) < countAgain {
		return known.connectors, true
	}
	all, err := c.Connectors(ctx, tunnel)
	if err != nil || len(all) == 0 {
		return 0, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[tunnel] = count{len(all), c.clock()}
	return len(all), true
}

// ConnectorInfo is one cloudflared that is connected now.
type ConnectorInfo struct {
	ClientID      string
	Version       string
	Arch          string
	ConfigVersion int64 // the configuration that it runs with
	RunAt         time.Time
	Connections   int
	Colos         []string // where it is connected, sorted
}

// Connectors lists the connectors of a tunnel.
func (c *Client) Connectors(ctx context.Context, tunnelID string) ([]ConnectorInfo, error) {
	account, err := c.homeOf(tunnelID)
	if err != nil {
		return nil, err
	}
	reading := op{"read the connectors of the tunnel", needsTunnel}
	rows, err := c.list(ctx, reading, tunnelsPath(account, tunnelID, "connections"), nil)
	if err != nil {
		return nil, problem(err)
	}
	all := make([]ConnectorInfo, len(rows))
	for i, row := range rows {
		var client zero_trust.Client
		if err := parse(reading, row, &client); err != nil {
			return nil, problem(err)
		}
		all[i] = connectorInfo(client)
	}
	return all, nil
}

func connectorInfo(client zero_trust.Client) ConnectorInfo {
	info := ConnectorInfo{ClientID: client.ID, Version: client.Version, Arch: client.Arch,
		ConfigVersion: client.ConfigVersion, RunAt: client.RunAt, Connections: len(client.Conns)}
	for _, conn := range client.Conns {
		info.Colos = append(info.Colos, conn.ColoName)
		if info.Version == "" {
			info.Version = conn.ClientVersion
		}
	}
	slices.Sort(info.Colos)
	info.Colos = slices.Compact(info.Colos)
	return info
}
