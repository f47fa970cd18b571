package setup

import (
	"slices"
	"strings"
)

// Want is what shall stand for one key, and who wants it.
type Want struct {
	State State
	By    []SetupID
	Take  *Consent
}

// Merge gives what all setups want together: the approved answers of every
// setup, with the candidate in place of the approved answers of focus. A nil
// candidate means that focus wants nothing any more.
//
// The barriers are wants that contradict each other.
func Merge(focus SetupID, candidate *Answers, approved map[SetupID]Answers) (map[Key]Want, []Barrier) {
	all := map[SetupID]Answers{}
	for id, a := range approved {
		if id != focus {
			all[id] = a
		}
	}
	if candidate != nil {
		all[focus] = *candidate
	}
	var order []SetupID
	for id := range all {
		order = append(order, id)
	}
	slices.Sort(order)

	wants := map[Key]Want{}
	var barriers []Barrier
	for _, id := range order {
		a := all[id]
		for key, state := range a.wants() {
			have, shared := wants[key]
			if shared && !Same(have.State, state) {
				barriers = append(barriers, Barrier{Key: key, Why: WhyConflict,
					Detail: "Two setups want different things here: " + string(have.By[0]) + " and " + string(id) + "."})
				continue
			}
			wants[key] = Want{State: state, By: append(have.By, id), Take: a.consent(key, have.Take)}
		}
	}
	slices.SortFunc(barriers, func(x, y Barrier) int { return compareKeys(x.Key, y.Key) })
	return wants, barriers
}

func (a Answers) consent(k Key, have *Consent) *Consent {
	for _, g := range a.Consents {
		if g.Key == k {
			return &Consent{g.ObjectID, g.Seen}
		}
	}
	return have
}

// The keys of mode public. Everything else refers to things by these.

func (a Answers) key(kind Kind, name string) Key { return Key{kind, a.Account, name} }

func (a Answers) organizationKey() Key { return a.key(KindOrganization, "zero-trust") }
func (a Answers) zoneKey() Key         { return a.key(KindZone, a.Zone) }
func (a Answers) loginKey() Key        { return a.key(KindLoginMethod, "team-login") }
func (a Answers) bypassKey() Key       { return a.key(KindPolicy, "bypass") }
func (a Answers) teamKey() Key         { return a.key(KindPolicy, "team/"+string(a.Setup)) }
func (a Answers) doorKey(d Door) Key   { return a.key(KindApp, "door/"+a.Hostname+"/"+d.ID) }
func (a Answers) ingressKey() Key      { return a.key(KindIngress, a.Hostname) }
func (a Answers) networkKey() Key      { return Key{KindNetwork, "docker", a.Stack.Network} }

// TunnelKey is the key of the setup's tunnel.
func (a Answers) TunnelKey() Key { return a.key(KindTunnel, string(a.Setup)) }

// LockKey is the key of the application on the whole public hostname.
func (a Answers) LockKey() Key { return a.key(KindApp, lockPrefix+a.Hostname) }

// RecordKey is the key of the public name.
func (a Answers) RecordKey() Key { return Key{KindDNSRecord, a.Zone, a.Hostname} }

// ConnectorKey is the key of the running connector.
func (a Answers) ConnectorKey() Key {
	return Key{KindConnector, a.Stack.ConnectorProject, "cloudflared"}
}
func (a Answers) connectorFileKey() Key {
	return Key{KindConnectorFile, a.Stack.ConnectorFile, "cloudflared"}
}
func (a Answers) envKey(name string) Key { return Key{KindEnvVar, a.Stack.EnvFile, name} }
func (a Answers) settingKey(name string) Key {
	return Key{KindSetting, a.Stack.serviceScope(), name}
}
func (a Answers) composePortKey() Key {
	return Key{KindComposePort, a.Stack.ComposeFile, a.Stack.Service}
}

// PublishedKey is the key of the app's published port.
func (a Answers) PublishedKey() Key {
	return Key{KindPublished, a.Stack.serviceScope(), a.Stack.Service}
}

func (s Stack) serviceScope() string { return s.Project + "/" + s.Service }

const lockPrefix = "lock/"

func (k Key) isLock() bool { return k.Kind == KindApp && strings.HasPrefix(k.Name, lockPrefix) }
func (k Key) isDoor() bool { return k.Kind == KindApp && strings.HasPrefix(k.Name, "door/") }

// wants is what one setup asks for.
func (a Answers) wants() map[Key]State {
	w := map[Key]State{}
	a.wantAccount(w)
	a.wantAccess(w)
	a.wantTunnel(w)
	a.wantHost(w)
	return w
}

func (a Answers) wantAccount(w map[Key]State) {
	w[a.organizationKey()] = Organization{}
	w[a.zoneKey()] = Zone{Name: a.Zone, Status: "active"}
	w[a.loginKey()] = LoginMethod{Type: "onetimepin", Name: "One-time PIN"}
}

func (a Answers) wantAccess(w map[Key]State) {
	w[a.teamKey()] = Policy{Name: "Team of " + string(a.Setup), Decision: Allow, Include: a.Team.includes()}
	w[a.LockKey()] = App{
		Name:         "Lock on " + a.Hostname,
		Destinations: []string{a.Hostname},
		Policies:     []ID{Ref(a.teamKey())},
		Session:      a.session(),
	}
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
	service := a.Stack.origin()
	ingress := Ingress{Tunnel: Ref(a.TunnelKey()), Host: a.Hostname}
	for _, d := range a.Doors {
		for _, path := range d.Paths {
			ingress.Rules = append(ingress.Rules, Rule{Path: path, Service: service})
		}
	}
	ingress.Rules = append(ingress.Rules, Rule{Service: service})
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
	}
	w[a.ConnectorKey()] = Connector{
		File: a.Stack.ConnectorFile, Project: a.Stack.ConnectorProject, Image: a.Image,
		Network: a.Stack.Network, Tunnel: Ref(a.TunnelKey()), Running: true,
	}
	items := map[string][]string{}
	for _, s := range a.Settings {
		items[s.Name] = append(items[s.Name], s.Value)
	}
	for name, values := range items {
		w[a.envKey(name)] = EnvVar{Path: a.Stack.EnvFile, Name: name, Join: JoinComma, Items: values}
		w[a.settingKey(name)] = Setting{
			Project: a.Stack.Project, Service: a.Stack.Service, Name: name, Join: JoinComma, Items: values,
		}
	}
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
