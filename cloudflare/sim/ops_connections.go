package sim

import (
	"net/http"
	"slices"
	"time"
)

func getTunnelToken(c *call) (answer, error) {
	t, err := c.tunnel()
	if err != nil {
		return answer{}, err
	}
	return answer{result: t.token(c.account.ID)}, nil
}

func listConnections(c *call) (answer, error) {
	if _, ok := c.account.Tunnels.get(c.id); !ok {
		return answer{}, errNoTunnel
	}
	return answer{result: c.cloud.live.clients(c.id)}, nil
}

// dropConnections closes them; a connector that still runs comes back.
func dropConnections(c *call) (answer, error) {
	t, err := c.tunnel()
	if err != nil {
		return answer{}, err
	}
	client := c.query.Get("client_id")
	if client != "" && !isUUID(client) {
		return answer{}, refuse(http.StatusBadRequest, 1004, "client_id must be a UUID")
	}
	c.closeAfter(c.cloud.live.of(t.ID, client))
	return answer{result: struct{}{}}, nil
}

func getConnector(c *call) (answer, error) {
	for _, client := range c.cloud.live.clients(c.id) {
		if client.ID == c.client {
			return answer{result: client}, nil
		}
	}
	return answer{}, refuse(http.StatusNotFound, 1003, "Connector not found")
}

// closeAfter closes connections once the state is unlocked.
func (c *call) closeAfter(conns []*connection) {
	c.after = append(c.after, func() { closeAll(conns) })
}

// managementTokenLife is how long a management token is good for.
const managementTokenLife = time.Hour

// newManagementToken gives what opens a connector's log stream. The simulator
// has no such stream: nothing checks the token.
func newManagementToken(c *call) (answer, error) {
	t, err := c.tunnel()
	if err != nil {
		return answer{}, err
	}
	var in struct {
		Resources []string `json:"resources"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if len(in.Resources) == 0 || slices.ContainsFunc(in.Resources, func(r string) bool { return r != "logs" }) {
		return answer{}, refuse(http.StatusBadRequest, 1004, "resources must be a list of: logs")
	}
	return answer{result: c.account.sign(map[string]any{"tun": map[string]string{"id": t.ID, "account_tag": c.account.ID},
		"res": in.Resources, "iat": c.now.Unix(), "exp": c.now.Add(managementTokenLife).Unix()})}, nil
}
