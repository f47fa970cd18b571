package dockerx

import (
	"context"
	"time"

	"github.com/moby/moby/client"
)

// registryPatience is how long a registry may take to say what stands behind a
// tag.
const registryPatience = 5 * time.Second

// Digest asks the registry of an image, by way of the engine and without pulling
// anything, for the digest that its tag stands for now. It is that of the whole
// list where the image exists for several kinds of machine.
func (h *Host) Digest(ctx context.Context, image string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, registryPatience)
	defer cancel()
	said, err := h.api.DistributionInspect(ctx, image, client.DistributionInspectOptions{})
	if err != nil {
		return "", h.problem(ctx, "asking the registry about the image "+image, err)
	}
	return said.Descriptor.Digest.String(), nil
}
