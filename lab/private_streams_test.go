package lab_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/culvert/culvert/cert"
	"github.com/culvert/culvert/lab"
)

// echo is an app that tells what reached it, takes another protocol over, and
// answers bit by bit.
type echo struct{ more chan bool }

func (e echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("Upgrade") != "":
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n")
		_ = rw.Flush()
		line, _ := rw.ReadString('\n')
		_, _ = rw.WriteString("heard " + line)
		_ = rw.Flush()
	case r.URL.Path == "/stream":
		_, _ = io.WriteString(w, "first\n")
		w.(http.Flusher).Flush()
		<-e.more
		_, _ = io.WriteString(w, "second\n")
	default:
		_, _ = fmt.Fprintf(w, "%s|%s|%s|%s|%s", r.Host, r.Header.Get("X-Forwarded-Proto"), r.Header.Get("X-Forwarded-For"), r.Header.Get("X-Forwarded-Host"), r.Header.Get("Forwarded"))
	}
}

func streamsPass(t *testing.T, w *privateWay) {
	listener, err := w.lab.Listen(t.Context(), "tcp", lab.HostAddress+":0")
	if err != nil {
		t.Fatal(err)
	}
	more := make(chan bool)
	app := &http.Server{Handler: echo{more}, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- app.Serve(listener) }()
	t.Cleanup(func() {
		_ = app.Close()
		<-served
	})
	w.layFront(t, listener.Addr().String())
	w.tellsTheApp(t)
	w.streams(t, more)
	w.upgrades(t)
	w.layFront(t, "web:8000")
}

func (w *privateWay) tellsTheApp(t *testing.T) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+privateName+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []string{"X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-Forwarded-Proto"} {
		req.Header.Set(h, "made-up")
	}
	res, err := w.browser().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	parts := strings.Split(string(body), "|")
	if err != nil || len(parts) != 5 || parts[0] != privateName || parts[1] != "https" || net.ParseIP(parts[2]) == nil || parts[3]+parts[4] != "" {
		t.Errorf("the app was told %q, %v", body, err)
	}
}

// streams reads the first part of an answer while the second is not yet written.
func (w *privateWay) streams(t *testing.T, more chan<- bool) {
	t.Helper()
	res := w.get(t, "https://"+privateName+"/stream", "")
	lines := bufio.NewReader(res.Body)
	first, err := lines.ReadString('\n')
	if err != nil || first != "first\n" {
		t.Errorf("first %q, %v", first, err)
	}
	more <- true
	if second, err := lines.ReadString('\n'); err != nil || second != "second\n" {
		t.Errorf("second %q, %v", second, err)
	}
}

func (w *privateWay) upgrades(t *testing.T) {
	t.Helper()
	raw, err := w.lab.Dial(t.Context(), "tcp", net.JoinHostPort(frontAddress, "443"))
	if err != nil {
		t.Fatal(err)
	}
	conn := tls.Client(raw, &tls.Config{RootCAs: w.roots, ServerName: privateName, MinVersion: tls.VersionTLS12})
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: "+privateName+"\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(conn)
	res, err := http.ReadResponse(lines, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%+v, %v", res, err)
	}
	if _, err := io.WriteString(conn, "hello\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := lines.ReadString('\n'); err != nil || line != "heard hello\n" {
		t.Errorf("it says %q, %v", line, err)
	}
}

// serial is that of the certificate that the front serves now.
func (w *privateWay) serial(t *testing.T) string {
	t.Helper()
	raw, err := w.lab.Dial(t.Context(), "tcp", net.JoinHostPort(frontAddress, "443"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	conn := tls.Client(raw, &tls.Config{RootCAs: w.roots, ServerName: privateName, MinVersion: tls.VersionTLS12})
	if err := conn.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

func renewed(t *testing.T, w *privateWay) {
	was, container := w.serial(t), w.frontContainer(t)
	// One for another name as well is a new one, by the same authority.
	if _, err := w.certs.Ensure(t.Context(), cert.Want{Names: []string{privateName, "also." + privateName}, Source: cert.Internal, Into: w.stack.FrontDir}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the front serves another certificate", func() bool { return w.serial(t) != was })
	if w.frontContainer(t) != container {
		t.Error("the front was made anew for it")
	}
}

func (w *privateWay) frontContainer(t *testing.T) string {
	t.Helper()
	got, err := w.lab.API().ContainerInspect(t.Context(), w.stack.ConnectorProject+"-front-1", client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return got.Container.ID
}
