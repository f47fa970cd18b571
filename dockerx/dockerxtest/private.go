package dockerxtest

import (
	"slices"
	"testing"

	"github.com/culvert/culvert/setup"
)

// DNSImage is an image with dnsmasq that a Subject's engine must have.
const DNSImage = "culvert.test/dnsmasq:1"

// The addresses that the tests use.
const (
	Subnet     = "172.30.250.0/28"
	AppAddress = "172.30.250.2"
	DNSAddress = "172.30.250.3"
)

func (s Subject) wantNetwork(t *testing.T, subnet string) setup.Entry {
	t.Helper()
	name := s.Stack.PrivateNetwork
	key := setup.Key{Kind: setup.KindPrivateNetwork, Scope: "docker", Name: name}
	e := setup.Entry{Key: key, Verb: setup.Create, Mark: setup.Mark("test", key), To: setup.PrivateNetwork{Name: name, Subnet: subnet}}
	if o := find(s.observe(t), setup.KindPrivateNetwork, "docker", ""); o != nil {
		e.Verb, e.ID, e.From = setup.Update, o.ID, o.State
	}
	return e
}

func (s Subject) attachment(t *testing.T) setup.State {
	t.Helper()
	if o := find(s.observe(t), setup.KindAttachment, s.appScope(), s.Stack.PrivateNetwork); o != nil {
		return o.State
	}
	return nil
}

func (s Subject) wantAttachment(t *testing.T, address string, aliases ...string) setup.Entry {
	t.Helper()
	name := s.Stack.PrivateNetwork
	e := setup.Entry{Key: setup.Key{Kind: setup.KindAttachment, Scope: s.appScope(), Name: name}, Verb: setup.Update, ID: name, From: s.attachment(t),
		To: setup.Attachment{Project: s.Stack.Project, Service: s.Stack.Service, Endpoint: setup.Endpoint{Network: name, Address: address, Aliases: aliases}}}
	if e.From == nil {
		e.Verb, e.ID = setup.Create, ""
	}
	return e
}

func networkMade(t *testing.T, s Subject) {
	e := s.wantNetwork(t, Subnet)
	made := s.mustDo(t, e)
	w := s.observe(t)
	o := find(w, setup.KindPrivateNetwork, "docker", "")
	if o == nil || o.Mark != e.Mark || o.ID != made[0].ID || !setup.Same(o.State, e.To) {
		t.Fatalf("seen as %+v", o)
	}
	subnets, members := map[string][]string{}, []setup.Member{}
	for _, o := range w.Objects {
		if n, ok := o.State.(setup.Network); ok {
			subnets[n.Name] = n.Subnets
			if n.Name == s.Stack.Network {
				members = n.Members
			}
		}
	}
	ips, err := s.Host.Addresses(s.context(t), s.Stack.Project, s.Stack.Service)
	if err != nil || !slices.ContainsFunc(members, func(m setup.Member) bool {
		return m.Project == s.Stack.Project && m.Service == s.Stack.Service && slices.Contains(ips, m.Address)
	}) {
		t.Errorf("the app is at %v (%v), and its network is seen with %+v", ips, err, members)
	}
	if !slices.Equal(subnets[s.Stack.PrivateNetwork], []string{Subnet}) || len(subnets[s.Stack.Network]) == 0 {
		t.Errorf("the networks of the host are seen as %v", subnets)
	}
	wantCode(t, s.doUnwritten(t, s.wantNetwork(t, "172.30.251.0/28")), setup.CodeRefused)
	again := e
	again.Key.Name, again.To = "culvert-other", setup.PrivateNetwork{Name: "culvert-other", Subnet: "172.30.250.8/29"}
	wantCode(t, s.doUnwritten(t, again), setup.CodeConflict)
}

func joined(t *testing.T, s Subject) {
	e := s.wantAttachment(t, AppAddress, "app.culvert")
	s.mustDo(t, e)
	if now := s.attachment(t); !setup.Same(now, e.To) {
		t.Errorf("seen as %+v", now)
	}
	ips, err := s.Host.Addresses(s.context(t), s.Stack.Project, s.Stack.Service)
	if err != nil || len(ips) < 1 {
		t.Errorf("addresses %v: %v", ips, err)
	}
	if d := s.Host.LastDowntime(s.Stack.Project, s.Stack.Service); d <= 0 { // of the recreate before: joining takes none
		t.Errorf("downtime %v", d)
	}
	if p := s.published(t); p.Exposure != setup.ExposedPublic {
		t.Errorf("the port: %+v", p)
	}
	other := s.wantAttachment(t, AppAddress)
	if !setup.Met(other.To, other.From) {
		t.Error("a further name counts as a difference")
	}
	moved := s.wantAttachment(t, "172.30.250.5")
	s.mustDo(t, moved)
	s.mustDo(t, s.wantAttachment(t, AppAddress, "app.culvert"))
}

func misplaced(t *testing.T, s Subject) {
	before := s.attachment(t)
	wantCode(t, s.doUnwritten(t, s.wantAttachment(t, "10.9.9.9")), setup.CodeRefused)
	stale := s.wantAttachment(t, "172.30.250.6")
	stale.From = setup.Attachment{Project: s.Stack.Project, Service: s.Stack.Service, Endpoint: setup.Endpoint{Network: s.Stack.PrivateNetwork, Address: "172.30.250.9"}}
	wantCode(t, s.doUnwritten(t, stale), setup.CodeChanged)
	gone := s.wantNetwork(t, Subnet)
	gone.Verb, gone.To = setup.Delete, nil
	wantCode(t, s.doUnwritten(t, gone), setup.CodeInUse)
	if now := s.attachment(t); !setup.Same(now, before) {
		t.Errorf("it became %+v", now)
	}
}

func (s Subject) wantDNS(t *testing.T, address string) setup.Entry {
	t.Helper()
	project := s.Stack.ConnectorProject
	key := setup.Key{Kind: setup.KindSidecar, Scope: project, Name: setup.DNSService}
	spec := setup.SidecarSpec{Service: setup.DNSService, Image: DNSImage, Networks: []setup.Endpoint{{Network: s.Stack.PrivateNetwork, Address: address}},
		Names: []setup.HostAddress{{Name: "ocs.your-org", Address: AppAddress}}}
	e := setup.Entry{Key: key, Verb: setup.Create, Mark: setup.Mark("test", key), To: setup.Sidecar{File: s.Stack.ConnectorFile, Project: project, Spec: spec, Running: true}}
	if o := find(s.observe(t), setup.KindSidecar, project, setup.DNSService); o != nil {
		e.Verb, e.ID, e.From = setup.Update, o.ID, o.State
	}
	return e
}

func sidecarUp(t *testing.T, s Subject) {
	taken := s.wantDNS(t, AppAddress)
	for _, o := range s.do(t, taken) {
		if o.Err == nil {
			t.Errorf("it has an address that the app has: %+v", o)
		}
	}
	e := s.wantDNS(t, DNSAddress)
	s.mustDo(t, e)
	o := find(s.observe(t), setup.KindSidecar, s.Stack.ConnectorProject, setup.DNSService)
	if o == nil || o.Mark != e.Mark || !setup.Same(o.State, e.To) {
		t.Fatalf("seen as %+v", o)
	}
	if c := s.connector(t); c == nil || !c.State.(setup.Connector).Running {
		t.Errorf("the connector beside it: %+v", c)
	}
}

func sidecarGone(t *testing.T, s Subject) {
	e := s.wantDNS(t, DNSAddress)
	e.Verb, e.To = setup.Delete, nil
	s.mustDo(t, e)
	if o := find(s.observe(t), setup.KindSidecar, s.Stack.ConnectorProject, setup.DNSService); o != nil {
		t.Errorf("still there: %+v", o)
	}
	if c := s.connector(t); c == nil || !c.State.(setup.Connector).Running {
		t.Errorf("the connector went with it: %+v", c)
	}
}

func left(t *testing.T, s Subject) {
	e := s.wantAttachment(t, AppAddress)
	e.Verb, e.To = setup.Delete, nil
	s.mustDo(t, e)
	gone := s.wantNetwork(t, Subnet)
	gone.Verb, gone.To = setup.Delete, nil
	s.mustDo(t, gone)
	w := s.observe(t)
	if a, n := s.attachment(t), find(w, setup.KindPrivateNetwork, "docker", ""); a != nil || n != nil {
		t.Errorf("left: %+v, %+v", a, n)
	}
}
