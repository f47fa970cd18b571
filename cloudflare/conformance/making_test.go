package conformance

import (
	"fmt"
	"runtime"
	"time"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/shared"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/culvert/culvert/cloudflare/sim"
)

// What rows make first; all of it is removed with them.

func (t *try) newTunnel() zero_trust.TunnelCloudflaredNewParams {
	return zero_trust.TunnelCloudflaredNewParams{AccountID: sdk.F(t.account), Name: sdk.F(t.name()),
		ConfigSrc: sdk.F(zero_trust.TunnelCloudflaredNewParamsConfigSrcCloudflare)}
}

// tunnel makes one, which {id} stands for from then on.
func (t *try) tunnel() *shared.CloudflareTunnel {
	made := must[*shared.CloudflareTunnel](t)(t.zt.Tunnels.Cloudflared.New(t.ctx, t.newTunnel()))
	t.vars["id"] = made.ID
	t.made(A + "/cfd_tunnel/{id}?cascade=true")
	return made
}

// record makes one and gives its id, which {record} stands for from then on.
func (t *try) record(body string) string {
	t.vars["record"] = t.object("POST", Z+"/dns_records", body).text("id")
	t.made(Z + "/dns_records/{record}")
	return t.vars["record"]
}

// configure replaces the configuration of the tunnel.
func (t *try) configure(config string) {
	t.object("PUT", oneTunnel+"/configurations", `{"config":`+config+`}`)
}

// connector runs one with so many connections until the row is over.
func (t *try) connector(tunnel string, connections int) (detach func()) {
	token := must[*string](t)(t.zt.Tunnels.Cloudflared.Token.Get(t.ctx, tunnel, zero_trust.TunnelCloudflaredTokenGetParams{AccountID: sdk.F(t.account)}))
	detach, err := t.cloud.AttachConnector(*token, sim.Attachment{Connections: connections})
	if err != nil {
		t.stop("%v", err)
	}
	return detach
}

// eventually waits for something that happens on another goroutine.
func (t *try) eventually(what string, is func() bool) {
	for deadline := time.Now().Add(10 * time.Second); !is(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.stop("still not so: %s", what)
		}
	}
}

// many makes one thing often, each under a name and a host of its own.
func (t *try) many(count int, method, path, body string) {
	name, host := t.vars["name"], t.vars["host"]
	for i := range count {
		t.vars["name"], t.vars["host"] = fmt.Sprint(name, "-", i), fmt.Sprint(i, ".", host)
		t.object(method, path, body)
	}
	t.vars["name"], t.vars["host"] = name, host
}
