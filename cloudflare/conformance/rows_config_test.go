package conformance

import (
	"encoding/json"
	"slices"
	"strings"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/culvert/culvert/cloudflare/sim"
)

const config = oneTunnel + "/configurations"

func configRows() []row {
	get := func(t *try) *zero_trust.TunnelCloudflaredConfigurationGetResponse {
		return must[*zero_trust.TunnelCloudflaredConfigurationGetResponse](t)(t.zt.Tunnels.Cloudflared.Configurations.Get(t.ctx, t.vars["id"],
			zero_trust.TunnelCloudflaredConfigurationGetParams{AccountID: sdk.F(t.account)}))
	}
	return slices.Concat([]row{
		{op: "GET " + config, what: "of a tunnel never configured is null", class: own, run: func(t *try) {
			t.tunnel()
			t.same("config", t.object("GET", config, "")["config"], nil)
			t.same("rules", len(get(t).Config.Ingress), 0)
			t.holds("the version is 0 or below", get(t).Version <= 0)
		}},
		{op: "GET " + config, what: "of a tunnel never configured has version -1, where it has", class: simulated,
			options: sim.Options{Unsure: sim.Unsure{EmptyConfigIsMinusOne: true}}, run: func(t *try) {
				t.tunnel()
				t.same("the version", get(t).Version, int64(-1))
			}},
		{op: "PUT " + config, what: "keeps rules in their order, with all that they say of the origin", class: own, run: func(t *try) {
			t.tunnel()
			rule := zero_trust.TunnelCloudflaredConfigurationUpdateParamsConfigIngress{Hostname: sdk.F(t.host()), Path: sdk.F("^/slack/events/?$"), Service: sdk.F("http://web:8000"),
				OriginRequest: sdk.F(zero_trust.TunnelCloudflaredConfigurationUpdateParamsConfigIngressOriginRequest{DisableChunkedEncoding: sdk.F(true),
					HTTPHostHeader: sdk.F("app.example.org"), ConnectTimeout: sdk.F(int64(5)),
					Access: sdk.F(zero_trust.TunnelCloudflaredConfigurationUpdateParamsConfigIngressOriginRequestAccess{Required: sdk.F(true), TeamName: sdk.F("team"), AUDTag: sdk.F([]string{"aud"})})})}
			put := must[*zero_trust.TunnelCloudflaredConfigurationUpdateResponse](t)(t.zt.Tunnels.Cloudflared.Configurations.Update(t.ctx, t.vars["id"],
				zero_trust.TunnelCloudflaredConfigurationUpdateParams{AccountID: sdk.F(t.account), Config: sdk.F(zero_trust.TunnelCloudflaredConfigurationUpdateParamsConfig{
					Ingress: sdk.F([]zero_trust.TunnelCloudflaredConfigurationUpdateParamsConfigIngress{rule, {Service: sdk.F("http_status:404")}})})}))
			t.same("the tunnel", put.TunnelID, t.vars["id"])
			t.same("the source", put.Source, zero_trust.TunnelCloudflaredConfigurationUpdateResponseSourceCloudflare)
			rules := get(t).Config.Ingress
			if len(rules) != 2 {
				t.stop("rules: %v", rules)
			}
			first := rules[0]
			t.same("the first", []any{first.Hostname, first.Path, first.Service, first.OriginRequest.DisableChunkedEncoding, first.OriginRequest.HTTPHostHeader, first.OriginRequest.ConnectTimeout},
				[]any{t.host(), "^/slack/events/?$", "http://web:8000", true, "app.example.org", int64(5)})
			t.same("its access", []any{first.OriginRequest.Access.Required, first.OriginRequest.Access.TeamName, first.OriginRequest.Access.AUDTag}, []any{true, "team", []string{"aud"}})
			t.same("the last", rules[1].Service, "http_status:404")
		}},
		{op: "PUT " + config, what: "replaces all of it and raises the version by one", class: own, run: func(t *try) {
			t.tunnel()
			t.configure(`{"ingress":[{"hostname":"{host}","service":"http://web:8000"},{"service":"http_status:404"}],"originRequest":{"connectTimeout":5}}`)
			before := get(t).Version
			t.configure(`{"ingress":[{"service":"http_status:404"}]}`)
			after := get(t)
			t.same("the version", after.Version, before+1)
			t.same("rules", len(after.Config.Ingress), 1)
			t.same("what is said of every origin", after.Config.OriginRequest.ConnectTimeout, int64(0))
		}},
		{op: "PUT " + config, what: "takes every kind of service, with a field that the client does not have back", class: own, run: func(t *try) {
			t.tunnel()
			for _, service := range []string{"http://web:8000", "https://web", "tcp://db:5432", "ssh://h:22", "rdp://h:3389", "smb://h:445",
				"unix:/run/app.sock", "unix+tls:/run/app.sock", "hello_world", "http_status:503"} {
				rule, err := json.Marshal(map[string]string{"hostname": t.host(), "service": service})
				if err != nil {
					t.stop("%v", err)
				}
				t.configure(`{"ingress":[` + string(rule) + `,{"service":"http_status:404"}]}`)
				t.same("the service", get(t).Config.Ingress[0].Service, service)
			}
			got, _ := t.object("GET", config, "")["config"].(map[string]any)
			t.same("warp-routing", got["warp-routing"], any(map[string]any{"enabled": false}))
		}},
	}, rowsOf(configRefusals()))
}

// configRefusals are what cloudflared would not run.
func configRefusals() []refusal {
	var list []refusal
	for what, body := range map[string]string{
		"no configuration":                `{}`,
		"no rules":                        `{"config":{}}`,
		"a last rule that does not catch": `{"config":{"ingress":[{"hostname":"{host}","service":"http://x:1"}]}}`,
		"a rule behind one that catches":  `{"config":{"ingress":[{"service":"http://x:1"},{"service":"http_status:404"}]}}`,
		"a last rule with a path":         `{"config":{"ingress":[{"path":"x","service":"http_status:404"}]}}`,
		"a port in a hostname":            `{"config":{"ingress":[{"hostname":"{host}:80","service":"http://x:1"},{"service":"http_status:404"}]}}`,
		"a wildcard amid a hostname":      `{"config":{"ingress":[{"hostname":"a.*.{host}","service":"http://x:1"},{"service":"http_status:404"}]}}`,
		"a path that is no expression":    `{"config":{"ingress":[{"hostname":"{host}","path":"(","service":"http://x:1"},{"service":"http_status:404"}]}}`,
		"a service with a path":           `{"config":{"ingress":[{"hostname":"{host}","service":"http://x:1/y"},{"service":"http_status:404"}]}}`,
		"a service without a scheme":      `{"config":{"ingress":[{"hostname":"{host}","service":"web"},{"service":"http_status:404"}]}}`,
	} {
		list = append(list, refusal{"PUT " + config, own, what, func(t *try) { t.tunnel() }, body, 400, 1056, "Bad Configuration", 0})
	}
	slices.SortFunc(list, func(a, b refusal) int { return strings.Compare(a.what, b.what) })
	return append(list, refusal{"PUT " + config, own, "a tunnel that is deleted", deletedTunnel, `{"config":{"ingress":[{"service":"http_status:404"}]}}`, 404, 1003, "Tunnel not found", 0},
		refusal{"GET " + config, read, "an unknown tunnel", nil, "", 404, 1003, "Tunnel not found", 0})
}
