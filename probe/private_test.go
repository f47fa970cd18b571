package probe_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/internal/standin/app"
	"github.com/culvert/culvert/probe"
	"github.com/culvert/culvert/setup"
)

const (
	front      = leads + ":443"
	frontPlain = leads + ":80"
)

// authority signs certificates for a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "An authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	return authority{parse(t, template, template, key, key), key}
}

func parse(t *testing.T, template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func (a authority) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// leaf is a certificate for a name and some hours around now.
func (a authority) leaf(t *testing.T, name string, from, until time.Duration) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := parse(t, &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{name},
		NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(until)}, a.cert, key, a.key)
	return tls.Certificate{Certificate: [][]byte{cert.Raw, a.cert.Raw}, PrivateKey: key}
}

func (a authority) good(t *testing.T) tls.Certificate {
	return a.leaf(t, privateName, -time.Hour, time.Hour)
}

// serveTLS is a front: it speaks TLS and hands on to an app as nginx is told to.
func serveTLS(t *testing.T, cert tls.Certificate, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of every handshake that a test has fail
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func servePlain(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// behind is what nginx says to the app, and to the browser.
func behind(t *testing.T, h http.Handler) http.Handler {
	t.Helper()
	to, err := url.Parse("http://" + servePlain(t, h))
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
			r.Out.Header.Set("X-Forwarded-Proto", "https")
		},
		ModifyResponse: func(r *http.Response) error { r.Header.Set("Server", "nginx"); return nil },
	}
}

func django(t *testing.T, env map[string]string) http.Handler {
	t.Helper()
	all := map[string]string{"DJANGO_SETTINGS_MODULE": "config.settings_production", "DJANGO_ALLOWED_HOSTS": privateName, "CSRF_TRUSTED_ORIGINS": "https://" + privateName}
	for k, v := range env {
		all[k] = v
	}
	settings, err := app.FromEnv(func(key string) (string, bool) { v, ok := all[key]; return v, ok }, func() string { return "172.18.0.7" })
	if err != nil {
		t.Fatal(err)
	}
	return app.Handler(settings, io.Discard)
}

func TestACertificateIsGoodForTheNameFromATrustedAuthorityAndInDate(t *testing.T) {
	ours, others := newAuthority(t), newAuthority(t)
	for name, row := range map[string]struct {
		cert tls.Certificate
		in   probe.Inside
		says string
		ok   bool
	}{
		"good":                 {ours.good(t), probe.Inside{Roots: ours.roots()}, "from an authority that every system trusts", true},
		"of Culvert":           {ours.good(t), probe.Inside{Roots: ours.roots(), Ours: true}, "signed by Culvert’s own authority, which each device has to be told to trust", true},
		"another name":         {ours.leaf(t, "other.your-org", -time.Hour, time.Hour), probe.Inside{Roots: ours.roots()}, "not for this name", false},
		"another authority":    {others.good(t), probe.Inside{Roots: ours.roots()}, "not from a trusted authority", false},
		"the system's":         {ours.good(t), probe.Inside{}, "not from a trusted authority", false},
		"over":                 {ours.leaf(t, privateName, -2*time.Hour, -time.Hour), probe.Inside{Roots: ours.roots()}, "ended on", false},
		"not yet":              {ours.leaf(t, privateName, time.Hour, 2*time.Hour), probe.Inside{Roots: ours.roots()}, "counts from", false},
		"of one's own":         {ours.good(t), probe.Inside{Brings: true}, ", which this server does not know", true},
		"of one's own, over":   {ours.leaf(t, privateName, -2*time.Hour, -time.Hour), probe.Inside{Brings: true}, "ended on", false},
		"of one's own, unlike": {ours.leaf(t, "other.your-org", -time.Hour, time.Hour), probe.Inside{Brings: true}, "not for this name", false},
	} {
		t.Run(name, func(t *testing.T) {
			row.in.Name, row.in.Address, row.in.TLS = privateName, front, true
			p := inside{front: serveTLS(t, row.cert, http.NotFoundHandler())}.prober()
			v := p.Certificate(t.Context(), row.in, setup.Check{ID: setup.CertificateCheck})
			if v.OK != row.ok || !strings.Contains(v.Detail, row.says) || v.By != setup.ByFront {
				t.Errorf("OK %v by %s: %s", v.OK, v.By, v.Detail)
			}
		})
	}
	for name, at := range map[string]inside{"nobody": {}, "no TLS": {front: servePlain(t, http.NotFoundHandler())}} {
		v := at.prober().Certificate(t.Context(), probe.Inside{Name: privateName, Address: front, TLS: true}, setup.Check{})
		if v.OK || v.By != setup.ByNobody || !strings.Contains(v.Detail, "Nothing speaks TLS") {
			t.Errorf("%s: OK %v by %s: %s", name, v.OK, v.By, v.Detail)
		}
	}
}

func TestPlainHTTPIsSentToHTTPSAtTheSameName(t *testing.T) {
	to := func(status int, location string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", location)
			w.WriteHeader(status)
		})
	}
	for name, row := range map[string]struct {
		h  http.Handler
		ok bool
	}{
		"308": {to(308, "https://"+privateName+"/"), true}, "301": {to(301, "https://"+privateName+"/"), true},
		"another name": {to(308, "https://evil.example/"), false}, "http again": {to(308, "http://"+privateName+"/"), false},
		"no redirect": {to(200, "https://"+privateName+"/"), false}, "refused": {to(421, ""), false},
	} {
		v := inside{frontPlain: servePlain(t, row.h)}.prober().HTTPS(t.Context(), probe.Inside{Name: privateName, Plain: frontPlain, TLS: true}, setup.Check{})
		if v.OK != row.ok {
			t.Errorf("%s: OK %v: %s", name, v.OK, v.Detail)
		}
	}
	if v := (inside{}).prober().HTTPS(t.Context(), probe.Inside{Name: privateName, Plain: frontPlain, TLS: true}, setup.Check{}); v.OK || v.By != setup.ByNobody {
		t.Errorf("nobody: OK %v by %s: %s", v.OK, v.By, v.Detail)
	}
}

func login() setup.Login {
	return setup.Login{Path: "/accounts/login/", Token: "csrfmiddlewaretoken", Fields: []string{"login", "password"}}
}

// A login is proven only where the form comes back; every way in which nobody
// could log in fails it, and says why.
func TestALoginIsProvenWithoutTryingOne(t *testing.T) {
	ca := newAuthority(t)
	form := func(status int, set, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
				return
			}
			w.Header().Set("Set-Cookie", set)
			_, _ = io.WriteString(w, page())
		})
	}
	final := []string{"without a front", "without a front or redirect"} // whatever one waits for
	const secure, lax = "csrftoken=x; Secure; Path=/", "csrftoken=x; Path=/"
	for name, row := range map[string]struct {
		plain bool
		h     http.Handler
		ok    bool
		by    setup.Answerer
		says  string
	}{
		"through the front":               {false, behind(t, django(t, nil)), true, setup.ByApp, "somebody can log in"},
		"without a front":                 {true, django(t, map[string]string{"DJANGO_ALLOWED_HOSTS": privateName}), false, setup.ByApp, "without a certificate nothing answers there"},
		"without a front or redirect":     {true, django(t, map[string]string{"DJANGO_SECURE_SSL_REDIRECT": "False"}), false, setup.ByApp, "over https only (production settings)"},
		"development settings":            {true, django(t, map[string]string{"DJANGO_SETTINGS_MODULE": "config.settings"}), true, setup.ByApp, "somebody can log in"},
		"a front that says nothing":       {false, django(t, nil), false, setup.ByApp, "sends browsers elsewhere"},
		"a host that the app refuses":     {false, behind(t, django(t, map[string]string{"DJANGO_ALLOWED_HOSTS": "other.org"})), false, setup.ByAppHost, "refuses this name"},
		"an app that is down":             {false, status(502, "nginx"), false, setup.ByFront, "does not reach the app (502)"},
		"a front that has other names":    {false, status(421, "nginx"), false, setup.ByFront, "does not know this name"},
		"a page without a form":           {false, status(200, ""), false, setup.ByUnknown, "its form is missing"},
		"a fault of the app":              {false, status(500, ""), false, setup.ByUnknown, "answers 500 in place of its login page"},
		"Access":                          {false, access(), false, setup.ByAccess, "Access asks for a login here"},
		"a form refused":                  {false, form(403, secure, "CSRF"), false, setup.ByUnknown, "as forged (403)"},
		"a form refused for plain cookie": {true, form(403, lax, "CSRF"), false, setup.ByUnknown, "as forged (403)"},
		"too many":                        {false, form(429, secure, "slow"), false, setup.ByUnknown, "too many (429)"},
		"a form that lets in":             {false, form(302, secure, ""), false, setup.ByUnknown, "does not show it again"},
		"a form that breaks":              {false, form(500, secure, ""), false, setup.ByUnknown, "with 500"},
		"a page in the form's place":      {false, form(200, secure, "<p>Welcome"), false, setup.ByUnknown, "with 200"},
	} {
		t.Run(name, func(t *testing.T) {
			in := probe.Inside{Name: privateName, Address: front, TLS: true, Roots: ca.roots()}
			at := ""
			if row.plain {
				in.Name, in.Address, in.TLS = privateName+":8000", leads+":8000", false
				at = servePlain(t, row.h)
			} else {
				at = serveTLS(t, ca.good(t), row.h)
			}
			v := inside{in.Address: at}.prober().SignIn(t.Context(), in, login(), setup.Check{ID: setup.SignInCheck, Path: login().Path})
			if v.OK != row.ok || v.By != row.by || !strings.Contains(v.Detail, row.says) {
				t.Errorf("OK %v by %s, %d: %s %v", v.OK, v.By, v.Status, v.Detail, v.Excerpt)
			}
			if v.Final != slices.Contains(final, name) {
				t.Errorf("it is final: %v", v.Final)
			}
			if text := fmt.Sprint(v.Excerpt); strings.Contains(text, "csrftoken=") || strings.Contains(text, "t0ken") {
				t.Errorf("the evidence holds a cookie: %s", text)
			}
		})
	}
	v := inside{front: serveTLS(t, newAuthority(t).good(t), behind(t, django(t, nil)))}.prober().SignIn(t.Context(),
		probe.Inside{Name: privateName, Address: front, TLS: true, Roots: ca.roots()}, login(), setup.Check{Path: login().Path})
	if v.OK || v.By != setup.ByNobody || !strings.Contains(v.Detail, "not from a trusted authority") {
		t.Errorf("with a certificate that no browser trusts: OK %v by %s: %s", v.OK, v.By, v.Detail)
	}
}

// Nothing is filled in, so no failed login is counted.
func TestTheLoginFormIsSentEmpty(t *testing.T) {
	var got url.Values
	at := servePlain(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_ = r.ParseForm()
			got = r.PostForm
		}
		_, _ = io.WriteString(w, page())
	}))
	in := probe.Inside{Name: privateName + ":8000", Address: leads + ":8000"}
	v := inside{in.Address: at}.prober().SignIn(t.Context(), in, login(), setup.Check{Path: login().Path})
	want := url.Values{"csrfmiddlewaretoken": {"t0ken"}, "login": {""}, "password": {""}}
	if !v.OK || got.Encode() != want.Encode() {
		t.Errorf("OK %v, sent %v, want %v", v.OK, got, want)
	}
}

func TestAPageWithoutAKnownLogin(t *testing.T) {
	for name, row := range map[string]struct {
		h  http.Handler
		ok bool
	}{
		"a page": {status(200, "gunicorn"), true}, "a login elsewhere in the app": {moved("/login"), true}, "not found": {status(404, "gunicorn"), true},
		"a fault": {status(500, "gunicorn"), false}, "no app": {status(502, "nginx"), false}, "sent away": {moved("https://elsewhere.example/"), false},
		"sent to https": {moved("https://" + privateName + ":3000/"), false}, "Access": {access(), false},
	} {
		in := probe.Inside{Name: privateName + ":3000", Address: leads + ":3000"}
		v := inside{in.Address: servePlain(t, row.h)}.prober().Page(t.Context(), in, setup.Check{ID: setup.PageCheck, Path: "/"})
		if v.OK != row.ok {
			t.Errorf("%s: OK %v: %s", name, v.OK, v.Detail)
		}
	}
	in := probe.Inside{Name: privateName + ":3000", Address: leads + ":3000"}
	if v := (inside{}).prober().Page(t.Context(), in, setup.Check{Path: "/"}); v.OK || v.By != setup.ByNobody {
		t.Errorf("nobody: OK %v by %s: %s", v.OK, v.By, v.Detail)
	}
}

func page() string {
	return `<form><INPUT type="hidden" value='t0ken' name="csrfmiddlewaretoken"><input name="login"></form>`
}

func status(code int, server string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", server)
		w.WriteHeader(code)
	})
}

func moved(to string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	})
}

func access() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Server", "cloudflare")
		h.Set("Location", "https://ngo.cloudflareaccess.com/cdn-cgi/access/login/"+privateName)
		w.WriteHeader(http.StatusFound)
	})
}
