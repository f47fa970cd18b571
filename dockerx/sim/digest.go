package sim

import (
	"context"

	"github.com/culvert/culvert/setup"
)

// Digest says that nobody knows: there is no registry behind a made-up host, and
// a made-up digest could end in a file that is used on a real one.
func (h *Host) Digest(_ context.Context, image string) (string, error) {
	return "", &setup.Problem{Code: setup.CodeUnavailable, Message: "No registry knows the image " + image + ": this server is made up."}
}
