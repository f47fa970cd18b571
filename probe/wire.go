package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/culvert/culvert/setup"
)

// metadataRequest asks Access whether it gates a URL, as cloudflared does.
const metadataRequest = "Cf-Access-Metadata-Request"

// target is where a request goes and under which name.
type target struct {
	scheme    string
	address   string // host:port to connect to
	host      string // as the Host header says
	tls       *tls.Config
	forwarded bool // say what the edge says: the caller came by https
}

func (t target) url(path string) string {
	if t.scheme == "https" {
		return "https://" + t.host + path
	}
	return t.scheme + "://" + t.address + path
}

func (t target) tlsConfig() *tls.Config {
	if t.tls == nil {
		return nil
	}
	return t.tls.Clone()
}

var errPath = errors.New("this path cannot be sent")

// request builds a request whose path reaches the wire as it is written:
// encoded slashes, double slashes and dot segments included.
func (p *Prober) request(ctx context.Context, t target, c setup.Check) (*http.Request, error) {
	u := &url.URL{Scheme: t.scheme, Host: t.host}
	if err := setPath(u, c.Path); err != nil {
		return nil, err
	}
	method := c.Method
	if c.Metadata {
		method = http.MethodHead
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://unused.invalid/", nil)
	if err != nil {
		return nil, fmt.Errorf("building a request: %w", err)
	}
	req.URL, req.Host = u, t.host
	req.Header["User-Agent"] = []string{p.o.UserAgent}
	if c.NoUserAgent {
		req.Header["User-Agent"] = nil // there, so no default; empty, so not sent
	}
	if t.forwarded {
		req.Header.Set("X-Forwarded-Proto", "https")
	}
	if c.Metadata {
		req.Header.Set(metadataRequest, "true")
	}
	return req, nil
}

// setPath takes a path with its query. Opaque is written to the wire as it is,
// except behind two slashes, where it would be taken for a host.
func setPath(u *url.URL, path string) error {
	if !strings.HasPrefix(path, "/") || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return errPath
	}
	bare, query, hasQuery := strings.Cut(path, "?")
	u.RawQuery, u.ForceQuery = query, hasQuery && query == ""
	if !strings.HasPrefix(bare, "//") {
		u.Opaque = bare
		return nil
	}
	decoded, err := url.PathUnescape(bare)
	if err != nil {
		return errPath
	}
	u.Path, u.RawPath = decoded, bare
	if u.EscapedPath() != bare {
		return errPath
	}
	return nil
}
