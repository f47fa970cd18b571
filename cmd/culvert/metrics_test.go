package main

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/auth"
)

func TestMetricsNeedALoginWhereOthersThanThisMachineMayAsk(t *testing.T) {
	w, _ := openPractice(t.Context(), t, t.TempDir(), time.Now)
	t.Cleanup(func() { _ = w.Close() })
	log := slog.New(slog.DiscardHandler)
	for _, c := range []struct {
		about, listening string
		names            []string
		host             string
		status           int
	}{
		{"on loopback", "127.0.0.1", nil, "localhost:8765", http.StatusOK},
		{"on loopback by IPv6", "::1", nil, "[::1]:8765", http.StatusOK},
		{"on every address", "0.0.0.0", nil, "localhost:8765", http.StatusUnauthorized},
		{"behind a proxy", "127.0.0.1", []string{"culvert.example.org"}, "culvert.example.org", http.StatusUnauthorized},
		{"by a strange name", "127.0.0.1", nil, "evil.example.org", http.StatusMisdirectedRequest},
	} {
		v := &serving{settings: &settings{rehearsal: true}, try: w, names: c.names}
		v.auth = auth.New(auth.Options{
			Sessions: w.store.Sessions(), Links: w.store, Log: log, SignedOut: "/signed-out",
			Open: openPaths(&net.TCPAddr{IP: net.ParseIP(c.listening)}, c.names),
		})
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Host = c.host
		answer := httptest.NewRecorder()
		v.handler(log).ServeHTTP(answer, r)
		shown := strings.Contains(answer.Body.String(), "culvert_cloudflare_calls_total")
		if wanted := c.status == http.StatusOK; answer.Code != c.status || shown != wanted {
			t.Errorf("%s: %d, metrics shown: %v; want %d: %s", c.about, answer.Code, shown, c.status, answer.Body)
		}
	}
}
