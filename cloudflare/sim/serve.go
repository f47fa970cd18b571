package sim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// ServeOptions says where a Cloud listens. The zero value is loopback, on
// ports that are free.
type ServeOptions struct {
	Host   string // default 127.0.0.1
	API    int    // ports; 0: any
	Edge   int
	Plain  int
	Tunnel int
	// Control is the port of the control API, which listens on 127.0.0.1 whatever
	// Host is; 0: there is none, below 0: any.
	Control int
	// DNS is the port of public DNS, UDP and TCP; 0: there is none, below 0: any.
	DNS int
}

// Addresses is where a served Cloud is, and what to trust there.
type Addresses struct {
	URL    string `json:"url"`         // base URL of the API
	Edge   string `json:"edge"`        // HTTPS, for every host
	Plain  string `json:"edge_http"`   // HTTP
	Tunnel string `json:"tunnel_edge"` // for TUNNEL_EDGE
	CA     string `json:"ca"`          // PEM; of Edge and Tunnel (TUNNEL_CACERT)
	// Control is the base URL of the control API; empty: there is none.
	Control string `json:"control,omitempty"`
	// DNS is where public DNS is asked; empty: there is none.
	DNS string `json:"dns,omitempty"`
}

// Server is a Cloud that listens. Run it, even if only to close it.
type Server struct {
	Addresses
	cloud                    *Cloud
	api, edge, plain, tunnel net.Listener
	tunnelUDP                net.PacketConn // QUIC; the same port as tunnel
	control                  net.Listener   // nil: there is none
	dns                      DNS            // nothing in it: there is none
}

// Listen opens the listeners; Run serves them.
func (c *Cloud) Listen(o ServeOptions) (*Server, error) {
	if o.Host == "" {
		o.Host = "127.0.0.1"
	}
	ca, err := c.certs.get()
	if err != nil {
		return nil, err
	}
	s := &Server{cloud: c}
	for _, want := range []struct {
		at   *net.Listener
		port int
	}{{&s.api, o.API}, {&s.edge, o.Edge}, {&s.plain, o.Plain}} {
		l, err := net.Listen("tcp", net.JoinHostPort(o.Host, fmt.Sprint(want.port)))
		if err != nil {
			s.close()
			return nil, fmt.Errorf("listen for the simulated Cloudflare: %w", err)
		}
		*want.at = l
	}
	if o.Control != 0 {
		if s.control, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", fmt.Sprint(max(0, o.Control)))); err != nil {
			s.close()
			return nil, fmt.Errorf("listen for the control API: %w", err)
		}
	}
	if o.DNS != 0 {
		if s.dns, err = listenDNS(o.Host, max(0, o.DNS)); err != nil {
			s.close()
			return nil, err
		}
	}
	if s.tunnel, s.tunnelUDP, err = listenBoth(o.Host, o.Tunnel); err != nil {
		s.close()
		return nil, fmt.Errorf("listen for connectors: %w", err)
	}
	s.Addresses = Addresses{URL: "http://" + s.api.Addr().String() + apiRoot, Edge: s.edge.Addr().String(),
		Plain: s.plain.Addr().String(), Tunnel: s.tunnel.Addr().String(), CA: string(ca.PEM())}
	if s.control != nil {
		s.Control = "http://" + s.control.Addr().String()
	}
	if s.dns.UDP != nil {
		s.DNS = s.dns.Addr()
	}
	c.addresses.https.Store(&s.Edge)
	c.addresses.http.Store(&s.Plain)
	return s, nil
}

func (s *Server) close() {
	for _, l := range []net.Listener{s.api, s.edge, s.plain, s.tunnel, s.control} {
		if l != nil {
			l.Close()
		}
	}
	if s.tunnelUDP != nil {
		s.tunnelUDP.Close()
	}
	s.dns.close()
}

// Run serves until ctx ends, and then closes every connection. It returns nil
// if ctx ended.
func (s *Server) Run(ctx context.Context) error {
	defer s.close()
	c := s.cloud
	secure := tls.NewListener(s.edge, &tls.Config{GetCertificate: c.edgeCertificate, NextProtos: []string{"h2", "http/1.1"}})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.serveHTTP(ctx, s.api, c.API()) })
	group.Go(func() error { return c.serveHTTP(ctx, secure, c.Edge()) })
	group.Go(func() error { return c.serveHTTP(ctx, s.plain, c.PlainEdge()) })
	group.Go(func() error { return c.ServeTunnels(ctx, s.tunnel, s.tunnelUDP) })
	if s.control != nil {
		group.Go(func() error { return c.serveHTTP(ctx, s.control, c.Control()) })
	}
	if s.dns.UDP != nil {
		group.Go(func() error { return c.ServeDNS(ctx, s.dns) })
	}
	return group.Wait()
}

func (c *Cloud) serveHTTP(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(c.log.Handler(), slog.LevelDebug)}
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the simulated Cloudflare: %w", err)
	}
	return nil
}
