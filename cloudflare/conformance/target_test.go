package conformance

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/culvert/culvert/cloudflare/sim"
)

var (
	live       = flag.Bool("live", false, "run the rows against the real API, with CLOUDFLARE_API_TOKEN, CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_ZONE_ID")
	disposable = flag.Bool("disposable-account", false, "with -live: also rows that change what belongs to the whole account or zone")
)

const (
	realAPI = "https://api.cloudflare.com/client/v4/"
	// prefix of the names of everything that rows make.
	prefix = "culvert-conformance-"
)

// target is the API that rows run against.
type target struct {
	base    string // with a slash at its end
	token   string
	account string
	zone    string
	domain  string // the zone's name
	team    string // the team's domain
	http    *http.Client
	pace    *rate.Limiter // nil: as fast as it goes

	cloud *sim.Cloud // nil: the real API
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

// simulator serves a fresh example Cloudflare. The environment has no say in it.
func simulator(o sim.Options) (target, func()) {
	c := &clock{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	if o.Clock == nil {
		o.Clock = c.Now
	}
	if o.RateLimit == 0 {
		o.RateLimit = -1
	}
	o.Seed = 7
	cloud := sim.Example(o)
	srv := httptest.NewServer(cloud.API())
	b := cloud.Basics()
	transport := &http.Transport{DialContext: dialLoopback}
	t := target{base: srv.URL + "/client/v4/", token: b.Token, account: b.AccountID, zone: b.ZoneID, domain: b.Zone, team: b.TeamDomain,
		http: &http.Client{Transport: transport}, cloud: cloud, clock: c}
	return t, func() {
		transport.CloseIdleConnections()
		srv.Close()
		cloud.Close()
	}
}

var errNotLoopback = errors.New("only loopback may be reached without -live")

// dialLoopback is the only way out that rows have without -live.
func dialLoopback(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("dial %s: %w", addr, errNotLoopback)
	}
	return new(net.Dialer).DialContext(ctx, network, addr)
}

// callsPerSecond leaves Cloudflare's 1,200 calls in five minutes half to others.
const callsPerSecond = 2

// realTarget is the account and the zone that the environment names.
func realTarget() (target, error) {
	t := target{base: realAPI, token: os.Getenv("CLOUDFLARE_API_TOKEN"), account: os.Getenv("CLOUDFLARE_ACCOUNT_ID"),
		zone: os.Getenv("CLOUDFLARE_ZONE_ID"), http: &http.Client{Timeout: time.Minute}, pace: rate.NewLimiter(callsPerSecond, 10)}
	if t.token == "" || t.account == "" || t.zone == "" {
		return target{}, errors.New("-live needs CLOUDFLARE_API_TOKEN, CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_ZONE_ID")
	}
	err := look(t, func(look *try) {
		t.domain = look.object("GET", Z, "").text("name")
		t.team = look.object("GET", A+"/access/organizations", "").text("auth_domain")
	})
	return t, err
}
