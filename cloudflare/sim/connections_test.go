package sim

import (
	"encoding/base64"
	"net/http"
	"testing"
)

func TestATunnelFollowsItsConnectors(t *testing.T) {
	s := newStack(t, Options{})
	id := s.tunnel.text("id")
	path := "A/cfd_tunnel/" + id
	if got := s.ok("GET", path, ""); got.text("status") != "healthy" || got["conns_active_at"] == nil || got["conns_inactive_at"] != nil {
		t.Errorf("with a connector it is %v", got)
	}
	clients := s.list(path + "/connections")
	if len(clients) != 1 || len(clients[0]["conns"].([]any)) != 4 || clients[0].text("version") == "" {
		t.Errorf("its connectors are %v", clients)
	}
	one := s.ok("GET", path+"/connectors/"+clients[0].text("id"), "")
	if one.text("id") != clients[0].text("id") {
		t.Errorf("the connector by itself is %v", one)
	}
	s.refused(400, 1022, "DELETE", path, "")

	before := toJSON(clients[0]["conns"])
	s.ok("DELETE", path+"/connections?client_id="+clients[0].text("id"), "")
	s.eventually("the connector is back with new connections", func() bool {
		now := s.list(path + "/connections")
		return len(now) == 1 && len(now[0]["conns"].([]any)) == 4 && toJSON(now[0]["conns"]) != before && now[0]["config_version"] == 1.0
	})

	second, err := s.cloud.Attach(s.tunnel.text("token"), http.HandlerFunc(origin))
	if err != nil {
		t.Fatal(err)
	}
	if got := len(s.list(path + "/connections")); got != 2 {
		t.Errorf("with a replica it has %d connectors", got)
	}
	s.detach()
	s.eventually("one connector is left", func() bool { return len(s.list(path+"/connections")) == 1 })
	second()
	s.eventually("no connector is left", func() bool { return s.ok("GET", path, "").text("status") == "down" })
	s.ok("DELETE", path, "")
	if _, err := s.cloud.Attach(s.tunnel.text("token"), http.HandlerFunc(origin)); err == nil {
		t.Error("a deleted tunnel took a connector")
	}
}

func TestACascadeDisconnectsAndTheOldSecretIsRefused(t *testing.T) {
	s := newStack(t, Options{})
	path := "A/cfd_tunnel/" + s.tunnel.text("id")
	s.ok("PATCH", path, `{"tunnel_secret":"`+base64.StdEncoding.EncodeToString(make([]byte, 32))+`"}`)
	if _, err := s.cloud.Attach(s.tunnel.text("token"), http.HandlerFunc(origin)); err == nil {
		t.Error("the old secret still opens the tunnel")
	}
	if got := s.ok("GET", path, "").text("status"); got != "healthy" {
		t.Errorf("connections that were up are now %s", got)
	}
	s.ok("DELETE", path+"?cascade=true", "")
	s.eventually("the connector is gone", func() bool { return len(s.list(path+"/connections")) == 0 })
	s.gets("https://app.example.org/", 530, "1033")
}

func TestALocallyManagedTunnelIsNotSentConfigurations(t *testing.T) {
	s := newStack(t, Options{})
	local := s.ok("POST", "A/cfd_tunnel", `{"name":"local"}`)
	s.newCNAME("local", local.text("id")+".cfargotunnel.com")
	if _, err := s.cloud.Attach(local.text("token"), http.HandlerFunc(origin)); err != nil {
		t.Fatal(err)
	}
	s.ok("PUT", "A/cfd_tunnel/"+local.text("id")+"/configurations", `{"config":{"ingress":[{"service":"http_status:404"}]}}`)
	s.configure(`{"hostname":"app.example.org","service":"http://web:8000"}`) // takes longer than a push would
	s.gets("https://local.example.org/", 503, "")
}

func TestATunnelOfAnotherAccountIsBanned(t *testing.T) {
	s := newStack(t, Options{})
	other := s.cloud.AddAccount("Other")
	zone := s.cloud.AddZone(other, "other.org", "active")
	s.ok("POST", "zones/"+zone+"/dns_records", `{"type":"CNAME","name":"@","content":"`+s.tunnel.text("id")+`.cfargotunnel.com","proxied":true}`)
	s.gets("https://other.org/", 530, "1014")
}
