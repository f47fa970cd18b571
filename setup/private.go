package setup

// Private is what the private modes need to know beside the other answers.
type Private struct {
	Name string `json:"name"` // the private hostname: ocs.your-org
	// Subnet of Culvert's own Docker network: free on this server and in the
	// account's routes, chosen once and kept (FreeSubnet).
	Subnet string `json:"subnet"`
	// Address is where the name leads: the front's in Subnet, without a front the
	// app's there. If the app is followed, each look fills it in (Placed), with the
	// range of the app's network in Within; both are empty until then.
	Address string `json:"address"`
	Within  string `json:"within,omitempty"`
	// DNS is the address of dnsmasq in Subnet. Only fallback uses it.
	DNS string `json:"dns"`
	// Front speaks TLS for the name; nil: the app is reached as it is, on its own
	// port and without TLS.
	Front *Front `json:"front,omitempty"`
	// Follow: without a front, the app gets no second network. It keeps the
	// address that Docker gave it in its own one, which may change when it is made
	// anew.
	Follow bool `json:"follow,omitempty"`
	// Whole: of a followed app, all of its network is routed and behind the login
	// instead of its address (Within).
	Whole bool `json:"whole,omitempty"`

	Profiles []string `json:"profiles,omitempty"` // device profiles of the team; empty: the default one
	VNet     string   `json:"vnet,omitempty"`     // name of a virtual network; empty: the default
	ICMP     bool     `json:"icmp,omitempty"`     // pings as well
	Location bool     `json:"location,omitempty"` // a DNS location, as the guide makes one
	DNSImage string   `json:"dns_image"`          // dnsmasq, by tag or digest
	Comment  string   `json:"comment,omitempty"`  // the operator's description of the routes
	Login    Login    `json:"login,omitzero"`     // of the app, by which the way is proven
	// Protocol of the connector; empty: as the mode needs it.
	Protocol string `json:"protocol,omitempty"`
	// Replaces are hand-made services that are stopped once ours are proven.
	Replaces []Service `json:"replaces,omitempty"`
}

// Login is the app's own login page. Zero: nobody knows it.
type Login struct {
	Path   string   `json:"path"`
	Token  string   `json:"token"`  // the field that must come back as it was given, against forged forms
	Fields []string `json:"fields"` // the others
}

// Front is the choice of a server that speaks TLS for the private name.
type Front struct {
	Image    string `json:"image"` // nginx, by tag or digest
	Source   Source `json:"source"`
	Wildcard bool   `json:"wildcard,omitempty"`
}

// profiles are the device profiles that the team's devices have.
func (p Private) profiles() []string {
	if len(p.Profiles) == 0 {
		return []string{DefaultProfile}
	}
	return p.Profiles
}

// view says what of the account and the host the private mode asks for.
func (p Private) view(a Answers) View {
	v := View{Private: true, Profiles: p.profiles(), Names: []string{p.Name}, Networks: []string{ResolvedRange}, Replaces: p.Replaces}
	if p.Subnet != "" {
		v.Networks = append(v.Networks, p.Subnet)
	}
	if p.Within != "" {
		v.Networks = append(v.Networks, p.Within)
	}
	for _, address := range []string{p.Address, p.DNS} {
		if a.Mode == ModeFallback && address != "" {
			v.Lookups = append(v.Lookups, Lookup{p.VNet, address})
		}
	}
	if p.Front != nil {
		v.Certificates = []Certificate{a.certificate()}
	}
	return v
}

// OnHost is what of a view stands on this host.
func (v View) OnHost() View {
	return View{Stacks: v.Stacks, Private: v.Private, Certificates: v.Certificates, Replaces: v.Replaces}
}

// certificate is the certificate that the front needs.
func (a Answers) certificate() Certificate {
	return Certificate{Name: a.Private.Name, Wildcard: a.Private.Front.Wildcard, Source: a.Private.Front.Source,
		Dir: a.Stack.FrontDir, Valid: true}
}
