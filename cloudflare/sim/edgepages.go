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

// tunnelDown is error 1033, in the form that the client asks for: a browser
// gets a page, who wants JSON a problem document, and others a line of text.
func tunnelDown(w http.ResponseWriter, v *visit) {
	accept := v.Header.Get("Accept")
	switch {
	case strings.Contains(accept, "application/json"), strings.Contains(accept, "application/problem+json"):
		stamp(w, v)
		w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(530)
		json.NewEncoder(w).Encode(map[string]any{
			"type":  "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/error-1033/",
			"title": "Error 1033: Cloudflare Tunnel error", "status": 530, "error_code": 1033,
			"error_name": "tunnel_error", "ray_id": v.ray, "retryable": true, "retry_after": 120,
		})
	case strings.Contains(accept, "text/html"):
		errorPage(1033, "Cloudflare Tunnel error")(w, v)
	default:
		stamp(w, v)
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		w.WriteHeader(530)
		fmt.Fprint(w, "error code: 1033")
	}
}
