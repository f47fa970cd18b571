package cloudflare

import (
	"context"
	"encoding/json"
	"slices"
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
