package lab_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/culvert/culvert/cert"
	"github.com/culvert/culvert/files"
	"github.com/culvert/culvert/lab"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// The places in Culvert's own network, and the name that leads to the front. It
// is one that the app answers for.
const (
	subnet       = "172.30.250.0/28"
	frontAddress = "172.30.250.2"
	dnsAddress   = "172.30.250.3"
	appAddress   = "172.30.250.4"
	privateName  = "old.example"
	dnsImage     = "culvert.test/dnsmasq:1"
	frontImage   = "culvert.test/nginx:1"
)

// privateWay is a project on whose server the private way is laid step by step.
type privateWay struct {
	*project
	disk  *files.Files
	certs *cert.Manager
	port  *cert.Port
	roots *x509.CertPool
}

func newPrivateWay(t *testing.T) *privateWay {
	t.Helper()
	l := start(t)
	for name, load := range map[string]func(context.Context, string) error{dnsImage: l.ImportDNSMasq, frontImage: l.ImportNginx} {
		if err := load(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	w := &privateWay{project: newProject(t, l)}
	data := t.TempDir()
	w.stack.FrontDir = filepath.Join(data, "front")
	box, err := secret.OpenBox(filepath.Join(data, "key"))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(testLog{t}, nil))
	w.disk = files.New(files.Options{Backups: filepath.Join(data, "backups"), Seal: box.Seal, Open: box.Open,
		Token: tokenOf, TokenDir: filepath.Join(data, "connectors"), Log: log, Clock: time.Now})
	w.certs, err = cert.New(cert.Options{Dir: filepath.Join(data, "certificates"), Log: log,
		OnObtained: func(s cert.Status) {
			if err := w.host.ReloadFront(context.WithoutCancel(t.Context()), s.Into); err != nil {
				t.Error(err)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	w.port = cert.NewPort(w.certs, "t1", false)
	return w
}

func tokenOf(_ context.Context, tunnel string) (secret.Text, error) {
	text := fmt.Sprintf(`{"a":"acc0","t":%q,"s":%q}`, tunnel, base64.StdEncoding.EncodeToString([]byte("made-up-secret-of-thirty-two-byte")))
	return secret.New(base64.StdEncoding.EncodeToString([]byte(text))), nil
}

// apply makes one change from how things stand, through the Port that keeps it.
func (w *privateWay) apply(t *testing.T, k setup.Key, to setup.State) setup.Outcome {
	t.Helper()
	var port setup.Port = w.host
	switch k.Kind.Place() {
	case setup.AtFiles:
		port = w.disk
	case setup.AtCert:
		port = w.port
	}
	e := setup.Entry{Key: k, Verb: setup.Create, To: to, Mark: setup.Mark("t1", k)}
	view := setup.View{Private: true, Stacks: []setup.Stack{w.stack}}
	if c, ok := to.(setup.Certificate); ok {
		view.Certificates = []setup.Certificate{c}
	}
	seen, err := port.Observe(t.Context(), view)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range seen.Objects {
		if o.State.Kind() == k.Kind && o.Scope == k.Scope && (o.Mark == "" || o.Mark == e.Mark) {
			e.Verb, e.ID, e.From = setup.Update, o.ID, o.State
		}
	}
	if to == nil {
		e.Verb = setup.Delete
	}
	out, err := port.Do(t.Context(), setup.Call{Footprint: k.String(), Entries: []setup.Entry{e}})
	if err != nil || out[0].Err != nil {
		t.Fatalf("%s: %v, %+v", k, err, out)
	}
	if !setup.Met(to, out[0].State) && to != nil {
		t.Fatalf("%s: it is %+v, want %+v", k, out[0].State, to)
	}
	return out[0]
}

func (w *privateWay) sidecars(upstream string) []setup.SidecarSpec {
	net := w.stack.PrivateNetwork
	config := setup.FrontConfig{Dir: w.stack.FrontDir, Names: []string{privateName}, Upstream: upstream}
	return []setup.SidecarSpec{
		{Service: setup.DNSService, Image: dnsImage, Names: []setup.HostAddress{{Name: privateName, Address: frontAddress}},
			Networks: []setup.Endpoint{{Network: net, Address: dnsAddress}}},
		{Service: setup.FrontService, Image: frontImage, Dir: w.stack.FrontDir, Config: setup.Digest(config),
			Networks: []setup.Endpoint{{Network: net, Address: frontAddress}, {Network: w.stack.Network}}},
	}
}

// layFront brings up what the team's devices reach, in the order of a plan.
func (w *privateWay) layFront(t *testing.T, upstream string) {
	t.Helper()
	config := setup.FrontConfig{Dir: w.stack.FrontDir, Names: []string{privateName}, Upstream: upstream}
	w.apply(t, setup.Key{Kind: setup.KindFrontConfig, Scope: config.Path(), Name: "front"}, config)
	specs := w.sidecars(upstream)
	w.apply(t, setup.Key{Kind: setup.KindConnectorFile, Scope: w.stack.ConnectorFile, Name: "cloudflared"}, setup.ConnectorFile{
		Path: w.stack.ConnectorFile, Project: w.stack.ConnectorProject, Image: lab.ConnectorImage, Network: w.stack.Network,
		Tunnel: setup.Lit(tunnelID), Networks: []string{w.stack.PrivateNetwork}, Protocol: "quic", Sidecars: specs})
	for _, spec := range specs {
		k := setup.Key{Kind: setup.KindSidecar, Scope: w.stack.ConnectorProject, Name: spec.Service}
		to := setup.Sidecar{File: w.stack.ConnectorFile, Project: w.stack.ConnectorProject, Spec: spec, Running: true}
		e := setup.Entry{Key: k, Verb: setup.Create, To: to}
		if o := w.sidecar(t, spec.Service); o != nil {
			e.Verb, e.ID, e.From = setup.Update, o.ID, o.State
		}
		out, err := w.do(t.Context(), e)
		if err != nil || out[0].Err != nil || !setup.Same(to, out[0].State) {
			t.Fatalf("%s: %v, %+v, want %+v", spec.Service, err, out, to)
		}
	}
}

func (w *privateWay) sidecar(t *testing.T, service string) *setup.Object {
	t.Helper()
	seen, err := w.host.Observe(t.Context(), setup.View{Private: true, Stacks: []setup.Stack{w.stack}})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range seen.Objects {
		if o.State.Kind() == setup.KindSidecar && o.ID == service {
			return &o
		}
	}
	return nil
}

func TestThePrivateWayIsLaidOnARealEngine(t *testing.T) {
	w := newPrivateWay(t)
	steps := []struct {
		name string
		test func(*testing.T, *privateWay)
	}{
		{"the app joins a network of its own at a fixed address while it runs", joinsLive},
		{"what the operator starts again joins it too, and reaches its database and cache", joinsDurably},
		{"one recreate carries a setting and the network", recreateJoins},
		{"an address that was changed by hand is told by an event and given back at once", addressChanges},
		{"dnsmasq and nginx come up beside the connector", frontComesUp},
		{"a connector that somebody put into another network, or took out of its own, stands right again and was not restarted", connectorStrays},
		{"dnsmasq answers for the name, over UDP and TCP, for IPv6 with nothing, and for no other", dnsAnswers},
		{"a browser gets through by https, and only for the name", frontAnswers},
		{"without the front nobody could log in", noWayWithoutFront},
		{"websockets, long polls and streams get through", streamsPass},
		{"a renewed certificate is served at once", renewed},
		{"everything goes again", goesAgain},
	}
	for _, step := range steps {
		if !t.Run(step.name, func(t *testing.T) { step.test(t, w) }) {
			return
		}
	}
}

func (w *privateWay) attachmentKey() setup.Key {
	return setup.Key{Kind: setup.KindAttachment, Scope: w.stack.Project + "/web", Name: w.stack.PrivateNetwork}
}

func joinsLive(t *testing.T, w *privateWay) {
	before := w.containers(t)
	w.apply(t, setup.Key{Kind: setup.KindPrivateNetwork, Scope: "docker", Name: w.stack.PrivateNetwork},
		setup.PrivateNetwork{Name: w.stack.PrivateNetwork, Subnet: subnet})
	w.apply(t, w.attachmentKey(), setup.Attachment{Project: w.stack.Project, Service: "web",
		Endpoint: setup.Endpoint{Network: w.stack.PrivateNetwork, Address: appAddress}})
	for name, was := range before {
		if now := w.containers(t)[name]; now != was {
			t.Errorf("%s is another container: %s, was %s", name, now, was)
		}
	}
	w.reaches(t, "web", "db", "5432")
	w.answersAt(t, appAddress)
}

func joinsDurably(t *testing.T, w *privateWay) {
	w.apply(t, setup.Key{Kind: setup.KindComposeNetwork, Scope: w.stack.ComposeFile, Name: "web/" + w.stack.PrivateNetwork}, setup.ComposeNetwork{
		Path: w.stack.ComposeFile, Service: "web", Endpoint: setup.Endpoint{Network: w.stack.PrivateNetwork, Address: appAddress}})
	web := w.stack.Project + "-web-1"
	was := w.containers(t)[web]
	w.compose(t, "-f", lab.ProjectFile, "up", "-d")
	if now := w.containers(t)[web]; was == "" || now == was {
		t.Fatal("web was not made anew; the test proves nothing")
	}
	seen, err := w.host.Observe(t.Context(), setup.View{Private: true, Stacks: []setup.Stack{w.stack}})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range seen.Objects {
		if a, ok := o.State.(setup.Attachment); ok && a.Address != appAddress {
			t.Errorf("it stands as %+v", a)
		}
	}
	w.reaches(t, "web", "db", "5432")
	w.reaches(t, "web", "redis", "6379")
	eventually(t, "the app answers at its fixed address", func() bool { return w.replies(t, appAddress) })
	w.compose(t, "-f", lab.ProjectFile, "up", "-d", "--remove-orphans")
	w.answersAt(t, appAddress)
}

// recreateJoins: what the compose file says a recreate brings about, together
// with the setting that it was made for.
func recreateJoins(t *testing.T, w *privateWay) {
	w.apply(t, w.attachmentKey(), nil) // somebody took it out by hand
	setting := w.setting(t, hosts, privateName+",new.example")
	to := setup.Attachment{Project: w.stack.Project, Service: "web", Endpoint: setup.Endpoint{Network: w.stack.PrivateNetwork, Address: appAddress}}
	w.write(t, []setup.Entry{setting})
	out, err := w.do(t.Context(), setting, setup.Entry{Key: w.attachmentKey(), Verb: setup.Create, To: to})
	if err != nil || out[0].Err != nil || out[1].Err != nil || !setup.Met(to, out[1].State) {
		t.Fatalf("%v, %+v", err, out)
	}
	w.answersAt(t, appAddress)
	w.reaches(t, "web", "db", "5432")
}

// addressChanges: what somebody does by hand to the app's place in the network is
// told by an event of the engine, seen, and put back while the app runs on.
func addressChanges(t *testing.T, w *privateWay) {
	to := setup.Attachment{Project: w.stack.Project, Service: "web", Endpoint: setup.Endpoint{Network: w.stack.PrivateNetwork, Address: appAddress}}
	web := w.stack.Project + "-web-1"
	by := func(args ...string) {
		t.Helper()
		if out, err := w.lab.Run(t.Context(), "docker", append([]string{"network"}, args...)...); err != nil {
			t.Fatalf("docker network %v: %v %s", args, err, out)
		}
	}
	for name, act := range map[string]func(){
		"taken out":              func() { by("disconnect", w.stack.PrivateNetwork, web) },
		"put in as Docker likes": func() { by("disconnect", w.stack.PrivateNetwork, web); by("connect", w.stack.PrivateNetwork, web) },
	} {
		was := w.containers(t)[web]
		ctx, stop := context.WithCancel(t.Context())
		events, err := w.host.Watch(ctx, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		act()
		began := time.Now()
		for e := range events {
			if e.Kind == "network" && e.Action == "disconnect" {
				break
			}
		}
		told := time.Since(began)
		w.apply(t, w.attachmentKey(), to)
		w.answersAt(t, appAddress)
		took := time.Since(began)
		stop()
		t.Logf("%s: told after %v, put back after %v", name, told.Round(time.Millisecond), took.Round(time.Millisecond))
		if took > 3*time.Second {
			t.Errorf("%s: it took %v", name, took)
		}
		if now := w.containers(t)[web]; now != was {
			t.Errorf("%s: web is another container: %s, was %s", name, now, was)
		}
	}
}

// reaches connects from one service to another, from inside its network.
func (w *privateWay) reaches(t *testing.T, from, to, port string) {
	t.Helper()
	pid := func(service string) (int, string) {
		got, err := w.lab.API().ContainerInspect(t.Context(), w.stack.Project+"-"+service+"-1", client.ContainerInspectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return got.Container.State.Pid, got.Container.NetworkSettings.Networks[w.stack.Network].IPAddress.String()
	}
	inside, _ := pid(from)
	_, address := pid(to)
	out, err := w.lab.Run(t.Context(), "nsenter", "--net=/proc/"+strconv.Itoa(inside)+"/ns/net", "timeout", "5", "bash", "-c", "</dev/tcp/"+address+"/"+port)
	if err != nil {
		t.Errorf("%s no longer reaches %s: %v %s", from, to, err, out)
	}
}

func (w *privateWay) replies(t *testing.T, address string) bool {
	t.Helper()
	res, err := w.lab.HTTP().Get("http://" + address + ":8000/")
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return true
}

func (w *privateWay) answersAt(t *testing.T, address string) {
	t.Helper()
	if !w.replies(t, address) {
		t.Errorf("the app does not answer at %s", address)
	}
}

func (w *privateWay) certificate() setup.Certificate {
	return setup.Certificate{Name: privateName, Source: setup.FromInternal, Dir: w.stack.FrontDir, Valid: true}
}

func connectorStrays(t *testing.T, w *privateWay) {
	k := setup.Key{Kind: setup.KindConnector, Scope: w.stack.ConnectorProject, Name: "connector"}
	to := setup.Connector{File: w.stack.ConnectorFile, Project: w.stack.ConnectorProject, Image: lab.ConnectorImage, Network: w.stack.Network,
		Networks: []string{w.stack.PrivateNetwork}, Protocol: "quic", Tunnel: setup.Lit(tunnelID), Running: true}
	apply := func(verb setup.Verb, from setup.State) {
		t.Helper()
		out, err := w.do(t.Context(), setup.Entry{Key: k, Verb: verb, ID: w.stack.ConnectorProject, From: from, To: to})
		if err != nil || out[0].Err != nil || !setup.Same(out[0].State, to) {
			t.Fatalf("%v, %+v", err, out)
		}
	}
	apply(setup.Create, nil)
	name := w.stack.ConnectorProject + "-cloudflared-1"
	since := func() string {
		t.Helper()
		c, err := w.lab.API().ContainerInspect(t.Context(), name, client.ContainerInspectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return c.Container.ID + c.Container.State.StartedAt
	}
	runs := since()
	_, err := w.lab.API().NetworkConnect(t.Context(), "bridge", client.NetworkConnectOptions{Container: name})
	if err != nil {
		t.Fatal(err)
	}
	strayed := to
	strayed.Networks = []string{"bridge", w.stack.PrivateNetwork}
	apply(setup.Update, strayed)
	if _, err := w.lab.API().NetworkDisconnect(t.Context(), w.stack.PrivateNetwork, client.NetworkDisconnectOptions{Container: name}); err != nil {
		t.Fatal(err)
	}
	strayed.Networks = nil
	apply(setup.Update, strayed)
	if since() != runs {
		t.Error("it was started again, which ends what it carries")
	}
	if o := w.sidecar(t, setup.DNSService); o == nil || !o.State.(setup.Sidecar).Running {
		t.Errorf("dnsmasq beside it: %+v", o)
	}
}

func goesAgain(t *testing.T, w *privateWay) {
	for _, service := range []string{setup.FrontService, setup.DNSService} {
		o := w.sidecar(t, service)
		out, err := w.do(t.Context(), setup.Entry{Key: setup.Key{Kind: setup.KindSidecar, Scope: w.stack.ConnectorProject, Name: service},
			Verb: setup.Delete, ID: o.ID, From: o.State})
		if err != nil || out[0].Err != nil || out[0].State != nil {
			t.Fatalf("%s: %v, %+v", service, err, out)
		}
	}
	connector := setup.Entry{Key: setup.Key{Kind: setup.KindConnector, Scope: w.stack.ConnectorProject, Name: "connector"}, Verb: setup.Delete,
		ID: w.stack.ConnectorProject, From: setup.Connector{File: w.stack.ConnectorFile, Project: w.stack.ConnectorProject, Image: lab.ConnectorImage,
			Network: w.stack.Network, Networks: []string{w.stack.PrivateNetwork}, Protocol: "quic", Tunnel: setup.Lit(tunnelID), Running: true}}
	if out, err := w.do(t.Context(), connector); err != nil || out[0].Err != nil || out[0].State != nil {
		t.Fatalf("%v, %+v", err, out)
	}
	w.apply(t, setup.Key{Kind: setup.KindComposeNetwork, Scope: w.stack.ComposeFile, Name: "web/" + w.stack.PrivateNetwork}, nil)
	w.apply(t, w.attachmentKey(), nil)
	w.apply(t, setup.Key{Kind: setup.KindPrivateNetwork, Scope: "docker", Name: w.stack.PrivateNetwork}, nil)
	w.compose(t, "-f", lab.ProjectFile, "up", "-d")
	w.reaches(t, "web", "db", "5432")
}
