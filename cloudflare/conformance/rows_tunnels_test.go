package conformance

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/shared"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"
)

const (
	tunnels   = A + "/cfd_tunnel"
	oneTunnel = tunnels + "/{id}"
)

func tunnelRows() []row {
	return slices.Concat([]row{
		{op: "POST " + tunnels, what: "makes a tunnel whose secret Cloudflare chose", class: own, run: func(t *try) {
			made := t.tunnel()
			t.same("the name", made.Name, t.name())
			t.same("the status", made.Status, shared.CloudflareTunnelStatusInactive)
			t.same("the type", made.TunType, shared.CloudflareTunnelTunTypeCfdTunnel)
			t.same("config_src", made.ConfigSrc, shared.CloudflareTunnelConfigSrcCloudflare)
			t.same("the account", made.AccountTag, t.account)
			t.holds("it was never active", made.ConnsActiveAt.IsZero() && made.ConnsInactiveAt.Equal(made.CreatedAt))
			t.holds("it is not deleted", made.DeletedAt.IsZero())
		}},
		{op: "POST " + tunnels, what: "tells the token and the credentials, which the client drops", class: own, run: func(t *try) {
			r := t.raw("POST", tunnels, `{"name":"{name}","config_src":"cloudflare"}`)
			var made struct {
				ID, Token   string
				Credentials map[string]string `json:"credentials_file"`
				Remote      bool              `json:"remote_config"`
				Metadata    *struct{}
				Connections []any
			}
			t.decode(r, &made)
			t.vars["id"] = made.ID
			t.made(oneTunnel)
			t.same("the status", r.status, 200)
			t.same("remote_config", made.Remote, true)
			t.holds("metadata and connections are there, empty", made.Metadata != nil && made.Connections != nil && len(made.Connections) == 0)
			token := t.opened(made.Token)
			t.same("the token", token, map[string]string{"a": t.account, "t": made.ID, "s": made.Credentials["TunnelSecret"]})
			t.same("the credentials", made.Credentials, map[string]string{"AccountTag": t.account, "TunnelID": made.ID, "TunnelName": t.name(), "TunnelSecret": token["s"]})
		}},
		{op: "POST " + tunnels, what: "takes a secret, and is managed locally by default", class: own, run: func(t *try) {
			secret := base64.StdEncoding.EncodeToString(make([]byte, 32))
			made := must[*shared.CloudflareTunnel](t)(t.zt.Tunnels.Cloudflared.New(t.ctx, zero_trust.TunnelCloudflaredNewParams{AccountID: sdk.F(t.account),
				Name: sdk.F(t.name()), TunnelSecret: sdk.F(secret)}))
			t.vars["id"] = made.ID
			t.made(oneTunnel)
			t.same("config_src", made.ConfigSrc, shared.CloudflareTunnelConfigSrcLocal)
			token := must[*string](t)(t.zt.Tunnels.Cloudflared.Token.Get(t.ctx, made.ID, zero_trust.TunnelCloudflaredTokenGetParams{AccountID: sdk.F(t.account)}))
			t.same("the secret in the token", t.opened(*token)["s"], secret)
		}},
		{op: "GET " + oneTunnel, what: "shows it, also when it was deleted", class: own, run: func(t *try) {
			made := t.tunnel()
			get := func() *shared.CloudflareTunnel {
				return must[*shared.CloudflareTunnel](t)(t.zt.Tunnels.Cloudflared.Get(t.ctx, made.ID, zero_trust.TunnelCloudflaredGetParams{AccountID: sdk.F(t.account)}))
			}
			t.same("the name", get().Name, t.name())
			t.deleteTunnel(made.ID)
			t.holds("deleted_at is set", !get().DeletedAt.IsZero())
		}},
		{op: "PATCH " + oneTunnel, what: "renames it and changes its secret", class: own, run: func(t *try) {
			made := t.tunnel()
			secret := base64.StdEncoding.EncodeToString(make([]byte, 40))
			got := must[*shared.CloudflareTunnel](t)(t.zt.Tunnels.Cloudflared.Edit(t.ctx, made.ID, zero_trust.TunnelCloudflaredEditParams{AccountID: sdk.F(t.account),
				Name: sdk.F(t.name() + "-2"), TunnelSecret: sdk.F(secret)}))
			t.same("the name", got.Name, t.name()+"-2")
			token := must[*string](t)(t.zt.Tunnels.Cloudflared.Token.Get(t.ctx, made.ID, zero_trust.TunnelCloudflaredTokenGetParams{AccountID: sdk.F(t.account)}))
			t.same("the secret in the token", t.opened(*token)["s"], secret)
		}},
		{op: "DELETE " + oneTunnel, what: "frees the name", class: own, run: func(t *try) {
			made := t.tunnel()
			gone := t.deleteTunnel(made.ID)
			t.holds("deleted_at is set", !gone.DeletedAt.IsZero())
			again := t.tunnel()
			t.holds("another tunnel has the name", again.ID != made.ID)
		}},
		{op: "GET " + oneTunnel + "/token", what: "is a JSON string", class: own, run: func(t *try) {
			made := t.tunnel()
			token := must[*string](t)(t.zt.Tunnels.Cloudflared.Token.Get(t.ctx, made.ID, zero_trust.TunnelCloudflaredTokenGetParams{AccountID: sdk.F(t.account)}))
			opened := t.opened(*token)
			t.same("its account and tunnel", []string{opened["a"], opened["t"]}, []string{t.account, made.ID})
			secret, err := base64.StdEncoding.DecodeString(opened["s"])
			t.holds("its secret has 32 bytes", err == nil && len(secret) >= 32)
		}},
		{op: "POST " + oneTunnel + "/management", what: "gives a token for the log stream", class: own, run: func(t *try) {
			made := t.tunnel()
			token := must[*string](t)(t.zt.Tunnels.Cloudflared.Management.New(t.ctx, made.ID, zero_trust.TunnelCloudflaredManagementNewParams{AccountID: sdk.F(t.account),
				Resources: sdk.F([]zero_trust.TunnelCloudflaredManagementNewParamsResource{zero_trust.TunnelCloudflaredManagementNewParamsResourceLogs})}))
			t.contains("a JWT", *token, "eyJ")
		}},
		{op: "GET " + oneTunnel + "/connections", what: "is empty where no connector runs", class: own, run: func(t *try) {
			made := t.tunnel()
			page := must[*clientsPage](t)(t.zt.Tunnels.Cloudflared.Connections.Get(t.ctx, made.ID, zero_trust.TunnelCloudflaredConnectionGetParams{AccountID: sdk.F(t.account)}))
			t.same("connectors", len(page.Result), 0)
		}},
	}, tunnelListRows(), connectorRows(), rowsOf([]refusal{
		{"POST " + tunnels, own, "a name that is taken", func(t *try) { t.tunnel() }, `{"name":"{name}"}`, 409, 1013,
			"You already have a tunnel with this name. Delete the existing tunnel, or choose a different name for your new tunnel", 0},
		{"PATCH " + oneTunnel, own, "a name that is taken", twoTunnels, `{"name":"{name}"}`, 409, 1013, "You already have a tunnel with this name", 0},
		{"POST " + tunnels, own, "a tunnel without a name", nil, `{}`, 400, 1002, "name", 0},
		{"POST " + tunnels, own, "a secret that is too short", nil, `{"name":"{name}","tunnel_secret":"c2hvcnQ="}`, 400, 1004, "tunnel_secret", 0},
		{"PATCH " + oneTunnel, own, "a secret that is no base64", func(t *try) { t.tunnel() }, `{"tunnel_secret":"***"}`, 400, 1004, "tunnel_secret", 0},
		{"GET " + oneTunnel, read, "an unknown one", nil, "", 404, 1003, "Tunnel not found", 0},
		{"DELETE " + oneTunnel, own, "one that is deleted", deletedTunnel, "", 404, 1003, "Tunnel not found", 0},
		{"PATCH " + oneTunnel, own, "one that is deleted", deletedTunnel, `{"name":"{name}"}`, 404, 1003, "Tunnel not found", 0},
		{"GET " + oneTunnel + "/token", own, "one that is deleted", deletedTunnel, "", 404, 1003, "Tunnel not found", 0},
		{"GET " + oneTunnel + "/connectors/{client}", own, "an unknown connector", func(t *try) { t.tunnel() }, "", 404, 1003, "not found", 0},
		{"DELETE " + oneTunnel + "/connections", own, "a connector's id that is none", func(t *try) { t.tunnel() }, "?client_id=x", 400, 1004, "client_id", 0},
		{"POST " + oneTunnel + "/management", own, "what it does not know", func(t *try) { t.tunnel() }, `{"resources":["files"]}`, 400, 1004, "resources", 0},
		{"POST " + tunnels, simulated, "more than a thousand", func(t *try) { t.many(1000, "POST", tunnels, `{"name":"{name}"}`) }, `{"name":"{name}"}`, 400, 1007, "maximum number of tunnels", 0},
	}))
}

func twoTunnels(t *try) {
	t.object("POST", tunnels, `{"name":"{name}"}`)
	t.after("DELETE", tunnels+"/"+t.list(tunnels + "?is_deleted=false&name={name}")[0].text("id"), "")
	name := t.name()
	t.vars["name"] = name + "-2"
	t.tunnel()
	t.vars["name"] = name
}

func deletedTunnel(t *try) { t.deleteTunnel(t.tunnel().ID) }

func (t *try) deleteTunnel(id string) *shared.CloudflareTunnel {
	return must[*shared.CloudflareTunnel](t)(t.zt.Tunnels.Cloudflared.Delete(t.ctx, id, zero_trust.TunnelCloudflaredDeleteParams{AccountID: sdk.F(t.account)}))
}

// opened decodes a tunnel's token.
func (t *try) opened(token string) map[string]string {
	raw, err := base64.StdEncoding.DecodeString(token)
	parts := map[string]string{}
	if err != nil || json.Unmarshal(raw, &parts) != nil {
		t.stop("the token is %q", token)
	}
	return parts
}

func tunnelListRows() []row {
	list := func(t *try, p zero_trust.TunnelCloudflaredListParams) []shared.CloudflareTunnel {
		p.AccountID = sdk.F(t.account)
		return must[*tunnelsPage](t)(t.zt.Tunnels.Cloudflared.List(t.ctx, p)).Result
	}
	return []row{
		{op: "GET " + tunnels, what: "finds by name, id, prefix and status", class: own, run: func(t *try) {
			made := t.tunnel()
			for what, row := range map[string]struct {
				filter zero_trust.TunnelCloudflaredListParams
				found  bool
			}{
				"its name":          {zero_trust.TunnelCloudflaredListParams{Name: sdk.F(t.name())}, true},
				"a part of it":      {zero_trust.TunnelCloudflaredListParams{Name: sdk.F(t.name()[:20])}, false},
				"its id":            {zero_trust.TunnelCloudflaredListParams{UUID: sdk.F(made.ID)}, true},
				"its prefix":        {zero_trust.TunnelCloudflaredListParams{IncludePrefix: sdk.F(t.name())}, true},
				"no such prefix":    {zero_trust.TunnelCloudflaredListParams{ExcludePrefix: sdk.F(t.name()), Name: sdk.F(t.name())}, false},
				"inactive":          {zero_trust.TunnelCloudflaredListParams{Status: sdk.F(zero_trust.TunnelCloudflaredListParamsStatusInactive), Name: sdk.F(t.name())}, true},
				"healthy":           {zero_trust.TunnelCloudflaredListParams{Status: sdk.F(zero_trust.TunnelCloudflaredListParamsStatusHealthy), Name: sdk.F(t.name())}, false},
				"before it existed": {zero_trust.TunnelCloudflaredListParams{ExistedAt: sdk.F(made.CreatedAt.Add(-time.Hour).Format(time.RFC3339)), Name: sdk.F(t.name())}, false},
				"was active":        {zero_trust.TunnelCloudflaredListParams{WasActiveAt: sdk.F(made.CreatedAt), Name: sdk.F(t.name())}, false},
				"was inactive":      {zero_trust.TunnelCloudflaredListParams{WasInactiveAt: sdk.F(made.CreatedAt.Add(time.Second)), Name: sdk.F(t.name())}, true},
			} {
				t.same("by "+what, len(list(t, row.filter)) == 1, row.found)
			}
		}},
		{op: "GET " + tunnels, what: "has the deleted ones in it unless told otherwise", class: own, run: func(t *try) {
			t.deleteTunnel(t.tunnel().ID)
			name := zero_trust.TunnelCloudflaredListParams{Name: sdk.F(t.name())}
			t.same("without is_deleted", len(list(t, name)), 1)
			name.IsDeleted = sdk.F(false)
			t.same("with is_deleted=false", len(list(t, name)), 0)
			name.IsDeleted = sdk.F(true)
			t.same("with is_deleted=true", len(list(t, name)), 1)
		}},
		{op: "GET " + A + "/tunnels", what: "lists tunnels of every type", class: own, run: func(t *try) {
			made := t.tunnel()
			of := func(kind zero_trust.TunnelListParamsTunType) int {
				return len(must[*allTunnelsPage](t)(t.zt.Tunnels.List(t.ctx, zero_trust.TunnelListParams{AccountID: sdk.F(t.account), UUID: sdk.F(made.ID),
					TunTypes: sdk.F([]zero_trust.TunnelListParamsTunType{kind})})).Result)
			}
			t.same("of cloudflared", of(zero_trust.TunnelListParamsTunTypeCfdTunnel), 1)
			t.same("of WARP connectors", of(zero_trust.TunnelListParamsTunTypeWARPConnector), 0)
		}},
		{op: "GET " + tunnels, what: "shows no connections of its tunnels", class: simulated, run: func(t *try) {
			t.connector(t.tunnel().ID, 4)
			t.same("connections", asJSON(t.list(tunnels)[0]["connections"]), "[]")
		}},
		{op: "GET " + tunnels, what: "still shows the connections, where it does", class: simulated, options: connectionsShown, run: func(t *try) {
			t.connector(t.tunnel().ID, 4)
			conns, _ := t.list(tunnels)[0]["connections"].([]any)
			t.same("connections", len(conns), 4)
		}},
	}
}

// connectorRows need connectors, which only the simulator has for them.
func connectorRows() []row {
	status := func(t *try, id string) shared.CloudflareTunnelStatus {
		return must[*shared.CloudflareTunnel](t)(t.zt.Tunnels.Cloudflared.Get(t.ctx, id, zero_trust.TunnelCloudflaredGetParams{AccountID: sdk.F(t.account)})).Status
	}
	return []row{
		{op: "GET " + oneTunnel, what: "is healthy with four connections, degraded with fewer, down without", class: simulated, run: func(t *try) {
			id := t.tunnel().ID
			detach := t.connector(id, 3)
			t.same("with three", status(t, id), shared.CloudflareTunnelStatusDegraded)
			detach()
			t.eventually("the connections are gone", func() bool { return status(t, id) == shared.CloudflareTunnelStatusDown })
			t.connector(id, 4)
			t.same("with four", status(t, id), shared.CloudflareTunnelStatusHealthy)
		}},
		{op: "GET " + oneTunnel + "/connections", what: "tells each connector, and the configuration that it runs", class: simulated, run: func(t *try) {
			id := t.tunnel().ID
			t.connector(id, 4)
			t.configure(`{"ingress":[{"service":"http_status:404"}]}`)
			get := func() []zero_trust.Client {
				return must[*clientsPage](t)(t.zt.Tunnels.Cloudflared.Connections.Get(t.ctx, id, zero_trust.TunnelCloudflaredConnectionGetParams{AccountID: sdk.F(t.account)})).Result
			}
			t.eventually("the connector has the configuration", func() bool { return len(get()) == 1 && get()[0].ConfigVersion == 1 })
			c := get()[0]
			t.same("connections", len(c.Conns), 4)
			t.holds("they are the connector's", c.Conns[0].ClientID == c.ID && c.Conns[0].ColoName != "" && !c.Conns[0].OpenedAt.IsZero())
			t.holds("it tells of itself", c.Version != "" && c.Arch != "" && len(c.Features) > 0 && !c.RunAt.IsZero())
		}},
		{op: "GET " + oneTunnel + "/connectors/{client}", what: "tells one connector", class: simulated, run: func(t *try) {
			id := t.tunnel().ID
			t.connector(id, 2)
			client := t.list(oneTunnel + "/connections")[0].text("id")
			c := must[*zero_trust.Client](t)(t.zt.Tunnels.Cloudflared.Connectors.Get(t.ctx, id, client, zero_trust.TunnelCloudflaredConnectorGetParams{AccountID: sdk.F(t.account)}))
			t.same("its id", c.ID, client)
			t.same("connections", len(c.Conns), 2)
		}},
		{op: "DELETE " + oneTunnel + "/connections", what: "closes them, and a connector that runs comes back", class: simulated, run: func(t *try) {
			id := t.tunnel().ID
			t.connector(id, 1)
			before := t.list(oneTunnel + "/connections")[0]
			params := zero_trust.TunnelCloudflaredConnectionDeleteParams{AccountID: sdk.F(t.account), ClientID: sdk.F(before.text("id"))}
			_, err := t.zt.Tunnels.Cloudflared.Connections.Delete(t.ctx, id, params)
			t.holds("it succeeds", err == nil)
			t.eventually("it is back with another connection", func() bool {
				now := t.list(oneTunnel + "/connections")
				return len(now) == 1 && now[0].text("id") == before.text("id") && connection(now[0]) != connection(before)
			})
		}},
		{op: "DELETE " + oneTunnel, what: "refuses a tunnel with connections, unless it cascades", class: simulated, run: func(t *try) {
			id := t.tunnel().ID
			t.connector(id, 1)
			params := zero_trust.TunnelCloudflaredDeleteParams{AccountID: sdk.F(t.account)}
			_, err := t.zt.Tunnels.Cloudflared.Delete(t.ctx, id, params)
			t.refused(err, 400, 1022, "Cannot delete tunnel because it has active connections")
			gone := must[*shared.CloudflareTunnel](t)(t.zt.Tunnels.Cloudflared.Delete(t.ctx, id, params, option.WithQuery("cascade", "true")))
			t.holds("deleted_at is set", !gone.DeletedAt.IsZero())
		}},
	}
}

// connection is the id of a connector's first connection.
func connection(client object) string {
	conns, _ := client["conns"].([]any)
	if len(conns) == 0 {
		return ""
	}
	first, _ := conns[0].(map[string]any)
	return object(first).text("id")
}
