package conformance

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/option"
)

// Where operations begin.
const (
	A = "/accounts/{account}"
	Z = "/zones/{zone}"
)

// try is one run of a row.
type try struct {
	target
	services
	ctx  context.Context
	vars map[string]string // for the placeholders of paths and bodies

	failures []string
	codes    []int // of the refusals that were seen as they should be
	cleanups []cleanup
}

func newTry(t target) *try {
	random := make([]byte, 4)
	rand.Read(random) // never fails
	name := prefix + hex.EncodeToString(random)
	return &try{target: t, services: official(t), ctx: context.Background(),
		vars: map[string]string{"account": t.account, "zone": t.zone, "domain": t.domain, "name": name, "host": name + "." + t.domain}}
}

// name and host are for what the row makes.
func (t *try) name() string { return t.vars["name"] }
func (t *try) host() string { return t.vars["host"] }

func (t *try) failf(format string, args ...any) {
	t.failures = append(t.failures, fmt.Sprintf(format, args...))
}

// stop ends the row; what it made is removed all the same.
func (t *try) stop(format string, args ...any) {
	t.failf(format, args...)
	runtime.Goexit()
}

// must gives the answer of a call that has to succeed.
func must[V any](t *try) func(V, error) V {
	return func(v V, err error) V {
		if err != nil {
			t.stop("a call failed: %s", told(err))
		}
		return v
	}
}

// told is an error with what the API said, which the client's own text leaves out.
func told(err error) string {
	var e *sdk.Error
	if errors.As(err, &e) {
		return fmt.Sprintf("%v\n%s", err, e.JSON.RawJSON())
	}
	return err.Error()
}

func (t *try) same(what string, got, want any) {
	if !reflect.DeepEqual(got, want) {
		t.failf("%s is %v, want %v", what, got, want)
	}
}

func (t *try) holds(what string, is bool) {
	if !is {
		t.failf("it does not hold that %s", what)
	}
}

func (t *try) contains(what, text, part string) {
	if !strings.Contains(text, part) {
		t.failf("%s is %q, want %q in it", what, text, part)
	}
}

// refused wants an error of the official client with a status, a code and a text.
func (t *try) refused(err error, status, code int, text string) {
	var e *sdk.Error
	switch {
	case err == nil:
		t.failf("nothing was refused, want %d with code %d", status, code)
	case !errors.As(err, &e):
		t.failf("no refusal of the API: %v", err)
	case e.StatusCode != status || len(e.Errors) == 0 || e.Errors[0].Code != int64(code):
		t.failf("refused with %d %s, want %d with code %d", e.StatusCode, e.JSON.RawJSON(), status, code)
	default:
		t.contains("the refusal", e.Errors[0].Message, text)
		t.codes = append(t.codes, code)
	}
}

// chained wants a code in the error_chain, which the client only keeps as text.
func (t *try) chained(err error, code int) {
	var e *sdk.Error
	var body struct{ Errors []apiProblem }
	if !errors.As(err, &e) || json.Unmarshal([]byte(e.JSON.RawJSON()), &body) != nil || len(body.Errors) == 0 {
		t.failf("no refusal with an error chain: %v", err)
		return
	}
	if !slices.ContainsFunc(body.Errors[0].Chain, func(p apiProblem) bool { return p.Code == code }) {
		t.failf("the error chain is %v, want %d in it", body.Errors[0].Chain, code)
		return
	}
	t.codes = append(t.codes, code)
}

// execute makes a call through the official client that it has no method for.
func (t *try) execute(method, path, body string, result any, opts ...option.RequestOption) error {
	var params any
	if body != "" {
		params = []byte(t.fill(body))
	}
	var envelope struct{ Result json.RawMessage }
	client := sdk.Client{Options: t.options}
	if err := client.Execute(t.ctx, method, strings.TrimPrefix(t.fill(path), "/"), params, &envelope, opts...); err != nil {
		return err
	}
	json.Unmarshal(envelope.Result, result) // of another shape it stays empty, which the row will notice
	return nil
}

// response is an answer as it came.
type response struct {
	status int
	header http.Header
	body   string
	envelope
}

type envelope struct {
	Success    *bool           `json:"success"`
	Errors     []apiProblem    `json:"errors"`
	Messages   []apiProblem    `json:"messages"`
	Result     json.RawMessage `json:"result"`
	ResultInfo map[string]any  `json:"result_info"`
}

type apiProblem struct {
	Code    int          `json:"code"`
	Message string       `json:"message"`
	Chain   []apiProblem `json:"error_chain"`
}

// raw makes a call over plain HTTP.
func (t *try) raw(method, path, body string) response {
	return t.rawWith(http.Header{"Authorization": {"Bearer " + t.token}}, method, path, body)
}

func (t *try) rawWith(header http.Header, method, path, body string) response {
	req, err := http.NewRequestWithContext(t.ctx, method, t.base+strings.TrimPrefix(t.fill(path), "/"), strings.NewReader(t.fill(body)))
	if err != nil {
		t.stop("%v", err)
	}
	req.Header = header
	if err := t.wait(); err != nil {
		t.stop("%v", err)
	}
	resp, err := t.http.Do(req)
	if err != nil {
		t.stop("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.stop("%s %s: %v", method, path, err)
	}
	r := response{status: resp.StatusCode, header: resp.Header, body: string(b)}
	if strings.Contains(resp.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(b, &r.envelope); err != nil {
			t.stop("%s %s: no envelope: %v\n%s", method, path, err, b)
		}
	}
	return r
}

// wait keeps to the pace of the target.
func (t target) wait() error {
	if t.pace == nil {
		return nil
	}
	return t.pace.Wait(context.Background())
}

// refusedRaw wants a refusal in the envelope.
func (t *try) refusedRaw(r response, status, code int, text string) {
	if r.status != status || len(r.Errors) == 0 || r.Errors[0].Code != code || r.Success == nil || *r.Success {
		t.failf("answered %d %s, want %d with code %d", r.status, r.body, status, code)
		return
	}
	t.contains("the refusal", r.Errors[0].Message, text)
	t.codes = append(t.codes, code)
}

// decode reads the result of an answer that has to be a good one.
func (t *try) decode(r response, into any) {
	if r.status >= 300 || r.Success == nil || !*r.Success {
		t.stop("answered %d %s", r.status, r.body)
	}
	if err := json.Unmarshal(r.Result, into); err != nil {
		t.stop("the result is no %T: %v\n%s", into, err, r.body)
	}
}

// object is a result whose fields are looked at by name.
type object map[string]any

func (o object) text(field string) string {
	s, _ := o[field].(string)
	return s
}

// object makes a call over plain HTTP that has one for its result.
func (t *try) object(method, path, body string) (o object) {
	t.decode(t.raw(method, path, body), &o)
	return o
}

func (t *try) list(path string) (list []object) {
	t.decode(t.raw("GET", path, ""), &list)
	return list
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// unknown ids are of the right shape and belong to nothing.
const (
	unknownUUID = "00000000-0000-4000-8000-000000000000"
	unknownHex  = "00000000000000000000000000000000"
)

// fill replaces the placeholders of a path or a body. An id that was not made
// is an unknown one.
func (t *try) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(p string) string {
		name := strings.Trim(p, "{}")
		if v, set := t.vars[name]; set {
			return v
		}
		switch name {
		case "record", "ruleset", "rule", "location":
			return unknownHex
		default:
			return unknownUUID
		}
	})
}
