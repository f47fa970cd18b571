package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/culvert/culvert/cloudflare/sim"
)

// envelopeRows are what surrounds every answer: the envelope, pages, limits.
func envelopeRows() []row {
	return []row{
		{op: "GET " + Z + "/dns_records", what: "wraps a list in an envelope that counts it", class: read, run: func(t *try) {
			r := t.raw("GET", Z+"/dns_records?per_page=5", "")
			t.contains("the content type", r.header.Get("Content-Type"), "application/json")
			t.holds("it says that it succeeded", r.Success != nil && *r.Success)
			t.holds("errors and messages are lists", r.Errors != nil && r.Messages != nil)
			for _, field := range []string{"page", "per_page", "count", "total_count", "total_pages"} {
				_, is := r.ResultInfo[field].(float64)
				t.holds("result_info has "+field, is)
			}
			t.same("per_page", r.ResultInfo["per_page"], 5.0)
		}},
		{op: "GET " + A + "/cfd_tunnel/{id}", what: "wraps a refusal without a result", class: read, run: func(t *try) {
			r := t.raw("GET", A+"/cfd_tunnel/{id}", "")
			t.same("success", *r.Success, false)
			t.same("the result", string(r.Result), "null")
			t.holds("messages are a list", r.Messages != nil)
		}},
		{op: "GET " + Z + "/dns_records", what: "has an empty page behind the last", class: read, run: func(t *try) {
			r := t.raw("GET", Z+"/dns_records?page=1000&per_page=100", "")
			t.same("the result", string(r.Result), "[]")
			t.same("count", r.ResultInfo["count"], 0.0)
			t.same("page", r.ResultInfo["page"], 1000.0)
		}},
		{op: "GET " + Z + "/dns_records", what: "comes in pages of which none repeats another", class: own, run: func(t *try) {
			var made, seen []string
			for i := range 5 {
				made = append(made, t.record(fmt.Sprintf(`{"type":"TXT","name":"{host}","content":"%d"}`, i)))
			}
			for page := range 3 {
				for _, o := range t.list(Z + "/dns_records?per_page=2&name.exact={host}&page=" + strconv.Itoa(page+1)) {
					seen = append(seen, o.text("id"))
				}
			}
			slices.Sort(made)
			slices.Sort(seen)
			t.same("what the pages have", seen, made)
		}},
		{op: "GET /zones", what: "keeps the length of pages between 5 and 50", class: read, run: func(t *try) {
			for asked, given := range map[string]float64{"1": 5, "7": 7, "100": 50, "": 20, "x": 20} {
				r := t.raw("GET", "/zones?per_page="+asked, "")
				t.same("per_page asked as "+asked, r.ResultInfo["per_page"], any(given))
			}
		}},
		{op: "GET " + A + "/cfd_tunnel/{id}/connections", what: "is a list in one page, without a count", class: own, run: func(t *try) {
			t.tunnel()
			r := t.raw("GET", A+"/cfd_tunnel/{id}/connections", "")
			t.same("result_info", r.ResultInfo, map[string]any(nil))
		}},
		{op: "GET /zones", what: "tells what is left of 1,200 calls in five minutes", class: simulated, options: sim.Options{RateLimit: 1200}, run: func(t *try) {
			r := t.raw("GET", "/zones", "")
			t.same("the limit", r.header.Get("X-Ratelimit-Limit"), "1200")
			t.same("what remains", r.header.Get("X-Ratelimit-Remaining"), "1199")
			reset, err := time.Parse(time.RFC1123, r.header.Get("X-Ratelimit-Reset"))
			t.holds("the reset is five minutes away", err == nil && reset.Equal(t.clock.Now().Add(5*time.Minute)))
			t.same("Retry-After", r.header.Get("Retry-After"), "")
		}},
		{op: "GET /zones", what: "tells what is left in the newer headers, where it does", class: simulated,
			options: sim.Options{RateLimit: 1200, Unsure: sim.Unsure{RateLimitFields: true}}, run: func(t *try) {
				r := t.raw("GET", "/zones", "")
				t.same("Ratelimit", r.header.Get("Ratelimit"), `"default";r=1199;t=300`)
				t.same("Ratelimit-Policy", r.header.Get("Ratelimit-Policy"), `"default";q=1200;w=300`)
				t.same("the older header", r.header.Get("X-Ratelimit-Limit"), "")
			}},
		{op: "GET /zones", what: "refuses everything for five minutes after call 1,201", class: simulated, options: sim.Options{RateLimit: 1200}, run: func(t *try) {
			t.exhaust(10429)
		}},
		{op: "GET /zones", what: "refuses call 1,201 with the other code, where it does", class: simulated,
			options: sim.Options{RateLimit: 1200, Unsure: sim.Unsure{RateLimitIs971: true}}, run: func(t *try) {
				t.exhaust(971)
			}},
		{op: "GET /zones", what: "answers with a page of HTML while a gateway is broken", class: simulated, run: func(t *try) {
			t.cloud.Inject(sim.Fault{Status: 502, Body: "<!DOCTYPE html><title>502</title>", Times: 1})
			r := t.raw("GET", "/zones", "")
			t.same("the status", r.status, http.StatusBadGateway)
			t.contains("the content type", r.header.Get("Content-Type"), "text/html")
			t.contains("the body", r.body, "<!DOCTYPE html>")
			t.raw("GET", "/zones", "")
		}},
	}
}

// exhaust makes 1,201 calls and what comes after.
func (t *try) exhaust(code int) {
	for range 1200 {
		if r := t.raw("GET", "/zones?per_page=5", ""); r.status != 200 {
			t.stop("refused too early: %s", r.body)
		}
	}
	t.clock.advance(time.Minute)
	r := t.raw("GET", "/zones", "")
	t.refusedRaw(r, 429, code, "More than 1200 requests per 300 seconds reached")
	t.same("Retry-After", r.header.Get("Retry-After"), "300")
	t.clock.advance(5*time.Minute - time.Second)
	t.same("the status a second before the end", t.raw("GET", "/zones", "").status, 429)
	t.clock.advance(time.Second)
	t.same("the status after it", t.raw("GET", "/zones", "").status, 200)
}
