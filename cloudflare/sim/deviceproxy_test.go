package sim

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// webs is a private network with web servers: where each answers, and where it
// really listens.
type webs struct {
	Private
	listen map[string]string
}

func (w webs) DialTCP(ctx context.Context, addr string) (net.Conn, error) {
	if at, ok := w.listen[addr]; ok {
		return new(net.Dialer).DialContext(ctx, "tcp", at)
	}
	return w.Private.DialTCP(ctx, addr)
}

// give takes a device from the control API, and gives a browser that uses it.
func (w *world) give(body string) (toldDevice, *http.Client) {
	w.Helper()
	got := w.control("POST", "/devices", body)
	var d toldDevice
	if err := json.Unmarshal(got.Body.Bytes(), &d); err != nil || got.Code != http.StatusCreated {
		w.Fatalf("POST /devices %s: %d %s", body, got.Code, got.Body)
	}
	proxy, err := url.Parse(d.Proxy)
	if err != nil {
		w.Fatal(err)
	}
	if at, err := netip.ParseAddrPort(proxy.Host); err != nil || !at.Addr().IsLoopback() {
		w.Fatalf("the proxy is at %s", d.Proxy)
	}
	return d, &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy), DisableKeepAlives: true}}
}

// shows wants a page to have a status and a text.
func (w *world) shows(browser *http.Client, url string, status int, text string) {
	w.Helper()
	resp, err := browser.Get(url)
	if err != nil {
		w.Errorf("%s: %v", url, err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status || !strings.Contains(string(body), text) {
		w.Errorf("%s: %d %s %v, want %d with %q", url, resp.StatusCode, body, err, status, text)
	}
}

func TestABrowserUsesADeviceByItsProxy(t *testing.T) {
	s := newOffice(t, Options{})
	s.newRoute("172.18.0.7/32")
	s.uncover()
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "served "+r.Host+r.URL.Path) })
	plain, secure := httptest.NewServer(site), httptest.NewTLSServer(site)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	s.attach(Attachment{Private: webs{usualLAN(), map[string]string{
		"172.18.0.7:80": plain.Listener.Addr().String(), "172.18.0.7:443": secure.Listener.Addr().String()}}})

	_, browser := s.give(`{"email":"ann@example.org"}`)
	s.shows(browser, "http://172.18.0.7/x", 200, "served 172.18.0.7/x")
	trusting := secure.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	trusting.ServerName = "example.com" // what its certificate is for
	browser.Transport.(*http.Transport).TLSClientConfig = trusting
	s.shows(browser, "https://172.18.0.7/y", 200, "served 172.18.0.7/y")
	s.shows(browser, "http://172.18.0.5/", 502, "no route of the virtual network holds 172.18.0.5")
	if _, err := browser.Get("https://172.18.0.5/"); err == nil || !strings.Contains(err.Error(), "Bad Gateway") {
		t.Errorf("by CONNECT: %v", err)
	}
	stranger, outside := s.give(`{}`)
	s.shows(outside, "http://172.18.0.7/x", 502, "is not enrolled")
	if stranger.Registration != "" {
		t.Errorf("it has the registration %s", stranger.Registration)
	}
	s.controls("POST", "/devices", `{"email":"eve@evil.example"}`, 409, errNotAllowed.Error())
	s.controls("POST", "/devices", `[]`, 400, "ann@example.org")
}

func TestABrowserPassesAccessWhenTheDevicesPersonLoggedIn(t *testing.T) {
	s := newOffice(t, Options{})
	s.newRoute("172.18.0.0/16")
	s.uncover()
	app := s.ok("POST", "A/access/apps", `{"type":"self_hosted","name":"Lock","destinations":[{"type":"private","cidr":"172.18.0.7/32"}],
		"policies":[{"decision":"allow","name":"team","include":[{"email_domain":{"domain":"example.org"}}]}]}`)
	d, browser := s.give(`{"email":"ann@example.org"}`)
	s.shows(browser, "http://172.18.0.7:8000/", 502, "Authentication required")
	s.controls("POST", "/devices/1/logins/"+app.text("id"), "", 204, "")
	if d.ID != 1 {
		t.Errorf("it has the id %d", d.ID)
	}
	s.controls("POST", "/devices/2/logins/"+app.text("id"), "", 404, "POST /devices gives one")
	s.controls("POST", "/devices/1/logins/none", "", 409, "")
	conn, path, err := s.cloud.Device(s.AccountID, d.Registration).Dial(s.Context(), "tcp", "172.18.0.7:8000")
	if err != nil {
		t.Fatalf("%v\n%s", err, path)
	}
	conn.Close()
}

func TestAProxyIsNoWebServer(t *testing.T) {
	w := newWorld(t, Options{})
	d, _ := w.give(`{}`)
	w.shows(http.DefaultClient, d.Proxy, 400, "this is a proxy")
}
