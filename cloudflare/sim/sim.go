package sim

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Options of a Cloud. The zero value is usable.
type Options struct {
	Clock    func() time.Time // default time.Now
	Seed     uint64           // of ids and secrets; 0 takes a random one
	Log      *slog.Logger     // default: discard
	CallLog  io.Writer        // one JSON line per API call
	KeepCall int              // how many calls Calls remembers; default 10,000
	// RateLimit is the number of calls a user has per five minutes; 0 is
	// Cloudflare's 1,200, below 0 there is no limit.
	RateLimit int
	// BrowserCheck: new zones have Browser Integrity Check on, as Cloudflare's
	// do. It refuses callers without a User-Agent, most webhooks among them.
	BrowserCheck bool
	// ResolvedRange is where Gateway takes the first IPv4 address of a private
	// name from, in new accounts; default: 172.64.128.0/20. Accounts older than
	// August 2026 may have 100.80.0.0/16.
	ResolvedRange string
	// Propagation delays what the edge knows of changes; default: not at all.
	Propagation Propagation
	// OnChange runs after every change of what Snapshot would write, outside
	// all locks, on the goroutine that made the change.
	OnChange func()
	Unsure   Unsure
}

// Unsure chooses between answers that neither documents nor reports settle.
// The zero value is the more likely or the more awkward one.
type Unsure struct {
	// EmptyConfigIsMinusOne: a tunnel never configured is at version -1, not 0.
	EmptyConfigIsMinusOne bool `json:"empty_config_is_minus_one,omitempty"`
	// AccountTokensListAccounts: GET /accounts answers account-owned tokens
	// instead of refusing them with 1001.
	AccountTokensListAccounts bool `json:"account_tokens_list_accounts,omitempty"`
	// OnboardByAPI: POST organizations onboards an account to Zero Trust.
	OnboardByAPI bool `json:"onboard_by_api,omitempty"`
	// DomainAtStripped: an e-mail domain written with its @ still matches.
	DomainAtStripped bool `json:"domain_at_stripped,omitempty"`
	// NoMetadataOnBypass: the edge is silent about an application whose
	// policy lets the request through without a login.
	NoMetadataOnBypass bool `json:"no_metadata_on_bypass,omitempty"`
	// ExactPaths: an application on /x covers /x alone. Documented is that
	// what lies below inherits it unless another application is closer.
	ExactPaths bool `json:"exact_paths,omitempty"`
	// ConnectionsInTunnels: a tunnel still shows its connections, where the
	// documentation says that it will "start returning an empty array".
	ConnectionsInTunnels bool `json:"connections_in_tunnels,omitempty"`
	// BrowserCheckChallenges: Browser Integrity Check challenges who sends no
	// User-Agent instead of refusing with error 1010.
	BrowserCheckChallenges bool `json:"browser_check_challenges,omitempty"`
	// PoliciesNotMixed: an application that links reusable policies cannot have
	// its own beside them. The documentation calls them "mutually exclusive".
	PoliciesNotMixed bool `json:"policies_not_mixed,omitempty"`
	// IdenticalIs81057: a record that is there already is refused with 81057,
	// not 81058.
	IdenticalIs81057 bool `json:"identical_is_81057,omitempty"`
	// RateLimitIs971: calls too many are refused with code 971, not 10429.
	RateLimitIs971 bool `json:"rate_limit_is_971,omitempty"`
	// RateLimitFields: what is left is told in the IETF draft's Ratelimit and
	// Ratelimit-Policy, not in the X-Ratelimit headers.
	RateLimitFields bool `json:"rate_limit_fields,omitempty"`
	// DefaultLocation: onboarding an account to Zero Trust makes a DNS location,
	// which is the default one.
	DefaultLocation bool `json:"default_location,omitempty"`
	// DefaultProfileListed: the list of device profiles has the default one in it.
	DefaultProfileListed bool `json:"default_profile_listed,omitempty"`
	// SplitModeKept: a list of split tunnels of the kind that a profile does not
	// use is refused. Otherwise writing it makes it the profile's list.
	SplitModeKept bool `json:"split_mode_kept,omitempty"`
	// SettingsPutKeeps: PUT of the settings of devices leaves what is not in the
	// body as it is, as PATCH does.
	SettingsPutKeeps bool `json:"settings_put_keeps,omitempty"`
	// HostnameTakenIs400: a second route for a name is refused with 400, not 409.
	HostnameTakenIs400 bool `json:"hostname_taken_is_400,omitempty"`
	// SecondEnrolmentIs12130: a second application for enrolling devices is refused
	// as a request that is not valid, not as an application that exists already.
	SecondEnrolmentIs12130 bool `json:"second_enrolment_is_12130,omitempty"`
	// ZeroTrustReadsDEX: what the devices of an account do is shown to tokens with
	// Zero Trust Read as well, not to those with Cloudflare DEX Read alone.
	ZeroTrustReadsDEX bool `json:"zero_trust_reads_dex,omitempty"`
	// WARPNeedsLocation: Gateway resolves names for devices only if the account
	// has a DNS location. No page about private names lists one.
	WARPNeedsLocation bool `json:"warp_needs_location,omitempty"`
	// PingsAlwaysProxied: pings are carried whatever icmp_proxy_enabled says. That
	// it is the dashboard's box for ICMP is not documented.
	PingsAlwaysProxied bool `json:"pings_always_proxied,omitempty"`
	// AppsByRealAddress: an Access application on an address range also stands in
	// the way of what reaches such an address by a route for its name.
	AppsByRealAddress bool `json:"apps_by_real_address,omitempty"`
	// DeletedUnlisted: lists of tunnels and private networks leave the deleted
	// ones out unless is_deleted asks for them, as Cloudflare's changelog
	// announces from December 2025. The official client still says otherwise.
	DeletedUnlisted bool `json:"deleted_unlisted,omitempty"`
	// HostBitsRefused: a private range with address bits behind its prefix
	// (172.18.0.7/16) is refused, where otherwise they are dropped.
	HostBitsRefused bool `json:"host_bits_refused,omitempty"`
	// RoutesOutliveTunnel: a tunnel can be deleted although routes lead to it,
	// which then lead nowhere.
	RoutesOutliveTunnel bool `json:"routes_outlive_tunnel,omitempty"`
	// UnknownMailRefused: a notification is refused if it goes to an address that
	// is nobody's in the account, where otherwise it is taken.
	UnknownMailRefused bool `json:"unknown_mail_refused,omitempty"`
	// AlertPutKeeps: PUT of a notification leaves what is not in the body as it is.
	AlertPutKeeps bool `json:"alert_put_keeps,omitempty"`
}

// Cloud is one simulated Cloudflare. It is safe for concurrent use. Close it.
type Cloud struct {
	o   Options
	log *slog.Logger
	ids ids

	routes *node
	proxy  http.Handler // to the origin, through a tunnel

	mu     sync.RWMutex
	state  state
	spread *spread // nil: changes reach the edge at once
	live   live

	limits limits
	faults faults
	calls  calls
	certs  authority

	addresses addressBook
	firsts    firsts
	hands     hands

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup
}

// New is an empty Cloudflare: no account, no token. See Example.
func New(o Options) *Cloud {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Seed == 0 {
		o.Seed = randomSeed()
	}
	if o.RateLimit == 0 {
		o.RateLimit = usualLimit
	}
	if o.ResolvedRange == "" {
		o.ResolvedRange = usualResolved
	}
	if o.KeepCall == 0 {
		o.KeepCall = 10_000
	}
	c := &Cloud{o: o, log: o.Log, routes: routes()}
	c.ids.seed.Store(o.Seed)
	c.state.reindex(o.Unsure)
	c.spread = newSpread(o.Propagation, o.Seed)
	c.spread.restart(&c.state, c.now())
	c.calls = calls{keep: o.KeepCall, out: o.CallLog}
	c.proxy = c.originProxy()
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// Close disconnects every connector and waits for what runs in the background.
func (c *Cloud) Close() {
	c.mu.Lock()
	conns := c.live.all()
	for _, conn := range conns {
		conn.ending = !conn.over()
	}
	c.cancel()
	c.mu.Unlock()
	closeAll(conns)
	c.work.Wait()
}

func (c *Cloud) now() time.Time { return c.o.Clock().UTC().Truncate(time.Microsecond) }

// change runs f on the state and tells OnChange.
func (c *Cloud) change(f func(*state)) {
	c.mu.Lock()
	f(&c.state)
	c.spread.follow(&c.state, c.now())
	c.mu.Unlock()
	c.changed()
}

func (c *Cloud) changed() {
	if c.o.OnChange != nil {
		c.o.OnChange()
	}
}
