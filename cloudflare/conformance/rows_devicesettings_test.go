package conformance

import (
	"slices"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"
)

const (
	deviceSettings = A + "/devices/settings"
	connectivity   = A + "/zerotrust/connectivity_settings"
)

// keepDeviceSettings puts them back as they are now.
func keepDeviceSettings(t *try) {
	t.after("PUT", deviceSettings, asJSON(t.object("GET", deviceSettings, "")))
}

func keepConnectivity(t *try) {
	t.after("PATCH", connectivity, asJSON(t.object("GET", connectivity, "")))
}

func deviceSettingRows() []row {
	edit := func(t *try, p zero_trust.DeviceSettingsParam) *zero_trust.DeviceSettings {
		return must[*zero_trust.DeviceSettings](t)(t.zt.Devices.Settings.Edit(t.ctx, zero_trust.DeviceSettingEditParams{AccountID: sdk.F(t.account), DeviceSettings: p}))
	}
	return slices.Concat([]row{
		{op: "GET " + deviceSettings, what: "has the proxy off in a new account", class: simulated, run: func(t *try) {
			got := must[*zero_trust.DeviceSettings](t)(t.zt.Devices.Settings.Get(t.ctx, zero_trust.DeviceSettingGetParams{AccountID: sdk.F(t.account)}))
			t.same("TCP and UDP", []any{got.GatewayProxyEnabled, got.GatewayUdpProxyEnabled}, []any{false, false})
		}},
		{op: "PATCH " + deviceSettings, what: "changes what it is given", class: wide, run: func(t *try) {
			keepDeviceSettings(t)
			edit(t, zero_trust.DeviceSettingsParam{GatewayProxyEnabled: sdk.F(true), DisableForTime: sdk.F(60.0)})
			got := edit(t, zero_trust.DeviceSettingsParam{GatewayUdpProxyEnabled: sdk.F(true)})
			t.same("all three", []any{got.GatewayProxyEnabled, got.GatewayUdpProxyEnabled, got.DisableForTime}, []any{true, true, 60.0})
		}},
		{op: "PUT " + deviceSettings, what: "resets what it is not given", class: wide, run: func(t *try) {
			keepDeviceSettings(t)
			edit(t, zero_trust.DeviceSettingsParam{GatewayProxyEnabled: sdk.F(true), GatewayUdpProxyEnabled: sdk.F(true)})
			got := must[*zero_trust.DeviceSettings](t)(t.zt.Devices.Settings.Update(t.ctx, zero_trust.DeviceSettingUpdateParams{AccountID: sdk.F(t.account),
				DeviceSettings: zero_trust.DeviceSettingsParam{GatewayUdpProxyEnabled: sdk.F(true)}}))
			t.same("TCP and UDP", []any{got.GatewayProxyEnabled, got.GatewayUdpProxyEnabled}, []any{false, true})
		}},
		{op: "DELETE " + deviceSettings, what: "resets them all", class: wide, run: func(t *try) {
			keepDeviceSettings(t)
			edit(t, zero_trust.DeviceSettingsParam{GatewayProxyEnabled: sdk.F(true)})
			got := must[*zero_trust.DeviceSettings](t)(t.zt.Devices.Settings.Delete(t.ctx, zero_trust.DeviceSettingDeleteParams{AccountID: sdk.F(t.account)}))
			t.same("TCP", got.GatewayProxyEnabled, false)
		}},
		{op: "GET " + connectivity, what: "has pings off in a new account", class: simulated, run: func(t *try) {
			got := must[*zero_trust.ConnectivitySettingGetResponse](t)(t.zt.ConnectivitySettings.Get(t.ctx, zero_trust.ConnectivitySettingGetParams{AccountID: sdk.F(t.account)}))
			t.same("ICMP", got.IcmpProxyEnabled, false)
		}},
		{op: "PATCH " + connectivity, what: "changes what it is given", class: wide, run: func(t *try) {
			keepConnectivity(t)
			set := func(p zero_trust.ConnectivitySettingEditParams) *zero_trust.ConnectivitySettingEditResponse {
				p.AccountID = sdk.F(t.account)
				return must[*zero_trust.ConnectivitySettingEditResponse](t)(t.zt.ConnectivitySettings.Edit(t.ctx, p))
			}
			set(zero_trust.ConnectivitySettingEditParams{OfframpWARPEnabled: sdk.F(true)})
			got := set(zero_trust.ConnectivitySettingEditParams{IcmpProxyEnabled: sdk.F(true)})
			t.same("both", []any{got.IcmpProxyEnabled, got.OfframpWARPEnabled}, []any{true, true})
		}},
	}, rowsOf([]refusal{
		{"PATCH " + deviceSettings, wide, "a switch that is neither on nor off", keepDeviceSettings, `{"gateway_proxy_enabled":"yes"}`, 400, 1004, "gateway_proxy_enabled", 0},
		{"PATCH " + connectivity, wide, "a switch that is neither on nor off", keepConnectivity, `{"icmp_proxy_enabled":1}`, 400, 1004, "icmp_proxy_enabled", 0},
	}))
}
