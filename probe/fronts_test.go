package probe

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/culvert/culvert/setup"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// ours answers as the app: to its own names on its own path.
func ours(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Host != "chat.example.org":
		reply{400, []string{"Content-Type", htmlType}, "<p>Shucks. That was a bad request.</p>"}.ServeHTTP(w, r)
	case r.URL.Path == telegram.Path:
		byDjango(405, "", "Allow", "POST").ServeHTTP(w, r)
	default:
		byDjango(200, "<html>", "Content-Type", htmlType).ServeHTTP(w, r)
	}
}

// another is an app made with the same framework.
func another(w http.ResponseWriter, r *http.Request) {
	byDjango(404, "<html>", "Content-Type", htmlType).ServeHTTP(w, r)
}

func listen(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func TestOutsideTellsWhetherTheAppStillAnswers(t *testing.T) {
	const address = "203.0.113.7:8000"
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	at := func(to string) func(context.Context, string, string) (net.Conn, error) {
		return internet{address: to}.dial
	}
	failing := func(err error) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
		}
	}
	rows := map[string]struct {
		dial func(context.Context, string, string) (net.Conn, error)
		open bool
		says string
	}{
		"the app, refusing the name":      {at(listen(t, ours)), true, "still answers"},
		"the app, with any status":        {at(listen(t, byDjango(503, "").ServeHTTP)), true, "still answers"},
		"a closed port":                   {internet{}.dial, false, "Nothing accepts connections"},
		"a silent firewall":               {failing(context.DeadlineExceeded), false, "Nothing accepts connections"},
		"another server":                  {at(listen(t, http.NotFound)), false, "not the app"},
		"a front that does not reach it":  {at(listen(t, reply{502, []string{"Content-Type", htmlType}, "<center>nginx</center>"}.ServeHTTP)), true, "may stand behind"},
		"another server's 400":            {at(listen(t, reply{400, []string{"Content-Type", htmlType}, "<center>Bad Request</center>"}.ServeHTTP)), false, "not the app"},
		"a server that says nothing":      {at(mute.Addr().String()), true, "does not say what it is"},
		"an error of this machine":        {failing(syscall.EMFILE), true, "could not be checked"},
		"an error that nobody understood": {failing(errors.New("strange")), true, "could not be checked"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			open, detail := New(Options{Dial: row.dial, Timeout: 300 * time.Millisecond}).Outside(t.Context(), address)
			if open != row.open || !strings.Contains(detail, row.says) {
				t.Errorf("open %v: %s", open, detail)
			}
		})
	}
}

func TestALoopbackAddressProvesNothing(t *testing.T) {
	for _, address := range []string{"127.0.0.1:8000", "[::1]:8000", "203.0.113.7"} {
		if open, detail := New(Options{Dial: internet{}.dial}).Outside(t.Context(), address); !open {
			t.Errorf("%s counts as closed: %s", address, detail)
		}
	}
}

func TestAnInterruptedLookProvesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if open, detail := New(Options{Dial: internet{}.dial}).Outside(ctx, "203.0.113.7:8000"); !open {
		t.Errorf("counts as closed: %s", detail)
	}
}

func TestFrontsFindsWhatElseServesTheApp(t *testing.T) {
	secure := httptest.NewTLSServer(http.HandlerFunc(ours))
	defer secure.Close()
	toHTTPS := listen(t, func(w http.ResponseWriter, r *http.Request) {
		stamped(301, "", "X-Content-Type-Options", "nosniff", "Referrer-Policy", "same-origin",
			"Location", "https://"+r.Host+r.URL.Path).ServeHTTP(w, r)
	})
	p := New(Options{Timeout: 2 * time.Second, Dial: internet{
		"203.0.113.7:80":    toHTTPS,
		"203.0.113.7:443":   secure.Listener.Addr().String(),
		"203.0.113.7:8000":  listen(t, ours),
		"203.0.113.7:8080":  listen(t, another),
		"203.0.113.7:9000":  listen(t, http.NotFound),
		"10.0.0.5:8000":     listen(t, ours),
		"[2001:db8::1]:443": secure.Listener.Addr().String(),
	}.dial})
	f := Fingerprint{Hosts: []string{"chat.example.org"}, Check: telegram}
	want := []Front{
		{Address: "203.0.113.7:80", URL: "http://203.0.113.7:80/", Host: "chat.example.org"},
		{Address: "203.0.113.7:443", URL: "https://203.0.113.7:443/", Host: "chat.example.org", Sure: true},
		{Address: "203.0.113.7:8000", URL: "http://203.0.113.7:8000/", Host: "chat.example.org", Sure: true},
		{Address: "10.0.0.5:8000", URL: "http://10.0.0.5:8000/", Host: "chat.example.org", Sure: true},
		{Address: "[2001:db8::1]:443", URL: "https://[2001:db8::1]:443/", Host: "chat.example.org", Sure: true},
	}
	got, _ := p.Fronts(t.Context(), []string{"203.0.113.7", "10.0.0.5", "2001:db8::1"}, []int{80, 443, 8000, 8080, 9000}, f)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Front{}, "Detail")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, front := range got {
		if !strings.Contains(front.Detail, front.URL) {
			t.Errorf("%q does not say where", front.Detail)
		}
	}
}

func TestAFrontUnderAnUnknownNameIsNotCalledSure(t *testing.T) {
	p := New(Options{Dial: internet{"203.0.113.7:8000": listen(t, ours)}.dial})
	got, _ := p.Fronts(t.Context(), []string{"203.0.113.7"}, FrontPorts(), Fingerprint{Hosts: []string{"other.example.org"}, Check: telegram})
	if len(got) != 1 || got[0].Sure || !strings.Contains(got[0].Detail, "may be the app") {
		t.Errorf("got %+v", got)
	}
}

func TestWithoutAnExpectedAnswerNothingIsSure(t *testing.T) {
	p := New(Options{Dial: internet{"203.0.113.7:8000": listen(t, ours)}.dial})
	f := Fingerprint{Hosts: []string{"chat.example.org"}, Check: setup.Check{Method: "GET", Path: "/"}}
	fronts, _ := p.Fronts(t.Context(), []string{"203.0.113.7"}, []int{8000}, f)
	for _, front := range fronts {
		if front.Sure {
			t.Errorf("got %+v", front)
		}
	}
}

// That this machine cannot ask is no proof that nothing is there.
func TestWhatCannotBeAskedIsNoProofThatThereIsNoFront(t *testing.T) {
	for err, unsure := range map[error]int{syscall.ECONNREFUSED: 0, context.DeadlineExceeded: 0, syscall.EMFILE: 1, syscall.EADDRNOTAVAIL: 1} {
		p := New(Options{Timeout: time.Second, Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
		}})
		fronts, said := p.Fronts(t.Context(), []string{"203.0.113.7"}, []int{80}, Fingerprint{Check: telegram})
		if len(fronts) > 0 || len(said) != unsure {
			t.Errorf("%v: found %v, unsure is %q", err, fronts, said)
		}
	}
}
