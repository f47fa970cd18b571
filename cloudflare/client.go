package cloudflare

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"golang.org/x/time/rate"

	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// DefaultBaseURL is the real API.
const DefaultBaseURL = "https://api.cloudflare.com/client/v4/"

// Cloudflare lets a user make 1,200 calls in five minutes, the dashboard and
// every other token of that user included, and answers nothing for five more
// if there were more. We make 960 at most. The burst lets a few looks at an
// account go out at once.
const (
	callsPerSecond = 2
	callsAtOnce    = 300
)

const (
	answerTimeout = 30 * time.Second
	firstPause    = 300 * time.Millisecond // before a read is repeated; then doubled
	longestPause  = 5 * time.Second        // a longer Retry-After is reported, not waited for
)

// Options of a Client.
type Options struct {
	Token   secret.Text
	BaseURL string // default DefaultBaseURL
	// Account is where TunnelToken and Connectors look for a tunnel that this
	// client has not come across yet. Optional.
	Account string
	HTTP    *http.Client     // default: one with a time-out
	Log     *slog.Logger     // default: discard
	Clock   func() time.Time // default time.Now
}

// Client is a setup.Port over one API token. It is safe for concurrent use.
type Client struct {
	api     sdk.Client
	token   secret.Text
	limiter *rate.Limiter
	pause   time.Duration
	log     *slog.Logger
	clock   func() time.Time

	calls atomic.Uint64

	account string
	mu      sync.Mutex
	homes   map[string]string // tunnel → account, of tunnels come across

	replicas map[string][]setup.Replica // by tunnel
}

var _ setup.Port = (*Client)(nil)

// New makes a client. It makes no call.
func New(o Options) (*Client, error) {
	if o.Token.Empty() {
		return nil, errors.New("cloudflare: an API token is needed")
	}
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, fmt.Errorf("cloudflare: the API address %q is not an http or https URL", o.BaseURL)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Client{
		// Not sdk.NewClient, which reads the environment.
		api: sdk.Client{Options: []option.RequestOption{
			option.WithHTTPClient(httpClient(o.HTTP)),
			option.WithBaseURL(base.JoinPath("/").String()),
			option.WithAPIToken(o.Token.Reveal()),
			option.WithMaxRetries(0),
		}},
		token:   o.Token,
		limiter: rate.NewLimiter(callsPerSecond, callsAtOnce),
		pause:   firstPause,
		log:     o.Log,
		clock:   o.Clock,
		account: o.Account,
		homes:   map[string]string{},

		replicas: map[string][]setup.Replica{},
	}, nil
}

// Calls counts the calls that this client has made.
func (c *Client) Calls() uint64 { return c.calls.Load() }

// httpClient is the given client, or one of our own, made not to follow
// redirects: the API has none, and a write that became a GET would look done.
func httpClient(given *http.Client) *http.Client {
	c := http.Client{Timeout: answerTimeout}
	if given != nil {
		c = *given
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

func (c *Client) remember(tunnel, account string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.homes[tunnel] = account
}

// homeOf is the account of a tunnel that was observed or made by this client.
func (c *Client) homeOf(tunnel string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if account, ok := c.homes[tunnel]; ok {
		return account, nil
	}
	if c.account != "" {
		return c.account, nil
	}
	return "", &setup.Problem{Code: setup.CodeNotFound,
		Message: "The tunnel has not been seen in any account yet. Look at the account first, then try again."}
}
