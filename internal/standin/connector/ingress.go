package connector

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// ingress sends requests where the configuration in force says.
type ingress struct {
	log     *slog.Logger
	metrics *metrics
	now     atomic.Pointer[applied]
}

// applied is one configuration with a service per rule.
type applied struct {
	version  int
	raw      json.RawMessage
	config   tunnelproto.Config
	services []service
}

type service interface {
	http.Handler
	close() // lets idle connections go; requests under way finish
}

// notConfigured is in force before the edge has sent anything, and again when
// it sends no rules.
const notConfigured = `{"ingress":[{"service":"http_status:503"}],"warp-routing":{}}`

func newIngress(log *slog.Logger, m *metrics) *ingress {
	in := &ingress{log: log, metrics: m}
	a, err := in.build(-1, []byte(notConfigured))
	if err != nil {
		panic("connector: the configuration to start with is wrong: " + err.Error())
	}
	in.now.Store(a)
	return in
}

// configure replaces the configuration in force, or keeps it and says why.
func (in *ingress) configure(version int, raw []byte) error {
	next, err := in.build(version, raw)
	if err != nil {
		return err
	}
	last := in.now.Swap(next)
	for _, s := range last.services {
		s.close()
	}
	in.log.Info("Updated to new configuration", "config", string(raw), "version", version)
	return nil
}

// json is the configuration in force.
func (in *ingress) json() []byte { return in.now.Load().raw }

func (in *ingress) build(version int, raw []byte) (*applied, error) {
	config, err := tunnelproto.ParseConfig(raw)
	if err != nil {
		return nil, err
	}
	if len(config.Ingress) == 0 {
		in.log.Warn("No ingress rules were defined in provided config (if any), cloudflared will return 503 for all incoming HTTP requests")
	}
	a := &applied{version: version, raw: raw, config: config}
	for i, rule := range config.Ingress {
		s, err := in.service(config, rule)
		if err != nil {
			return nil, fmt.Errorf("ingress rule %d: %w", i+1, err)
		}
		a.services = append(a.services, s)
	}
	return a, nil
}

func (in *ingress) service(config tunnelproto.Config, rule tunnelproto.Rule) (service, error) {
	var settings originSettings
	for _, raw := range []json.RawMessage{config.OriginRequest, rule.OriginRequest} { // the rule's own win
		if len(raw) == 0 {
			continue
		}
		if err := json.Unmarshal(raw, &settings); err != nil {
			return nil, fmt.Errorf("originRequest: %w", err)
		}
	}
	if code, ok := strings.CutPrefix(rule.Service, "http_status:"); ok {
		n, err := strconv.Atoi(code)
		return fixedStatus(n), err
	}
	u, err := url.Parse(rule.Service)
	if err != nil {
		return nil, fmt.Errorf("service: %w", err)
	}
	switch u.Scheme {
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	case "http", "https":
	default:
		in.log.Warn("this stand-in proxies to http and https only", "originService", rule.Service)
		return unreachable{}, nil
	}
	return newOrigin(u, settings, in.log), nil
}

func (in *ingress) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	counted := &countingWriter{ResponseWriter: w, metrics: in.metrics}
	defer in.metrics.begin()()
	a := in.now.Load()
	i, ok := a.config.Index(r.Host, r.URL.Path)
	if !ok {
		counted.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	a.services[i].ServeHTTP(counted, r)
}

// fixedStatus is a rule of the form http_status:404.
type fixedStatus int

func (s fixedStatus) ServeHTTP(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(s)) }
func (fixedStatus) close()                                             {}

// unreachable is a kind of service that the stand-in does not have.
type unreachable struct{}

func (unreachable) ServeHTTP(w http.ResponseWriter, _ *http.Request) { refuse(w) }
func (unreachable) close()                                           {}
