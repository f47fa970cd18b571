package tunnelproto

import (
	"encoding/json"
	"net/http"
	"strings"
)

// serve answers one stream that the edge opened over HTTP/2. Headers tell its
// kind.
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
		l.serveTCP(newResponseWriter(&http2Answer{w}), r)
	default:
		l.serveVisitor(newResponseWriter(&http2Answer{w}), r, upgrade == upgradeWebsock)
	}
}

// serveVisitor has the handler answer a request, over either protocol.
func (l *link) serveVisitor(w *responseWriter, r *http.Request, websocket bool) {
	if websocket {
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "websocket")
	}
	l.connector.Handler.ServeHTTP(w, r)
	w.WriteHeader(http.StatusOK) // if the handler said nothing
}

// serveTCP connects to r.Host, over either protocol.
func (l *link) serveTCP(w *responseWriter, r *http.Request) {
	if l.connector.TCP == nil {
		w.refuse("this connector has no private network")
		return
	}
	backend, err := l.connector.TCP(r.Context(), r.Host)
	if err != nil {
		l.connector.logger().Error("private network address cannot be reached", "addr", r.Host, "error", err)
		w.refuse(err.Error())
		return
	}
	w.WriteHeader(http.StatusOK)
	Splice(w, r, backend)
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
