package connector

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// metrics are the counters that cloudflared shows under the same names.
type metrics struct {
	requests, errors, concurrent atomic.Int64
	tcpTotal, tcpActive          atomic.Int64
	udpTotal, udpActive          atomic.Int64
	registered, refused          atomic.Int64
	quic                         atomic.Int64 // connections that were made by QUIC

	mu     sync.Mutex
	byCode map[int]int64
}

func newMetrics() *metrics { return &metrics{byCode: map[int]int64{}} }

// begin counts a request; the function that it returns counts its end.
func (m *metrics) begin() (end func()) {
	m.requests.Add(1)
	m.concurrent.Add(1)
	return func() { m.concurrent.Add(-1) }
}

// join counts a connection that Cloudflare took.
func (m *metrics) join(l tunnelproto.Live) {
	m.registered.Add(1)
	if l.Protocol == tunnelproto.QUIC {
		m.quic.Add(1)
	}
}

func (m *metrics) code(status int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.byCode[status]++
}

// text writes the exposition format that Prometheus reads.
func (m *metrics) text(live []tunnelproto.Live, configVersion int) string {
	var b strings.Builder
	one := func(kind, name string, value int64) {
		fmt.Fprintf(&b, "# TYPE %s %s\n%s %d\n", name, kind, name, value)
	}
	fmt.Fprintf(&b, "# TYPE build_info gauge\nbuild_info{goversion=\"\",revision=\"stand-in\",type=\"\",version=%q} 1\n", Version)
	one("gauge", "cloudflared_orchestration_config_version", int64(configVersion))
	one("gauge", "cloudflared_tcp_active_sessions", m.tcpActive.Load())
	one("counter", "cloudflared_tcp_total_sessions", m.tcpTotal.Load())
	one("gauge", "cloudflared_tunnel_concurrent_requests_per_tunnel", m.concurrent.Load())
	one("gauge", "cloudflared_tunnel_ha_connections", int64(len(live)))
	one("counter", "cloudflared_tunnel_request_errors", m.errors.Load())

	m.mu.Lock()
	fmt.Fprintln(&b, "# TYPE cloudflared_tunnel_response_by_code counter")
	for _, code := range slices.Sorted(maps.Keys(m.byCode)) {
		fmt.Fprintf(&b, "cloudflared_tunnel_response_by_code{status_code=\"%d\"} %d\n", code, m.byCode[code])
	}
	m.mu.Unlock()

	fmt.Fprintln(&b, "# TYPE cloudflared_tunnel_server_locations gauge")
	for _, l := range live {
		fmt.Fprintf(&b, "cloudflared_tunnel_server_locations{connection_id=\"%d\",edge_location=%q} 1\n", l.Index, l.Details.Location)
	}
	one("counter", "cloudflared_tunnel_total_requests", m.requests.Load())
	if n := m.refused.Load(); n > 0 {
		fmt.Fprintf(&b, "# TYPE cloudflared_tunnel_tunnel_register_fail counter\ncloudflared_tunnel_tunnel_register_fail{error=\"server_error\",rpcName=\"registerConnection\"} %d\n", n)
	}
	fmt.Fprintf(&b, "# TYPE cloudflared_tunnel_tunnel_register_success counter\ncloudflared_tunnel_tunnel_register_success{rpcName=\"registerConnection\"} %d\n", m.registered.Load())
	if made := m.quic.Load(); made > 0 {
		now := int64(0)
		for _, l := range live {
			if l.Protocol == tunnelproto.QUIC {
				now++
			}
		}
		fmt.Fprintf(&b, "# TYPE quic_client_closed_connections counter\nquic_client_closed_connections{reason=\"\"} %d\n", max(0, made-now))
		one("counter", "quic_client_total_connections", made)
	}
	one("gauge", "cloudflared_udp_active_sessions", m.udpActive.Load())
	one("gauge", "cloudflared_udp_total_sessions", m.udpTotal.Load())
	return b.String()
}

// countingWriter counts the status that goes out, or that none could be had.
type countingWriter struct {
	http.ResponseWriter
	metrics *metrics
	once    sync.Once
}

func (w *countingWriter) WriteHeader(status int) {
	w.once.Do(func() { w.metrics.code(status) })
	w.ResponseWriter.WriteHeader(status)
}

func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// refuse tells the edge that the origin could not be reached.
func refuse(w http.ResponseWriter) {
	if c, ok := w.(*countingWriter); ok {
		c.metrics.errors.Add(1)
		c.once.Do(func() { c.metrics.code(http.StatusBadGateway) })
		w = c.ResponseWriter
	}
	tunnelproto.Refuse(w)
}
