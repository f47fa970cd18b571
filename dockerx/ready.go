package dockerx

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/culvert/culvert/dockerx/found"
)

// metricsPort is where cloudflared tells of itself unless it is told otherwise.
const metricsPort = 20241

// ConnectorReady asks the running connector of a project how it stands with
// Cloudflare. The answer is empty if it cannot be reached from here.
func (h *Host) ConnectorReady(ctx context.Context, project string) (found.Ready, error) {
	none := found.Ready{Version: -1}
	up, err := h.runningBoxes(ctx, project, connectorService)
	if err != nil {
		return none, err
	}
	for _, ip := range up[0].addresses() {
		at := net.JoinHostPort(ip, strconv.Itoa(metricsPort))
		if r, err := h.askReady(ctx, at); err == nil {
			r.Protocol = up[0].env()["TUNNEL_TRANSPORT_PROTOCOL"]
			return r, nil
		}
	}
	return none, nil
}

func (h *Host) askReady(ctx context.Context, at string) (found.Ready, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	var said struct {
		Connections int    `json:"readyConnections"`
		ID          string `json:"connectorId"`
	}
	status, body, err := h.fetch(ctx, "http://"+at+"/ready")
	if err != nil {
		return found.Ready{}, err
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return found.Ready{}, fmt.Errorf("reading what the connector says: %w", err)
	}
	r := found.Ready{Answered: true, Ready: status == http.StatusOK, Connections: said.Connections, ConnectorID: said.ID, Version: -1}
	if _, body, err := h.fetch(ctx, "http://"+at+"/metrics"); err == nil {
		r.Version, r.Carried = configVersion(string(body)), carried(string(body), r.Connections)
	}
	return r, nil
}

func (h *Host) fetch(ctx context.Context, url string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	resp, err := h.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, body, err
}

// configVersion reads the version of the tunnel's rules from the metrics.
func configVersion(metrics string) int {
	if v, ok := metric(metrics, "cloudflared_orchestration_config_version"); ok {
		return int(v)
	}
	return -1
}

// carried reads how the connector talks to Cloudflare. cloudflared counts QUIC
// connections once it has tried one, and the closed ones by their reasons.
func carried(metrics string, connections int) string {
	made, _ := metric(metrics, "quic_client_total_connections")
	closed, _ := metric(metrics, "quic_client_closed_connections")
	switch _, ours := metric(metrics, "cloudflared_tunnel_ha_connections"); {
	case !ours || connections == 0:
		return ""
	case made > closed:
		return "QUIC"
	}
	return "HTTP/2"
}

// metric sums what the metrics have under a name, whatever its labels.
func metric(metrics, name string) (sum float64, there bool) {
	lines := bufio.NewScanner(strings.NewReader(metrics))
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), name)
		at := strings.LastIndexByte(rest, ' ')
		if !ok || at < 0 || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		if v, err := strconv.ParseFloat(strings.TrimSpace(rest[at:]), 64); err == nil {
			sum, there = sum+v, true
		}
	}
	return sum, there
}

// Addresses are those of the running containers of a service, on all their
// networks.
func (h *Host) Addresses(ctx context.Context, project, service string) ([]string, error) {
	up, err := h.runningBoxes(ctx, project, service)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, b := range up {
		out = append(out, b.addresses()...)
	}
	return out, nil
}
