package tunnelproto

import (
	"context"
	"io"
	"net/http"
)

// answer is how a protocol carries a response of the connector.
type answer interface {
	io.Writer
	// begin sends a response's head, once.
	begin(status int, header http.Header) error
	// refuse says instead that the connector could not serve, and why.
	refuse(why string) error
	flush() error
}

// responseWriter is what handlers write to, over either protocol.
type responseWriter struct {
	to     answer
	header http.Header
	begun  bool
	err    error // of begin
}

func newResponseWriter(to answer) *responseWriter {
	return &responseWriter{to: to, header: http.Header{}}
}

func (w *responseWriter) Header() http.Header { return w.header }

func (w *responseWriter) WriteHeader(status int) {
	informational := status < 200 && status != http.StatusSwitchingProtocols
	if w.begun || informational {
		return
	}
	w.begun = true
	header := w.header.Clone()
	dropInternal(header)
	w.err = w.to.begin(status, header)
}

func (w *responseWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.err != nil {
		return 0, w.err
	}
	return w.to.Write(p)
}

func (w *responseWriter) FlushError() error {
	w.WriteHeader(http.StatusOK)
	if w.err != nil {
		return w.err
	}
	return w.to.flush()
}

func (w *responseWriter) refuse(why string) {
	if w.begun {
		return
	}
	w.begun = true
	w.err = w.to.refuse(why)
}

// Refuse answers that the connector itself could not serve the request: a 502
// that ResponseSource calls "cloudflared". Nothing may have been written yet.
func Refuse(w http.ResponseWriter) {
	if rw, ok := w.(*responseWriter); ok {
		rw.refuse("Unable to reach the origin service")
		return
	}
	w.WriteHeader(http.StatusBadGateway)
}

// http2Answer packs headers the way the edge expects them.
type http2Answer struct{ http.ResponseWriter }

func (a *http2Answer) begin(status int, header http.Header) error {
	h := a.Header()
	if length := header.Get("Content-Length"); length != "" {
		h.Set("Content-Length", length) // HTTP/2 has a use for it
		header.Del("Content-Length")
	}
	h.Set(headerResponse, encodeHeaders(header))
	h.Set(headerMeta, metaOrigin)
	if status == http.StatusSwitchingProtocols {
		status = http.StatusOK // HTTP/2 has no 101
	}
	a.WriteHeader(status)
	return nil
}

// refuse does not tell why: it has no place for it.
func (a *http2Answer) refuse(string) error {
	a.Header().Set(headerMeta, metaCloudflared)
	a.WriteHeader(http.StatusBadGateway)
	return nil
}

func (a *http2Answer) flush() error { return http.NewResponseController(a.ResponseWriter).Flush() }

// Splice carries bytes both ways between a stream, whose answer was begun, and
// backend, until backend ends or either breaks; then it closes backend. When
// the stream's sender has finished, backend is told so and may still answer.
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
