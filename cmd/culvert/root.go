package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

// newAuthority prints what the team's devices have to be told to trust, so that
// it can be sent around: never the key.
func newAuthority(s *settings) *cobra.Command {
	c := s.asking("authority", "Print the root certificate that the team's devices have to be told to trust", func(*cobra.Command, *request) {})
	c.Long = "Print the root certificate that the team's devices have to be told to trust, as PEM, and its fingerprint beside it: culvert authority > ca.pem. The key is never printed."
	return c
}

func (j *job) authority(ctx context.Context) error {
	if err := j.named(ctx); err != nil {
		return err
	}
	root, err := j.journey.RootCertificate(ctx, j.id)
	if err != nil {
		return err
	}
	if j.json {
		return j.printJSON(map[string]string{"domain": root.Domain, "sha256": root.Fingerprint, "pem": string(root.PEM)})
	}
	_, _ = fmt.Fprintf(j.stderr, "The authority of Culvert for %s. SHA-256, to compare on the device:\n%s\n", root.Domain, root.Fingerprint)
	_, err = j.stdout.Write(root.PEM)
	return err
}
