package sim

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/culvert/culvert/internal/tunnelproto"
)

func configRoutes() []route {
	path := "/accounts/{account}/cfd_tunnel/{id}/configurations"
	return []route{
		{method: "GET", path: path, area: tunnelArea(), do: getConfig},
		{method: "PUT", path: path, area: tunnelArea(), do: putConfig},
	}
}

type configView struct {
	TunnelID  string          `json:"tunnel_id"`
	AccountID string          `json:"account_id"`
	Version   int             `json:"version"`
	Config    json.RawMessage `json:"config"`
	Source    string          `json:"source"`
	CreatedAt time.Time       `json:"created_at"`
}

func (c *call) configView(t *tunnel) configView {
	v := configView{TunnelID: t.ID, AccountID: c.account.ID, Version: t.Version, Config: t.Config,
		Source: t.Source, CreatedAt: t.ConfigAt}
	if t.Version == 0 {
		v.Config, v.CreatedAt = json.RawMessage("null"), t.CreatedAt
		if c.cloud.o.Unsure.EmptyConfigIsMinusOne {
			v.Version = -1
		}
	}
	return v
}

func getConfig(c *call) (answer, error) {
	t, err := c.tunnel()
	if err != nil {
		return answer{}, err
	}
	return answer{result: c.configView(t)}, nil
}

// putConfig replaces the whole configuration, whoever wrote the one before,
// and has it pushed to the connectors.
func putConfig(c *call) (answer, error) {
	t, err := c.tunnel()
	if err != nil {
		return answer{}, err
	}
	var in struct {
		Config json.RawMessage `json:"config"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	config, err := normalConfig(in.Config)
	if err != nil {
		return answer{}, err
	}
	t.Config, t.ConfigAt = config, c.now
	t.Version++
	c.cloud.live.wake(t.ID)
	return answer{result: c.configView(t)}, nil
}

// normalConfig checks a configuration and adds what the API adds. That the
// refusal is code 1056 was not established.
func normalConfig(raw json.RawMessage) (json.RawMessage, error) {
	bad := func(text string) error {
		return refuse(http.StatusBadRequest, 1056, "Bad Configuration: "+text)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return nil, bad("config is required")
	}
	parsed, err := tunnelproto.ParseConfig(raw)
	if err != nil {
		return nil, bad(err.Error())
	}
	if len(parsed.Ingress) == 0 {
		return nil, bad("ingress needs at least a catch-all rule")
	}
	if _, given := fields["warp-routing"]; !given {
		fields["warp-routing"] = json.RawMessage(`{"enabled":false}`)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(fields); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(out.Bytes()), nil
}
