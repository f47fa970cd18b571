package connector

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/culvert/culvert/internal/tunnelproto"
)

const (
	commandRun     = "run"
	commandReady   = "ready"
	commandVersion = "version"

	maxGrace         = 3 * time.Minute
	usualConnections = 4
	usualEdgeRetries = 8
)

// options is what arguments and environment say, arguments first.
type options struct {
	command   string
	token     string
	tokenFile string
	metrics   string // host:port; empty: the usual ports
	protocol  string
	loglevel  string
	cacert    string
	edges     []string // empty: look them up
	features  []string // beside the usual
	resolvers []string // ip:port; empty: the machine's own
	grace     time.Duration

	connections int
	edgeRetries int // dials over QUIC after the first, before http2 is taken
}

// parse reads `[tunnel flags] run|ready [flags]`, `version` and `--version`.
func parse(args []string, env func(string) string) (options, error) {
	o := options{
		token: env("TUNNEL_TOKEN"), tokenFile: env("TUNNEL_TOKEN_FILE"), metrics: env("TUNNEL_METRICS"),
		protocol: cmp.Or(env("TUNNEL_TRANSPORT_PROTOCOL"), "auto"), loglevel: cmp.Or(env("TUNNEL_LOGLEVEL"), "info"),
		cacert: env("TUNNEL_CACERT"),
	}
	o.edges, o.features, o.resolvers = splitList(env("TUNNEL_EDGE")), splitList(env("TUNNEL_FEATURES")), splitList(env("TUNNEL_DNS_RESOLVER_ADDRS"))
	if err := o.numbers(env); err != nil {
		return options{}, err
	}
	rest, err := o.words(o.flags(), args)
	switch {
	case err != nil:
		return options{}, err
	case len(rest) > 0:
		return options{}, fmt.Errorf("unexpected argument %q", rest[0])
	}
	return o, o.check()
}

// numbers reads what the environment says that is more than text.
func (o *options) numbers(env func(string) string) (err error) {
	o.grace, o.connections, o.edgeRetries = 30*time.Second, usualConnections, usualEdgeRetries
	if g := env("TUNNEL_GRACE_PERIOD"); g != "" {
		if o.grace, err = time.ParseDuration(g); err != nil {
			return fmt.Errorf("TUNNEL_GRACE_PERIOD %q is no duration", g)
		}
	}
	for name, number := range map[string]*int{"TUNNEL_HA_CONNECTIONS": &o.connections, "TUNNEL_MAX_EDGE_ADDR_RETRIES": &o.edgeRetries} {
		text := env(name)
		if text == "" {
			continue
		}
		if *number, err = strconv.Atoi(text); err != nil {
			return fmt.Errorf("%s %q is no number", name, text)
		}
	}
	return nil
}

func (o *options) check() error {
	switch {
	case o.grace < 0 || o.grace > maxGrace:
		return fmt.Errorf("grace-period must be between 0 and %v", maxGrace)
	case o.connections < 1:
		return errors.New("ha-connections must be 1 or more")
	case o.edgeRetries < 0:
		return errors.New("max-edge-addr-retries must not be negative")
	}
	switch tunnelproto.Protocol(o.protocol) {
	case tunnelproto.Auto, tunnelproto.HTTP2, tunnelproto.QUIC:
	default:
		return fmt.Errorf("unknown protocol %q", o.protocol)
	}
	for _, addr := range o.resolvers {
		if _, err := netip.ParseAddrPort(addr); err != nil {
			return fmt.Errorf("dns-resolver-addrs: %q is no ip:port", addr)
		}
	}
	return nil
}

// list is a flag that may be given more than once, and hold commas. What the
// command line says replaces what the environment says.
type list struct {
	values *[]string
	given  bool
}

func (l *list) String() string { return "" }

func (l *list) Set(s string) error {
	if !l.given {
		*l.values, l.given = nil, true
	}
	*l.values = append(*l.values, splitList(s)...)
	return nil
}

func (o *options) flags() *flag.FlagSet {
	f := flag.NewFlagSet("cloudflared", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Bool("no-autoupdate", false, "")
	f.Bool("no-prechecks", false, "")
	f.StringVar(&o.token, "token", o.token, "")
	f.StringVar(&o.tokenFile, "token-file", o.tokenFile, "")
	f.StringVar(&o.metrics, "metrics", o.metrics, "")
	f.StringVar(&o.protocol, "protocol", o.protocol, "")
	f.StringVar(&o.loglevel, "loglevel", o.loglevel, "")
	f.StringVar(&o.cacert, "cacert", o.cacert, "")
	f.DurationVar(&o.grace, "grace-period", o.grace, "")
	f.IntVar(&o.connections, "ha-connections", o.connections, "")
	f.IntVar(&o.edgeRetries, "max-edge-addr-retries", o.edgeRetries, "")
	f.Var(&list{values: &o.edges}, "edge", "")
	f.Var(&list{values: &o.features}, "features", "")
	f.Var(&list{values: &o.resolvers}, "dns-resolver-addrs", "")
	return f
}

// words finds the command between the flags.
func (o *options) words(flags *flag.FlagSet, args []string) ([]string, error) {
	if len(args) == 0 {
		return nil, errors.New("no command")
	}
	switch args[0] {
	case "version", "--version", "-version", "-v":
		o.command = commandVersion
		return args[1:], nil
	case "tunnel":
	default:
		return nil, fmt.Errorf("unknown command %q", args[0])
	}
	if err := flags.Parse(args[1:]); err != nil {
		return nil, err
	}
	if flags.NArg() == 0 {
		return nil, errors.New("tunnel needs a command: run or ready")
	}
	switch o.command = flags.Arg(0); o.command {
	case commandRun, commandReady:
		err := flags.Parse(flags.Args()[1:])
		return flags.Args(), err
	default:
		return nil, fmt.Errorf("unknown tunnel command %q", o.command)
	}
}

// saying is an error in cloudflared's own words, capitals and all: people and
// tests search logs for them.
type saying string

func (s saying) Error() string { return string(s) }

const (
	errNoToken   saying = `"cloudflared tunnel run" requires the ID or name of the tunnel to run as the last command line argument or in the configuration file.`
	errBadToken  saying = "Provided Tunnel token is not valid."
	errTokenFile saying = "Failed to read token file"
	errMetrics   saying = "Error opening metrics server listener"
)

// tunnelToken reads the token. A file counts only if there is none by itself.
func (o options) tunnelToken() (tunnelproto.Token, error) {
	text := o.token
	if text == "" {
		if o.tokenFile == "" {
			return tunnelproto.Token{}, errNoToken
		}
		raw, err := os.ReadFile(o.tokenFile)
		if err != nil {
			return tunnelproto.Token{}, fmt.Errorf("%w: %w", errTokenFile, err)
		}
		text = strings.TrimSpace(string(raw))
	}
	t, err := tunnelproto.ParseToken(text)
	if err != nil {
		return tunnelproto.Token{}, errBadToken
	}
	return t, nil
}

func splitList(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
