package conformance

import (
	"errors"
	"time"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/dns"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/culvert/culvert/cloudflare/sim"
)

// clientRows are the traps of the official client, which whoever uses it has to
// know, and which only an API that is awkward enough shows.
func clientRows() []row {
	createTunnel := "POST " + A + "/cfd_tunnel"
	return []row{
		{op: "GET " + A + "/cfd_tunnel/{id}", what: "gives the client no error for 200 with success false", class: simulated, run: func(t *try) {
			t.cloud.Inject(sim.Fault{SuccessFalse: true, Times: 2})
			got, err := t.zt.Tunnels.Cloudflared.Get(t.ctx, unknownUUID, zero_trust.TunnelCloudflaredGetParams{AccountID: sdk.F(t.account)})
			t.holds("there is neither an error nor a tunnel", err == nil && got.ID == "")
			r := t.raw("GET", A+"/cfd_tunnel/{id}", "")
			t.refusedRaw(r, 200, 1, "An unknown error has occurred")
		}},
		{op: listTunnels, what: "is asked for one page more than there are", class: simulated, run: func(t *try) {
			t.tunnel()
			t.cloud.ForgetCalls()
			pager, n := t.zt.Tunnels.Cloudflared.ListAutoPaging(t.ctx, zero_trust.TunnelCloudflaredListParams{AccountID: sdk.F(t.account)}), 0
			for pager.Next() {
				n++
			}
			t.holds("the pager ends", pager.Err() == nil)
			t.same("tunnels", n, 1)
			t.same("calls", len(t.cloud.Calls()), 2)
		}},
		{op: createTunnel, what: "is sent three times by the client where a name is taken", class: simulated, run: func(t *try) {
			t.tunnel()
			t.cloud.ForgetCalls()
			_, err := t.patient().Tunnels.Cloudflared.New(t.ctx, t.newTunnel())
			t.refused(err, 409, 1013, "You already have a tunnel with this name")
			for i, call := range t.cloud.Calls() {
				t.same("the retry count", call.RetryCount, i)
			}
			t.same("calls", len(t.cloud.Calls()), 3)
		}},
		{op: createTunnel, what: "is done although the client had no answer, and refused when it tries again", class: simulated, run: func(t *try) {
			t.cloud.Inject(sim.Fault{Method: "POST", ResetAfterEffect: true, Times: 1})
			_, err := t.patient().Tunnels.Cloudflared.New(t.ctx, t.newTunnel())
			t.refused(err, 409, 1013, "You already have a tunnel with this name")
			t.same("tunnels", len(t.list(A+"/cfd_tunnel?is_deleted=false&name={name}")), 1)
		}},
		{op: createTunnel, what: "is not done where the connection drops before", class: simulated, run: func(t *try) {
			t.cloud.Inject(sim.Fault{Method: "POST", ResetBefore: true, Times: 1})
			_, err := t.zt.Tunnels.Cloudflared.New(t.ctx, t.newTunnel())
			var refused *sdk.Error
			t.holds("the error is no answer", err != nil && !errors.As(err, &refused))
			t.same("tunnels", len(t.list(A+"/cfd_tunnel")), 0)
		}},
		{op: "POST " + records, what: "is taken for an A record by the client, which loses the priority of an MX", class: simulated, run: func(t *try) {
			made := t.newRecord(dns.MXRecordParam{Type: sdk.F(dns.MXRecordTypeMX), Name: sdk.F(t.host()), Content: sdk.F("mail.example.net"), Priority: sdk.F(10.0), TTL: sdk.F(dns.TTL1)})
			_, isA := made.AsUnion().(dns.RecordResponseARecord)
			t.holds("it is taken for an A record", isA && made.Priority == 0)
			t.contains("what was answered", made.JSON.RawJSON(), `"priority":10`)
		}},
		{op: listTunnels, what: "is repeated by the client after the Retry-After of a 429", class: simulated, run: func(t *try) {
			t.cloud.Inject(sim.Fault{RetryAfter: time.Second, Times: 1})
			began := time.Now()
			_, err := t.patient().Tunnels.Cloudflared.List(t.ctx, zero_trust.TunnelCloudflaredListParams{AccountID: sdk.F(t.account)})
			t.holds("it succeeds in the end", err == nil)
			t.holds("it waited as it was told", time.Since(began) >= time.Second)
		}},
	}
}

// patient is the client as it comes, with its two retries.
func (t *try) patient() *zero_trust.ZeroTrustService {
	return zero_trust.NewZeroTrustService(append(t.options, option.WithMaxRetries(2))...)
}
