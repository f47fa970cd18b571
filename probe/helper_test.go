package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"
)

// host is the name in the certificate of httptest's servers.
const host = "example.com"

// internet is where a prober of a test dials: addresses that lead to servers on
// this machine. Any other address refuses.
type internet map[string]string

func (i internet) dial(ctx context.Context, network, address string) (net.Conn, error) {
	to, ok := i[address]
	if !ok {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	return new(net.Dialer).DialContext(ctx, network, to)
}

// edge starts an HTTPS server at https://example.com/ and a prober for it.
func edge(t *testing.T, h http.HandlerFunc) *Prober {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	return New(Options{
		Dial:    internet{host + ":443": s.Listener.Addr().String()}.dial,
		TLS:     trusting(s),
		Timeout: 5 * time.Second,
	})
}

func trusting(s *httptest.Server) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{RootCAs: pool}
}

// reply is a canned answer. Headers are name, value, name, value.
type reply struct {
	status  int
	headers []string
	body    string
}

func (r reply) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header()["Content-Type"] = nil // none unless the reply has one
	for i := 0; i < len(r.headers); i += 2 {
		w.Header().Set(r.headers[i], r.headers[i+1])
	}
	w.WriteHeader(r.status)
	_, _ = w.Write([]byte(r.body))
}

// stamped is a reply as it comes through Cloudflare.
func stamped(status int, body string, headers ...string) reply {
	return reply{status, append([]string{"Server", "cloudflare", "Cf-Ray", "8f00ba4cafe00000-LIS"}, headers...), body}
}

// byDjango is a stamped reply of the app.
func byDjango(status int, body string, headers ...string) reply {
	return stamped(status, body, append([]string{
		"X-Frame-Options", "DENY", "X-Content-Type-Options", "nosniff", "Referrer-Policy", "same-origin",
	}, headers...)...)
}

const (
	htmlType = "text/html; charset=utf-8"
	login    = "https://ngo.cloudflareaccess.com/cdn-cgi/access/login/example.com?kid=1&meta=s3cr3t&redirect_url=%2F"
)
