package dockerx

import (
	"context"
	"os"
	"slices"
	"strings"

	cerrdefs "github.com/containerd/errdefs"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

// Preflight says, before the first file is edited, whether the app's service
// can be recreated from its files with no other effect than the edits: that its
// files are there, and that they still describe what runs. It changes nothing.
func (h *Host) Preflight(ctx context.Context, s setup.Stack) error {
	up, err := h.runningBoxes(ctx, s.Project, s.Service)
	if err != nil {
		return h.problem(ctx, "looking at "+s.Service, err)
	}
	from := sourceOf(up[0].labels())
	if len(s.Files) > 0 && !slices.Equal(s.Files, from.Files) {
		return changed("The list of compose files of " + s.Service)
	}
	if err := sourceReadable(s.Service, up); err != nil {
		return err
	}
	if err := h.sameImage(ctx, s.Service, up); err != nil {
		return err
	}
	hashes, err := h.hashes(ctx, s.Project, from, maskOf(up))
	if err != nil {
		return h.problem(ctx, "asking Compose about "+s.Service, err)
	}
	want, ok := hashes[s.Service]
	if !ok {
		return refuse("The compose files (%s) no longer have a service %s. Put it back, or choose another service.", strings.Join(from.Files, ", "), s.Service)
	}
	for _, b := range up {
		if b.labels()[labelHash] != want {
			return pending(s, from)
		}
	}
	return nil
}

// pending: a recreate would bring more than our edits.
func pending(s setup.Stack, from found.Source) *setup.Problem {
	return refuse("%s does not run as its compose files say now: a file was edited since it was started, a variable was set in the shell that started it, or another version of Compose did. Culvert will not restart it like this, because more would change than it shows. Write such variables into %s/.env, run docker compose -f %s up -d yourself, then go on.",
		s.Service, from.Dir, strings.Join(from.Files, " -f "))
}

// sourceReadable checks that every file a service was started from is a file
// that is still there.
func sourceReadable(service string, up []box) error {
	from := sourceOf(up[0].labels())
	for _, b := range up[1:] {
		if !slices.Equal(sourceOf(b.labels()).Files, from.Files) {
			return refuse("The containers of %s were started from different compose files. Run docker compose up -d yourself first.", service)
		}
	}
	if from.Dir == "" || len(from.Files) == 0 {
		return refuse("%s was not started by Docker Compose, or by one too old to say from which files. Start it with docker compose up -d, then go on.", service)
	}
	for _, f := range slices.Concat(from.Files, from.EnvFiles) {
		if f == fromStdin {
			return refuse("%s was started from a compose file that was piped in, so nobody can tell what it said. Save it as a file, start it with docker compose -f FILE up -d, then go on.", service)
		}
		if _, err := os.Stat(f); err != nil {
			p := refuse("%s was started from %s, which cannot be read now. Put the file back, or start the app again from the files that you have.", service, f)
			p.Cause = err
			return p
		}
	}
	return nil
}

// sameImage checks that the name of the service's image still stands for the
// image that runs: otherwise a recreate would update the app in passing, with
// no migration before it.
func (h *Host) sameImage(ctx context.Context, service string, up []box) error {
	for _, b := range up {
		image, err := h.api.ImageInspect(ctx, b.Config.Image)
		if cerrdefs.IsNotFound(err) {
			return refuse("The image %s of %s is no longer on this server, so a restart would leave nothing running. Build or pull it first.", b.Config.Image, service)
		}
		if err != nil {
			return h.problem(ctx, "inspecting the image of "+service, err)
		}
		if image.ID != b.Image {
			return refuse("The image %s was built or pulled anew since %s was started: a restart would update your app in passing. Update it yourself first (docker compose up -d), then go on.", b.Config.Image, service)
		}
	}
	return nil
}
