package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// stamp puts on what every answer of the edge carries.
func stamp(w http.ResponseWriter, v *visit) {
	w.Header().Set("Server", "cloudflare")
	w.Header().Set("Cf-Ray", v.ray)
}

// unresolved stands for a name without a proxied record. No visitor gets such
// an answer, so it must not look like one.
func unresolved(w http.ResponseWriter, v *visit) {
	w.Header().Set("X-Simulated", "no-such-name")
	http.Error(w, "simulator: "+v.host+" does not resolve to the edge; a visitor would get a DNS error", http.StatusMisdirectedRequest)
}

func html(w http.ResponseWriter, v *visit, status int, title, text string) {
	stamp(w, v)
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.WriteHeader(status)
	if v.Method == http.MethodHead {
		return
	}
	fmt.Fprintf(w, "<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n%s<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n",
		title, title, text)
}

// errorPage is the edge's own page; codes above 999 are Cloudflare's own and
// come as 530.
func errorPage(code int, text string) step {
	return func(w http.ResponseWriter, v *visit) {
		status := code
		if code > 999 {
			status = 530
		}
		html(w, v, status, fmt.Sprintf("Error %d %s", code, text), "")
	}
}

// notReady is what people report of an application that is new to the edge.
func notReady(w http.ResponseWriter, v *visit) { html(w, v, http.StatusForbidden, "403 Forbidden", "") }

// forbidden is Access's refusal.
func forbidden(why string) step {
	return func(w http.ResponseWriter, v *visit) {
		w.Header().Set("Cf-Access-Denied", "true")
		html(w, v, http.StatusForbidden, "Forbidden", "<p>Cloudflare Access: "+why+"</p>\r\n")
	}
}

func unauthorizedPage(w http.ResponseWriter, v *visit) {
	w.Header().Set("Www-Authenticate", "Cloudflare-Access")
	html(w, v, http.StatusUnauthorized, "Unauthorized", "")
}

// badGateway is what a visitor gets when cloudflared could not reach the origin.
func badGateway(w http.ResponseWriter, v *visit) {
	errorPage(http.StatusBadGateway, "Bad gateway")(w, v)
}

// edgeError is one of Cloudflare's own errors, in the form that the client asks
// for: a browser gets a page, who wants JSON a problem document, and others a
// line of text.
type edgeError struct {
	code, status        int
	name, title, detail string
	retryAfter          int // seconds; 0: not worth it
}

func (e edgeError) answer(w http.ResponseWriter, v *visit) {
	accept := v.Header.Get("Accept")
	switch {
	case strings.Contains(accept, "application/json"), strings.Contains(accept, "application/problem+json"):
		e.problem(w, v)
	case strings.Contains(accept, "text/html"):
		html(w, v, e.status, fmt.Sprintf("Error %d %s", e.code, e.title), "")
	default:
		stamp(w, v)
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		w.WriteHeader(e.status)
		fmt.Fprintf(w, "error code: %d", e.code)
	}
}

func (e edgeError) problem(w http.ResponseWriter, v *visit) {
	document := map[string]any{
		"type":  fmt.Sprintf("https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/error-%d/", e.code),
		"title": fmt.Sprintf("Error %d: %s", e.code, e.title), "status": e.status, "error_code": e.code, "error_name": e.name,
		"ray_id": v.ray, "cloudflare_error": true, "retryable": e.retryAfter > 0,
	}
	if e.detail != "" {
		document["detail"] = e.detail
	}
	if e.retryAfter > 0 {
		document["retry_after"] = e.retryAfter
		w.Header().Set("Retry-After", fmt.Sprint(e.retryAfter))
	}
	stamp(w, v)
	w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
	w.WriteHeader(e.status)
	json.NewEncoder(w).Encode(document) // a client that went away is its own affair
}

// tunnelDown is what a visitor gets when no connector has a connection.
func tunnelDown(w http.ResponseWriter, v *visit) {
	edgeError{code: 1033, status: 530, name: "tunnel_error", title: "Cloudflare Tunnel error", retryAfter: 120}.answer(w, v)
}
