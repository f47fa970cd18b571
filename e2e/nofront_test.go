package e2e

import (
	"context"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// findsNoLoginByHTTP has a colleague go to the app by plain http, past Culvert,
// which does not lead anybody there: the app sends the browser to https, where it
// waits in vain. That the way itself carries shows keepsNoCookieByHTTP.
func findsNoLoginByHTTP(t *testing.T, o *office) {
	defer o.leadsByHand(t)()
	b := o.goesByHTTP(t)
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Navigate(b.base+"/accounts/login/")); err == nil {
		t.Errorf("by http there is a page:\n%s", b.text("body"))
	}
}

// keepsNoCookieByHTTP is the same with an app that sends nobody to https: its form
// is there, and Chromium keeps none of the cookies without which it is refused.
// Culvert's check says so before anybody is led there.
func (o *office) keepsNoCookieByHTTP(t *testing.T, without string) {
	env := o.read(t, ".env.prod")
	s := &scene{stranger: o.stranger(t)}
	put := func(text string) {
		if err := os.WriteFile(filepath.Join(o.stack.Dir, ".env.prod"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s.up("web")
	}
	put(strings.TrimSuffix(env, "\n") + "\nDJANGO_SECURE_SSL_REDIRECT=False\n")
	defer put(env)
	t.Run("in Chromium", func(t *testing.T) {
		defer o.leadsByHand(t)()
		b := o.goesByHTTP(t)
		_, app := o.inCulvertsNetwork(t, o.container("web"))
		o.eventually(t, "the app answers again", func() bool {
			conn, err := o.Dial(t.Context(), "tcp", app+":8000")
			return err == nil && conn.Close() == nil
		})
		b.open("/accounts/login/")
		b.until("the app's own login", `document.title === "Sign In"`, 10*time.Second)
		b.fill("[name=login]", colleague)
		b.fill("[name=password]", password)
		b.click("form button")
		b.until("the form to be refused", `document.body.textContent.includes("CSRF") && !document.body.textContent.includes("Signed in")`, 10*time.Second)
		b.picture("refused")
	})
	o.refuses(t, without, "sends its cookies over https only")
}

// goesByHTTP opens Chromium on a colleague's device, without TLS.
func (o *office) goesByHTTP(t *testing.T) *browser {
	t.Helper()
	d := o.device(t, colleague)
	d.logIn()
	return d.browse("http://" + privateName + ":8000")
}

// leadsByHand has somebody lead devices to the app and to dnsmasq as the guide
// does, in the dashboard. What it gives puts everything back.
func (o *office) leadsByHand(t *testing.T) (back func()) {
	t.Helper()
	s := o.stranger(t)
	_, app := o.inCulvertsNetwork(t, o.container("web"))
	_, dns := o.inCulvertsNetwork(t, dnsmasq)
	tunnel := s.named(tunnels, "open-chat-studio").id()
	var made []string
	for _, address := range []string{app, dns} {
		route := decoded[object](t, s.call(http.MethodPost, routes, object{"network": address + "/32", "tunnel_id": tunnel}))
		made = append(made, routes+"/"+route.id())
	}
	names, excluded := s.list(fallbacks), s.list(exclusions)
	settings := decoded[object](t, s.call(http.MethodGet, gateway, nil))
	s.call(http.MethodPut, fallbacks, append(slices.Clone(names), object{"suffix": privateName, "dns_server": []string{dns}}))
	s.call(http.MethodPut, exclusions, slices.DeleteFunc(slices.Clone(excluded), func(e object) bool { return covers(e, app) }))
	s.call(http.MethodPatch, gateway, object{"gateway_proxy_enabled": true, "gateway_udp_proxy_enabled": true})
	return func() {
		for _, path := range made {
			s.call(http.MethodDelete, path, nil)
		}
		s.call(http.MethodPut, fallbacks, names)
		s.call(http.MethodPut, exclusions, excluded)
		s.call(http.MethodPatch, gateway, object{"gateway_proxy_enabled": settings["gateway_proxy_enabled"], "gateway_udp_proxy_enabled": settings["gateway_udp_proxy_enabled"]})
	}
}

// covers says whether an entry of a split tunnel list is about an address.
func covers(entry object, address string) bool {
	network, _ := entry["address"].(string)
	prefix, err := netip.ParsePrefix(network)
	return err == nil && prefix.Contains(netip.MustParseAddr(address))
}

// inCulvertsNetwork is the name of Culvert's own network, and the address that a
// container has there.
func (w *world) inCulvertsNetwork(t *testing.T, container string) (name, address string) {
	t.Helper()
	for line := range strings.Lines(w.inspect(t, container, `{{range $name, $at := .NetworkSettings.Networks}}{{$name}} {{$at.IPAddress}}{{"\n"}}{{end}}`)) {
		if name, address, _ := strings.Cut(strings.TrimSpace(line), " "); strings.HasPrefix(name, "culvert-") {
			return name, address
		}
	}
	t.Fatalf("%s is not in Culvert's network", container)
	return "", ""
}
