package cloudflare

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// op says what a call is for. People read it when the call fails.
type op struct {
	doing string // "read the tunnels"
	needs string // the permission that it takes, as the dashboard names it
}

// request is one call to the API.
type request struct {
	op
	method string
	path   string // below the base URL, without a slash in front
	query  url.Values
	body   any // encoded by the SDK; []byte is sent as it is
}

// envelope is what every answer is wrapped in.
type envelope struct {
	Success *bool           `json:"success"`
	Errors  []apiFault      `json:"errors"`
	Result  json.RawMessage `json:"result"`
	Info    *struct {
		PerPage    int  `json:"per_page"`
		TotalCount *int `json:"total_count"`
		TotalPages int  `json:"total_pages"`
		Cursor     string
	} `json:"result_info"`
}

type apiFault struct {
	Code    int64      `json:"code"`
	Message string     `json:"message"`
	Chain   []apiFault `json:"error_chain"`
}

// ok: an answer counts only if it says that it does. Some deletes answer with
// a bare result.
func (e envelope) ok() bool {
	if e.Success != nil {
		return *e.Success
	}
	return len(e.Errors) == 0 && !isNull(e.Result)
}

func isNull(raw json.RawMessage) bool {
	return len(raw) == 0 || bytes.Equal(bytes.TrimSpace(raw), []byte("null"))
}

// call makes one call. Reads are repeated up to twice, writes never: a write
// whose answer was lost may have been done.
func (c *Client) call(ctx context.Context, r request) (envelope, error) {
	for try := 0; ; try++ {
		env, err := c.exchange(ctx, r)
		var failed *apiError
		if err == nil || r.method != http.MethodGet || try == 2 || !errors.As(err, &failed) || !failed.transient() {
			return env, err
		}
		wait := c.pause << try
		wait += rand.N(wait/2 + 1)
		if failed.retryAfter > 0 {
			wait = failed.retryAfter
		}
		if wait > longestPause || !sleep(ctx, wait) {
			return env, err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// at joins the steps of a path. Ids come from people and files too.
func at(steps ...string) string {
	for i, s := range steps {
		steps[i] = url.PathEscape(s)
	}
	return strings.Join(steps, "/")
}

// get reads one object. A null in its place is an error.
func (c *Client) get(ctx context.Context, o op, path string, query url.Values) (json.RawMessage, error) {
	env, err := c.call(ctx, request{op: o, method: http.MethodGet, path: path, query: query})
	if err == nil && isNull(env.Result) {
		err = &apiError{op: o, method: http.MethodGet, status: http.StatusOK, cause: errors.New("the result is missing")}
	}
	return env.Result, err
}

// write makes one change.
func (c *Client) write(ctx context.Context, o op, method, path string, body any) (json.RawMessage, error) {
	env, err := c.call(ctx, request{op: o, method: method, path: path, body: body})
	return env.Result, err
}

const (
	perPage  = 50 // every list takes that many
	maxPages = 200
)

// list reads a whole list. Anything but a list in its place is an error, never
// an empty list.
func (c *Client) list(ctx context.Context, o op, path string, query url.Values) ([]json.RawMessage, error) {
	all := []json.RawMessage{}
	bad := func(text string) error {
		return &apiError{op: o, method: http.MethodGet, status: http.StatusOK, cause: errors.New(text)}
	}
	for page := 1; page <= maxPages; page++ {
		q := url.Values{"page": {strconv.Itoa(page)}, "per_page": {strconv.Itoa(perPage)}}
		for k, v := range query {
			q[k] = v
		}
		env, err := c.call(ctx, request{op: o, method: http.MethodGet, path: path, query: q})
		if err != nil {
			return nil, err
		}
		var rows []json.RawMessage
		if err := json.Unmarshal(env.Result, &rows); err != nil || rows == nil {
			return nil, bad("the result is not a list")
		}
		all = append(all, rows...)
		if env.last(page, len(rows)) {
			if i := env.Info; len(all) == 0 && i != nil && i.TotalCount != nil && *i.TotalCount > 0 {
				return nil, bad("the list is empty although its count is not")
			}
			return all, nil
		}
	}
	return nil, bad("the list has no end")
}

// last says whether the page with that many rows ends the list.
func (e envelope) last(page, rows int) bool {
	switch i := e.Info; {
	case i == nil, rows == 0:
		return true
	case i.TotalPages > 0:
		return page >= i.TotalPages
	case i.PerPage > 0:
		return rows < i.PerPage
	}
	return rows < perPage
}

const maxAnswer = 32 << 20

// exchange sends a call and judges the answer.
func (c *Client) exchange(ctx context.Context, r request) (envelope, error) {
	if err := c.limiter.Wait(ctx); err != nil {
		return envelope{}, &apiError{op: r.op, method: r.method, unsent: true, cause: err}
	}
	path := r.path
	if len(r.query) > 0 {
		path += "?" + r.query.Encode()
	}
	c.calls.Add(1)
	began := time.Now() // for the log only
	var res *http.Response
	sent := c.api.Execute(ctx, r.method, path, r.body, &res)
	env, err := c.judge(r, res, sent)
	c.note(ctx, r, res, err, time.Since(began))
	return env, err
}

// judge turns an answer into its envelope, or says what is wrong with it. The
// SDK's own error is used only if there was no answer: it does not survive a
// body that is not JSON.
func (c *Client) judge(r request, res *http.Response, sent error) (envelope, error) {
	failed := &apiError{op: r.op, method: r.method}
	if res == nil {
		failed.cause, failed.unsent = sent, neverSent(sent)
		return envelope{}, failed
	}
	defer res.Body.Close()
	failed.status, failed.retryAfter = res.StatusCode, c.retryAfter(res.Header)
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		failed.cause, failed.status = fmt.Errorf("reading the answer: %w", err), 0
		return envelope{}, failed
	}
	var env envelope
	if err := json.Unmarshal(body, &env); err != nil {
		failed.cause = errors.New("the answer is not JSON as the API gives it")
		if res.StatusCode >= 300 {
			failed.excerpt = c.redact(clip(string(body)))
		}
		return envelope{}, failed
	}
	if res.StatusCode < 200 || res.StatusCode > 299 || !env.ok() {
		failed.faults = env.Errors
		if failed.faults == nil && env.Success != nil {
			failed.faults = []apiFault{} // it did say that it failed
		}
		return envelope{}, failed
	}
	return env, nil
}

// neverSent: a connection that was not made carried nothing.
func neverSent(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
}

// note logs a call: no header, no body, no query beyond its path.
func (c *Client) note(ctx context.Context, r request, res *http.Response, err error, took time.Duration) {
	log := c.log.With("method", r.method, "path", r.path, "took", took)
	if res != nil {
		log = log.With("status", res.StatusCode, "ray", res.Header.Get("Cf-Ray"))
	}
	if err != nil {
		level := slog.LevelWarn
		if res != nil && res.StatusCode == http.StatusNotFound { // looking whether something is gone
			level = slog.LevelDebug
		}
		log.Log(ctx, level, "cloudflare call failed", "err", c.redact(err.Error()))
		return
	}
	log.DebugContext(ctx, "cloudflare call")
}

func (c *Client) redact(s string) string {
	return strings.ReplaceAll(s, c.token.Reveal(), "••••••")
}

// retryAfter reads how long Cloudflare wants us to wait: Retry-After in seconds
// or as a date.
func (c *Client) retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(c.clock()))
	}
	return 0
}
