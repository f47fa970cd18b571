package sim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Fault makes API calls go wrong. Waiting and other people's writes go with
// anything; of the ways to be answered wrongly it has one at most. ParseFault
// reads it from a line of text.
type Fault struct {
	Method string // empty: any
	// Path is that of the calls below /client/v4, step by step: * or a {name} is
	// any one step, and ** at the end whatever comes; empty: any.
	Path   string
	Chance float64 // of striking a call that it matches; 0: it always does
	Times  int     // how often it strikes; 0: until it is healed

	Delay, Jitter time.Duration // before anything else: at least, and up to so much more
	Meanwhile     Writer        // who writes next, between our read and our write
	Between       func()        // the same for a writer of one's own

	ResetBefore      bool          // the connection drops and nothing was done
	ResetAfterEffect bool          // it was done, and then the connection drops
	SuccessFalse     bool          // 200 with success:false; nothing was done
	RetryAfter       time.Duration // 429 with a Retry-After of so long
	Status           int           // answered instead, with Body
	Body             string        // sent as HTML, as a broken gateway does; empty: a page that says the status
}

// StandingFault is a fault that was injected and not healed.
type StandingFault struct {
	ID int
	Fault
	Matched int // calls that it could have struck
	Struck  int // calls that it did strike
}

// connectionReset is the status that the call log has for a dropped connection.
const connectionReset = 0

type faults struct {
	mu   sync.Mutex
	last int // id
	list []*standing
}

// standing is a fault with its own luck, so that one fault does not change what
// another one strikes.
type standing struct {
	StandingFault
	path   pathPattern
	random *rand.Rand
}

// Inject adds a fault and gives its id. Of several that match, all delay and
// let others write, and the first added that answers wrongly does so. Whom a
// chance strikes follows from Options.Seed and the order of the calls.
func (c *Cloud) Inject(f Fault) int {
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	c.faults.last++
	id := c.faults.last
	c.faults.list = append(c.faults.list, &standing{StandingFault{ID: id, Fault: f}, parsePath(f.Path),
		rand.New(rand.NewPCG(c.o.Seed, uint64(id)))})
	return id
}

// Heal removes every fault.
func (c *Cloud) Heal() {
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	c.faults.list = nil
}

// HealFault removes one fault. It reports whether there is such a one.
func (c *Cloud) HealFault(id int) bool {
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	before := len(c.faults.list)
	c.faults.list = slices.DeleteFunc(c.faults.list, func(s *standing) bool { return s.ID == id })
	return len(c.faults.list) < before
}

// Faults are those that stand, in the order in which they strike.
func (c *Cloud) Faults() []StandingFault {
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	all := []StandingFault{}
	for _, s := range c.faults.list {
		all = append(all, s.StandingFault)
	}
	return all
}

// struck is what befalls one call.
type struck struct {
	wait time.Duration
	hits []Fault // the last one answers, if it answers wrongly
}

// strike picks what befalls a call and uses it up.
func (f *faults) strike(method, path string) (s struck) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.list {
		if !one.matches(method, path) {
			continue
		}
		one.Matched++
		if one.Chance > 0 && one.random.Float64() >= one.Chance {
			continue
		}
		one.Struck++
		s.wait += one.Delay
		if one.Jitter > 0 {
			s.wait += time.Duration(one.random.Int64N(int64(one.Jitter) + 1))
		}
		s.hits = append(s.hits, one.Fault)
		if one.answers() {
			break
		}
	}
	f.list = slices.DeleteFunc(f.list, func(one *standing) bool { return one.Times > 0 && one.Struck >= one.Times })
	return s
}

func (s *standing) matches(method, path string) bool {
	return (s.Method == "" || s.Method == method) && s.path.matches(path)
}

// answers tells whether the fault has an answer of its own.
func (f *Fault) answers() bool {
	return f.ResetBefore || f.ResetAfterEffect || f.SuccessFalse || f.RetryAfter > 0 || f.Status != 0
}

// withFaults answers a call, wrongly if a fault strikes it.
func (c *Cloud) withFaults(r *http.Request, path string, answer func() reply) reply {
	s := c.faults.strike(r.Method, path)
	if s.wait > 0 {
		wait := time.NewTimer(s.wait)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-r.Context().Done():
			return reply{status: connectionReset}
		}
	}
	for _, f := range s.hits {
		if f.Meanwhile != "" {
			c.write(f.Meanwhile)
		}
		if f.Between != nil {
			f.Between()
		}
	}
	if len(s.hits) == 0 {
		return answer()
	}
	return s.hits[len(s.hits)-1].spoil(answer, c.o)
}

func (f *Fault) spoil(answer func() reply, o Options) reply {
	switch {
	case f.ResetBefore:
		return reply{status: connectionReset}
	case f.ResetAfterEffect:
		answer()
		return reply{status: connectionReset}
	case f.SuccessFalse:
		return failure(refuse(http.StatusOK, 1, "An unknown error has occurred"))
	case f.RetryAfter > 0:
		out := failure(o.errRateLimit())
		out.header.Set("Retry-After", strconv.Itoa(seconds(f.RetryAfter)))
		return out
	case f.Status != 0:
		return reply{status: f.Status, header: http.Header{"Content-Type": {"text/html"}}, body: []byte(cmp.Or(f.Body, gatewayPage(f.Status)))}
	default:
		return answer()
	}
}

// gatewayPage is a page in place of an answer.
func gatewayPage(status int) string {
	text := fmt.Sprintf("%d %s", status, http.StatusText(status))
	return "<!DOCTYPE html>\n<html><head><title>" + text + "</title></head><body><center><h1>" + text +
		"</h1></center><hr><center>cloudflare</center></body></html>\n"
}
