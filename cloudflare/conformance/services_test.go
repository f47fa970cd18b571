package conformance

import (
	"net/http"

	"github.com/cloudflare/cloudflare-go/v7/accounts"
	"github.com/cloudflare/cloudflare-go/v7/alerting"
	"github.com/cloudflare/cloudflare-go/v7/bot_management"
	"github.com/cloudflare/cloudflare-go/v7/dns"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/rulesets"
	"github.com/cloudflare/cloudflare-go/v7/user"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"
	"github.com/cloudflare/cloudflare-go/v7/zones"
)

// services are the parts of the official client that rows use. They are not
// made by its NewClient, which would read the environment.
type services struct {
	options  []option.RequestOption
	accounts *accounts.AccountService
	user     *user.UserService
	zones    *zones.ZoneService
	dns      *dns.DNSService
	zt       *zero_trust.ZeroTrustService
	rulesets *rulesets.RulesetService
	bots     *bot_management.BotManagementService
	alerts   *alerting.PolicyService
}

func official(t target) services {
	return asToken(t, t.token)
}

// asToken is the official client with another token.
func asToken(t target, token string) services {
	opts := []option.RequestOption{option.WithBaseURL(t.base), option.WithAPIToken(token), option.WithMaxRetries(0),
		option.WithHTTPClient(t.http), option.WithMiddleware(func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
			if err := t.wait(); err != nil {
				return nil, err
			}
			return next(r)
		})}
	return services{opts, accounts.NewAccountService(opts...), user.NewUserService(opts...), zones.NewZoneService(opts...),
		dns.NewDNSService(opts...), zero_trust.NewZeroTrustService(opts...), rulesets.NewRulesetService(opts...),
		bot_management.NewBotManagementService(opts...), alerting.NewPolicyService(opts...)}
}
