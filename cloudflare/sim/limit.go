package sim

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// limitWindow is both the span over which calls are counted and the time for
// which a user who exceeded it is refused everything.
const limitWindow = 5 * time.Minute

var errRateLimit = refuse(http.StatusTooManyRequests, 10429,
	"More than 1200 requests per 300 seconds reached. Please wait and consider throttling your request speed")

// limits counts the calls of each user.
type limits struct {
	mu    sync.Mutex
	users map[string]*window
}

type window struct {
	ends  time.Time
	calls int
}

// count takes one call of a user and tells whether it is refused. The header
// goes with the answer either way. A limit below 0 counts nothing.
func (l *limits) count(user string, limit int, now time.Time) (http.Header, bool) {
	if limit < 0 {
		return nil, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.users[user]
	if w == nil || !now.Before(w.ends) {
		w = &window{ends: now.Add(limitWindow)}
		if l.users == nil {
			l.users = map[string]*window{}
		}
		l.users[user] = w
	}
	w.calls++
	if w.calls == limit+1 {
		w.ends = now.Add(limitWindow) // the block starts where the limit was crossed
	}
	h := http.Header{}
	h.Set("X-Ratelimit-Limit", strconv.Itoa(limit))
	h.Set("X-Ratelimit-Remaining", strconv.Itoa(max(0, limit-w.calls)))
	h.Set("X-Ratelimit-Reset", w.ends.Format(http.TimeFormat))
	if w.calls <= limit {
		return h, false
	}
	seconds := (w.ends.Sub(now) + time.Second - 1) / time.Second
	h.Set("Retry-After", strconv.Itoa(int(seconds)))
	return h, true
}
