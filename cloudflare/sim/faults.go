package sim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fault makes matching API calls go wrong. Without any of the effects it only
// counts, delays or runs Between.
type Fault struct {
	Method string // empty: any
	Path   string // prefix of the path below /client/v4; empty: any
	Times  int    // how often it strikes; 0: until Heal

	Delay   time.Duration // before anything else
	Between func()        // runs next: a stranger who writes between our read and our write

	ResetBefore      bool          // the connection drops and nothing was done
	ResetAfterEffect bool          // it was done, and then the connection drops
	SuccessFalse     bool          // 200 with success:false; nothing was done
	RetryAfter       time.Duration // 429 with a Retry-After of so long
	Status           int           // answered instead, with Body
	Body             string        // sent as HTML, as a broken gateway does
}

// connectionReset is the status that the call log has for a dropped connection.
const connectionReset = 0

type faults struct {
	mu   sync.Mutex
	list []*Fault
}

// Inject adds a fault. Of several that match, the first added strikes.
func (c *Cloud) Inject(f Fault) {
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	c.faults.list = append(c.faults.list, &f)
}

// Heal removes every fault.
func (c *Cloud) Heal() {
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	c.faults.list = nil
}

// strike picks the fault for a call and uses up one of its times.
func (f *faults) strike(method, path string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, one := range f.list {
		if one.Method != "" && one.Method != method || !strings.HasPrefix(path, one.Path) {
			continue
		}
		struck := *one
		if one.Times == 1 {
			f.list = slices.Delete(f.list, i, i+1)
		} else if one.Times > 1 {
			one.Times--
		}
		return struck, true
	}
	return Fault{}, false
}

// withFaults answers a call, wrongly if a fault matches it.
func (c *Cloud) withFaults(r *http.Request, path string, answer func() reply) reply {
	f, struck := c.faults.strike(r.Method, path)
	if !struck {
		return answer()
	}
	if f.Delay > 0 {
		wait := time.NewTimer(f.Delay)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-r.Context().Done():
			return reply{status: connectionReset}
		}
	}
	if f.Between != nil {
		f.Between()
	}
	return f.spoil(answer, c.o.Unsure)
}

func (f *Fault) spoil(answer func() reply, u Unsure) reply {
	switch {
	case f.ResetBefore:
		return reply{status: connectionReset}
	case f.ResetAfterEffect:
		answer()
		return reply{status: connectionReset}
	case f.SuccessFalse:
		return failure(refuse(http.StatusOK, 1, "An unknown error has occurred"))
	case f.RetryAfter > 0:
		out := failure(u.errRateLimit())
		out.header.Set("Retry-After", strconv.Itoa(seconds(f.RetryAfter)))
		return out
	case f.Status != 0:
		return reply{status: f.Status, header: http.Header{"Content-Type": {"text/html"}}, body: []byte(f.Body)}
	default:
		return answer()
	}
}
