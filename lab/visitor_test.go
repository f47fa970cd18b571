package lab_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/culvert/culvert/lab"
)

// visitor is a browser behind something that speaks TLS, as far as cookies go.
type visitor struct {
	*testing.T
	*http.Client
	scheme string
}

func newVisitor(t *testing.T, l *lab.Lab, scheme string) visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := to(l, addressOf(t, l, web))
	c.Transport = front{c.Transport, scheme}
	c.Jar = jar
	return visitor{t, c, scheme}
}

// front is what stands before the app: it alone says how it was asked.
type front struct {
	to     http.RoundTripper
	scheme string
}

func (f front) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme = "http"
	if f.scheme == "https" {
		r.Header.Set("X-Forwarded-Proto", "https")
	}
	return f.to.RoundTrip(r)
}

var title = regexp.MustCompile(`<title>(.*?)</title>`)

// get tells a page by its status and title, or where it leads.
func (v visitor) get(path string) string { v.Helper(); return v.send(http.MethodGet, path, nil) }

func (v visitor) send(method, path string, form url.Values) string {
	v.Helper()
	status, header, body := v.ask(method, path, form)
	if at := header.Get("Location"); at != "" {
		return fmt.Sprint(status, " to ", at)
	}
	if m := title.FindStringSubmatch(body); m != nil {
		body = m[1]
	}
	return fmt.Sprint(status, " ", body)
}

func (v visitor) ask(method, path string, form url.Values) (int, http.Header, string) {
	v.Helper()
	at := v.scheme + "://old.example" + path
	req, err := http.NewRequestWithContext(v.Context(), method, at, strings.NewReader(form.Encode()))
	if err != nil {
		v.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", v.scheme+"://old.example")
	}
	resp, err := v.Do(req)
	if err != nil {
		v.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

var field = regexp.MustCompile(`name="csrfmiddlewaretoken" value="(\w+)"`)

// signIn fills the login page's form.
func (v visitor) signIn(email, password string) string {
	v.Helper()
	status, _, body := v.ask(http.MethodGet, "/accounts/login/", nil)
	m := field.FindStringSubmatch(body)
	if m == nil {
		return fmt.Sprint(status, " without a form")
	}
	return v.send(http.MethodPost, "/accounts/login/", url.Values{"csrfmiddlewaretoken": {m[1]}, "login": {email}, "password": {password}})
}
