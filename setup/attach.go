package setup

import "slices"

// PrivateNetwork is a Docker network of Culvert's own with a subnet of its own,
// so that addresses in it can be fixed: Docker refuses fixed addresses on
// networks whose subnet nobody configured, such as the app's. Bridge driver, not
// internal, the mark as label sh.culvert.mark, the first address is the gateway's.
//
// It is made through the engine's API and not by Compose, so it outlives every
// project. A Port shows the networks named in Stack.PrivateNetwork.
type PrivateNetwork struct {
	Name   string `json:"name"`
	Subnet string `json:"subnet"` // 172.30.250.0/28
}

func (PrivateNetwork) Kind() Kind                 { return KindPrivateNetwork }
func (n PrivateNetwork) mapIDs(func(ID) ID) State { return n }
func (n PrivateNetwork) occupies() []string       { return []string{"network " + n.Name} }
func (n PrivateNetwork) met(have State) bool      { return Same(n, have) }
func (n PrivateNetwork) over(State) State         { return n }

// Endpoint is how a container stands in a network.
type Endpoint struct {
	Network string   `json:"network"`
	Address string   `json:"address,omitempty"` // fixed; empty: as Docker gives it
	Aliases []string `json:"aliases,omitempty"` // further names in the network, sorted
}

// Endpoints are the places in networks that a state has.
func Endpoints(s State) []Endpoint {
	switch s := s.(type) {
	case Attachment:
		return []Endpoint{s.Endpoint}
	case ComposeNetwork:
		return []Endpoint{s.Endpoint}
	case Sidecar:
		return s.Spec.Networks
	}
	return nil
}

// Attachment is a further network of the app's running service, beside those
// that it has. Absent means that a container of the service is not in it.
//
// Scope is project/service, ID the network's name. Create connects the running
// containers (docker network connect --ip --alias), Update disconnects and
// connects again, Delete disconnects. In one call with Settings or Published of
// the service the recreate comes first: if the compose file says the network the
// container has it then, and nothing is connected by hand. More than one running
// container cannot have one fixed address: refused.
type Attachment struct {
	Project string `json:"project"`
	Service string `json:"service"`
	Endpoint
}

func (Attachment) Kind() Kind                 { return KindAttachment }
func (a Attachment) mapIDs(func(ID) ID) State { return a }
func (a Attachment) over(State) State         { return a }
func (a Attachment) occupies() []string {
	return []string{"place " + a.Project + "/" + a.Service + " " + a.Network}
}

// met: further aliases, such as those that Docker adds, do not count.
func (a Attachment) met(have State) bool {
	h, ok := have.(Attachment)
	return ok && h.Project == a.Project && h.Service == a.Service && a.Endpoint.metBy(h.Endpoint)
}

func (e Endpoint) metBy(h Endpoint) bool {
	missing := func(alias string) bool { return !slices.Contains(h.Aliases, alias) }
	return e.Network == h.Network && (e.Address == "" || e.Address == h.Address) && !slices.ContainsFunc(e.Aliases, missing)
}

// ComposeNetwork is that network in the app's own compose file, so that it is
// still there after the operator's next docker compose up: an entry below the
// service's networks (beside default, which is written out if it was implied, or
// the service would lose its database) and the declaration as external.
//
// Scope is the file's path, ID "<service>/<network>". Every other byte is kept;
// Delete puts the lines back that were there before.
type ComposeNetwork struct {
	Path    string `json:"path"`
	Service string `json:"service"`
	Endpoint
}

func (ComposeNetwork) Kind() Kind                 { return KindComposeNetwork }
func (n ComposeNetwork) mapIDs(func(ID) ID) State { return n }
func (n ComposeNetwork) over(State) State         { return n }
func (n ComposeNetwork) occupies() []string {
	return []string{"network " + n.Path + " " + n.Service + " " + n.Network}
}
func (n ComposeNetwork) met(have State) bool {
	h, ok := have.(ComposeNetwork)
	return ok && h.Path == n.Path && h.Service == n.Service && n.Endpoint.metBy(h.Endpoint)
}
