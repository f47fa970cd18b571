package dockerx

import (
	"context"
	"slices"

	"github.com/culvert/culvert/setup"
)

// connectorService is the service of the connector's compose file.
const connectorService = "cloudflared"

func (h *Host) observeConnector(ctx context.Context, w *setup.World, s setup.Stack) {
	project := s.ConnectorProject
	all, err := h.boxes(ctx, project, connectorService)
	if err != nil {
		w.Miss(setup.KindConnector, project, *h.problem(ctx, "looking at the connector", err))
		return
	}
	if len(all) > 0 {
		w.Objects = append(w.Objects, setup.Object{Scope: project, ID: project,
			Mark: all[0].labels()[labelMark], State: connectorOf(all, s.Network)})
	}
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
	if id := setup.TunnelOfToken(first.env()["TUNNEL_TOKEN"]); id != "" {
		c.Tunnel = setup.Lit(id)
	}
	for _, b := range all {
		c.Running = c.Running && b.running()
	}
	return c
}
