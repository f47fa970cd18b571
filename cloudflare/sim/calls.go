package sim

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Call is one line of the request log. No header and no body is kept, so that
// no token ends up in it.
type Call struct {
	Method     string        `json:"method"`
	Path       string        `json:"path"` // below /client/v4
	Query      string        `json:"query,omitempty"`
	Status     int           `json:"status"` // 0: the connection was dropped by a fault
	RetryCount int           `json:"retry_count"`
	Duration   time.Duration `json:"-"`
}

// line is a call as it is written down.
type line struct {
	Call
	Milliseconds float64 `json:"duration_ms"`
}

// calls keeps the latest calls in a ring.
type calls struct {
	mu    sync.Mutex
	keep  int
	ring  []Call
	total int
	out   io.Writer
}

// Calls are the latest API calls, oldest first.
func (c *Cloud) Calls() []Call {
	c.calls.mu.Lock()
	defer c.calls.mu.Unlock()
	at := 0
	if len(c.calls.ring) == c.calls.keep {
		at = c.calls.total % c.calls.keep
	}
	return slices.Concat(c.calls.ring[at:], c.calls.ring[:at])
}

// ForgetCalls empties the log, so that a test can count from here.
func (c *Cloud) ForgetCalls() {
	c.calls.mu.Lock()
	defer c.calls.mu.Unlock()
	c.calls.ring, c.calls.total = nil, 0
}

func (c *Cloud) record(r *http.Request, path string, status int, took time.Duration) {
	retries, _ := strconv.Atoi(r.Header.Get("X-Stainless-Retry-Count"))
	c.calls.add(Call{Method: r.Method, Path: path, Query: r.URL.RawQuery, Status: status,
		RetryCount: retries, Duration: took})
}

func (l *calls) add(call Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < l.keep {
		l.ring = append(l.ring, call)
	} else {
		l.ring[l.total%l.keep] = call
	}
	l.total++
	if l.out != nil {
		json.NewEncoder(l.out).Encode(line{call, float64(call.Duration) / float64(time.Millisecond)}) // a log that cannot be written stops no one
	}
}
