package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/internal/wholefile"
)

// newSim runs the simulated Cloudflare alone.
func newSim(s *settings) *cobra.Command {
	f := simFlags{cloud: sim.Options{RateLimit: -1, BrowserCheck: true}}
	c := &cobra.Command{
		Use: "sim", Short: "Run a simulated Cloudflare: API, edge and tunnels", Args: cobra.NoArgs,
		Long: "Run a simulated Cloudflare and print one JSON line that says where it listens.\n" +
			"Point CLOUDFLARE_BASE_URL at its url. Nothing of it is reachable from other machines unless --host says so.\n" +
			"docs/simulator.md tells all of it.",
		RunE: func(c *cobra.Command, _ []string) error { return s.simulate(c.Context(), f) },
	}
	f.add(c)
	return c
}

// simulate runs until ctx ends, as it does with SIGTERM.
func (s *settings) simulate(ctx context.Context, f simFlags) (err error) {
	log, err := s.openCallLog(f.callLog)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	f.cloud.Log, f.cloud.CallLog = s.log(), log
	cloud := sim.New(f.cloud)
	defer cloud.Close()
	if err := f.furnish(cloud); err != nil {
		return err
	}
	server, err := cloud.Listen(f.listen)
	if err != nil {
		return err
	}
	if err := s.announce(server, cloud); err != nil {
		return err
	}
	return errors.Join(server.Run(ctx), f.save(cloud))
}

// announce prints where everything is and what a client needs.
func (s *settings) announce(server *sim.Server, cloud *sim.Cloud) error {
	return json.NewEncoder(s.stdout).Encode(struct {
		sim.Addresses
		sim.Basics
	}{server.Addresses, cloud.Basics()})
}

// furnish puts in what was saved, or else the example, and the faults. That it
// saves at once tells at the start, not at the end, if it cannot.
func (f *simFlags) furnish(cloud *sim.Cloud) error {
	for _, fault := range f.faults {
		cloud.Inject(fault)
	}
	if f.state == "" {
		cloud.Furnish()
		return nil
	}
	text, err := os.ReadFile(f.state)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		cloud.Furnish()
	case err != nil:
		return fmt.Errorf("--state: %w", err)
	default:
		if err := cloud.Restore(text); err != nil {
			return fmt.Errorf("--state %s: %w", f.state, err)
		}
	}
	return f.save(cloud)
}

// save keeps the account for the next time.
func (f *simFlags) save(cloud *sim.Cloud) error {
	if f.state == "" {
		return nil
	}
	text, err := cloud.Snapshot()
	if err == nil {
		err = wholefile.Write(f.state, text)
	}
	if err != nil {
		return fmt.Errorf("--state: %w", err)
	}
	return nil
}

// openCallLog opens what --call-log names: a file, which goes on where it ended,
// or the standard output.
func (s *settings) openCallLog(name string) (io.WriteCloser, error) {
	switch name {
	case "":
		return unclosed{io.Discard}, nil
	case "-":
		return unclosed{s.stdout}, nil
	}
	log, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--call-log: %w", err)
	}
	return log, nil
}

// unclosed is a writer that others still need.
type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }
