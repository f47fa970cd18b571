package sim

import (
	"net/http"
	"slices"
	"time"
)

// serviceToken is an Access service token. Its secret is told once; what is
// kept is a hash of it.
type serviceToken struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	ClientID    string     `json:"client_id"`
	Secret      string     `json:"secret"`             // hash
	Previous    string     `json:"previous,omitempty"` // hash of the secret before
	PreviousEnd *time.Time `json:"previous_end,omitempty"`
	Duration    string     `json:"duration"`
	ExpiresAt   *time.Time `json:"expires_at"` // nil: never
	Disabled    bool       `json:"disabled,omitempty"`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
}

// maxServiceTokens of an account.
const maxServiceTokens = 50

// forever is the duration of a token that does not expire.
const forever = "forever"

func serviceTokenRoutes() []route {
	list, one := "/accounts/{account}/access/service_tokens", "/accounts/{account}/access/service_tokens/{id}"
	return []route{
		{method: "GET", path: list, area: serviceTokenArea(), access: true, do: listServiceTokens},
		{method: "POST", path: list, area: serviceTokenArea(), access: true, do: createServiceToken},
		{method: "GET", path: one, area: serviceTokenArea(), access: true, do: getServiceToken},
		{method: "PUT", path: one, area: serviceTokenArea(), access: true, do: putServiceToken},
		{method: "DELETE", path: one, area: serviceTokenArea(), access: true, do: deleteServiceToken},
		{method: "POST", path: one + "/refresh", area: serviceTokenArea(), access: true, do: refreshServiceToken},
		{method: "POST", path: one + "/rotate", area: serviceTokenArea(), access: true, do: rotateServiceToken},
	}
}

func serviceTokenArea() area { return area{names: []string{"Access: Service Tokens"}} }

type serviceTokenView struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	ClientID  string     `json:"client_id"`
	Secret    string     `json:"client_secret,omitempty"`
	Duration  string     `json:"duration"`
	Enabled   bool       `json:"enabled"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
}

func (t *serviceToken) view() serviceTokenView {
	return serviceTokenView{ID: t.ID, Name: t.Name, ClientID: t.ClientID, Duration: t.Duration, Enabled: !t.Disabled,
		ExpiresAt: t.ExpiresAt, CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt}
}

// extend lets a token last for its duration from now on.
func (t *serviceToken) extend(now time.Time) error {
	if t.Duration == forever {
		t.ExpiresAt = nil
		return nil
	}
	d, err := time.ParseDuration(t.Duration)
	if err != nil || d <= 0 {
		return invalidAccess("duration must be a duration such as 8760h, or forever")
	}
	end := now.Add(d)
	t.ExpiresAt = &end
	return nil
}

// renew gives a token a new secret and tells it.
func (c *call) renew(t *serviceToken) string {
	secret := c.cloud.ids.aud() // 64 hex digits
	if !c.now.Before(newServiceSecrets()) {
		secret = c.cloud.ids.token("cfast_")
	}
	t.Secret = fingerprint(secret)
	return secret
}

func listServiceTokens(c *call) (answer, error) {
	var rows []serviceTokenView
	for t := range c.account.ServiceTokens.all() {
		if c.wantsNamed(t.Name) {
			rows = append(rows, t.view())
		}
	}
	return page(c.query, rows, paging{25, 1, 1000}), nil
}

type serviceTokenInput struct {
	Name     *string `json:"name"`
	Duration *string `json:"duration"`
	Enabled  *bool   `json:"enabled"`
}

// onto puts what was sent onto a token, which lasts longer only if its
// duration changes.
func (in serviceTokenInput) onto(t *serviceToken, now time.Time) error {
	if in.Name != nil {
		t.Name = *in.Name
	}
	if in.Enabled != nil {
		t.Disabled = !*in.Enabled
	}
	if t.UpdatedAt = now; t.Name == "" {
		return invalidAccess("name is required")
	}
	if in.Duration == nil || *in.Duration == t.Duration {
		return nil
	}
	t.Duration = *in.Duration
	return t.extend(now)
}

func createServiceToken(c *call) (answer, error) {
	var in serviceTokenInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if c.account.ServiceTokens.len() >= maxServiceTokens {
		return answer{}, invalidAccess("an account can have at most 50 service tokens")
	}
	t := &serviceToken{ID: c.cloud.ids.uuid(), ClientID: c.cloud.ids.tag() + ".access", CreatedAt: c.now}
	if in.Duration == nil {
		year := "8760h"
		in.Duration = &year
	}
	if err := in.onto(t, c.now); err != nil {
		return answer{}, err
	}
	view := t.view()
	view.Secret = c.renew(t)
	c.account.ServiceTokens.put(t.ID, t)
	return answer{status: http.StatusCreated, result: view}, nil
}

// serviceToken is a copy of the one in the path, to be put back.
func (c *call) serviceToken() (*serviceToken, error) {
	if t, ok := c.account.ServiceTokens.get(c.id); ok {
		changed := *t
		return &changed, nil
	}
	return nil, errNoAccessObject("service_token")
}

func getServiceToken(c *call) (answer, error) {
	t, err := c.serviceToken()
	if err != nil {
		return answer{}, err
	}
	return answer{result: t.view()}, nil
}

func putServiceToken(c *call) (answer, error) {
	t, err := c.serviceToken()
	if err != nil {
		return answer{}, err
	}
	var in serviceTokenInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if err := in.onto(t, c.now); err != nil {
		return answer{}, err
	}
	c.account.ServiceTokens.put(t.ID, t)
	return answer{result: t.view()}, nil
}

func refreshServiceToken(c *call) (answer, error) {
	t, err := c.serviceToken()
	if err != nil {
		return answer{}, err
	}
	if err := t.extend(c.now); err != nil {
		return answer{}, err
	}
	t.UpdatedAt = c.now
	c.account.ServiceTokens.put(t.ID, t)
	return answer{result: t.view()}, nil
}

// rotateServiceToken gives a new secret. The one before ends now, unless the
// body lets it live on for a while.
func rotateServiceToken(c *call) (answer, error) {
	t, err := c.serviceToken()
	if err != nil {
		return answer{}, err
	}
	var in struct {
		End *time.Time `json:"previous_client_secret_expires_at"`
	}
	if len(c.body) > 0 {
		if err := c.read(&in); err != nil {
			return answer{}, err
		}
	}
	t.Previous, t.PreviousEnd = "", in.End
	if in.End != nil {
		t.Previous = t.Secret
	}
	secret := c.renew(t)
	t.UpdatedAt = c.now
	c.account.ServiceTokens.put(t.ID, t)
	view := t.view()
	view.Secret = secret
	return answer{result: view}, nil
}

// deleteServiceToken leaves rules that name it: they match nobody then.
func deleteServiceToken(c *call) (answer, error) {
	t, err := c.serviceToken()
	if err != nil {
		return answer{}, err
	}
	c.account.ServiceTokens.drop(t.ID)
	return answer{result: t.view()}, nil
}

// works tells whether a token is neither disabled nor past its end.
func (t *serviceToken) works(now time.Time) bool {
	return !t.Disabled && (t.ExpiresAt == nil || now.Before(*t.ExpiresAt))
}

// accepts tells whether a secret opens the token at a time.
func (t *serviceToken) accepts(secret string, now time.Time) bool {
	if !t.works(now) {
		return false
	}
	good := []string{t.Secret}
	if t.PreviousEnd != nil && now.Before(*t.PreviousEnd) {
		good = append(good, t.Previous)
	}
	return slices.Contains(good, fingerprint(secret))
}
