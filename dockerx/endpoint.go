package dockerx

import (
	"context"
	"slices"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/culvert/culvert/setup"
)

// endpoint is how a container stands in a network, as it was asked for: an
// address that Docker chose is not told, because it may be another tomorrow. Nil
// if the container is not in it.
func (b box) endpoint(name string) *setup.Endpoint {
	if b.NetworkSettings == nil || b.NetworkSettings.Networks[name] == nil {
		return nil
	}
	ep := b.NetworkSettings.Networks[name]
	e := &setup.Endpoint{Network: name}
	if ep.IPAMConfig != nil && ep.IPAMConfig.IPv4Address.IsValid() {
		e.Address = ep.IPAMConfig.IPv4Address.String()
	}
	for _, alias := range ep.Aliases {
		if !b.knownAs(alias) {
			e.Aliases = append(e.Aliases, alias)
		}
	}
	slices.Sort(e.Aliases)
	e.Aliases = slices.Compact(e.Aliases)
	return e
}

// knownAs: Docker and Compose give every container these names.
func (b box) knownAs(alias string) bool {
	return alias == b.service() || alias == b.name() || len(b.ID) >= 12 && alias == b.ID[:12]
}

// attachmentOf is a further network of a service as all its running containers
// have it; nil if one of them is not in it.
func attachmentOf(up []box, project, service, name string) setup.State {
	var found *setup.Endpoint
	for _, b := range up {
		e := b.endpoint(name)
		switch {
		case e == nil:
			return nil
		case found == nil:
			found = e
		default:
			found.Aliases = slices.DeleteFunc(found.Aliases, func(a string) bool { return !slices.Contains(e.Aliases, a) })
		}
	}
	if found == nil {
		return nil
	}
	return setup.Attachment{Project: project, Service: service, Endpoint: *found}
}

// attach puts the running containers into the networks that the entries say, or
// takes them out. What a recreate has brought about already is left.
func (h *Host) attach(ctx context.Context, r *recreation) *setup.Problem {
	if !slices.ContainsFunc(r.entries, func(e setup.Entry) bool { return e.Key.Kind == setup.KindAttachment }) {
		return nil
	}
	up, err := h.runningBoxes(ctx, r.project, r.service)
	if err != nil {
		return h.problem(ctx, "looking at "+r.scope(), err)
	}
	now := &recreation{project: r.project, service: r.service, up: up}
	for _, e := range r.entries {
		if e.Key.Kind != setup.KindAttachment || took(e, now.read(up, e)) {
			continue
		}
		to, _ := e.To.(setup.Attachment)
		if e.To != nil && to.Address != "" && len(up) > 1 {
			return refuse("%s runs in %d containers, and only one can have the address %s. Run one of them (docker compose up --scale %s=1), then go on.", r.service, len(up), to.Address, r.service)
		}
		for _, b := range up {
			if p := h.place(ctx, now, b, idOf(e), e.To != nil, to.Endpoint); p != nil {
				return p
			}
		}
	}
	return nil
}

// place makes one container stand in a network as wanted. If Docker does not
// take it, the container stands as before.
func (h *Host) place(ctx context.Context, r *recreation, b box, name string, wanted bool, to setup.Endpoint) *setup.Problem {
	n, err := h.networkNamed(ctx, name)
	switch {
	case err != nil:
		return h.problem(ctx, "looking at the network "+name, err)
	case n == nil && wanted:
		return refuse("The Docker network %s, which %s is to join, does not exist.", name, r.service)
	case n == nil:
		return nil
	}
	if wanted && to.Address != "" {
		if err := h.addressFree(ctx, r, n.ID, name, to.Address); err != nil {
			return h.problem(ctx, "looking at the network "+name, err)
		}
	}
	had := b.endpoint(name)
	if had != nil {
		_, err := h.api.NetworkDisconnect(ctx, n.ID, client.NetworkDisconnectOptions{Container: b.ID})
		if err != nil && !cerrdefs.IsNotFound(err) {
			return h.problem(ctx, "taking "+b.name()+" out of the network "+name, err)
		}
	}
	if !wanted {
		return nil
	}
	if err := h.connect(ctx, n.ID, b, to); err != nil {
		if had != nil {
			back, cancel := lastLook(ctx)
			defer cancel()
			if again := h.connect(back, n.ID, b, *had); again != nil {
				h.log.ErrorContext(ctx, "a container was not put back into its network", "container", b.name(), "network", name, "err", again)
			}
		}
		return h.problem(ctx, "putting "+b.name()+" into the network "+name, err)
	}
	return nil
}

func (h *Host) connect(ctx context.Context, id string, b box, to setup.Endpoint) error {
	settings := &network.EndpointSettings{Aliases: append([]string{b.service()}, to.Aliases...)}
	if to.Address != "" {
		settings.IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: parseAddress(to.Address)}
	}
	_, err := h.api.NetworkConnect(ctx, id, client.NetworkConnectOptions{Container: b.ID, EndpointConfig: settings})
	return err
}
