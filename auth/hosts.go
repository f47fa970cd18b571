package auth

import (
	"net"
	"net/http"
	"strings"
)

// Hosts lets requests through that ask for this machine by a loopback name or
// by one of the given names, with any port. Others get 421: a web site could
// otherwise point its own name to this machine and read the pages as its own
// (DNS rebinding).
func Hosts(names []string) func(http.Handler) http.Handler {
	allowed := map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true}
	for _, name := range names {
		if host := hostOf(name); host != "" {
			allowed[host] = true
		}
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !allowed[hostOf(r.Host)] {
				http.Error(w, "Culvert does not answer to this name, so that no other web site can act through it. "+
					"Open the address that its log shows, or start it with this name allowed.",
					http.StatusMisdirectedRequest)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// hostOf gives the name of host or host:port, as it is compared.
func hostOf(address string) string {
	host := address
	if h, _, err := net.SplitHostPort(address); err == nil {
		host = h
	} else if inner, ok := strings.CutPrefix(address, "["); ok {
		host = strings.TrimSuffix(inner, "]")
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}
