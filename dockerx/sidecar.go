package dockerx

import (
	"context"

	"github.com/moby/moby/client"

	"github.com/culvert/culvert/setup"
)

// labelConfig holds the digest of the configuration that a front was started
// with.
const labelConfig = "sh.culvert.config"

// byHand follows the image of a container that is not started as Culvert would.
const byHand = " (started otherwise than Culvert does)"

// sidecarOf describes a service beside the connector by its first container; it
// runs if all of them do.
func sidecarOf(all []box) setup.Sidecar {
	first := all[0]
	s := setup.Sidecar{Project: first.project(), Running: true, Spec: setup.SidecarSpec{Service: first.service(), Config: first.labels()[labelConfig]}}
	if files := sourceOf(first.labels()).Files; len(files) > 0 {
		s.File = files[0]
	}
	for _, m := range first.Mounts {
		if m.Destination == setup.FrontMount && !m.RW {
			s.Spec.Dir = m.Source
		}
	}
	for _, name := range first.networks() {
		s.Spec.Networks = append(s.Spec.Networks, *first.endpoint(name))
	}
	var as bool
	s.Spec, as = s.Spec.AsCommanded(append([]string{first.Path}, first.Args...))
	if first.Config != nil {
		s.Spec.Image = first.Config.Image
	}
	if !as {
		s.Spec.Image += byHand
	}
	for _, b := range all {
		s.Running = s.Running && b.running()
	}
	return s
}

// ReloadFront tells the front that reads a folder to read it again (HUP, which
// nginx takes without dropping a connection). None running is no error: it reads
// the folder when it starts.
func (h *Host) ReloadFront(ctx context.Context, dir string) error {
	all, err := h.inspectAll(ctx, make(client.Filters).Add("label", labelService+"="+setup.FrontService).Add("label", labelMark))
	if err != nil {
		return err
	}
	for _, b := range all {
		if sidecarOf([]box{b}).Spec.Dir != dir || !b.running() {
			continue
		}
		if _, err := h.api.ContainerKill(ctx, b.ID, client.ContainerKillOptions{Signal: "HUP"}); err != nil {
			return h.problem(ctx, "telling "+b.name()+" of its new certificate", err)
		}
	}
	return nil
}
