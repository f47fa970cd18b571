package sim

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
)

func profileRoutes() []route {
	of, one := "/accounts/{account}/devices/policy", "/accounts/{account}/devices/policy/{id}"
	all := []route{
		{method: "GET", path: "/accounts/{account}/devices/policies", do: listProfiles},
		{method: "GET", path: of, do: getProfile},
		{method: "PATCH", path: of, do: editProfile},
		{method: "POST", path: of, do: createProfile},
		{method: "GET", path: one, do: getProfile},
		{method: "PATCH", path: one, do: editProfile},
		{method: "DELETE", path: one, do: deleteProfile},
	}
	for _, base := range []string{of, one} {
		all = append(all,
			route{method: "GET", path: base + "/exclude", do: getExclude},
			route{method: "PUT", path: base + "/exclude", do: putExclude},
			route{method: "DELETE", path: base + "/exclude", do: resetExclude},
			route{method: "GET", path: base + "/include", do: getInclude},
			route{method: "PUT", path: base + "/include", do: putInclude},
			route{method: "GET", path: base + "/fallback_domains", do: getFallback},
			route{method: "PUT", path: base + "/fallback_domains", do: putFallback},
			route{method: "DELETE", path: base + "/fallback_domains", do: resetFallback})
	}
	for i := range all {
		all[i].area = zeroTrustArea()
	}
	return all
}

// badProfile has the code that people report of bodies which the API cannot take;
// whether it has others as well was not established.
func badProfile(text string) error {
	return refuse(http.StatusBadRequest, 2003, "invalid json request: "+text)
}

// errNoProfile has a code and a text that were not established.
var errNoProfile = refuse(http.StatusNotFound, 1003, "Device settings profile not found")

// profile is the one of the path: the default one where it names none.
func (c *call) profile() (*profile, error) {
	if c.id == "" {
		return c.account.Profile, nil
	}
	if p, ok := c.account.Profiles.get(c.id); ok {
		return p, nil
	}
	return nil, errNoProfile
}

// keep puts a profile in the place of the one with its id.
func (a *account) keep(p profile) {
	if p.Default {
		a.Profile = &p
		return
	}
	a.Profiles.put(p.ID, &p)
}

func (c *call) profileView(p *profile) map[string]any { return p.view(c.account.GatewayTag) }

// listProfiles gives the custom ones in the order in which they are asked
// whether they are a device's.
func listProfiles(c *call) (answer, error) {
	views := []map[string]any{}
	for _, p := range c.account.profiles() {
		views = append(views, c.profileView(p))
	}
	if c.cloud.o.Unsure.DefaultProfileListed {
		views = append(views, c.profileView(c.account.Profile))
	}
	return answer{result: views}, nil
}

// profiles are the custom ones by precedence.
func (a *account) profiles() []*profile {
	list := slices.Collect(a.Profiles.all())
	slices.SortStableFunc(list, func(p, q *profile) int { return cmp.Compare(p.Precedence, q.Precedence) })
	return list
}

func getProfile(c *call) (answer, error) {
	p, err := c.profile()
	if err != nil {
		return answer{}, err
	}
	return answer{result: c.profileView(p)}, nil
}

type profileInput struct {
	Name        *string       `json:"name"`
	Description *string       `json:"description"`
	Match       *string       `json:"match"`
	Precedence  *float64      `json:"precedence"`
	Exclude     *[]splitEntry `json:"exclude"`
	Include     *[]splitEntry `json:"include"`
}

func createProfile(c *call) (answer, error) {
	var in profileInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	if in.Name == nil || in.Match == nil || in.Precedence == nil {
		return answer{}, badProfile("name, match and precedence are required")
	}
	return c.saveProfile(newProfile(c.cloud.ids.uuid()))
}

func editProfile(c *call) (answer, error) {
	p, err := c.profile()
	if err != nil {
		return answer{}, err
	}
	var sent map[string]json.RawMessage
	if err := c.read(&sent); err != nil {
		return answer{}, err
	}
	if len(sent) == 0 {
		return answer{}, badProfile("the body is empty")
	}
	return c.saveProfile(*p)
}

// saveProfile changes p by what the body has and stores it.
func (c *call) saveProfile(p profile) (answer, error) {
	var in profileInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	var err error
	if p.Settings, err = p.Settings.over(c.body, profileDefaults()); err != nil {
		return answer{}, err
	}
	if err := p.Settings.check(profileDefaults()); err != nil {
		return answer{}, err
	}
	if !p.Default {
		set(&p.Name, in.Name)
		set(&p.Description, in.Description)
		set(&p.Match, in.Match)
		set(&p.Precedence, in.Precedence)
	}
	if err := p.checkSettings(c.account); err != nil {
		return answer{}, err
	}
	if p, err = c.withLists(p, in); err != nil {
		return answer{}, err
	}
	c.account.keep(p)
	return answer{result: c.profileView(&p)}, nil
}

// withLists takes over a list of split tunnels, of one kind only.
func (c *call) withLists(p profile, in profileInput) (profile, error) {
	switch {
	case in.Exclude != nil && in.Include != nil:
		return p, badProfile("exclude and include cannot both be set")
	case in.Exclude != nil:
		return p.split(*in.Exclude, false, c.cloud.o.Unsure)
	case in.Include != nil:
		return p.split(*in.Include, true, c.cloud.o.Unsure)
	}
	return p, nil
}

func (p *profile) checkSettings(a *account) error {
	if !p.Default {
		if p.Name == "" {
			return badProfile("name is required")
		}
		if _, err := parseMatch(p.Match); err != nil {
			return badProfile("invalid match: " + err.Error())
		}
	}
	if modes := []string{"warp", "1dot1", "proxy", "posture_only", "warp_tunnel_only"}; !slices.Contains(modes, p.mode()) {
		return badProfile("unknown service_mode_v2.mode")
	}
	own, err := p.vnets()
	if err != nil || own != nil && !slices.Contains(own.Allowed, own.Default) {
		return badProfile("virtual_networks.default must be one of the allowed ones")
	}
	if own == nil {
		return nil
	}
	for _, id := range own.Allowed {
		if _, err := a.liveVNet(id); err != nil {
			return err
		}
	}
	return nil
}

// mode is what the client does on the device: only in "warp" and
// "warp_tunnel_only" does it carry traffic.
func (p *profile) mode() string {
	var m struct{ Mode string }
	if json.Unmarshal(p.Settings["service_mode_v2"], &m) != nil {
		return ""
	}
	return m.Mode
}

// profileVNets are the virtual networks that a device may reach.
type profileVNets struct {
	Allowed []string `json:"allowed"`
	Default string   `json:"default"`
}

// vnets are nil where a profile does not limit them.
func (p *profile) vnets() (*profileVNets, error) {
	raw, limited := p.Settings["virtual_networks"]
	if !limited {
		return nil, nil
	}
	var v profileVNets
	err := json.Unmarshal(raw, &v)
	return &v, err
}

func deleteProfile(c *call) (answer, error) {
	if _, err := c.profile(); err != nil {
		return answer{}, err
	}
	c.account.Profiles.drop(c.id)
	return listProfiles(c)
}
