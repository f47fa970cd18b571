package setup

import (
	"slices"
	"strings"
)

// wants is what one setup asks for.
func (a Answers) wants() map[Key]State {
	w := map[Key]State{}
	a.wantAccount(w)
	a.wantAccess(w)
	a.wantEdge(w)
	a.wantRemedies(w)
	a.wantTunnel(w)
	a.wantHost(w)
	a.wantAlert(w)
	if a.Private != nil {
		a.wantPrivate(w)
	}
	if a.Site != "" {
		w[a.SiteKey()] = Site{Project: a.Stack.Project, Service: a.Stack.Service, Domain: a.Site}
	}
	return w
}

// public says whether there is a public name. A private mode without webhooks
// can do without one.
func (a Answers) public() bool { return a.Hostname != "" }

// teamInPublic says whether the team may come in through the public name.
func (a Answers) teamInPublic() bool { return !a.Mode.Private() || a.PublicTeam }

func (a Answers) wantAccount(w map[Key]State) {
	w[a.organizationKey()] = Organization{}
	if a.Zone != "" {
		w[a.zoneKey()] = Zone{Name: a.Zone, Status: "active"}
	}
	w[a.loginKey()] = LoginMethod{Type: "onetimepin", Name: "One-time PIN"}
}

func (a Answers) wantAccess(w map[Key]State) {
	w[a.teamKey()] = Policy{Name: "Team of " + string(a.Setup), Decision: Allow, Include: a.Team.includes()}
	if !a.public() {
		return
	}
	lock := App{Name: "Lock on " + a.Hostname, Destinations: []string{a.Hostname}, Policies: []ID{Ref(a.teamKey())}, Session: a.session()}
	if !a.teamInPublic() {
		w[a.nobodyKey()] = Policy{Name: "Nobody", Decision: Deny, Include: []Include{{Type: "everyone"}}}
		lock.Policies = []ID{Ref(a.nobodyKey())}
	}
	w[a.LockKey()] = lock
	a.wantDoors(w)
}

func (a Answers) wantDoors(w map[Key]State) {
	if len(a.Doors) == 0 {
		return
	}
	w[a.bypassKey()] = Policy{Name: "Webhooks: no login", Decision: Bypass, Include: []Include{{Type: "everyone"}}}
	for _, d := range a.Doors {
		app := App{
			Name:     "Door for " + d.Name + " on " + a.Hostname,
			Policies: []ID{Ref(a.bypassKey())},
			Session:  a.session(),
		}
		for _, path := range d.Destinations {
			app.Destinations = append(app.Destinations, a.Hostname+path)
		}
		slices.Sort(app.Destinations)
		w[a.doorKey(d)] = app
	}
}

func (a Answers) session() string {
	if a.Session == "" {
		return "24h"
	}
	return a.Session
}

func (t Team) includes() []Include {
	var in []Include
	for _, e := range t.Emails {
		in = append(in, Include{"email", strings.ToLower(e)})
	}
	for _, d := range t.Domains {
		in = append(in, Include{"email_domain", strings.ToLower(d)})
	}
	slices.SortFunc(in, func(x, y Include) int { return strings.Compare(x.Type+x.Value, y.Type+y.Value) })
	return slices.Compact(in)
}

func (a Answers) wantTunnel(w map[Key]State) {
	name := a.Tunnel
	if name == "" {
		name = string(a.Setup)
	}
	w[a.TunnelKey()] = Tunnel{Name: name, Remote: true}
	if !a.public() {
		return
	}
	service := a.Stack.origin()
	ingress := Ingress{Tunnel: Ref(a.TunnelKey()), Host: a.Hostname}
	for _, d := range a.Doors {
		for _, path := range d.Paths {
			ingress.Rules = append(ingress.Rules, Rule{Path: path, Service: service})
		}
	}
	if a.teamInPublic() {
		ingress.Rules = append(ingress.Rules, Rule{Service: service})
	}
	w[a.ingressKey()] = ingress
	w[a.RecordKey()] = DNSRecord{
		Zone: Ref(a.zoneKey()), Name: a.Hostname, Type: "CNAME", Tunnel: Ref(a.TunnelKey()), Proxied: true,
	}
}

func (a Answers) wantHost(w map[Key]State) {
	w[a.networkKey()] = Network{Name: a.Stack.Network}
	w[a.connectorFileKey()] = ConnectorFile{
		Path: a.Stack.ConnectorFile, Project: a.Stack.ConnectorProject, Image: a.Image,
		Network: a.Stack.Network, Tunnel: Ref(a.TunnelKey()),
		Networks: a.networks(), Protocol: a.protocol(), Sidecars: a.sidecars(),
	}
	w[a.ConnectorKey()] = Connector{
		File: a.Stack.ConnectorFile, Project: a.Stack.ConnectorProject, Image: a.Image,
		Network: a.Stack.Network, Tunnel: Ref(a.TunnelKey()), Running: true,
		Networks: a.networks(), Protocol: a.protocol(),
	}
	a.wantSettings(w)
	a.wantPort(w)
}

func (a Answers) wantSettings(w map[Key]State) {
	items := map[string][]string{}
	for _, s := range a.Settings {
		file := EnvVar{Path: a.Stack.EnvFile, Name: s.Name, Value: s.Value}
		running := Setting{Project: a.Stack.Project, Service: a.Stack.Service, Name: s.Name, Value: s.Value}
		if !s.Whole {
			items[s.Name] = append(items[s.Name], s.Value)
			file.Value, file.Join, file.Items = "", JoinComma, items[s.Name]
			running.Value, running.Join, running.Items = "", JoinComma, items[s.Name]
		}
		w[a.envKey(s.Name)], w[a.settingKey(s.Name)] = file, running
	}
}

func (a Answers) wantPort(w map[Key]State) {
	if a.Port == PortKeep {
		return
	}
	exposure := ExposedLoopback
	if a.Port == PortNone {
		exposure = ExposedNone
	}
	w[a.composePortKey()] = ComposePort{
		Path: a.Stack.ComposeFile, Service: a.Stack.Service, Target: a.Stack.Target, Exposure: exposure,
	}
	w[a.PublishedKey()] = Published{
		Project: a.Stack.Project, Service: a.Stack.Service, Target: a.Stack.Target, Exposure: exposure,
	}
}
