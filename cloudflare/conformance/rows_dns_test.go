package conformance

import (
	"fmt"
	"slices"
	"strings"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/dns"
)

const (
	records   = Z + "/dns_records"
	oneRecord = records + "/{record}"
)

// cname is a record on the row's host.
func cname(t *try) dns.CNAMERecordParam {
	return dns.CNAMERecordParam{Type: sdk.F(dns.CNAMERecordTypeCNAME), Name: sdk.F(t.host()), Content: sdk.F(unknownUUID + ".cfargotunnel.com"),
		Proxied: sdk.F(true), TTL: sdk.F(dns.TTL1), Comment: sdk.F("by " + t.name())}
}

// newRecord makes one, which {record} stands for.
func (t *try) newRecord(body dns.RecordNewParamsBodyUnion) *dns.RecordResponse {
	made := must[*dns.RecordResponse](t)(t.dns.Records.New(t.ctx, dns.RecordNewParams{ZoneID: sdk.F(t.zone), Body: body}))
	t.vars["record"] = made.ID
	t.made(oneRecord)
	return made
}

func aCNAME(t *try) { t.newRecord(cname(t)) }

func recordRows() []row {
	get := func(t *try) (*dns.RecordResponse, error) {
		return t.dns.Records.Get(t.ctx, t.vars["record"], dns.RecordGetParams{ZoneID: sdk.F(t.zone)})
	}
	return slices.Concat([]row{
		{op: "POST " + records, what: "makes a proxied CNAME", class: own, run: func(t *try) {
			made := t.newRecord(cname(t))
			t.same("it", []any{made.Name, string(made.Type), made.Content, made.Proxied, made.Proxiable, made.TTL, made.Comment},
				[]any{t.host(), "CNAME", unknownUUID + ".cfargotunnel.com", true, true, dns.TTL1, "by " + t.name()})
			t.same("the id's length", len(made.ID), 32)
			t.holds("it was made some time", !made.CreatedOn.IsZero() && !made.ModifiedOn.IsZero() && !made.CommentModifiedOn.IsZero())
		}},
		{op: "POST " + records, what: "completes names, and drops case and the last dot", class: own, run: func(t *try) {
			made := t.object("POST", records, `{"type":"cname","name":"`+strings.ToUpper(t.name())+`","content":"Target.Example.NET.","proxied":false,"ttl":300}`)
			t.made(records + "/" + made.text("id"))
			t.same("it", []any{made["name"], made["type"], made["content"], made["ttl"]}, []any{t.host(), "CNAME", "target.example.net", 300.0})
			t.same("what is not set", []any{made["comment"], asJSON(made["tags"]), asJSON(made["settings"])}, []any{nil, "[]", "{}"})
		}},
		{op: "POST " + records, what: "takes every type that an app may have there", class: own, run: func(t *try) {
			for _, body := range []dns.RecordNewParamsBodyUnion{
				dns.ARecordParam{Type: sdk.F(dns.ARecordTypeA), Name: sdk.F("a." + t.host()), Content: sdk.F("192.0.2.1"), TTL: sdk.F(dns.TTL(300))},
				dns.AAAARecordParam{Type: sdk.F(dns.AAAARecordTypeAAAA), Name: sdk.F("a." + t.host()), Content: sdk.F("2001:db8::1"), TTL: sdk.F(dns.TTL1)},
				dns.TXTRecordParam{Type: sdk.F(dns.TXTRecordTypeTXT), Name: sdk.F("t." + t.host()), Content: sdk.F(`"v=spf1 -all"`), TTL: sdk.F(dns.TTL1)},
				dns.MXRecordParam{Type: sdk.F(dns.MXRecordTypeMX), Name: sdk.F("t." + t.host()), Content: sdk.F("mail.example.net"), Priority: sdk.F(10.0), TTL: sdk.F(dns.TTL1)},
				dns.SRVRecordParam{Type: sdk.F(dns.SRVRecordTypeSRV), Name: sdk.F("_sip._tcp." + t.host()), TTL: sdk.F(dns.TTL1),
					Data: sdk.F(dns.SRVRecordDataParam{Priority: sdk.F(1.0), Weight: sdk.F(2.0), Port: sdk.F(5060.0), Target: sdk.F("sip.example.net")})},
				dns.CAARecordParam{Type: sdk.F(dns.CAARecordTypeCAA), Name: sdk.F("t." + t.host()), TTL: sdk.F(dns.TTL1),
					Data: sdk.F(dns.CAARecordDataParam{Flags: sdk.F(0.0), Tag: sdk.F("issue"), Value: sdk.F("letsencrypt.org")})},
			} {
				made := t.newRecord(body)
				switch string(made.Type) {
				case "SRV":
					t.same("the content of SRV", made.Content, "2 5060 sip.example.net")
					t.same("its priority", t.object("GET", oneRecord, "")["priority"], 1.0)
				case "CAA":
					t.same("the content of CAA", made.Content, `0 issue "letsencrypt.org"`)
				case "MX":
					t.same("the priority of MX", t.object("GET", oneRecord, "")["priority"], 10.0)
				}
				t.same(string(made.Type)+" can be proxied", made.Proxiable, made.Type == "A" || made.Type == "AAAA")
			}
		}},
		{op: "GET " + oneRecord, what: "shows it", class: own, run: func(t *try) {
			made := t.newRecord(cname(t))
			got := must[*dns.RecordResponse](t)(get(t))
			t.same("it", []any{got.ID, got.Name, got.Comment}, []any{made.ID, made.Name, made.Comment})
		}},
		{op: "PUT " + oneRecord, what: "keeps the identity and nothing else", class: own, run: func(t *try) {
			made := t.newRecord(cname(t))
			put := must[*dns.RecordResponse](t)(t.dns.Records.Update(t.ctx, made.ID, dns.RecordUpdateParams{ZoneID: sdk.F(t.zone),
				Body: dns.ARecordParam{Type: sdk.F(dns.ARecordTypeA), Name: sdk.F(t.host()), Content: sdk.F("192.0.2.1"), TTL: sdk.F(dns.TTL(120))}}))
			t.same("it", []any{put.ID, string(put.Type), put.Content, put.Proxied, put.TTL, put.Comment}, []any{made.ID, "A", "192.0.2.1", false, dns.TTL(120), ""})
			t.holds("it is as old as before", put.CreatedOn.Equal(made.CreatedOn))
		}},
		{op: "PATCH " + oneRecord, what: "leaves what it is not given", class: own, run: func(t *try) {
			made := t.newRecord(cname(t))
			var got dns.RecordResponse
			if err := t.execute("PATCH", oneRecord, `{"proxied":false,"ttl":300}`, &got); err != nil {
				t.stop("%s", told(err))
			}
			t.same("it", []any{got.ID, got.Content, got.Proxied, got.TTL, got.Comment}, []any{made.ID, made.Content, false, dns.TTL(300), made.Comment})
			edited := must[*dns.RecordResponse](t)(t.dns.Records.Edit(t.ctx, made.ID, dns.RecordEditParams{ZoneID: sdk.F(t.zone), Body: cname(t)}))
			t.same("through the client", edited.Proxied, true)
		}},
		{op: "DELETE " + oneRecord, what: "removes it", class: own, run: func(t *try) {
			made := t.newRecord(cname(t))
			gone := must[*dns.RecordDeleteResponse](t)(t.dns.Records.Delete(t.ctx, made.ID, dns.RecordDeleteParams{ZoneID: sdk.F(t.zone)}))
			t.same("the id", gone.ID, made.ID)
			_, err := get(t)
			t.refused(err, 404, 81044, "Record does not exist.")
		}},
		{op: "GET " + records + "/usage", what: "counts them", class: own, run: func(t *try) {
			count := func() *dns.UsageZoneGetResponse {
				return must[*dns.UsageZoneGetResponse](t)(t.dns.Usage.Zone.Get(t.ctx, dns.UsageZoneGetParams{ZoneID: sdk.F(t.zone)}))
			}
			before := count().RecordUsage
			t.newRecord(cname(t))
			t.same("one more", count().RecordUsage, before+1)
		}},
	}, recordFilterRows(), bulkRows(), rowsOf(recordRefusals()))
}

func recordFilterRows() []row {
	return []row{
		{op: "GET " + records, what: "finds by parts of the name, the content and the comment", class: own, run: func(t *try) {
			made := t.newRecord(cname(t))
			exact := sdk.F(dns.RecordListParamsName{Exact: sdk.F(t.host())})
			for what, row := range map[string]struct {
				filter dns.RecordListParams
				found  bool
			}{
				"name":                     {dns.RecordListParams{Name: exact}, true},
				"another name":             {dns.RecordListParams{Name: sdk.F(dns.RecordListParamsName{Exact: sdk.F("x" + t.host())})}, false},
				"a part of the name":       {dns.RecordListParams{Name: sdk.F(dns.RecordListParamsName{Contains: sdk.F(t.name())})}, true},
				"its beginning":            {dns.RecordListParams{Name: sdk.F(dns.RecordListParamsName{Startswith: sdk.F(t.name())})}, true},
				"no beginning":             {dns.RecordListParams{Name: sdk.F(dns.RecordListParamsName{Startswith: sdk.F(t.host()[1:])})}, false},
				"its end":                  {dns.RecordListParams{Name: sdk.F(dns.RecordListParamsName{Endswith: sdk.F(t.host()[1:])})}, true},
				"type":                     {dns.RecordListParams{Name: exact, Type: sdk.F(dns.RecordListParamsTypeCNAME)}, true},
				"another type":             {dns.RecordListParams{Name: exact, Type: sdk.F(dns.RecordListParamsTypeA)}, false},
				"content":                  {dns.RecordListParams{Name: exact, Content: sdk.F(dns.RecordListParamsContent{Exact: sdk.F(made.Content)})}, true},
				"a part of the content":    {dns.RecordListParams{Name: exact, Content: sdk.F(dns.RecordListParamsContent{Endswith: sdk.F(".cfargotunnel.com")})}, true},
				"comment in other letters": {dns.RecordListParams{Name: exact, Comment: sdk.F(dns.RecordListParamsComment{Exact: sdk.F("BY " + t.name())})}, true},
				"a part of the comment":    {dns.RecordListParams{Name: exact, Comment: sdk.F(dns.RecordListParamsComment{Contains: sdk.F(t.name()[8:])})}, true},
				"the presence of comments": {dns.RecordListParams{Name: exact, Comment: sdk.F(dns.RecordListParamsComment{Present: sdk.F("")})}, true},
				"their absence":            {dns.RecordListParams{Name: exact, Comment: sdk.F(dns.RecordListParamsComment{Absent: sdk.F("")})}, false},
				"proxied":                  {dns.RecordListParams{Name: exact, Proxied: sdk.F(true)}, true},
				"not proxied":              {dns.RecordListParams{Name: exact, Proxied: sdk.F(false)}, false},
				"either of two":            {dns.RecordListParams{Name: exact, Type: sdk.F(dns.RecordListParamsTypeA), Match: sdk.F(dns.RecordListParamsMatchAny), PerPage: sdk.F(1000.0)}, true},
				"a tag":                    {dns.RecordListParams{Name: exact, Tag: sdk.F(dns.RecordListParamsTag{Present: sdk.F("x")})}, false},
				"no such tag":              {dns.RecordListParams{Name: exact, Tag: sdk.F(dns.RecordListParamsTag{Absent: sdk.F("x")})}, true},
				"a search":                 {dns.RecordListParams{Search: sdk.F(t.name())}, true},
			} {
				row.filter.ZoneID = sdk.F(t.zone)
				page := must[*recordsPage](t)(t.dns.Records.List(t.ctx, row.filter))
				t.same("found by "+what, slices.ContainsFunc(page.Result, func(r dns.RecordResponse) bool { return r.ID == made.ID }), row.found)
			}
		}},
		{op: "GET " + records, what: "comes in order", class: own, run: func(t *try) {
			for _, label := range []string{"b", "a", "c"} {
				t.record(`{"type":"TXT","name":"` + label + `.{host}","content":"x"}`)
			}
			page := must[*recordsPage](t)(t.dns.Records.List(t.ctx, dns.RecordListParams{ZoneID: sdk.F(t.zone), Name: sdk.F(dns.RecordListParamsName{Endswith: sdk.F("." + t.host())}),
				Order: sdk.F(dns.RecordListParamsOrderName)}))
			var names []string
			for _, r := range page.Result {
				names = append(names, r.Name[:1])
			}
			t.same("labels", names, []string{"a", "b", "c"})
		}},
	}
}

func recordRefusals() []refusal {
	create := "POST " + records
	invalid := func(what, body string, chain int) refusal {
		return refusal{create, own, what, nil, body, 400, 1004, "DNS Validation Error", chain}
	}
	anA := func(t *try) { t.record(`{"type":"A","name":"{host}","content":"192.0.2.1"}`) }
	return []refusal{
		{create, own, "a CNAME beside an A", anA, `{"type":"CNAME","name":"{host}","content":"x.example.net"}`, 400, 81053, "An A, AAAA, or CNAME record with that host already exists.", 0},
		{create, own, "a second CNAME", aCNAME, `{"type":"CNAME","name":"{host}","content":"x.example.net"}`, 400, 81053, "An A, AAAA, or CNAME record with that host already exists.", 0},
		{create, own, "an A beside a CNAME", aCNAME, `{"type":"A","name":"{host}","content":"192.0.2.1"}`, 400, 81054, "A CNAME record with that host already exists", 0},
		{create, own, "one that is there", anA, `{"type":"A","name":"{host}","content":"192.0.2.1"}`, 400, 81058, "An identical record already exists.", 0},
		{"PUT " + oneRecord, own, "what another record is", func(t *try) { anA(t); t.record(`{"type":"A","name":"{host}","content":"192.0.2.2"}`) },
			`{"type":"A","name":"{host}","content":"192.0.2.1"}`, 400, 81058, "An identical record already exists.", 0},
		{"GET " + oneRecord, read, "an unknown one", nil, "", 404, 81044, "Record does not exist.", 0},
		{"PUT " + oneRecord, read, "an unknown one", nil, `{"type":"A","name":"{host}","content":"192.0.2.1"}`, 404, 81044, "Record does not exist.", 0},
		{"PATCH " + oneRecord, read, "an unknown one", nil, `{"proxied":true}`, 404, 81044, "Record does not exist.", 0},
		{"DELETE " + oneRecord, read, "an unknown one", nil, "", 404, 81044, "Record does not exist.", 0},
		{create, simulated, "more than 200 on the Free plan", func(t *try) { t.many(200, "POST", records, `{"type":"A","name":"{host}","content":"192.0.2.1"}`) },
			`{"type":"A","name":"{host}","content":"192.0.2.1"}`, 400, 81045, "quota exceeded", 0},
		invalid("an unknown type", `{"type":"BOGUS","name":"{host}","content":"x"}`, 9003),
		invalid("a name with a space", `{"type":"A","name":"a b.{host}","content":"192.0.2.1"}`, 9000),
		invalid("a label of 64 characters", `{"type":"A","name":"`+strings.Repeat("l", 64)+`.{host}","content":"192.0.2.1"}`, 9000),
		invalid("an A that is no IPv4 address", `{"type":"A","name":"{host}","content":"2001:db8::1"}`, 9005),
		invalid("a record without content", `{"type":"TXT","name":"{host}"}`, 9005),
		invalid("an AAAA that is no IPv6 address", `{"type":"AAAA","name":"{host}","content":"192.0.2.1"}`, 9006),
		invalid("a CNAME to an address", `{"type":"CNAME","name":"{host}","content":"192.0.2.1"}`, 9007),
		invalid("a CNAME to itself", `{"type":"CNAME","name":"{host}","content":"{host}"}`, 9039),
		invalid("an MX without a priority", `{"type":"MX","name":"{host}","content":"mail.example.net"}`, 9009),
		invalid("a TXT of more than 2,048 characters", `{"type":"TXT","name":"{host}","content":"`+strings.Repeat("t", 2049)+`"}`, 9013),
		invalid("a TXT that is proxied", `{"type":"TXT","name":"{host}","content":"x","proxied":true}`, 9004),
		invalid("a proxied record with a TTL", `{"type":"A","name":"{host}","content":"192.0.2.1","proxied":true,"ttl":300}`, 9021),
		invalid("a TTL below a minute", `{"type":"A","name":"{host}","content":"192.0.2.1","ttl":59}`, 9021),
		invalid("a TTL above a day", `{"type":"A","name":"{host}","content":"192.0.2.1","ttl":86401}`, 9021),
		{create, simulated, "a comment of 101 characters on the Free plan", nil, `{"type":"A","name":"{host}","content":"192.0.2.1","comment":"` + strings.Repeat("é", 101) + `"}`, 400, 1004, "DNS Validation Error", 9313},
		{create, simulated, "a tag on the Free plan", nil, `{"type":"A","name":"{host}","content":"192.0.2.1","tags":["a:b"]}`, 400, 1004, "DNS Validation Error", 9300},
	}
}

// bulkRows write several records at once.
func bulkRows() []row {
	return slices.Concat([]row{
		{op: "POST " + records + "/batch", what: "deletes, patches, puts and posts, in this order", class: own, run: func(t *try) {
			a := t.record(`{"type":"A","name":"a.{host}","content":"192.0.2.1"}`)
			b := t.record(`{"type":"A","name":"b.{host}","content":"192.0.2.1"}`)
			c := t.record(`{"type":"A","name":"c.{host}","content":"192.0.2.1"}`)
			one := cname(t)
			one.Name = sdk.F("a." + t.host()) // free once the first is deleted
			two := cname(t)
			two.Name = sdk.F("c." + t.host())
			done := must[*dns.RecordBatchResponse](t)(t.dns.Records.Batch(t.ctx, dns.RecordBatchParams{ZoneID: sdk.F(t.zone),
				Deletes: sdk.F([]dns.RecordBatchParamsDelete{{ID: sdk.F(a)}}),
				Patches: sdk.F([]dns.BatchPatchUnionParam{dns.BatchPatchARecordParam{ID: sdk.F(b), ARecordParam: dns.ARecordParam{Name: sdk.F("b." + t.host()), Type: sdk.F(dns.ARecordTypeA), TTL: sdk.F(dns.TTL(600))}}}),
				Puts:    sdk.F([]dns.BatchPutUnionParam{dns.BatchPutCNAMERecordParam{ID: sdk.F(c), CNAMERecordParam: two}}),
				Posts:   sdk.F([]dns.RecordBatchParamsPostUnion{one})}))
			t.same("how many of each", []int{len(done.Deletes), len(done.Patches), len(done.Puts), len(done.Posts)}, []int{1, 1, 1, 1})
			t.made(records + "/" + done.Posts[0].ID)
			t.same("ids", []string{done.Deletes[0].ID, done.Patches[0].ID, done.Puts[0].ID}, []string{a, b, c})
			t.same("the patched one", []any{done.Patches[0].TTL, done.Patches[0].Content}, []any{dns.TTL(600), "192.0.2.1"})
			t.same("the put one", string(done.Puts[0].Type), "CNAME")
		}},
		{op: "POST " + records + "/batch", what: "does nothing where one thing is refused", class: own, run: func(t *try) {
			t.record(`{"type":"A","name":"{host}","content":"192.0.2.1"}`)
			err := t.execute("POST", records+"/batch", `{"deletes":[{"id":"{record}"}],"posts":[{"type":"A","name":"{host}","content":"x"}]}`, nil)
			t.refused(err, 400, 1004, "DNS Validation Error")
			t.object("GET", oneRecord, "")
			// so that a batch of this row succeeds
			t.object("POST", records+"/batch", `{"deletes":[{"id":"{record}"}]}`)
		}},
		{op: "GET " + records + "/export", what: "is a BIND file without an envelope", class: own, run: func(t *try) {
			t.record(`{"type":"A","name":"{host}","content":"192.0.2.1","ttl":600}`)
			file := must[*string](t)(t.dns.Records.Export(t.ctx, dns.RecordExportParams{ZoneID: sdk.F(t.zone)}))
			t.contains("the file", strings.Join(strings.Fields(*file), " "), t.host()+". 600 IN A 192.0.2.1")
			t.contains("the content type", t.raw("GET", records+"/export", "").header.Get("Content-Type"), "text/plain")
		}},
		{op: "POST " + records + "/import", what: "takes a BIND file", class: own, run: func(t *try) {
			file := fmt.Sprintf("%s. 600 IN A 192.0.2.1\n%s. 600 IN TXT \"x\"\n", "a."+t.host(), "a."+t.host())
			done := must[*dns.RecordImportResponse](t)(t.dns.Records.Import(t.ctx, dns.RecordImportParams{ZoneID: sdk.F(t.zone), File: sdk.F(file), Proxied: sdk.F("false")}))
			list := t.list(records + "?name.exact=a.{host}")
			for _, r := range list {
				t.made(records + "/" + r.text("id"))
			}
			t.same("added and parsed", []float64{done.RecsAdded, done.TotalRecordsParsed}, []float64{2, 2})
			t.same("records", len(list), 2)
		}},
		{op: "POST " + records + "/scan/trigger", what: "finds what there is elsewhere, for a review", class: simulated, run: func(t *try) {
			t.elsewhere()
			res := must[*dns.RecordScanTriggerResponse](t)(t.dns.Records.ScanTrigger(t.ctx, dns.RecordScanTriggerParams{ZoneID: sdk.F(t.zone)}))
			t.same("success", bool(res.Success), true)
		}},
		{op: "GET " + records + "/scan/review", what: "lists what a scan found", class: simulated, run: func(t *try) {
			t.scanned()
			page := must[*scannedPage](t)(t.dns.Records.ScanList(t.ctx, dns.RecordScanListParams{ZoneID: sdk.F(t.zone)}))
			t.same("how many", len(page.Result), 2)
			t.same("records in the zone", len(t.list(records)), 0)
		}},
		{op: "POST " + records + "/scan/review", what: "adds what is accepted, and forgets what is rejected", class: simulated, run: func(t *try) {
			list := t.scanned()
			body := dns.ARecordParam{Type: sdk.F(dns.ARecordTypeA), Name: sdk.F(list[0].text("name")), Content: sdk.F(list[0].text("content")), TTL: sdk.F(dns.TTL1)}
			done := must[*dns.RecordScanReviewResponse](t)(t.dns.Records.ScanReview(t.ctx, dns.RecordScanReviewParams{ZoneID: sdk.F(t.zone),
				Accepts: sdk.F([]dns.RecordScanReviewParamsAcceptUnion{body}), Rejects: sdk.F([]dns.RecordScanReviewParamsReject{{ID: sdk.F(list[1].text("id"))}})}))
			t.same("accepted and rejected", []int{len(done.Accepts), len(done.Rejects)}, []int{1, 1})
			t.same("left to review", len(t.list(records+"/scan/review")), 0)
			t.same("records in the zone", len(t.list(records)), 1)
		}},
		{op: "POST " + records + "/scan", what: "is the old way, which adds without asking", class: simulated, run: func(t *try) {
			t.elsewhere()
			//lint:ignore SA1019 that it is deprecated is what this row is about
			done := must[*dns.RecordScanResponse](t)(t.dns.Records.Scan(t.ctx, dns.RecordScanParams{ZoneID: sdk.F(t.zone), Body: struct{}{}}))
			t.same("added", done.RecsAdded, 2.0)
			t.same("records in the zone", len(t.list(records)), 2)
		}},
		{op: "POST " + records, what: "refuses one that is there with the other code, where it does", class: simulated, options: identicalIs81057, run: func(t *try) {
			t.record(`{"type":"A","name":"{host}","content":"192.0.2.1"}`)
			t.refused(t.execute("POST", records, `{"type":"A","name":"{host}","content":"192.0.2.1"}`, nil), 400, 81057, "The record already exists.")
		}},
		{op: "POST " + records, what: "takes tags and longer comments on a paid plan", class: simulated, run: func(t *try) {
			t.cloud.SetPaid(t.zone, true)
			made := t.object("POST", records, `{"type":"A","name":"{host}","content":"192.0.2.1","tags":["owner:web"],"comment":"`+strings.Repeat("c", 500)+`"}`)
			t.same("tags", asJSON(made["tags"]), `["owner:web"]`)
			for query, n := range map[string]int{"tag=owner:web": 1, "tag.present=owner": 1, "tag.startswith=owner:a": 0, "tag.present=x&tag.exact=owner:web&tag_match=any": 1} {
				t.same("found by "+query, len(t.list(records+"?"+query)), n)
			}
		}},
	}, rowsOf([]refusal{
		{"POST " + records + "/batch", own, "to delete an unknown record", nil, `{"deletes":[{"id":"` + unknownHex + `"}]}`, 404, 81044, "Record does not exist.", 0},
		{"POST " + records + "/batch", simulated, "more than 200 on the Free plan", nil, `{"deletes":[` + strings.Repeat(`{},`, 200) + `{}]}`, 400, 1004, "200", 0},
		{"POST " + records + "/import", own, "what is no form", nil, `no form`, 400, 1004, "file", 0},
	}))
}

// elsewhere has the zone's earlier DNS host know two records.
func (t *try) elsewhere() {
	t.cloud.AddElsewhere(t.zone, "A", "www", "192.0.2.1")
	t.cloud.AddElsewhere(t.zone, "A", "mail", "192.0.2.2")
}

func (t *try) scanned() []object {
	t.elsewhere()
	t.raw("POST", records+"/scan/trigger", "")
	return t.list(records + "/scan/review")
}
