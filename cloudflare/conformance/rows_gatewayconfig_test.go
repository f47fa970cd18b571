package conformance

import (
	"slices"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"
)

const gatewayConfig = A + "/gateway/configuration"

// keepGatewayConfig puts it back as it is now.
func keepGatewayConfig(t *try) {
	before := t.object("GET", gatewayConfig, "")
	t.after("PUT", gatewayConfig, `{"settings":`+asJSON(before["settings"])+`}`)
}

func gatewayConfigRows() []row {
	on := zero_trust.GatewayConfigurationSettingsParam{TLSDecrypt: sdk.F(zero_trust.TLSSettingsParam{Enabled: sdk.F(true)})}
	detect := zero_trust.GatewayConfigurationSettingsParam{ProtocolDetection: sdk.F(zero_trust.ProtocolDetectionParam{Enabled: sdk.F(true)})}
	edit := func(t *try, s zero_trust.GatewayConfigurationSettingsParam) *zero_trust.GatewayConfigurationEditResponse {
		return must[*zero_trust.GatewayConfigurationEditResponse](t)(t.zt.Gateway.Configurations.Edit(t.ctx, zero_trust.GatewayConfigurationEditParams{AccountID: sdk.F(t.account), Settings: sdk.F(s)}))
	}
	return slices.Concat([]row{
		{op: "GET " + gatewayConfig, what: "leaves encrypted traffic alone in a new account", class: simulated, run: func(t *try) {
			got := must[*zero_trust.GatewayConfigurationGetResponse](t)(t.zt.Gateway.Configurations.Get(t.ctx, zero_trust.GatewayConfigurationGetParams{AccountID: sdk.F(t.account)}))
			t.same("it", []any{got.Settings.TLSDecrypt.Enabled, got.Settings.ActivityLog.Enabled, got.CreatedAt.IsZero()}, []any{false, true, false})
		}},
		{op: "PATCH " + gatewayConfig, what: "changes the field that it is given", class: wide, run: func(t *try) {
			keepGatewayConfig(t)
			edit(t, on)
			got := edit(t, detect)
			t.same("both", []any{got.Settings.TLSDecrypt.Enabled, got.Settings.ProtocolDetection.Enabled}, []any{true, true})
		}},
		{op: "PUT " + gatewayConfig, what: "resets what it is not given", class: wide, run: func(t *try) {
			keepGatewayConfig(t)
			edit(t, on)
			got := must[*zero_trust.GatewayConfigurationUpdateResponse](t)(t.zt.Gateway.Configurations.Update(t.ctx, zero_trust.GatewayConfigurationUpdateParams{AccountID: sdk.F(t.account), Settings: sdk.F(detect)}))
			t.same("both", []any{got.Settings.TLSDecrypt.Enabled, got.Settings.ProtocolDetection.Enabled}, []any{false, true})
		}},
	}, rowsOf([]refusal{
		{"PATCH " + gatewayConfig, wide, "a setting that is none", keepGatewayConfig, `{"settings":{"tls_decrypt":true}}`, 400, 1004, "tls_decrypt", 0},
		{"GET " + gatewayConfig, simulated, "an account without Gateway", neverOnboarded, "", 404, 1003, "Gateway account not found", 0},
		{"PUT " + gatewayConfig, simulated, "an account without Gateway", neverOnboarded, `{"settings":{}}`, 404, 1003, "Gateway account not found", 0},
		{"PATCH " + gatewayConfig, simulated, "an account without Gateway", neverOnboarded, `{"settings":{}}`, 404, 1003, "Gateway account not found", 0},
	}))
}
