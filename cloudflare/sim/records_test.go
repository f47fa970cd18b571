package sim

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestABatchOfRecordsIsDoneWholeOrNotAtAll(t *testing.T) {
	w := newWorld(t, Options{})
	a := w.newCNAME("a", "x.cfargotunnel.com").text("id")
	b := w.newCNAME("b", "x.cfargotunnel.com").text("id")
	c := w.newCNAME("c", "x.cfargotunnel.com").text("id")
	batch := func(extra string) string {
		return `{"deletes":[{"id":"` + a + `"}],"patches":[{"id":"` + b + `","proxied":false}],"puts":[{"id":"` + c + `","type":"TXT","name":"c","content":"t"}],
			"posts":[{"type":"A","name":"a","content":"192.0.2.1"}` + extra + `]}`
	}
	before := toJSON(w.list("Z/dns_records"))
	w.refused(400, 81054, "POST", "Z/dns_records/batch", batch(`,{"type":"AAAA","name":"b","content":"2001:db8::1"}`))
	if after := toJSON(w.list("Z/dns_records")); after != before {
		t.Errorf("a batch that was refused left\n%s, before it was\n%s", after, before)
	}
	w.refused(404, 81044, "POST", "Z/dns_records/batch", `{"deletes":[{"id":"`+w.ZoneID+`"}]}`)
	made := w.ok("POST", "Z/dns_records/batch", batch(""))
	for part, want := range map[string]string{"deletes": a, "patches": b, "puts": c} {
		if got := made[part].([]any)[0].(map[string]any)["id"]; got != want {
			t.Errorf("%s: %v, want %s", part, got, want)
		}
	}
	for query, want := range map[string]int{"name.exact=a.example.org&type=A": 1, "name.exact=b.example.org&proxied=false": 1, "type=TXT": 1, "type=CNAME": 1} {
		if got := len(w.list("Z/dns_records?" + query)); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	w.refused(400, 1004, "POST", "Z/dns_records/batch", `{"deletes":[`+strings.Repeat(`{},`, maxBatch)+`{}]}`)
}

// imports sends a zone file as a form.
func (w *world) imports(file, proxied string) response {
	w.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "zone.txt")
	if err != nil {
		w.Fatal(err)
	}
	part.Write([]byte(file)) // to memory
	form.WriteField("proxied", proxied)
	form.Close()
	r, err := w.sendWith(http.Header{"Authorization": {"Bearer " + w.Token}, "Content-Type": {form.FormDataContentType()}},
		"POST", "Z/dns_records/import", body.String())
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func TestAZoneIsExportedAndImportedAsAFile(t *testing.T) {
	w := newWorld(t, Options{})
	w.newCNAME("app", "x.cfargotunnel.com")
	for _, body := range []string{`{"type":"MX","name":"@","content":"mail.example.net","priority":10}`, `{"type":"TXT","name":"@","content":"v=spf1 -all"}`,
		`{"type":"A","name":"old","content":"192.0.2.7","ttl":600,"comment":"the old host"}`,
		`{"type":"SRV","name":"_sip._tcp","data":{"priority":1,"weight":2,"port":5060,"target":"sip.example.net"}}`,
		`{"type":"CAA","name":"@","data":{"flags":0,"tag":"issue","value":"letsencrypt.org"}}`} {
		w.ok("POST", "Z/dns_records", body)
	}
	out := w.call("GET", "Z/dns_records/export", "")
	if !strings.HasPrefix(out.header.Get("Content-Type"), "text/plain") || !strings.Contains(out.body, "old.example.org.\t600\tIN\tA\t192.0.2.7 ; the old host") {
		t.Errorf("%s:\n%s", out.header.Get("Content-Type"), out.body)
	}
	other := newWorld(t, Options{})
	r := other.imports(out.body, "true")
	if r.status != 200 || decode[object](other, r)["recs_added"] != 6.0 {
		t.Fatalf("import: %s", r.body)
	}
	seen := func(w *world) string {
		var lines []string
		for _, r := range w.list("Z/dns_records?order=name") {
			if r.text("type") != "CAA" && r.text("type") != "SRV" { // which come back as text, not as data
				lines = append(lines, fmt.Sprint(r["name"], r["type"], r["content"], r["priority"]))
			}
		}
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	}
	if a, b := seen(w), seen(other); a != b {
		t.Errorf("imported:\n%s\nexported:\n%s", b, a)
	}
	if got := len(other.list("Z/dns_records?proxied=true")); got != 2 {
		t.Errorf("%d records are proxied, want what can be", got)
	}
	if r := other.imports(out.body, "false"); r.code() != 81053 && r.code() != 81058 {
		t.Errorf("the same again: %s", r.body)
	}
	if r := other.imports("junk junk", "false"); r.status != 400 || r.code() != 1004 {
		t.Errorf("junk: %s", r.body)
	}
	other.refused(400, 1004, "POST", "Z/dns_records/import", "no form")
}

func TestAScanFindsWhatTheZoneHadElsewhere(t *testing.T) {
	w := newWorld(t, Options{})
	w.newCNAME("app", "x.cfargotunnel.com")
	for _, r := range [][3]string{{"A", "app", "192.0.2.1"}, {"A", "www", "192.0.2.1"}, {"TXT", "@", "v=spf1 -all"}, {"A", "old", "192.0.2.9"}} {
		if !w.cloud.AddElsewhere(w.ZoneID, r[0], r[1], r[2]) {
			t.Fatal("there is no such zone")
		}
	}
	if got := w.list("Z/dns_records/scan/review"); len(got) != 0 {
		t.Errorf("before a scan there is %v", got)
	}
	w.succeed("POST", "Z/dns_records/scan/trigger", "")
	found := map[string]object{}
	for _, r := range w.list("Z/dns_records/scan/review") {
		found[r.text("name")] = r
	}
	if len(found) != 3 || found["app.example.org"] != nil {
		t.Fatalf("found: %v", found)
	}
	w.refused(400, 1004, "POST", "Z/dns_records/scan/review", `{"accepts":[`+toJSON(found["www.example.org"])+`,{"type":"A","name":"bad","content":"x"}]}`)
	review := w.ok("POST", "Z/dns_records/scan/review", `{"accepts":[`+toJSON(found["www.example.org"])+`],"rejects":[{"id":"`+found["old.example.org"].text("id")+`"}]}`)
	if len(review["accepts"].([]any)) != 1 || len(review["rejects"].([]any)) != 1 {
		t.Errorf("reviewed: %v", review)
	}
	if left := w.list("Z/dns_records/scan/review"); len(left) != 1 || left[0].text("type") != "TXT" {
		t.Errorf("left to review: %v", left)
	}
	if got := w.ok("POST", "Z/dns_records/scan", ""); got["recs_added"] != 2.0 {
		t.Errorf("the old scan: %v", got)
	}
	if got := w.ok("GET", "Z/dns_records/usage", ""); got["record_usage"] != 4.0 || got["record_quota"] != 200.0 {
		t.Errorf("usage: %v", got)
	}
}

func TestRecordsThatAreRefused(t *testing.T) {
	w := newWorld(t, Options{})
	w.ok("POST", "Z/dns_records", `{"type":"A","name":"a","content":"192.0.2.1"}`)
	for body, chain := range map[string]int{
		`{"type":"BOGUS","name":"x","content":"x"}`:                                                  9003,
		`{"type":"A","name":"a b","content":"192.0.2.1"}`:                                            9000,
		`{"type":"A","name":"` + strings.Repeat("l", 64) + `","content":"192.0.2.1"}`:                9000,
		`{"type":"A","name":"x","content":"2001:db8::1"}`:                                            9005,
		`{"type":"AAAA","name":"x","content":"192.0.2.1"}`:                                           9006,
		`{"type":"CNAME","name":"x","content":"192.0.2.1"}`:                                          9007,
		`{"type":"CNAME","name":"x","content":"x.example.org"}`:                                      9039,
		`{"type":"MX","name":"x","content":"mail.example.org"}`:                                      9009,
		`{"type":"MX","name":"x","content":"192.0.2.1","priority":1}`:                                9009,
		`{"type":"TXT","name":"x","content":"` + strings.Repeat("t", 2049) + `"}`:                    9013,
		`{"type":"TXT","name":"x","content":"t","proxied":true}`:                                     9004,
		`{"type":"A","name":"x","content":"192.0.2.1","proxied":true,"ttl":300}`:                     9021,
		`{"type":"A","name":"x","content":"192.0.2.1","ttl":59}`:                                     9021,
		`{"type":"A","name":"x","content":"192.0.2.1","tags":["a:b"]}`:                               9300,
		`{"type":"A","name":"x","content":"192.0.2.1","comment":"` + strings.Repeat("é", 101) + `"}`: 9313,
	} {
		if r := w.call("POST", "Z/dns_records", body); r.status != 400 || r.code() != 1004 || r.Errors[0].Chain[0].Code != chain {
			t.Errorf("%.80s: %s, want %d in the chain", body, r.body, chain)
		}
	}
	w.refused(400, 81058, "POST", "Z/dns_records", `{"type":"A","name":"A.example.org.","content":"192.0.2.1"}`)
	w.ok("POST", "Z/dns_records", `{"type":"A","name":"x","content":"192.0.2.1","comment":"`+strings.Repeat("é", 100)+`"}`)
	for i := range 198 {
		w.ok("POST", "Z/dns_records", fmt.Sprintf(`{"type":"TXT","name":"t","content":"%d"}`, i))
	}
	w.refused(400, 81045, "POST", "Z/dns_records", `{"type":"TXT","name":"t","content":"over"}`)

	other := newWorld(t, Options{Unsure: Unsure{IdenticalIs81057: true}})
	other.ok("POST", "Z/dns_records", `{"type":"A","name":"a","content":"192.0.2.1"}`)
	other.refused(400, 81057, "POST", "Z/dns_records", `{"type":"A","name":"a","content":"192.0.2.1"}`)
}

func TestRecordsAreFoundByTheirTextsAndTags(t *testing.T) {
	w := newWorld(t, Options{})
	w.ok("POST", "Z/dns_records", `{"type":"A","name":"a","content":"192.0.2.1","comment":"Culvert abc"}`)
	w.ok("POST", "Z/dns_records", `{"type":"A","name":"b","content":"192.0.2.2"}`)
	for query, want := range map[string]int{"comment.startswith=culvert": 1, "comment.absent=": 1, "comment.present=": 1, "comment.endswith=ABC": 1,
		"content.contains=0.2.": 2, "name.startswith=a.": 1, "tag.absent=x": 2, "tag.present=x": 0, "tag=a:b": 0, "search=culvert": 1,
		"tag.present=team&tag.absent=other": 0, "name=a.example.org&content=192.0.2.2&match=any": 2, "name=a.example.org&content=192.0.2.2": 0, "name[exact]=b.example.org": 1} {
		if got := len(w.list("Z/dns_records?" + query)); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

func TestAPaidPlanHasTagsAndLongerComments(t *testing.T) {
	w := newWorld(t, Options{})
	body := `{"type":"A","name":"a","content":"192.0.2.1","tags":["owner:web","old"],"comment":"` + strings.Repeat("c", 500) + `"}`
	w.refused(400, 1004, "POST", "Z/dns_records", body)
	if !w.cloud.SetPaid(w.ZoneID, true) || w.ok("GET", "zones/"+w.ZoneID, "")["plan"].(map[string]any)["name"] != "Pro Website" {
		t.Error("the zone is on no other plan")
	}
	w.ok("POST", "Z/dns_records", body)
	for query, want := range map[string]int{"tag=owner:web": 1, "tag=owner:app": 0, "tag.present=old": 1, "tag.absent=old": 0, "tag.absent=new": 1,
		"tag.startswith=owner:w": 1, "tag.endswith=owner:w": 0, "tag.contains=owner:e": 1, "tag.present=old&tag.exact=owner:app": 0,
		"tag.present=old&tag.exact=owner:app&tag_match=any": 1} {
		if got := len(w.list("Z/dns_records?" + query)); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

func TestZonesAreFoundByOperatorsAndInOrder(t *testing.T) {
	w := newWorld(t, Options{})
	w.cloud.AddZone(w.AccountID, "zebra.net", "pending")
	w.cloud.AddZone(w.cloud.AddAccount("Other"), "other.net", "active")
	for query, want := range map[string]string{
		"order=name":                                         "example.org other.net zebra.net",
		"order=name&direction=desc":                          "zebra.net other.net example.org",
		"name=ends_with:.NET&order=name":                     "other.net zebra.net",
		"name=starts_with_case_sensitive:Z":                  "",
		"name=contains:amp":                                  "example.org",
		"name=not_equal:zebra.net&order=name":                "example.org other.net",
		"account.name=equal:other":                           "other.net",
		"status=pending&name=other.net":                      "",
		"status=pending&name=other.net&match=any&order=name": "other.net zebra.net",
		"type=full,partial&order=name":                       "example.org other.net zebra.net",
		"type=partial":                                       "",
		"name=sounds_like:zebra":                             "",
	} {
		var names []string
		for _, z := range w.list("zones?" + query) {
			names = append(names, z.text("name"))
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("zones?%s: %q, want %q", query, got, want)
		}
	}
}

func TestAZoneIsCheckedOnceAnHourAndDeleted(t *testing.T) {
	w := newWorld(t, Options{})
	for name, code := range map[string]int{"localhost": 1049, "a..b": 1049, "sub.example.org": 1116} {
		w.refused(400, code, "POST", "zones", `{"account":{"id":"`+w.AccountID+`"},"name":"`+name+`"}`)
	}
	w.refused(400, 1015, "POST", "zones", `{"account":{"id":"`+w.AccountID+`"},"name":"new.org","type":"partial"}`)
	id := w.ok("POST", "zones", `{"account":{"id":"`+w.AccountID+`"},"name":"new.org"}`).text("id")
	check := "zones/" + id + "/activation_check"
	w.ok("PUT", check, "")
	w.clock.advance(time.Hour - time.Second)
	w.refused(400, 1224, "PUT", check, "")
	w.clock.advance(time.Second)
	w.ok("PUT", check, "")
	w.refused(400, 1224, "PUT", "Z/activation_check", "")
	w.ok("DELETE", "zones/"+id, "")
	w.refused(403, 9109, "GET", "zones/"+id, "")
	w.ok("POST", "zones", `{"account":{"id":"`+w.AccountID+`"},"name":"new.org"}`)
}
