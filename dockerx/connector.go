package dockerx

import (
	"context"
	"slices"

	"github.com/culvert/culvert/setup"
)

// connectorService is the service of the connector's compose file.
const connectorService = "cloudflared"

// sidecarServices are the services that may run beside the connector.
func sidecarServices() []string { return []string{setup.DNSService, setup.FrontService} }

// observeConnector shows what runs in the connector's project.
func (h *Host) observeConnector(ctx context.Context, w *setup.World, s setup.Stack, private bool) {
	project := s.ConnectorProject
	everyone, err := h.boxes(ctx, project, "")
	if err != nil {
		p := *h.problem(ctx, "looking at the connector", err)
		w.Miss(setup.KindConnector, project, p)
		if private {
			w.Miss(setup.KindSidecar, project, p)
		}
		return
	}
	show := func(own []box, id string, state setup.State) {
		w.Objects = append(w.Objects, setup.Object{Scope: project, ID: id, Mark: own[0].labels()[labelMark], State: state})
	}
	if own := only(everyone, connectorService); len(own) > 0 {
		show(own, project, connectorOf(own, s.Network))
	}
	for _, service := range sidecarServices() {
		if own := only(everyone, service); private && len(own) > 0 {
			show(own, service, sidecarOf(own))
		}
	}
}

// only gives the containers of one service of a project.
func only(project []box, service string) []box {
	return slices.DeleteFunc(slices.Clone(project), func(b box) bool { return b.service() != service })
}

// connectorOf describes the connector by its first container; it runs if all
// of them do. Of several networks the one that is asked for is told.
func connectorOf(all []box, network string) setup.Connector {
	first := all[0]
	c := setup.Connector{Project: first.project(), Running: true}
	if first.Config != nil {
		c.Image = first.Config.Image
	}
	if files := sourceOf(first.labels()).Files; len(files) > 0 {
		c.File = files[0]
	}
	if names := first.networks(); slices.Contains(names, network) {
		c.Network = network
	} else if len(names) > 0 {
		c.Network = names[0]
	}
	c.Networks = slices.DeleteFunc(first.networks(), func(n string) bool { return n == c.Network })
	if len(c.Networks) == 0 {
		c.Networks = nil
	}
	c.Protocol = first.env()["TUNNEL_TRANSPORT_PROTOCOL"]
	if id := setup.TunnelOfToken(first.env()["TUNNEL_TOKEN"]); id != "" {
		c.Tunnel = setup.Lit(id)
	}
	for _, b := range all {
		c.Running = c.Running && b.running()
	}
	return c
}
