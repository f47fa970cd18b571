package tunnelproto

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// serve answers one stream that the edge opened. Headers tell its kind.
func (l *link) serve(w http.ResponseWriter, r *http.Request) {
	if !l.handlers.enter() {
		return
	}
	defer l.handlers.leave()
	upgrade, tcp := strings.ToLower(r.Header.Get(headerUpgrade)), r.Header.Get(headerTCP) != ""
	dropInternal(r.Header)
	switch {
	case upgrade == upgradeControl:
		l.control.Do(func() { l.serveControl(w, r) })
	case upgrade == upgradeConfig:
		l.serveConfig(w, r)
	case tcp:
		l.serveTCP(w, r)
	default:
		if upgrade == upgradeWebsock {
			r.Header.Set("Connection", "Upgrade")
			r.Header.Set("Upgrade", "websocket")
		}
		rw := &responseWriter{inner: w, header: http.Header{}}
		l.connector.Handler.ServeHTTP(rw, r)
		rw.WriteHeader(http.StatusOK) // if the handler said nothing
	}
}

// maxConfig is far above any configuration that Cloudflare lets one write.
const maxConfig = 16 << 20

func (l *link) serveConfig(w http.ResponseWriter, r *http.Request) {
	var u configUpdate
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxConfig)).Decode(&u); err != nil {
		http.Error(w, "unreadable configuration update", http.StatusBadRequest)
		return
	}
	answer := configAnswer{Err: json.RawMessage("null")}
	var err error
	if answer.Applied, err = l.connector.configure(u); err != nil {
		answer.Err = json.RawMessage("{}") // the text is lost, as with cloudflared
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // the edge sees a cut answer
}

func (l *link) serveTCP(w http.ResponseWriter, r *http.Request) {
	rw := &responseWriter{inner: w, header: http.Header{}}
	if l.connector.TCP == nil {
		Refuse(rw)
		return
	}
	backend, err := l.connector.TCP(r.Context(), r.Host)
	if err != nil {
		l.connector.logger().Error("private network address cannot be reached", "addr", r.Host, "error", err)
		Refuse(rw)
		return
	}
	rw.WriteHeader(http.StatusOK)
	Splice(rw, r, backend)
}

// Splice carries bytes both ways between a stream, whose answer was begun, and
// backend, until either ends; then it closes backend.
func Splice(w http.ResponseWriter, r *http.Request, backend io.ReadWriteCloser) {
	stop := context.AfterFunc(r.Context(), func() { _ = backend.Close() })
	defer stop()
	rc := http.NewResponseController(w)
	_ = rc.Flush() // the answer's head; a broken stream shows below

	up := make(chan struct{})
	go func() {
		defer close(up)
		_, err := io.Copy(backend, r.Body)
		if half, ok := backend.(interface{ CloseWrite() error }); ok && err == nil {
			_ = half.CloseWrite()
		} else {
			_ = backend.Close()
		}
	}()
	_, _ = io.Copy(flushWriter{w, rc}, backend)
	_ = backend.Close()
	_ = r.Body.Close() // wakes the other direction
	<-up
}

// Refuse answers that the connector itself could not serve the request: a 502
// that ResponseSource calls "cloudflared". Nothing may have been written yet.
func Refuse(w http.ResponseWriter) {
	if rw, ok := w.(*responseWriter); ok {
		rw.refused = true
	}
	w.WriteHeader(http.StatusBadGateway)
}

// responseWriter packs the handler's headers the way the edge expects them.
type responseWriter struct {
	inner   http.ResponseWriter
	header  http.Header
	begun   bool
	refused bool
}

func (w *responseWriter) Header() http.Header { return w.header }

func (w *responseWriter) WriteHeader(status int) {
	informational := status < 200 && status != http.StatusSwitchingProtocols
	if w.begun || informational {
		return
	}
	w.begun = true
	h := w.inner.Header()
	if w.refused {
		h.Set(headerMeta, metaCloudflared)
	} else {
		packed := w.header.Clone()
		dropInternal(packed)
		if length := packed.Get("Content-Length"); length != "" {
			h.Set("Content-Length", length) // HTTP/2 has a use for it
			packed.Del("Content-Length")
		}
		h.Set(headerResponse, encodeHeaders(packed))
		h.Set(headerMeta, metaOrigin)
	}
	if status == http.StatusSwitchingProtocols {
		status = http.StatusOK // HTTP/2 has no 101
	}
	w.inner.WriteHeader(status)
}

func (w *responseWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.inner.Write(p)
}

func (w *responseWriter) FlushError() error {
	w.WriteHeader(http.StatusOK)
	return http.NewResponseController(w.inner).Flush()
}

// Unwrap lets http.ResponseController find what this writer does not have.
func (w *responseWriter) Unwrap() http.ResponseWriter { return w.inner }
