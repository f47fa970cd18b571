package sim

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

func TestZones(t *testing.T) {
	w := newWorld(t, Options{})
	created := w.ok("POST", "zones", `{"account":{"id":"`+w.AccountID+`"},"name":"New.org","type":"full"}`)
	if created.text("status") != "pending" || created["activated_on"] != nil {
		t.Errorf("a new zone is %v", created)
	}
	w.ok("PUT", "zones/"+created.text("id")+"/activation_check", "")
	w.refused(400, 1061, "POST", "zones", `{"account":{"id":"`+w.AccountID+`"},"name":"new.org"}`)
	w.refused(400, 1068, "POST", "zones", `{"name":"third.org"}`)
	for query, want := range map[string]int{"": 2, "?name=new.org": 1, "?status=active": 1, "?account.id=" + w.AccountID: 2,
		"?account.id=" + w.ZoneID: 0, "?name=ew.org": 0} {
		if got := len(w.list("zones" + query)); got != want {
			t.Errorf("zones%s: %d, want %d", query, got, want)
		}
	}
	w.cloud.SetZoneStatus(created.text("id"), "active")
	if got := w.ok("GET", "zones/"+created.text("id"), ""); got.text("status") != "active" || got["activated_on"] == nil {
		t.Errorf("a delegated zone is %v", got)
	}
}

func TestRecordsThatCannotBeTogether(t *testing.T) {
	w := newWorld(t, Options{})
	rec := func(kind, name, content string) string {
		return `{"type":"` + kind + `","name":"` + name + `","content":"` + content + `","ttl":1}`
	}
	w.ok("POST", "Z/dns_records", rec("CNAME", "c", "x.example.net"))
	w.ok("POST", "Z/dns_records", rec("A", "a", "192.0.2.1"))
	w.ok("POST", "Z/dns_records", rec("A", "a", "192.0.2.2"))
	w.ok("POST", "Z/dns_records", rec("TXT", "c", "text"))
	for _, row := range []struct {
		code                int
		kind, name, content string
	}{
		{81053, "CNAME", "c", "y.example.net"},
		{81053, "CNAME", "C.Example.org.", "x.example.net"},
		{81053, "CNAME", "a", "x.example.net"},
		{81054, "A", "c", "192.0.2.1"},
		{81058, "A", "a", "192.0.2.1"},
		{81058, "TXT", "c", "text"},
		{1004, "A", "b", "not-an-address"},
		{1004, "CNAME", "b", "192.0.2.1"},
		{1004, "CNAME", "b", "b.example.org"},
		{1004, "", "b", "x"},
	} {
		w.refused(400, row.code, "POST", "Z/dns_records", rec(row.kind, row.name, row.content))
	}
	w.refused(400, 1004, "POST", "Z/dns_records", `{"type":"CNAME","name":"b","content":"x.net","proxied":true,"ttl":300}`)
	w.refused(400, 1004, "POST", "Z/dns_records", `{"type":"TXT","name":"b","content":"x","proxied":true}`)
	w.refused(400, 1004, "POST", "Z/dns_records", `{"type":"TXT","name":"b","content":"x","comment":"`+strings.Repeat("é", 101)+`"}`)
	w.ok("POST", "Z/dns_records", `{"type":"TXT","name":"b","content":"x","comment":"`+strings.Repeat("é", 100)+`"}`)
}

func TestRecordsAreFoundReplacedAndEdited(t *testing.T) {
	w := newWorld(t, Options{})
	made := w.ok("POST", "Z/dns_records", `{"type":"CNAME","name":"App.example.org","content":"T.cfargotunnel.com.","proxied":true,"ttl":1,"comment":"mine #1"}`)
	w.ok("POST", "Z/dns_records", `{"type":"A","name":"@","content":"192.0.2.1"}`)
	if made.text("name") != "app.example.org" || made.text("content") != "t.cfargotunnel.com" || made["proxiable"] != true {
		t.Errorf("it is stored as %v", made)
	}
	for query, want := range map[string]int{
		"":                                       2,
		"name.exact=app.example.org":             1,
		"name=APP.example.org":                   1,
		"name.exact=app":                         0,
		"name.contains=example":                  2,
		"comment.contains=mine":                  1,
		"comment.exact=mine+%231":                1,
		"comment.absent=true":                    1,
		"comment.present=true":                   1,
		"type=A":                                 1,
		"type=A&name.exact=app.example.org":      0,
		"match=any&type=A&content.startswith=t.": 2,
		"proxied=true":                           1,
		"content.endswith=.cfargotunnel.com":     1,
	} {
		if got := len(w.list("Z/dns_records?" + query)); got != want {
			t.Errorf("%s finds %d, want %d", query, got, want)
		}
	}
	path := "Z/dns_records/" + made.text("id")
	edited := w.ok("PATCH", path, `{"content":"u.cfargotunnel.com"}`)
	if edited.text("comment") != "mine #1" || edited["proxied"] != true || edited.text("content") != "u.cfargotunnel.com" {
		t.Errorf("an edit gives %v", edited)
	}
	replaced := w.ok("PUT", path, `{"type":"CNAME","name":"app.example.org","content":"u.cfargotunnel.com","ttl":1}`)
	if replaced["comment"] != nil || replaced["proxied"] != false || replaced.text("id") != made.text("id") {
		t.Errorf("a replacement keeps what it was not given: %v", replaced)
	}
	w.ok("DELETE", path, "")
	w.refused(404, 81044, "GET", path, "")
	w.ok("POST", "Z/dns_records", `{"type":"A","name":"app","content":"192.0.2.1"}`)
}

func TestTunnels(t *testing.T) {
	w := newWorld(t, Options{})
	made := w.newTunnel("one")
	id := made.text("id")
	if made.text("status") != "inactive" || made["remote_config"] != true || made["deleted_at"] != nil {
		t.Errorf("a new tunnel is %v", made)
	}
	token := decode[string](w, w.succeed("GET", "A/cfd_tunnel/"+id+"/token", ""))
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil || made.text("token") != token {
		t.Fatalf("the token is %q, at its creation %q (%v)", token, made.text("token"), err)
	}
	var parts struct{ A, T, S string }
	if err := json.Unmarshal(raw, &parts); err != nil || parts.A != w.AccountID || parts.T != id {
		t.Errorf("the token holds %s", raw)
	}
	w.refused(409, 1013, "POST", "A/cfd_tunnel", `{"name":"one"}`)
	w.refused(400, 1002, "POST", "A/cfd_tunnel", `{}`)
	w.refused(400, 1004, "POST", "A/cfd_tunnel", `{"name":"short","tunnel_secret":"c2hvcnQ="}`)
	w.refused(404, 1003, "GET", "A/cfd_tunnel/00000000-0000-4000-8000-000000000000", "")
	if got := w.ok("PATCH", "A/cfd_tunnel/"+id, `{"name":"two"}`).text("name"); got != "two" {
		t.Errorf("renamed it is %q", got)
	}
	w.newTunnel("one")
	w.refused(409, 1013, "PATCH", "A/cfd_tunnel/"+id, `{"name":"one"}`)
	if gone := w.ok("DELETE", "A/cfd_tunnel/"+id, ""); gone["deleted_at"] == nil {
		t.Errorf("deleted it is %v", gone)
	}
	w.refused(404, 1003, "DELETE", "A/cfd_tunnel/"+id, "")
	w.refused(404, 1003, "PATCH", "A/cfd_tunnel/"+id, `{"name":"three"}`)
	for query, want := range map[string]int{"": 2, "?is_deleted=false": 1, "?is_deleted=true": 1, "?name=one": 1,
		"?include_prefix=tw": 1, "?exclude_prefix=tw": 1, "?status=healthy": 0, "?uuid=" + id: 1} {
		if got := len(w.list("A/cfd_tunnel" + query)); got != want {
			t.Errorf("cfd_tunnel%s: %d, want %d", query, got, want)
		}
	}
	w.newTunnel("two")
}

func TestATunnelConfigurationIsReplacedWhole(t *testing.T) {
	w := newWorld(t, Options{})
	path := "A/cfd_tunnel/" + w.newTunnel("t").text("id") + "/configurations"
	if got := w.ok("GET", path, ""); got["config"] != nil || got["version"] != 0.0 {
		t.Errorf("before the first PUT: %v", got)
	}
	w.ok("PUT", path, `{"config":{"ingress":[{"hostname":"a.example.org","path":"^/x?$","service":"http://web:8000"},{"service":"http_status:404"}],"originRequest":{"connectTimeout":5}}}`)
	second := w.ok("PUT", path, `{"config":{"ingress":[{"service":"http_status:404"}]}}`)
	if second["version"] != 2.0 || second.text("source") != "cloudflare" {
		t.Errorf("the second PUT gives %v", second)
	}
	got := toJSON(w.ok("GET", path, "")["config"])
	if want := `{"ingress":[{"service":"http_status:404"}],"warp-routing":{"enabled":false}}`; got != want {
		t.Errorf("it is now %s, want %s", got, want)
	}
	for _, bad := range []string{`{}`, `{"config":{}}`, `{"config":{"ingress":[]}}`,
		`{"config":{"ingress":[{"hostname":"a.example.org","service":"http://x:1"}]}}`,
		`{"config":{"ingress":[{"service":"http://x:1"},{"service":"http_status:404"}]}}`,
		`{"config":{"ingress":[{"hostname":"a.b:80","service":"http://x:1"},{"service":"http_status:404"}]}}`,
		`{"config":{"ingress":[{"hostname":"a.b","path":"(","service":"http://x:1"},{"service":"http_status:404"}]}}`} {
		w.refused(400, 1056, "PUT", path, bad)
	}
	other := newWorld(t, Options{Unsure: Unsure{EmptyConfigIsMinusOne: true}})
	if got := other.ok("GET", "A/cfd_tunnel/"+other.newTunnel("t").text("id")+"/configurations", ""); got["version"] != -1.0 {
		t.Errorf("the other answer is %v", got["version"])
	}
}
