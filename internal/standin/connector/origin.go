package connector

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// originSettings is the part of originRequest that the stand-in honours.
type originSettings struct {
	HTTPHostHeader   string `json:"httpHostHeader"`
	OriginServerName string `json:"originServerName"`
	NoTLSVerify      bool   `json:"noTLSVerify"`
	ConnectTimeout   int    `json:"connectTimeout"` // seconds
}

// origin is an HTTP server behind the tunnel.
type origin struct {
	url       *url.URL
	host      string // replaces the visitor's Host, if set
	transport *http.Transport
	log       *slog.Logger
}

func newOrigin(u *url.URL, s originSettings, log *slog.Logger) *origin {
	timeout := time.Duration(cmp.Or(s.ConnectTimeout, 30)) * time.Second
	return &origin{url: u, host: s.HTTPHostHeader, log: log, transport: &http.Transport{
		DialContext:         (&net.Dialer{Timeout: timeout}).DialContext,
		TLSClientConfig:     &tls.Config{ServerName: s.OriginServerName, InsecureSkipVerify: s.NoTLSVerify},
		DisableCompression:  true, // bodies pass as they are
		MaxIdleConnsPerHost: 100,
		IdleConnTimeout:     90 * time.Second,
	}}
}

func (o *origin) close() { o.transport.CloseIdleConnections() }

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	resp, err := o.transport.RoundTrip(o.outgoing(r))
	if err != nil {
		if !errors.Is(err, context.Canceled) { // the visitor left
			o.log.Error("Request failed", "originService", o.url.String(),
				"error", "Unable to reach the origin service. The service may be down or it may not be responding to traffic from cloudflared: "+err.Error())
		}
		refuse(w)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	maps.Copy(w.Header(), resp.Header)
	w.WriteHeader(resp.StatusCode)
	if resp.StatusCode == http.StatusSwitchingProtocols {
		if stream, ok := resp.Body.(io.ReadWriteCloser); ok {
			tunnelproto.Splice(w, r, stream)
		}
		return
	}
	if err := copyBody(w, resp); err != nil {
		o.log.Debug("response cut", "originService", o.url.String(), "error", err)
		panic(http.ErrAbortHandler) // the visitor must not take it for complete
	}
}

// outgoing keeps the visitor's request as it is, X-Forwarded headers included,
// and changes only where it goes.
func (o *origin) outgoing(r *http.Request) *http.Request {
	out := r.Clone(r.Context())
	out.RequestURI = ""
	out.URL.Scheme, out.URL.Host = o.url.Scheme, o.url.Host
	if o.host != "" {
		out.Header.Set("X-Forwarded-Host", r.Host)
		out.Host = o.host
	}
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = []string{""} // do not let net/http invent one
	}
	if r.Header.Get("Upgrade") != "" {
		out.Body, out.ContentLength = http.NoBody, 0 // its body is the stream to come
	}
	return out
}

// copyBody sends what has no known length piece by piece.
func copyBody(w http.ResponseWriter, resp *http.Response) error {
	events := strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream")
	if resp.ContentLength >= 0 && !events {
		_, err := io.Copy(w, resp.Body)
		return err
	}
	rc := http.NewResponseController(w)
	buf := make([]byte, 32<<10)
	for {
		n, err := resp.Body.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
			if err := rc.Flush(); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
