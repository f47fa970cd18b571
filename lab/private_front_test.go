package lab_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/culvert/culvert/setup"
)

func frontComesUp(t *testing.T, w *privateWay) {
	w.apply(t, setup.Key{Kind: setup.KindCertificate, Scope: setup.CertificateScope, Name: privateName}, w.certificate())
	authority, found, err := w.certs.Authority(privateName)
	if err != nil || !found {
		t.Fatalf("found %v, %v", found, err)
	}
	w.roots = x509.NewCertPool()
	if !w.roots.AppendCertsFromPEM(authority.PEM) {
		t.Fatal("the authority's root cannot be read")
	}
	w.layFront(t, "web:8000")
}

func dnsAnswers(t *testing.T, w *privateWay) {
	for _, network := range []string{"udp", "tcp"} {
		ask := func(name string, kind uint16) *dns.Msg {
			t.Helper()
			conn, err := w.lab.Dial(t.Context(), network, net.JoinHostPort(dnsAddress, "53"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
			co := &dns.Conn{Conn: conn}
			if err := co.WriteMsg(new(dns.Msg).SetQuestion(name+".", kind)); err != nil {
				t.Fatal(err)
			}
			m, err := co.ReadMsg()
			if err != nil {
				t.Fatalf("%s over %s: %v", name, network, err)
			}
			return m
		}
		for _, name := range []string{privateName, "deep.down." + privateName} {
			m := ask(name, dns.TypeA)
			if len(m.Answer) != 1 || m.Answer[0].(*dns.A).A.String() != frontAddress {
				t.Errorf("%s over %s: %v", name, network, m)
			}
		}
		if m := ask(privateName, dns.TypeAAAA); m.Rcode != dns.RcodeSuccess || len(m.Answer) != 0 {
			t.Errorf("AAAA over %s: %v", network, m)
		}
		if m := ask("example.com", dns.TypeA); m.Rcode == dns.RcodeSuccess {
			t.Errorf("another name over %s: %v", network, m)
		}
	}
}

// browser goes to the front as a device does whom dnsmasq told the address.
func (w *privateWay) browser() *http.Client {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return w.lab.Dial(ctx, network, net.JoinHostPort(frontAddress, port))
	}
	return &http.Client{
		Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: w.roots, MinVersion: tls.VersionTLS12}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (w *privateWay) get(t *testing.T, url, host string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	res, err := w.browser().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func frontAnswers(t *testing.T, w *privateWay) {
	if res := w.get(t, "https://"+privateName+"/accounts/login/", ""); res.StatusCode != http.StatusOK {
		t.Errorf("by https: %s", res.Status)
	} else if cookie := res.Header.Get("Set-Cookie"); !strings.Contains(cookie, "Secure") {
		t.Logf("its cookie: %q", cookie)
	}
	if res := w.get(t, "http://"+privateName+"/x?y=1", ""); res.StatusCode != http.StatusPermanentRedirect || res.Header.Get("Location") != "https://"+privateName+"/x?y=1" {
		t.Errorf("by http: %s to %s", res.Status, res.Header.Get("Location"))
	}
	for _, url := range []string{"https://" + privateName + "/", "http://" + privateName + "/"} {
		if res := w.get(t, url, "other.example"); res.StatusCode != http.StatusMisdirectedRequest || !res.Close {
			t.Errorf("%s for another name: %s, closed %v", url, res.Status, res.Close)
		}
	}
}

func noWayWithoutFront(t *testing.T, w *privateWay) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+appAddress+":8000/accounts/login/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = privateName + ":8000"
	res, err := w.lab.HTTP().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusMovedPermanently || !strings.HasPrefix(res.Header.Get("Location"), "https://") {
		t.Errorf("the app itself, by http: %s to %s", res.Status, res.Header.Get("Location"))
	}
}
