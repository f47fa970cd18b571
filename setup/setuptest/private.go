package setuptest

import (
	"slices"

	"github.com/culvert/culvert/setup"
)

// PrivateName is the one of InMode.
const PrivateName = "ocs.your-org"

// InMode is a setup whose team comes in by a private name.
func InMode(a setup.Answers, mode setup.Mode) setup.Answers {
	a.Mode = mode
	a.Settings = append(slices.Clone(a.Settings), setup.Item{Name: "CSRF_TRUSTED_ORIGINS", Value: "https://" + PrivateName},
		setup.Item{Name: "DJANGO_ALLOWED_HOSTS", Value: PrivateName})
	a.Stack.PrivateNetwork, a.Stack.FrontDir = "culvert-"+string(a.Setup), "/var/lib/culvert/"+string(a.Setup)
	a.Private = &setup.Private{
		Name: PrivateName, Subnet: "172.30.250.0/28", Address: "172.30.250.2", DNS: "172.30.250.3", DNSImage: "dnsmasq@sha256:1",
		Front: &setup.Front{Image: "nginx@sha256:2", Source: setup.FromInternal},
		Login: setup.Login{Path: "/accounts/login/", Token: "csrfmiddlewaretoken", Fields: []string{"login", "password"}},
	}
	return a
}

// Following is a setup whose app keeps to its own network and has no front.
func Following(a setup.Answers) setup.Answers {
	a = InMode(a, setup.ModeFallback)
	a.Private.Front, a.Private.Follow, a.Private.Address = nil, true, ""
	return a
}

// Whole is one for which all of that network is routed, as was agreed to.
func Whole(a setup.Answers) setup.Answers {
	a = Following(a)
	a.Private.Whole = true
	a.Consents = []setup.GivenConsent{{Key: setup.Key{Kind: setup.KindRoute, Scope: a.Account, Name: AppRange},
		Consent: setup.Consent{ObjectID: a.Stack.Network, Seen: a.Stack.Project + "/db," + a.Stack.Project + "/" + a.Stack.Service}}}
	return a
}

// AppAddress is where Docker put the app at first, in AppRange.
const (
	AppAddress = "172.18.0.7"
	AppRange   = "172.18.0.0/16"
)

func appNetwork(a setup.Answers, address string, others ...setup.Member) setup.Network {
	return setup.Network{Name: a.Stack.Network, Subnets: []string{AppRange},
		Members: append(others, setup.Member{Project: a.Stack.Project, Service: a.Stack.Service, Address: address})}
}

// Move has Docker give the app another address, and others theirs.
func (w *World) Move(address string, others ...setup.Member) {
	w.object(setup.Key{Kind: setup.KindNetwork, Scope: "docker"}, w.Answers.Stack.Network).State = appNetwork(w.Answers, address, others...)
}

// putPrivate shows what a Port shows of any account in the view of a private mode.
func (w *World) putPrivate() {
	p := w.Answers.Private
	if p == nil {
		return
	}
	account, profile := w.Answers.Account, setup.DefaultProfile
	w.Put(account, "vnet-1", setup.VirtualNetwork{Name: "default", Default: true})
	w.Put(account, profile, setup.DeviceProfile{ID: profile, Carries: true, Devices: 14})
	w.Put(account, "gateway-proxy", setup.GatewayProxy{})
	w.Put(account, "icmp-proxy", setup.ICMPProxy{})
	for _, network := range []string{setup.ResolvedRange, p.Subnet, AppRange} {
		w.Put(account, profile+"/"+network, setup.SplitTunnel{Profile: profile, Network: network})
	}
	w.Put(account, profile+"/"+p.Name, setup.Fallback{Profile: profile, Suffix: p.Name})
	w.Put(account, profile+"/"+p.Name, setup.Shadow{Profile: profile, Hostname: p.Name})
}

// natural is the id of things that have one by nature; empty: it is the
// provider's.
func natural(k setup.Key, s setup.State) string {
	switch s := s.(type) {
	case setup.EnrolmentRule:
		return s.Policy.Lit
	case setup.Attachment:
		return s.Network
	case setup.ComposeNetwork, setup.Certificate:
		return k.Name
	case setup.FrontConfig:
		return s.Path()
	case setup.Sidecar:
		return s.Spec.Service
	}
	return ""
}
