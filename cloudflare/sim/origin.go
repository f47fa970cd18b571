package sim

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"

	"github.com/culvert/culvert/internal/tunnelproto"
)

type visitKey struct{}

// toOrigin sends a visit through its tunnel.
func (c *Cloud) toOrigin(w http.ResponseWriter, v *visit) {
	c.proxy.ServeHTTP(w, v.WithContext(context.WithValue(v.Context(), visitKey{}, v)))
}

func visitOf(r *http.Request) *visit { return r.Context().Value(visitKey{}).(*visit) }

// originProxy carries requests to connectors and their answers back.
func (c *Cloud) originProxy() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:   rewrite,
		Transport: throughTunnel{c},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if errors.Is(err, errNoConnection) {
				tunnelDown(w, visitOf(r))
				return
			}
			c.log.Info("the connector gave no answer", "host", r.Host, "err", err)
			badGateway(w, visitOf(r))
		},
		ModifyResponse: func(r *http.Response) error {
			if r.StatusCode == http.StatusBadGateway && tunnelproto.ResponseSource(r) == "cloudflared" {
				return errOriginDown
			}
			r.Header.Del(metaHeader)
			r.Header.Set("Server", "cloudflare")
			r.Header.Set("Cf-Ray", visitOf(r.Request).ray)
			return nil
		},
		FlushInterval: -1,
		ErrorLog:      slog.NewLogLogger(c.log.Handler(), slog.LevelInfo),
	}
}

var errOriginDown = errors.New("cloudflared could not reach the origin")

// rewrite adds what the edge tells origins about the visitor.
func rewrite(p *httputil.ProxyRequest) {
	v := visitOf(p.In)
	ip, _, err := net.SplitHostPort(p.In.RemoteAddr)
	if err != nil {
		ip = p.In.RemoteAddr
	}
	p.Out.URL.Scheme, p.Out.URL.Host = "https", p.In.Host
	h := p.Out.Header
	h["X-Forwarded-For"] = slices.Clone(p.In.Header["X-Forwarded-For"])
	forwarded := ip
	if before := h.Get("X-Forwarded-For"); before != "" {
		forwarded = before + ", " + ip
	}
	h.Set("X-Forwarded-For", forwarded)
	h.Set("X-Forwarded-Proto", v.scheme)
	h.Set("Cf-Connecting-Ip", ip)
	h.Set("Cf-Ray", v.ray)
	h.Set("Cf-Ipcountry", "PT")
	h.Set("Cf-Visitor", `{"scheme":"`+v.scheme+`"}`)
	h.Set("Cdn-Loop", "cloudflare; loops=1")
}

// throughTunnel takes a connection of the request's tunnel, and another if
// that one turns out to be gone before anything was sent.
type throughTunnel struct{ c *Cloud }

func (t throughTunnel) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	err = t.c.over(visitOf(r).tunnel, func(far connector) error {
		resp, err = far.RoundTrip(r)
		return err
	})
	return resp, err
}
