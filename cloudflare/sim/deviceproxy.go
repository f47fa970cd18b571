package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
)

// Proxy sends what a browser asks for from the device: a forward proxy for http,
// and by CONNECT for everything else over TCP. What does not get through it
// answers with the way that it went, as a 502.
func (d *Device) Proxy() http.Handler {
	plain := &httputil.ReverseProxy{
		Rewrite:   func(*httputil.ProxyRequest) {}, // as it came, to where it says
		Transport: &http.Transport{DialContext: d.open, DisableKeepAlives: true, DisableCompression: true},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
		ErrorLog: slog.NewLogLogger(d.cloud.log.Handler(), slog.LevelDebug),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodConnect:
			d.tunnel(w, r)
		case r.URL.Host == "":
			http.Error(w, "this is a proxy: give it to a browser as such", http.StatusBadRequest)
		default:
			plain.ServeHTTP(w, r)
		}
	})
}

// open connects from the device. One that is not enrolled has no client that
// takes its packets: it reaches what everybody reaches.
func (d *Device) open(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, path, err := d.Dial(ctx, network, addr)
	if errors.Is(err, ErrNotEnrolled) {
		if conn, outside := d.cloud.Dial(ctx, network, addr); outside == nil {
			return conn, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s is not reached: %w\n%s", addr, err, path)
	}
	return conn, nil
}

// tunnel hands a connection through as it is.
func (d *Device) tunnel(w http.ResponseWriter, r *http.Request) {
	there, err := d.open(r.Context(), "tcp", r.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer there.Close()
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "CONNECT takes HTTP/1.1", http.StatusHTTPVersionNotSupported)
		return
	}
	defer here.Close()
	stop := context.AfterFunc(d.cloud.ctx, func() { _, _ = here.Close(), there.Close() })
	defer stop()
	if _, err := io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return // the browser went away
	}
	ended := make(chan struct{}, 2)
	pass := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from) // whichever side ends first, both end
		ended <- struct{}{}
	}
	go pass(there, buffered)
	go pass(here, there)
	<-ended
	_, _ = here.Close(), there.Close()
	<-ended
}

// serveProxy makes the proxy of a device listen on this machine until the Cloud
// closes, and gives its URL.
func (c *Cloud) serveProxy(d *Device) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for a device: %w", err)
	}
	c.work.Go(func() {
		if err := c.serveHTTP(c.ctx, l, d.Proxy()); err != nil {
			c.log.Error("the proxy of a device ended", "error", err)
		}
	})
	return "http://" + l.Addr().String(), nil
}
