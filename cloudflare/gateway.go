package cloudflare

import (
	"context"
	"encoding/json"
	"net/http"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"
	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/setup"
)

var (
	readingProxy = op{"read whether devices go through Gateway", needsZeroTrust}
	readingICMP  = op{"read whether pings go through Gateway", needsZeroTrust}
)

// The ids of the two objects, of which every account has one each.
const (
	proxyID = "gateway-proxy"
	icmpID  = "icmp-proxy"
)

func proxyPath(account string) string { return at("accounts", account, "devices", "settings") }

func icmpPath(account string) string {
	return at("accounts", account, "zerotrust", "connectivity_settings")
}

func (c *Client) readProxy(ctx context.Context, account string) part {
	raw, err := c.get(ctx, readingProxy, proxyPath(account), nil)
	return decodeOne(setup.ReadScope{Kind: setup.KindGatewayProxy, Scope: account}, raw, err, decodeProxy)
}

func (c *Client) readICMP(ctx context.Context, account string) part {
	raw, err := c.get(ctx, readingICMP, icmpPath(account), nil)
	return decodeOne(setup.ReadScope{Kind: setup.KindICMPProxy, Scope: account}, raw, err, decodeICMP)
}

func decodeOne(at setup.ReadScope, raw json.RawMessage, err error, decode func(json.RawMessage) (setup.Object, error)) part {
	return decodeAll(at, []json.RawMessage{raw}, err, decode)
}

func decodeProxy(raw json.RawMessage) (setup.Object, error) {
	tcp, err := flag(raw, "gateway_proxy_enabled")
	if err != nil {
		return setup.Object{}, err
	}
	udp, err := flag(raw, "gateway_udp_proxy_enabled")
	return setup.Object{ID: proxyID, Raw: raw, State: setup.GatewayProxy{TCP: tcp, UDP: udp}}, err
}

func decodeICMP(raw json.RawMessage) (setup.Object, error) {
	on, err := flag(raw, "icmp_proxy_enabled")
	return setup.Object{ID: icmpID, Raw: raw, State: setup.ICMPProxy{On: on}}, err
}

// flag is a switch. One that is not there is not off: what it was before is kept
// to be put back.
func flag(raw []byte, field string) (bool, error) {
	v := gjson.GetBytes(raw, field)
	if !v.IsBool() {
		return false, refused(setup.CodeUnavailable, "Cloudflare's answer could not be understood: it does not say %s. Try again in a moment.", field)
	}
	return v.Bool(), nil
}

// switches is for settings that are always there (isAnswer).
type switches struct{}

func (switches) create(context.Context, setup.Entry) (string, error)      { return "", errAnswer }
func (switches) remove(context.Context, setup.Entry, *setup.Object) error { return errAnswer }

type proxies struct {
	*Client
	switches
}

func (p proxies) read(ctx context.Context, e setup.Entry, _ string) (*setup.Object, error) {
	raw, err := p.get(ctx, readingProxy, proxyPath(e.Key.Scope), nil)
	return found(raw, err, decodeProxy)
}

// update sends what changes and nothing else.
func (p proxies) update(ctx context.Context, e setup.Entry, have *setup.Object) error {
	to, now := e.To.(setup.GatewayProxy), have.State.(setup.GatewayProxy)
	var set zero_trust.DeviceSettingsParam
	if to.TCP != now.TCP {
		set.GatewayProxyEnabled = sdk.F(to.TCP)
	}
	if to.UDP != now.UDP {
		set.GatewayUdpProxyEnabled = sdk.F(to.UDP)
	}
	if to == now {
		return nil
	}
	_, err := p.write(ctx, op{"change whether devices go through Gateway", needsZeroTrust}, http.MethodPatch, proxyPath(e.Key.Scope),
		zero_trust.DeviceSettingEditParams{DeviceSettings: set})
	return err
}

type pings struct {
	*Client
	switches
}

func (p pings) read(ctx context.Context, e setup.Entry, _ string) (*setup.Object, error) {
	raw, err := p.get(ctx, readingICMP, icmpPath(e.Key.Scope), nil)
	return found(raw, err, decodeICMP)
}

func (p pings) update(ctx context.Context, e setup.Entry, _ *setup.Object) error {
	_, err := p.write(ctx, op{"change whether pings go through Gateway", needsZeroTrust}, http.MethodPatch, icmpPath(e.Key.Scope),
		zero_trust.ConnectivitySettingEditParams{IcmpProxyEnabled: sdk.F(e.To.(setup.ICMPProxy).On)})
	return err
}
