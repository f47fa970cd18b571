package connector

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/culvert/culvert/internal/tunnelproto"
)

const (
	commandRun     = "run"
	commandReady   = "ready"
	commandVersion = "version"

	maxGrace = 3 * time.Minute
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
	grace     time.Duration
}

// parse reads `[tunnel flags] run|ready [flags]`, `version` and `--version`.
func parse(args []string, env func(string) string) (options, error) {
	o := options{
		token: env("TUNNEL_TOKEN"), tokenFile: env("TUNNEL_TOKEN_FILE"), metrics: env("TUNNEL_METRICS"),
		protocol: cmp.Or(env("TUNNEL_TRANSPORT_PROTOCOL"), "auto"), loglevel: cmp.Or(env("TUNNEL_LOGLEVEL"), "info"),
		cacert: env("TUNNEL_CACERT"), grace: 30 * time.Second,
	}
	edge := env("TUNNEL_EDGE")
	if g := env("TUNNEL_GRACE_PERIOD"); g != "" {
		d, err := time.ParseDuration(g)
		if err != nil {
			return options{}, fmt.Errorf("TUNNEL_GRACE_PERIOD %q is no duration", g)
		}
		o.grace = d
	}
	flags := o.flags(&edge)
	rest, err := o.words(flags, args)
	switch {
	case err != nil:
		return options{}, err
	case len(rest) > 0:
		return options{}, fmt.Errorf("unexpected argument %q", rest[0])
	case o.grace < 0 || o.grace > maxGrace:
		return options{}, fmt.Errorf("grace-period must be between 0 and %v", maxGrace)
	}
	switch o.protocol {
	case "auto", "http2", "quic":
	default:
		return options{}, fmt.Errorf("unknown protocol %q", o.protocol)
	}
	o.edges = splitList(edge)
	return o, nil
}

func (o *options) flags(edge *string) *flag.FlagSet {
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
	f.StringVar(edge, "edge", *edge, "")
	f.DurationVar(&o.grace, "grace-period", o.grace, "")
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
