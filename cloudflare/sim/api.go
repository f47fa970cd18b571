package sim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const apiRoot = "/client/v4"

// maxBody is more than any operation takes.
const maxBody = 1 << 20

// call is one API request on its way through an operation. The state is
// locked meanwhile: for reading if the operation only reads.
type call struct {
	cloud       *Cloud
	state       *state
	now         time.Time
	token       *token
	account     *account // of the path, or of its zone
	zone        *zone    // of the path
	params      map[string]string
	id          string // of the object in the path
	client      string // of the connector in the path
	query       url.Values
	body        []byte
	contentType string   // of the body
	after       []func() // runs when the lock is gone
}

// API is the v4 REST API, mounted at /client/v4/.
func (c *Cloud) API() http.Handler { return http.HandlerFunc(c.serveAPI) }

func (c *Cloud) serveAPI(w http.ResponseWriter, r *http.Request) {
	began := time.Now() // how long a call took is not simulated time
	path, below := strings.CutPrefix(r.URL.EscapedPath(), apiRoot)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var out reply
	switch {
	case !below:
		out = failure(noRoute(r.URL.Path))
	case err != nil:
		out = failure(refuse(http.StatusBadRequest, 6007, "Malformed JSON in request body"))
	default:
		out = c.withFaults(r, path, func() reply { return c.answer(r, path, body) })
	}
	c.record(r, path, out.status, time.Since(began))
	if out.status == connectionReset {
		panic(http.ErrAbortHandler) // net/http drops the connection without a word
	}
	out.send(w)
}

// answer runs the operation that a request names.
func (c *Cloud) answer(r *http.Request, path string, body []byte) reply {
	return c.locked(r, path, func(asked asked) (reply, []func()) { return c.operate(r, asked, path, body) })
}

// asked is the operation that a request names.
type asked struct {
	others map[string]*route // of the same path, by method; nil: no operation has it
	route  *route            // nil: there is none
	params map[string]string
}

// locked runs an operation with the state locked as it needs.
func (c *Cloud) locked(r *http.Request, path string, operate func(asked) (reply, []func())) reply {
	c.arrive()
	found, params := c.routes.find(path)
	what := asked{found, found[r.Method], params}
	if what.route == nil || what.route.reads() {
		c.mu.RLock()
		out, _ := operate(what)
		c.mu.RUnlock()
		return out
	}
	c.mu.Lock()
	out, after := operate(what)
	c.spread.follow(&c.state, c.now())
	c.mu.Unlock()
	for _, f := range after {
		f()
	}
	if out.status < 300 {
		c.changed()
	}
	return out
}

// operate answers under the lock: who asks, whether they may, what they want.
func (c *Cloud) operate(r *http.Request, what asked, path string, body []byte) (reply, []func()) {
	now := c.now()
	who, err := c.state.authenticate(r, path, now)
	if err != nil {
		return failure(err), nil
	}
	var left quota // none: no limit
	if c.o.RateLimit > 0 {
		left = c.limits.count(who.User, c.o.RateLimit, now)
	}
	out, after := reply{}, []func(){}
	if left.wait > 0 {
		out = failure(c.o.errRateLimit())
	} else {
		out, after = c.perform(r, what, path, body, who, now)
	}
	if left.limit > 0 {
		left.announce(out.header, now, c.o.Unsure.RateLimitFields)
	}
	return out, after
}

// perform answers somebody who is known.
func (c *Cloud) perform(r *http.Request, what asked, path string, body []byte, who *token, now time.Time) (reply, []func()) {
	switch {
	case what.others == nil || what.route.over(now):
		return failure(noRoute(apiRoot + path)), nil
	case what.route == nil:
		return failure(refuse(http.StatusMethodNotAllowed, 10405, "Method not allowed for this authentication scheme")), nil
	}
	params := what.params
	call := &call{cloud: c, state: &c.state, now: now, token: who, params: params,
		id: params["id"] + params["record"] + params["name"], client: params["client"],
		query: r.URL.Query(), body: body, contentType: r.Header.Get("Content-Type")}
	out, err := call.run(what.route, params)
	if err != nil {
		out = failure(err)
	}
	if !what.route.reads() {
		call.audit(r, what.route, out.status)
	}
	return out, call.after
}

func (c *call) run(route *route, params map[string]string) (reply, error) {
	if err := c.locate(params); err != nil {
		return reply{}, err
	}
	if !c.token.may(route.area.settled(c.cloud.o.Unsure), route.reads()) {
		return reply{}, route.area.refusal()
	}
	if route.access && c.account.Org == nil {
		return reply{}, errNotEnabled
	}
	a, err := route.do(c)
	if err != nil {
		return reply{}, err
	}
	return success(a)
}

// locate finds the account or zone of the path, if the token reaches it.
func (c *call) locate(params map[string]string) error {
	if id, named := params["account"]; named {
		a, ok := c.state.Accounts.get(id)
		if !ok || !c.token.covers(id) {
			return errUnauthorized
		}
		c.account = a
	}
	if id, named := params["zone"]; named {
		z, ok := c.state.Zones.get(id)
		if !ok || !c.token.covers(z.AccountID) {
			return errUnauthorized
		}
		c.zone = z
		c.account, _ = c.state.Accounts.get(z.AccountID)
	}
	return nil
}

// read decodes the body of a write.
func (c *call) read(v any) error {
	if err := json.Unmarshal(c.body, v); err != nil {
		return refuse(http.StatusBadRequest, 6007, "Malformed JSON in request body")
	}
	return nil
}

// flag reads a boolean of the query; given tells whether it was there.
func (c *call) flag(name string) (value, given bool) {
	value, err := strconv.ParseBool(c.query.Get(name))
	return value, err == nil
}

func noRoute(path string) error {
	return &apiError{http.StatusNotFound, []problem{
		{Code: 7003, Message: "Could not route to " + path + ", perhaps your object identifier is invalid?"},
		{Code: 7000, Message: "No route for that URI"},
	}}
}
