package tunnelproto

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Config is a tunnel's remote configuration: the ingress rules, first match
// wins. Only ParseConfig makes one that matches.
type Config struct {
	Ingress       []Rule          `json:"ingress"`
	OriginRequest json.RawMessage `json:"originRequest,omitempty"`
	WarpRouting   json.RawMessage `json:"warp-routing,omitempty"`

	paths []*regexp.Regexp // of Ingress, nil where a rule has no path
}

// Rule sends what matches Hostname and Path to Service. An empty Hostname or
// "*" is every host; "*.example.com" every host below; Path is a Go regular
// expression that may match anywhere in the URL's path.
type Rule struct {
	Hostname      string          `json:"hostname,omitempty"`
	Path          string          `json:"path,omitempty"`
	Service       string          `json:"service"`
	OriginRequest json.RawMessage `json:"originRequest,omitempty"`
}

// ParseConfig reads and checks a configuration as cloudflared does before it
// applies one. No rules at all are fine: nothing matches then.
func ParseConfig(raw []byte) (Config, error) {
	var c Config
	if err := json.Unmarshal(raw, &c); err != nil {
		return Config{}, fmt.Errorf("read the tunnel configuration: %w", err)
	}
	c.paths = make([]*regexp.Regexp, len(c.Ingress))
	for i, r := range c.Ingress {
		if err := checkRule(r, i == len(c.Ingress)-1); err != nil {
			return Config{}, fmt.Errorf("ingress rule %d: %w", i+1, err)
		}
		if r.Path == "" {
			continue
		}
		re, err := regexp.Compile(r.Path)
		if err != nil {
			return Config{}, fmt.Errorf("ingress rule %d: path is no regular expression: %w", i+1, err)
		}
		c.paths[i] = re
	}
	return c, nil
}

func checkRule(r Rule, last bool) error {
	if err := checkService(r.Service); err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(r.Hostname); err == nil {
		return errors.New("a hostname cannot contain a port")
	}
	if err := checkWildcard(r.Hostname); err != nil {
		return err
	}
	switch all := anyHost(r.Hostname) && r.Path == ""; {
	case last && !all:
		return errors.New("the last rule must match every request: no hostname, no path")
	case all && !last:
		return errors.New("it matches every request, so the rules after it would never be used")
	}
	return nil
}

// checkWildcard allows "*" alone or one leading "*.".
func checkWildcard(host string) error {
	rest := strings.TrimPrefix(host, "*")
	if strings.Contains(rest, "*") || (rest != host && rest != "" && !strings.HasPrefix(rest, ".")) {
		return errors.New(`a hostname can have one "*", only at its start: "*.example.com"`)
	}
	return nil
}

func checkService(s string) error {
	if code, ok := strings.CutPrefix(s, "http_status:"); ok {
		if n, err := strconv.Atoi(code); err != nil || n < 100 || n > 999 {
			return fmt.Errorf("%q is no HTTP status", code)
		}
		return nil
	}
	switch {
	case s == "hello_world", s == "hello-world", s == "bastion", s == "socks-proxy",
		strings.HasPrefix(s, "unix:"), strings.HasPrefix(s, "unix+tls:"):
		return nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return fmt.Errorf("service %q is no address", s)
	}
	if u.Scheme == "" || u.Hostname() == "" {
		return fmt.Errorf("service %q needs a scheme and a host", s)
	}
	if u.Path != "" {
		return fmt.Errorf("service %q must not have a path: requests keep their own", s)
	}
	return nil
}

// Match finds the rule for a request: host as in the Host header (a port is
// ignored), path as in the URL, unescaped. Only a configuration without rules
// matches nothing.
func (c Config) Match(host, path string) (Rule, bool) {
	i, ok := c.Index(host, path)
	if !ok {
		return Rule{}, false
	}
	return c.Ingress[i], true
}

// Index is Match for callers that keep something beside each rule.
func (c Config) Index(host, path string) (int, bool) {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	for i, r := range c.Ingress {
		if matchHost(r.Hostname, host) && (c.paths[i] == nil || c.paths[i].MatchString(path)) {
			return i, true
		}
	}
	return 0, false
}

func anyHost(pattern string) bool { return pattern == "" || pattern == "*" }

func matchHost(pattern, host string) bool {
	if anyHost(pattern) || pattern == host {
		return true
	}
	below, ok := strings.CutPrefix(pattern, "*")
	return ok && strings.HasSuffix(host, below)
}
