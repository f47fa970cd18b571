package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/culvert/culvert/setup"
)

// Outside asks whether the app still answers at an address of this host that
// others can reach, ip:port. It says closed only on proof: a refused or silent
// connection, or a sound answer that has none of the app's signs.
func (p *Prober) Outside(ctx context.Context, address string) (open bool, detail string) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return true, fmt.Sprintf("%q is not an address with a port; nothing was checked.", address)
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		return true, address + " is reached from this server only; an answer there proves nothing."
	}
	resp, body, err := p.ask(ctx, target{scheme: "http", address: address, host: address, forwarded: true},
		setup.Check{Method: http.MethodGet, Path: "/"})
	if err != nil {
		return outsideError(ctx, address, err)
	}
	switch by := who(read(resp, body), setup.Check{}); {
	case by == setup.ByApp || by == setup.ByAppHost:
		return true, fmt.Sprintf("The app still answers at %s (%d).", address, resp.StatusCode)
	case resp.StatusCode >= 500:
		return true, fmt.Sprintf("Something answers at %s with a fault (%d); the app may stand behind it.", address, resp.StatusCode)
	default:
		return false, fmt.Sprintf("Something else answers at %s (%d); it is not the app.", address, resp.StatusCode)
	}
}

func outsideError(ctx context.Context, address string, err error) (open bool, detail string) {
	switch {
	case ctx.Err() != nil:
		return true, "The check of " + address + " was interrupted."
	case !unreached(err):
		return true, address + " accepts connections and does not say what it is."
	case refused(err):
		return false, "Nothing accepts connections at " + address + "."
	}
	return true, fmt.Sprintf("Whether %s is closed could not be checked: %s", address, cause(err))
}

// Fingerprint tells the app from others on the same host: a request under one
// of its names, and how it answers.
type Fingerprint struct {
	Hosts []string    // names that the app may know, the likeliest first
	Check setup.Check // a door's check: its path is the app's own
}

// Front is something on this host that serves the app.
type Front struct {
	Address string // ip:port
	URL     string
	Host    string // under which it answered
	Sure    bool   // it answered as only the app does
	Detail  string
}

// FrontPorts lists where web servers commonly listen.
func FrontPorts() []int { return []int{80, 443, 3000, 5000, 8000, 8080, 8081, 8443, 8888, 9000, 9443} }

// Fronts looks for everything that serves the app at the given addresses and
// ports, over HTTP and HTTPS. The order of the result is that of its arguments.
// Unsure says of places that could not be asked why: there may be one.
func (p *Prober) Fronts(ctx context.Context, hostAddrs []string, ports []int, f Fingerprint) (fronts []Front, unsure []string) {
	var addresses []string
	for _, host := range hostAddrs {
		for _, port := range ports {
			addresses = append(addresses, net.JoinHostPort(host, strconv.Itoa(port)))
		}
	}
	found, faults := make([]*Front, len(addresses)), make([]error, len(addresses))
	free := make(chan struct{}, p.o.Parallel)
	var work sync.WaitGroup
	for i, address := range addresses {
		free <- struct{}{}
		work.Go(func() {
			defer func() { <-free }()
			found[i], faults[i] = p.front(ctx, address, f)
		})
	}
	work.Wait()
	for i, front := range found {
		switch {
		case front != nil:
			fronts = append(fronts, *front)
		case faults[i] != nil:
			unsure = append(unsure, fmt.Sprintf("Whether anything answers at %s could not be checked: %s", addresses[i], cause(faults[i])))
		}
	}
	return fronts, unsure
}

// front asks one address in every way; a sure answer ends it, an unsure one is
// kept until then. The error says that it could not even be asked: only where
// connections are refused, or nobody takes them, is nothing.
func (p *Prober) front(ctx context.Context, address string, f Fingerprint) (*Front, error) {
	var maybe *Front
	for _, scheme := range []string{"http", "https"} {
		for _, host := range append(slices.Clone(f.Hosts), address) {
			t := target{scheme: scheme, address: address, host: host, forwarded: true}
			if scheme == "https" {
				// Whose certificate it is does not matter: nothing is trusted, nothing secret is sent.
				t.tls = &tls.Config{InsecureSkipVerify: true, ServerName: serverName(host)}
			}
			resp, body, err := p.ask(ctx, t, f.Check)
			if unreached(err) {
				if refused(err) {
					err = nil
				}
				return maybe, err
			}
			if err != nil {
				break // it does not speak this scheme
			}
			front := recognise(read(resp, body), t, f)
			if front != nil && front.Sure {
				return front, nil
			}
			if maybe == nil {
				maybe = front
			}
		}
	}
	return maybe, nil
}

// serverName is the name in the TLS greeting; an address has none.
func serverName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return host
}

// recognise compares an answer with the fingerprint. Other apps made with the
// same framework have the same headers, so they alone are not enough: such an
// app does not know the path and answers 404.
func recognise(a answer, t target, f Fingerprint) *Front {
	front := &Front{Address: t.address, URL: t.scheme + "://" + t.address + "/", Host: t.host}
	by := who(a, f.Check)
	switch {
	case by == setup.ByApp && f.Check.Want != (setup.Answer{}) && wanted(a, f.Check.Want):
		front.Sure = true
		front.Detail = fmt.Sprintf("The app also answers at %s, under the name %s.", front.URL, t.host)
	case by == setup.ByAppHost:
		front.Detail = fmt.Sprintf("%s refuses the name %s as the app does; it may be the app.", front.URL, t.host)
	case by == setup.ByApp && a.isRedirect() && a.location != nil && a.location.Path == pathOf(f.Check.Path):
		front.Detail = fmt.Sprintf("%s sends callers to https as the app does; it may be the app.", front.URL)
	default:
		return nil
	}
	return front
}
