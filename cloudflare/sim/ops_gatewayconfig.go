package sim

import (
	"encoding/json"
	"time"
)

// gatewayConfig is what Gateway does to the traffic of the whole account.
type gatewayConfig struct {
	Settings  settings  `json:"settings"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func gatewayConfigRoutes() []route {
	path := "/accounts/{account}/gateway/configuration"
	return []route{
		{method: "GET", path: path, area: zeroTrustArea(), do: getGatewayConfig},
		{method: "PUT", path: path, area: zeroTrustArea(), do: putGatewayConfig},
		{method: "PATCH", path: path, area: zeroTrustArea(), do: editGatewayConfig},
	}
}

// gatewayConfigDefaults are those of a new account, as far as they are known:
// encrypted traffic stays encrypted.
func gatewayConfigDefaults() map[string]string {
	return map[string]string{"activity_log": `{"enabled":true}`, "antivirus": "", "block_page": "", "body_scanning": "", "browser_isolation": "",
		"certificate": "", "custom_certificate": "", "extended_email_matching": "", "fips": "", "host_selector": "", "inspection": "",
		"max_ttl_secs": "", "protocol_detection": `{"enabled":false}`, "sandbox": "", "tls_decrypt": `{"enabled":false}`}
}

func (c *call) gatewayConfig() (gatewayConfig, error) {
	if c.account.GatewayTag == "" {
		return gatewayConfig{}, errNoGateway
	}
	if c.account.Gateway == nil {
		return gatewayConfig{CreatedAt: c.account.CreatedOn, UpdatedAt: c.account.CreatedOn}, nil
	}
	return *c.account.Gateway, nil
}

func (g gatewayConfig) view() gatewayConfig {
	g.Settings = g.Settings.or(gatewayConfigDefaults())
	return g
}

func getGatewayConfig(c *call) (answer, error) {
	g, err := c.gatewayConfig()
	return answer{result: g.view()}, err
}

// putGatewayConfig resets what is not in the body.
func putGatewayConfig(c *call) (answer, error) {
	g, err := c.gatewayConfig()
	if err != nil {
		return answer{}, err
	}
	g.Settings = nil
	return c.saveGatewayConfig(g)
}

func editGatewayConfig(c *call) (answer, error) {
	g, err := c.gatewayConfig()
	if err != nil {
		return answer{}, err
	}
	return c.saveGatewayConfig(g)
}

// saveGatewayConfig changes g by the fields of the body's settings, each as a
// whole.
func (c *call) saveGatewayConfig(g gatewayConfig) (answer, error) {
	var in struct {
		Settings json.RawMessage `json:"settings"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if len(in.Settings) == 0 {
		in.Settings = json.RawMessage("{}")
	}
	changed, err := g.Settings.over(in.Settings, gatewayConfigDefaults())
	if err != nil {
		return answer{}, err
	}
	for name, value := range changed {
		if name != "max_ttl_secs" && (len(value) == 0 || value[0] != '{') {
			return answer{}, badLocation("invalid " + name)
		}
	}
	g.Settings, g.UpdatedAt = changed, c.now
	c.account.Gateway = &g
	return answer{result: g.view()}, nil
}
