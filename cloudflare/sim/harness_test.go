package sim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// world is an example Cloudflare with its API served over loopback.
type world struct {
	*testing.T
	Basics
	cloud *Cloud
	api   *httptest.Server
	clock *clock
}

// clock is simulated time that only moves when told.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newWorld(t *testing.T, o Options) *world {
	t.Helper()
	c := &clock{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	if o.Clock == nil {
		o.Clock = c.Now
	}
	if o.Seed == 0 {
		o.Seed = 7
	}
	if o.RateLimit == 0 {
		o.RateLimit = -1
	}
	cloud := example(o) // its zone checks browsers only where a test says so
	t.Cleanup(cloud.Close)
	api := httptest.NewServer(cloud.API())
	t.Cleanup(api.Close)
	return &world{T: t, Basics: cloud.Basics(), cloud: cloud, api: api, clock: c}
}

// response is an answer of the API.
type response struct {
	status int
	header http.Header
	body   string
	envelope
}

// info is the result_info of a list in pages.
func (r response) info() (info resultInfo) {
	b, _ := json.Marshal(r.ResultInfo)
	json.Unmarshal(b, &info) // of something else it stays empty
	return info
}

func (r response) code() int {
	if len(r.Errors) == 0 {
		return -1
	}
	return r.Errors[0].Code
}

// send makes one API call; A and Z at the start of a path are the example's
// account and zone. err is a connection that broke.
func (w *world) send(token, method, path, body string) (response, error) {
	w.Helper()
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return w.sendWith(header, method, path, body)
}

func (w *world) sendWith(header http.Header, method, path, body string) (response, error) {
	w.Helper()
	path = strings.Replace(path, "A/", "accounts/"+w.AccountID+"/", 1)
	path = strings.Replace(path, "Z/", "zones/"+w.ZoneID+"/", 1)
	req, err := http.NewRequest(method, w.api.URL+"/client/v4/"+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	req.Header = header
	resp, err := w.api.Client().Do(req)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return response{}, err
	}
	out := response{status: resp.StatusCode, header: resp.Header, body: string(raw)}
	if strings.Contains(resp.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(raw, &out.envelope); err != nil {
			w.Fatalf("%s %s: no envelope: %v\n%s", method, path, err, raw)
		}
	}
	return out, nil
}

func (w *world) call(method, path, body string) response {
	w.Helper()
	out, err := w.send(w.Token, method, path, body)
	if err != nil {
		w.Fatal(err)
	}
	return out
}

// object is a JSON object of a result.
type object map[string]any

func (o object) text(field string) string {
	s, _ := o[field].(string)
	return s
}

// ok makes a call that must succeed and gives its result.
func (w *world) ok(method, path, body string) object {
	w.Helper()
	return decode[object](w, w.succeed(method, path, body))
}

// list makes a call whose result is an array.
func (w *world) list(path string) []object {
	w.Helper()
	return decode[[]object](w, w.succeed("GET", path, ""))
}

func (w *world) succeed(method, path, body string) response {
	w.Helper()
	r := w.call(method, path, body)
	if r.status >= 300 || !r.Success {
		w.Fatalf("%s %s: status %d\n%s", method, path, r.status, r.body)
	}
	return r
}

func decode[T any](w *world, r response) T {
	w.Helper()
	var v T
	if err := json.Unmarshal(r.Result, &v); err != nil {
		w.Fatalf("result is no %T: %v\n%s", v, err, r.body)
	}
	return v
}

// refused makes a call that must fail with a status and a code.
func (w *world) refused(status, code int, method, path, body string) {
	w.Helper()
	r := w.call(method, path, body)
	if r.status != status || r.code() != code || r.Success || string(r.Result) != "null" {
		w.Errorf("%s %s %s\n got %d with code %d, want %d with code %d\n%s", method, path, body, r.status, r.code(), status, code, r.body)
	}
}

// eventually waits for something that happens on another goroutine.
func (w *world) eventually(what string, is func() bool) {
	w.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !is() {
		if time.Now().After(deadline) {
			w.Fatalf("still not so: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// Shorthands that most tests need.

func (w *world) newTunnel(name string) object {
	w.Helper()
	return w.ok("POST", "A/cfd_tunnel", `{"name":"`+name+`","config_src":"cloudflare"}`)
}

func (w *world) newPolicy(name, decision, include string) string {
	w.Helper()
	return w.ok("POST", "A/access/policies", `{"name":"`+name+`","decision":"`+decision+`","include":[`+include+`]}`).text("id")
}

func (w *world) newApp(name, uri string, policies ...string) object {
	w.Helper()
	return w.ok("POST", "A/access/apps", `{"type":"self_hosted","name":"`+name+`","destinations":[{"uri":"`+uri+`"}],"policies":`+toJSON(policies)+`}`)
}

func (w *world) newCNAME(name, target string) object {
	w.Helper()
	return w.ok("POST", "Z/dns_records", `{"type":"CNAME","name":"`+name+`","content":"`+target+`","proxied":true,"ttl":1}`)
}

func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
