package proof_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/internal/standin/app"
	"github.com/culvert/culvert/probe"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/proof"
	"github.com/culvert/culvert/setup"
)

const (
	public    = "chat.example.org"
	container = "172.18.0.7"
	server    = "203.0.113.7"
)

// host is a Docker host that tells what a test wants it to.
type host struct {
	addresses []string
	ready     found.Ready
	published int // port of this server; 0: none
	command   []string
	networks  []string
	more      []found.Project
	past      []found.Event
	forgets   error // what happened cannot be read
	down      error
}

func (h *host) Past(context.Context) ([]found.Event, error) { return h.past, h.forgets }

func (h *host) Addresses(context.Context, string, string) ([]string, error) {
	return h.addresses, h.down
}

func (h *host) ConnectorReady(context.Context, string) (found.Ready, error) { return h.ready, h.down }

func (h *host) Look(context.Context) ([]found.Project, error) {
	web := found.Service{Name: "web", Command: h.command, Networks: h.networks}
	if h.published != 0 {
		web.Ports = []found.Port{{Target: 8000, Protocol: "tcp", Published: h.published, Exposure: setup.ExposedPublic}}
	}
	return append([]found.Project{{Name: "other", Services: []found.Service{{Name: "web", Ports: []found.Port{{Target: 8000, Published: 7777}}}}},
		{Name: "ocs", Services: []found.Service{web}}}, h.more...), h.down
}

// internet leads addresses to servers of the test; others refuse.
type internet map[string]string

func (i internet) dial(ctx context.Context, network, address string) (net.Conn, error) {
	to, ok := i[address]
	if !ok {
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	return new(net.Dialer).DialContext(ctx, network, to)
}

// theApp runs the stand-in of the app for some hosts.
func theApp(t *testing.T, hosts string) string {
	t.Helper()
	env := map[string]string{"DJANGO_SETTINGS_MODULE": "config.settings_production", "DJANGO_ALLOWED_HOSTS": hosts}
	settings, err := app.FromEnv(func(key string) (string, bool) { v, ok := env[key]; return v, ok }, func() string { return container })
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, app.Handler(settings, io.Discard))
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func answers(t *testing.T) setup.Answers {
	t.Helper()
	profiles, err := profile.Load()
	if err != nil {
		t.Fatal(err)
	}
	p, ok := profiles.Get("open-chat-studio")
	if !ok {
		t.Fatal("no profile")
	}
	a, _ := p.Resolve(profile.Choices{Hostname: public, Stack: setup.Stack{Project: "ocs", Service: "web", Target: 8000}})
	return a
}

func prover(h *host, net internet, addresses ...string) *proof.Prover {
	return &proof.Prover{
		Probe: probe.New(probe.Options{Dial: net.dial, Timeout: 5 * time.Second}), Host: h, Clock: time.Now,
		Addresses: func() []string { return addresses },
	}
}

func running() *host {
	return &host{addresses: []string{container}, ready: found.Ready{Answered: true, Ready: true, Connections: 4}}
}

// wantNot fails if any of the evidence is good, or none says what it should.
func wantNot(t *testing.T, evidence []setup.Evidence, id, says string) {
	t.Helper()
	for _, v := range evidence {
		if v.Check.ID == id {
			if v.OK || !strings.Contains(v.Detail, says) {
				t.Errorf("%s is OK %v and says %q, want it not OK and %q", id, v.OK, v.Detail, says)
			}
			return
		}
	}
	t.Errorf("there is no evidence %s among %v", id, evidence)
}

func TestBesideAsksTheAppAndTheConnector(t *testing.T) {
	a := answers(t)
	evidence := prover(running(), internet{container + ":8000": theApp(t, public)}).Beside(t.Context(), a)
	doors := 0
	for _, v := range evidence {
		if !v.OK {
			t.Errorf("%s: %s", v.Check.ID, v.Detail)
		}
		if !strings.HasPrefix(v.Check.ID, setup.BesidePrefix) {
			t.Errorf("%s would be taken for proof from outside", v.Check.ID)
		}
		if v.Check.Door != "" {
			doors++
		}
	}
	if doors < 7 || evidence[0].Check.ID != setup.BesidePrefix+setup.ConnectorCheck {
		t.Errorf("there are %d proofs of doors behind %s", doors, evidence[0].Check.ID)
	}
}

func TestBesideAnAppThatDoesNotKnowItsNameIsNotProven(t *testing.T) {
	bad := 0
	for _, v := range prover(running(), internet{container + ":8000": theApp(t, "other.example.org")}).Beside(t.Context(), answers(t)) {
		if v.By == setup.ByAppHost && !v.OK {
			bad++
		}
	}
	if bad < 7 {
		t.Errorf("only %d proofs say that the app refuses the name", bad)
	}
}

func TestBesideWhatCannotBeAskedIsNotProven(t *testing.T) {
	beside := func(id string) string { return setup.BesidePrefix + id }
	away := &setup.Problem{Code: setup.CodeUnavailable, Message: "Docker is not running."}
	rows := map[string]struct {
		change   func(*host)
		id, says string
	}{
		"no address":                  {func(h *host) { h.addresses = nil }, beside(setup.AppCheck), "The container of web has no address"},
		"no Docker: app":              {func(h *host) { h.down = away }, beside(setup.AppCheck), "Docker is not running."},
		"no Docker: connector":        {func(h *host) { h.down = away }, beside(setup.ConnectorCheck), "Docker is not running."},
		"nobody at the address":       {func(*host) {}, beside("telegram/1"), ""},
		"a connector that is silent":  {func(h *host) { h.ready = found.Ready{} }, beside(setup.ConnectorCheck), "does not answer yet"},
		"a connector that is cut off": {func(h *host) { h.ready = found.Ready{Answered: true} }, beside(setup.ConnectorCheck), "outgoing port 7844"},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			h := running()
			row.change(h)
			wantNot(t, prover(h, internet{}).Beside(t.Context(), answers(t)), row.id, row.says)
		})
	}
}

func TestClosedIsWhatRefusesFromOutside(t *testing.T) {
	evidence := prover(running(), internet{}, server, "203.0.113.8").Closed(t.Context(), answers(t))
	if len(evidence) != 2 || !evidence[0].OK || evidence[0].Check.ID != setup.PortCheck || !evidence[1].OK || evidence[1].Check.ID != setup.FrontsCheck {
		t.Fatalf("with nothing open the evidence is %+v", evidence)
	}
	if got := strings.Join(evidence[0].Excerpt, " "); got != "203.0.113.7:8000 203.0.113.8:8000" {
		t.Errorf("asked was at %s, want every address of the server", got)
	}
}

func TestClosedIsNotProvenWhereTheAppCanBeReachedOrNothingWasAsked(t *testing.T) {
	app := theApp(t, public)
	rows := map[string]struct {
		host      *host
		net       internet
		addresses []string
		id, says  string
	}{
		"no address to ask from": {running(), internet{}, nil, setup.PortCheck, "no address beside loopback"},
		"a look that fails": {&host{down: errors.New("no socket")}, internet{}, []string{server},
			setup.PortCheck, "Something went wrong"},
		"the port open": {running(), internet{server + ":8000": app}, []string{server}, setup.PortCheck, "The app still answers at 203.0.113.7:8000"},
		"open on the second address": {running(), internet{"203.0.113.8:8000": app}, []string{server, "203.0.113.8"},
			setup.PortCheck, "The app still answers at 203.0.113.8:8000"},
		"published on another port": {&host{published: 18000}, internet{server + ":18000": app}, []string{server},
			setup.PortCheck, "The app still answers at 203.0.113.7:18000"},
		"a front that serves the app": {running(), internet{server + ":80": app}, []string{server}, setup.FrontsCheck, "Whoever comes this way needs no login."},
		"a container on a port of its own": {&host{more: []found.Project{{Name: "x", Services: []found.Service{{Name: "copy", Ports: []found.Port{{Target: 80, Protocol: "tcp", Published: 8090}}}}}}},
			internet{server + ":8090": app}, []string{server}, setup.FrontsCheck, "The app also answers at http://203.0.113.7:8090/"},
		"a look that fails, for the fronts": {&host{down: errors.New("no socket")}, internet{}, []string{server},
			setup.FrontsCheck, "Something went wrong"},
		"a port that says nothing of itself": {running(), internet{server + ":8000": hangUp(t)}, []string{server}, setup.PortCheck, "203.0.113.7:8000"},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			wantNot(t, prover(row.host, row.net, row.addresses...).Closed(t.Context(), answers(t)), row.id, row.says)
		})
	}
}

// A copy of the app that is open is another app's matter; but only Docker's word
// makes it one.
func TestAnotherCopyOfTheAppIsNoWayIntoThisOne(t *testing.T) {
	const other = "chat.other.example"
	copied := func() *host {
		h := running()
		h.command, h.networks = []string{"gunicorn", "config.wsgi"}, []string{"ocs_default"}
		h.more = []found.Project{{Name: "second", Services: []found.Service{{Name: "web", Command: h.command, Networks: []string{"second_default"},
			Ports: []found.Port{{Target: 8000, Protocol: "tcp", Published: 8000, Exposure: setup.ExposedPublic}, {Target: 8000, Protocol: "tcp", Published: 8080, Exposure: setup.ExposedPublic}}}}}}
		return h
	}
	theirs := theApp(t, other)
	both := internet{server + ":8000": theirs, server + ":8080": theirs}
	for _, v := range prover(copied(), both, server).Closed(t.Context(), answers(t)) {
		if !v.OK {
			t.Errorf("%s: %s", v.Check.ID, v.Detail)
		}
		if v.Check.ID == setup.FrontsCheck && !strings.Contains(v.Detail, "At port 8080 another copy of it answers, that of the project second.") {
			t.Errorf("it says %q", v.Detail)
		}
	}
	for what, change := range map[string]func(h *host, s *found.Service){
		"started in another way":         func(_ *host, s *found.Service) { s.Command = []string{"nginx"} },
		"in a network with ours":         func(_ *host, s *found.Service) { s.Networks = append(s.Networks, "ocs_default") },
		"listening at another port":      func(_ *host, s *found.Service) { s.Ports[0].Target, s.Ports[1].Target = 80, 80 },
		"of an app whose way is unknown": func(h *host, s *found.Service) { h.command, s.Command = nil, nil },
	} {
		t.Run(what, func(t *testing.T) {
			h := copied()
			change(h, &h.more[0].Services[0])
			evidence := prover(h, both, server).Closed(t.Context(), answers(t))
			wantNot(t, evidence, setup.PortCheck, "203.0.113.7:8000")
			wantNot(t, evidence, setup.FrontsCheck, "may be the app")
		})
	}
}

func TestAFrontIsFoundWhereNoDoorIsOpenToo(t *testing.T) {
	a := answers(t)
	a.Doors, a.Checks = nil, nil
	wantNot(t, prover(running(), internet{server + ":8080": theApp(t, public)}, server).Closed(t.Context(), a),
		setup.FrontsCheck, "it may be the app")
}

// hangUp accepts connections and says nothing.
func hangUp(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-ended })
	return l.Addr().String()
}

func TestAnotherWebServerIsNoWayIn(t *testing.T) {
	blog := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<h1>My blog</h1>") }))
	for _, v := range prover(running(), internet{server + ":80": blog}, server).Closed(t.Context(), answers(t)) {
		if !v.OK {
			t.Errorf("%s: %s", v.Check.ID, v.Detail)
		}
	}
}

func TestOnTheFirstLookTheAdministrationIsOpenClosedOrUnknown(t *testing.T) {
	stack := answers(t).Stack
	rows := map[string]struct {
		p    *proof.Prover
		want string
	}{
		"open":           {prover(running(), internet{server + ":8000": theApp(t, public)}, server), "open"},
		"closed":         {prover(running(), internet{}, server), "closed"},
		"nowhere to ask": {prover(running(), internet{}), "unknown"},
		"no Docker":      {prover(&host{down: errors.New("no socket")}, internet{}, server), "unknown"},
	}
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			if got := row.p.Admin(t.Context(), stack); got != row.want {
				t.Errorf("it is %s, want %s", got, row.want)
			}
		})
	}
}

func TestFrontsAreNamedOnTheFirstLook(t *testing.T) {
	got := prover(running(), internet{server + ":8080": theApp(t, public)}, server).Fronts(t.Context(), answers(t).Stack)
	if len(got) != 1 || !strings.Contains(got[0], "203.0.113.7:8080") {
		t.Errorf("what else serves the app is %q", got)
	}
}

func TestTheServersAddressesLeadToItFromOutside(t *testing.T) {
	for _, a := range proof.ServerAddresses() {
		if ip := net.ParseIP(a); ip == nil || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
			t.Errorf("%s does not", a)
		}
	}
}

func TestFactsTellOfTheContainersAndTheConnector(t *testing.T) {
	a := answers(t)
	a.Stack.ConnectorProject = "culvert-ocs"
	h := running()
	h.more = []found.Project{{Name: "culvert-ocs", Services: []found.Service{{Name: "cloudflared", Containers: 1, Running: 1}}}}
	f := prover(h, internet{}).Facts(t.Context(), a)[0]
	if f.Problem != nil || f.App.Name != "web" || f.Connector.Running != 1 || f.Ready.Connections != 4 || f.At.IsZero() {
		t.Errorf("the facts are %+v", f)
	}
	h.past = []found.Event{{Kind: "container", Action: "die"}}
	if f := prover(h, internet{}).Facts(t.Context(), a)[0]; len(f.Past) != 1 || len(f.Beside) != 1 {
		t.Errorf("of what happened the facts are %+v", f)
	}
	h.forgets = errors.New("the engine is busy")
	if f := prover(h, internet{}).Facts(t.Context(), a)[0]; f.Problem != nil || f.App.Name != "web" || len(f.Past) != 0 {
		t.Errorf("where the past cannot be read the facts are %+v", f)
	}
	h.more = nil
	if f := prover(h, internet{}).Facts(t.Context(), a)[0]; f.Connector.Containers != 0 || f.Ready.Answered {
		t.Errorf("without a connector the facts are %+v", f)
	}
	h.down = errors.New("no socket")
	if f := prover(h, internet{}).Facts(t.Context(), a)[0]; f.Problem == nil || f.App.Name != "" {
		t.Errorf("without Docker the facts are %+v", f)
	}
}
