package sim

import (
	"context"
	"maps"
	"net/netip"
	"slices"

	"github.com/culvert/culvert/setup"
)

// subnet is that of the network of the app in a place, which Docker chose, around
// its first address.
func subnet(place int) string {
	return netip.PrefixFrom(netip.MustParseAddr(firstAddress(place)), 24).Masked().String()
}

// appOn is the place of the app whose network it is; below zero: it is no app's.
func (h *Host) appOn(network string) int {
	return slices.IndexFunc(h.apps, func(a App) bool { return a.stack().Network == network })
}

// observeNetwork shows an app's network, and for the private modes every other.
func (h *Host) observeNetwork(w *setup.World, name string, private bool) {
	if h.down != nil {
		w.Miss(setup.KindNetwork, "docker", *h.down)
		return
	}
	for i, a := range h.apps {
		stack := a.stack()
		if stack.Network != name && !private {
			continue
		}
		n := setup.Network{Name: stack.Network, Subnets: []string{subnet(i)}}
		if private {
			n.Members = h.state.members(i, stack)
		}
		w.Objects = append(w.Objects, setup.Object{Scope: "docker", ID: "net-" + n.Name, State: n})
	}
	for _, own := range slices.Sorted(maps.Keys(h.state.Networks)) {
		if private {
			w.Objects = append(w.Objects, setup.Object{Scope: "docker", ID: "net-" + own, State: setup.Network{Name: own, Subnets: []string{h.state.Networks[own].Subnet}}})
		}
	}
}

func (h *Host) observePrivate(w *setup.World, name string) {
	if h.down != nil {
		w.Miss(setup.KindPrivateNetwork, "docker", *h.down)
		return
	}
	if now := h.private(name); now != nil {
		w.Objects = append(w.Objects, setup.Object{Scope: "docker", ID: "net-" + name, Mark: h.state.Networks[name].Mark, State: now})
	}
}

func (h *Host) private(name string) setup.State {
	n, ok := h.state.Networks[name]
	if !ok {
		return nil
	}
	return setup.PrivateNetwork{Name: name, Subnet: n.Subnet}
}

// doNetwork makes or removes a network of Culvert's own.
func (h *Host) doNetwork(e setup.Entry) []setup.Outcome {
	name := e.Key.Name
	var refused *setup.Problem
	h.change("network", "", name, func(s *state) {
		if refused = h.mayMake(e); refused != nil {
			return
		}
		s.Networks = maps.Clone(s.Networks)
		if s.Networks == nil {
			s.Networks = map[string]private{}
		}
		if to, wanted := e.To.(setup.PrivateNetwork); wanted {
			s.Networks[name] = private{Subnet: to.Subnet, Mark: e.Mark}
			return
		}
		delete(s.Networks, name)
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	o := setup.Outcome{ID: e.ID, State: h.private(name), Err: refused}
	if o.State != nil {
		o.ID = "net-" + name
	}
	return []setup.Outcome{o}
}

func (h *Host) mayMake(e setup.Entry) *setup.Problem {
	now := h.private(e.Key.Name)
	switch {
	case h.down != nil:
		return h.down
	case !setup.Same(e.From, now):
		return changed("The network " + e.Key.Name)
	case e.To == nil && h.inUse(e.Key.Name):
		return &setup.Problem{Code: setup.CodeInUse, Message: "A container is in the network " + e.Key.Name + ", so it is left. Take it out first."}
	case e.To != nil && now != nil:
		return refuse("A network keeps the subnet that it was made with. Choose another name, or remove the network " + e.Key.Name + " first.")
	case e.To == nil:
		return nil
	}
	return h.overlaps(e.To.(setup.PrivateNetwork).Subnet)
}

// overlaps refuses a range that another network has addresses of.
func (h *Host) overlaps(text string) *setup.Problem {
	wanted, err := netip.ParsePrefix(text)
	if err != nil || wanted != wanted.Masked() {
		return refuse("“" + text + "” is no range of addresses for a network.")
	}
	taken := map[string]string{}
	for i, a := range h.apps {
		taken[a.stack().Network] = subnet(i)
	}
	for name, n := range h.state.Networks {
		taken[name] = n.Subnet
	}
	for _, name := range slices.Sorted(maps.Keys(taken)) {
		if netip.MustParsePrefix(taken[name]).Overlaps(wanted) {
			return &setup.Problem{Code: setup.CodeConflict, Message: "The Docker network " + name + " has addresses of " + text + " already. Choose another range."}
		}
	}
	return nil
}

func (h *Host) inUse(network string) bool {
	for _, app := range h.state.Apps {
		for _, sv := range app {
			if _, in := sv.Places[network]; in {
				return true
			}
		}
	}
	for _, s := range h.state.besides() {
		if slices.ContainsFunc(s.Spec.Networks, func(e setup.Endpoint) bool { return e.Network == network }) {
			return true
		}
	}
	for _, c := range h.state.Connectors {
		if slices.Contains(c.Networks, network) {
			return true
		}
	}
	return false
}

// misplaced refuses a place in a network that cannot be had.
func (h *Host) misplaced(service string, entries []setup.Entry) *setup.Problem {
	for _, e := range entries {
		to, ok := e.To.(setup.Attachment)
		if !ok {
			continue
		}
		n, there := h.state.Networks[to.Network]
		if !there {
			return refuse("The Docker network " + to.Network + ", which " + service + " is to join, does not exist.")
		}
		address, err := netip.ParseAddr(to.Address)
		switch {
		case to.Address == "":
		case err != nil || !netip.MustParsePrefix(n.Subnet).Contains(address):
			return refuse(service + " is to have the fixed address " + to.Address + ", but the network " + to.Network + " does not hold it. Nothing was changed.")
		case h.addressTaken(to):
			return refuse(service + " is to have the fixed address " + to.Address + " on the network " + to.Network + ", but another container has it. Nothing was changed.")
		}
	}
	return nil
}

func (h *Host) addressTaken(to setup.Attachment) bool {
	for _, s := range h.state.besides() {
		if s.Running && slices.ContainsFunc(s.Spec.Networks, func(e setup.Endpoint) bool { return e.Network == to.Network && e.Address == to.Address }) {
			return true
		}
	}
	return false
}

// observeReplaced shows hand-made services that a setup replaces; one that is
// not there counts as not running.
func (h *Host) observeReplaced(w *setup.World, services []setup.Service) {
	for _, s := range services {
		scope := s.Project + "/" + s.Service
		if h.down != nil {
			w.Miss(setup.KindPredecessor, scope, *h.down)
			continue
		}
		w.Objects = append(w.Objects, setup.Object{Scope: scope, ID: s.Service, State: h.replaced(s.Project, s.Service)})
	}
}

func (h *Host) replaced(project, service string) setup.Predecessor {
	p := setup.Predecessor{Project: project, Service: service}
	if sv, ok := h.state.Apps[project][service]; ok {
		p.Running, p.Image = sv.Running, sv.Image
	}
	return p
}

// doReplaced stops a service; only its owner starts it again.
func (h *Host) doReplaced(project, service string, e setup.Entry) []setup.Outcome {
	var refused *setup.Problem
	h.change("container", project, service, func(s *state) {
		to, _ := e.To.(setup.Predecessor)
		switch {
		case h.down != nil:
			refused = h.down
		case !setup.Same(e.From, h.replaced(project, service)):
			refused = changed(service + " of " + project)
		case e.To == nil || to.Running:
			refused = refuse("Culvert stops " + service + " and does not start it: start it by hand (docker compose start " + service + ").")
		default:
			sv := s.Apps[project][service]
			sv.Running = false
			s.put(project, service, sv)
		}
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	return []setup.Outcome{{ID: service, State: h.replaced(project, service), Err: refused}}
}

// observeSite asks the app which address it takes for its own.
func (h *Host) observeSite(ctx context.Context, w *setup.World, s setup.Stack) {
	scope := s.Project + "/" + s.Service
	h.mu.Lock()
	h.sites[scope] = *s.Site
	h.mu.Unlock()
	now, err := h.site(ctx, s.Project, s.Service, *s.Site)
	if err != nil {
		w.Miss(setup.KindSite, scope, *setup.AsProblem(err))
		return
	}
	w.Objects = append(w.Objects, setup.Object{Scope: scope, ID: "site", State: now})
}

func (h *Host) site(ctx context.Context, project, service string, c setup.SiteCommand) (setup.State, error) {
	out, err := h.Beside(ctx, project, service, c.Read)
	if err != nil {
		return nil, err
	}
	if c.Domain(out) == "" {
		return nil, refuse(service + " did not say which address it takes for its own.")
	}
	return setup.Site{Project: project, Service: service, Domain: c.Domain(out)}, nil
}

func (h *Host) doSite(ctx context.Context, project, service string, e setup.Entry) ([]setup.Outcome, error) {
	h.mu.Lock()
	c, known := h.sites[e.Key.Scope]
	h.mu.Unlock()
	to, ok := e.To.(setup.Site)
	if !known || !ok {
		return failAll([]setup.Entry{e}, refuse("How "+e.Key.Scope+" keeps its own address is not known. Look again, then go on.")), nil
	}
	now, err := h.site(ctx, project, service, c)
	if err != nil {
		return failAll([]setup.Entry{e}, setup.AsProblem(err)), nil
	}
	if !setup.Same(e.From, now) {
		return []setup.Outcome{{ID: "site", State: now, Err: changed("The address that " + service + " takes for its own")}}, nil
	}
	command, sound := c.Writing(to.Domain)
	if !sound {
		return failAll([]setup.Entry{e}, refuse("“"+to.Domain+"” is no domain, so "+service+" was not told to take it for its own.")), nil
	}
	_, failed := h.Beside(ctx, project, service, command)
	if now, err = h.site(ctx, project, service, c); err != nil {
		return nil, err
	}
	return []setup.Outcome{{ID: "site", State: now, Err: setup.AsProblem(failed)}}, nil
}
