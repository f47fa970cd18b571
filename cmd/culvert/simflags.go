package main

import (
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/culvert/culvert/cloudflare/sim"
)

// simFlags are the flags of culvert sim.
type simFlags struct {
	listen  sim.ServeOptions
	cloud   sim.Options
	faults  []sim.Fault
	state   string
	callLog string
}

func (f *simFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.listen.Host, "host", "127.0.0.1", "address to listen on")
	flags.IntVar(&f.listen.API, "api-port", 0, "port of the API (0: any)")
	flags.IntVar(&f.listen.Edge, "edge-port", 0, "port of the edge, https (0: any)")
	flags.IntVar(&f.listen.Plain, "edge-http-port", 0, "port of the edge, http (0: any)")
	flags.IntVar(&f.listen.Tunnel, "tunnel-port", 0, "port for connectors, TCP and UDP (0: any)")
	flags.Func("control", "`port` of the control API, on 127.0.0.1 whatever --host says (0: any; default: there is none)", f.control)
	flags.Func("dns-port", "`port` of public DNS, UDP and TCP (0: any; default: there is none)", f.dns)
	flags.StringVar(&f.state, "state", "", "`file` that keeps the account from one run to the next, secrets included")
	flags.StringVar(&f.callLog, "call-log", "", "`file` to which each API call is added as a line of JSON (-: standard output)")
	flags.Uint64Var(&f.cloud.Seed, "seed", 0, "where ids, secrets and chances follow from (0: random)")
	flags.Func("rate-limit", "how many `calls` a user has per five minutes (default 0: any number; Cloudflare's is 1200)", f.rateLimit)
	flags.Func("latency", "`time` that each API call takes longer: 150ms, or 100ms..250ms", f.latency)
	flags.Func("propagation", "`time` that a change takes to reach the edge: 2s, or 1s..30s", f.propagation)
	flags.Func("fault", "what goes wrong, as a `line` such as \"POST /accounts/*/access/apps reset-after 10%\"; repeatable", f.fault)
	flags.Func("unsure", "`name` of an answer to give in the other way, where nobody knows how Cloudflare answers; repeatable", f.cloud.Unsure.Choose)
	flags.Func("browser-check", "whether new domains have Browser Integrity Check `on|off` (default on)", f.browserCheck)
}

func (f *simFlags) control(text string) error {
	var ok bool
	if f.listen.Control, ok = portOrAny(text); !ok {
		return errors.New("write a port, such as 8081, or 0 for any; it is always on 127.0.0.1")
	}
	return nil
}

func (f *simFlags) dns(text string) error {
	var ok bool
	if f.listen.DNS, ok = portOrAny(text); !ok {
		return errors.New("write a port, such as 8053, or 0 for any")
	}
	return nil
}

// portOrAny reads a port; 0, for any, is -1.
func portOrAny(text string) (int, bool) {
	port, err := strconv.ParseUint(text, 10, 16)
	if port == 0 {
		return -1, err == nil
	}
	return int(port), err == nil
}

func (f *simFlags) rateLimit(text string) error {
	calls, err := strconv.Atoi(text)
	if err != nil || calls < 0 {
		return errors.New("write a number of calls, such as 1200, or 0 for any number")
	}
	f.cloud.RateLimit = calls
	if calls == 0 {
		f.cloud.RateLimit = -1
	}
	return nil
}

func (f *simFlags) latency(text string) error {
	least, most, err := sim.ParseSpan(text)
	if err == nil && most > 0 {
		f.faults = append(f.faults, sim.Fault{Delay: least, Jitter: most - least})
	}
	return err
}

func (f *simFlags) propagation(text string) (err error) {
	f.cloud.Propagation.Min, f.cloud.Propagation.Max, err = sim.ParseSpan(text)
	return err
}

func (f *simFlags) fault(line string) error {
	fault, err := sim.ParseFault(line)
	if err == nil {
		f.faults = append(f.faults, fault)
	}
	return err
}

func (f *simFlags) browserCheck(text string) error {
	switch text {
	case "on", "off":
		f.cloud.BrowserCheck = text == "on"
		return nil
	}
	return errors.New("write on or off")
}
