package sim

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// limitWindow is both the span over which calls are counted and the time for
// which a user who exceeded it is refused everything.
const limitWindow = 5 * time.Minute

// usualLimit is how many calls a user of Cloudflare has in a window.
const usualLimit = 1200

// errRateLimit is the refusal of a call too many. Reports have two codes. Where
// calls are not counted a fault refuses as Cloudflare would.
func (o Options) errRateLimit() error {
	code, limit := 10429, o.RateLimit
	if o.Unsure.RateLimitIs971 {
		code = 971
	}
	if limit <= 0 {
		limit = usualLimit
	}
	return refuse(http.StatusTooManyRequests, code, fmt.Sprintf(
		"More than %d requests per %d seconds reached. Please wait and consider throttling your request speed", limit, seconds(limitWindow)))
}

// limits counts the calls of each user.
type limits struct {
	mu    sync.Mutex
	users map[string]*window
}

type window struct {
	ends  time.Time
	calls int
}

// quota is what a user has left after a call.
type quota struct {
	limit, left int
	reset       time.Time
	wait        time.Duration // until calls are answered again; 0: this one is
}

// count takes one call of a user.
func (l *limits) count(user string, limit int, now time.Time) quota {
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
	q := quota{limit: limit, left: max(0, limit-w.calls), reset: w.ends}
	if w.calls > limit {
		q.wait = w.ends.Sub(now)
	}
	return q
}

// announce writes the headers that go with every answer: the ones of the
// documentation, or the ones of the IETF draft that a newer copy of it has.
func (q quota) announce(h http.Header, now time.Time, ietf bool) {
	if ietf {
		h.Set("Ratelimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, q.limit, seconds(limitWindow)))
		h.Set("Ratelimit", fmt.Sprintf(`"default";r=%d;t=%d`, q.left, seconds(q.reset.Sub(now))))
	} else {
		h.Set("X-Ratelimit-Limit", strconv.Itoa(q.limit))
		h.Set("X-Ratelimit-Remaining", strconv.Itoa(q.left))
		h.Set("X-Ratelimit-Reset", q.reset.Format(http.TimeFormat))
	}
	if q.wait > 0 {
		h.Set("Retry-After", strconv.Itoa(seconds(q.wait)))
	}
}

// seconds of a duration, rounded up.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
