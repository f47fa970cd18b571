package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/culvert/culvert/cloudflare/sim"
)

// newSim runs the simulated Cloudflare alone.
func newSim(s *settings) *cobra.Command {
	var o sim.ServeOptions
	c := &cobra.Command{
		Use: "sim", Short: "Run a simulated Cloudflare: API, edge and tunnels", Args: cobra.NoArgs,
		Long: "Run a simulated Cloudflare and print one JSON line that says where it listens.\n" +
			"Point CLOUDFLARE_BASE_URL at its url. Nothing of it is reachable from other machines unless --host says so.",
		RunE: func(c *cobra.Command, _ []string) error {
			cloud := sim.Example(sim.Options{Log: s.log(), RateLimit: -1})
			defer cloud.Close()
			server, err := cloud.Listen(o)
			if err != nil {
				return err
			}
			b := cloud.Basics()
			line, err := json.Marshal(struct {
				sim.Addresses
				sim.Basics
			}{server.Addresses, b})
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintln(s.stdout, string(line)); err != nil {
				return err
			}
			return server.Run(c.Context())
		},
	}
	c.Flags().StringVar(&o.Host, "host", "127.0.0.1", "address to listen on")
	c.Flags().IntVar(&o.API, "api-port", 0, "port of the API (0: any)")
	c.Flags().IntVar(&o.Edge, "edge-port", 0, "port of the edge, https (0: any)")
	c.Flags().IntVar(&o.Plain, "edge-http-port", 0, "port of the edge, http (0: any)")
	c.Flags().IntVar(&o.Tunnel, "tunnel-port", 0, "port for connectors, TCP and UDP (0: any)")
	return c
}
