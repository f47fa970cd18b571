package connector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// The ports that the metrics server tries when none is given. In the official
// image it listens on every interface.
const (
	metricsHost      = "0.0.0.0"
	metricsFirstPort = 20241
	metricsLastPort  = 20245
)

type readiness struct {
	Status           int    `json:"status"`
	ReadyConnections int    `json:"readyConnections"`
	ConnectorID      string `json:"connectorId"`
}

// statusHandler is the metrics server: is the tunnel up, what was counted, which
// configuration is in force.
func statusHandler(c *tunnelproto.Connector, in *ingress, m *metrics) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/ready", func(w http.ResponseWriter, _ *http.Request) {
		r := readiness{Status: http.StatusOK, ReadyConnections: c.Ready(), ConnectorID: c.ClientID}
		if r.ReadyConnections == 0 {
			r.Status = http.StatusServiceUnavailable
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(r.Status)
		_ = json.NewEncoder(w).Encode(r)
	})
	mux.HandleFunc("/healthcheck", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "OK\n")
	})
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = io.WriteString(w, m.text(c.Live(), in.now.Load().version))
	})
	mux.HandleFunc("/config", func(w http.ResponseWriter, _ *http.Request) {
		a := in.now.Load()
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(struct {
			Version int             `json:"version"`
			Config  json.RawMessage `json:"config"`
		}{a.version, a.raw})
	})
	return mux
}

// listenMetrics takes the address that was asked for, or else the first of the
// usual ports that is free, or else any.
func listenMetrics(addr string) (net.Listener, error) {
	if addr != "" {
		return net.Listen("tcp", addr)
	}
	for port := metricsFirstPort; port <= metricsLastPort; port++ {
		if l, err := net.Listen("tcp", net.JoinHostPort(metricsHost, strconv.Itoa(port))); err == nil {
			return l, nil
		}
	}
	return net.Listen("tcp", net.JoinHostPort(metricsHost, "0"))
}

// ready asks a running connector, as a container's health check does.
func ready(ctx context.Context, addr string, stdout io.Writer) error {
	if addr == "" {
		addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(metricsFirstPort))
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/ready", nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", addr, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", addr, err)
	}
	_, _ = fmt.Fprintf(stdout, "%s", body)
	return errors.New("not ready")
}
