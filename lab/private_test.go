package lab_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
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
		{"dnsmasq and nginx come up beside the connector", frontComesUp},
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

// echo is an app that tells what reached it, takes another protocol over, and
// answers bit by bit.
type echo struct{ more chan bool }

func (e echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("Upgrade") != "":
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n")
		_ = rw.Flush()
		line, _ := rw.ReadString('\n')
		_, _ = rw.WriteString("heard " + line)
		_ = rw.Flush()
	case r.URL.Path == "/stream":
		_, _ = io.WriteString(w, "first\n")
		w.(http.Flusher).Flush()
		<-e.more
		_, _ = io.WriteString(w, "second\n")
	default:
		_, _ = fmt.Fprintf(w, "%s|%s|%s|%s|%s", r.Host, r.Header.Get("X-Forwarded-Proto"), r.Header.Get("X-Forwarded-For"), r.Header.Get("X-Forwarded-Host"), r.Header.Get("Forwarded"))
	}
}

func streamsPass(t *testing.T, w *privateWay) {
	listener, err := w.lab.Listen(t.Context(), "tcp", lab.HostAddress+":0")
	if err != nil {
		t.Fatal(err)
	}
	more := make(chan bool)
	app := &http.Server{Handler: echo{more}, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- app.Serve(listener) }()
	t.Cleanup(func() {
		_ = app.Close()
		<-served
	})
	w.layFront(t, listener.Addr().String())
	w.tellsTheApp(t)
	w.streams(t, more)
	w.upgrades(t)
	w.layFront(t, "web:8000")
}

func (w *privateWay) tellsTheApp(t *testing.T) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+privateName+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []string{"X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-Forwarded-Proto"} {
		req.Header.Set(h, "made-up")
	}
	res, err := w.browser().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	parts := strings.Split(string(body), "|")
	if err != nil || len(parts) != 5 || parts[0] != privateName || parts[1] != "https" || net.ParseIP(parts[2]) == nil || parts[3]+parts[4] != "" {
		t.Errorf("the app was told %q, %v", body, err)
	}
}

// streams reads the first part of an answer while the second is not yet written.
func (w *privateWay) streams(t *testing.T, more chan<- bool) {
	t.Helper()
	res := w.get(t, "https://"+privateName+"/stream", "")
	lines := bufio.NewReader(res.Body)
	first, err := lines.ReadString('\n')
	if err != nil || first != "first\n" {
		t.Errorf("first %q, %v", first, err)
	}
	more <- true
	if second, err := lines.ReadString('\n'); err != nil || second != "second\n" {
		t.Errorf("second %q, %v", second, err)
	}
}

func (w *privateWay) upgrades(t *testing.T) {
	t.Helper()
	raw, err := w.lab.Dial(t.Context(), "tcp", net.JoinHostPort(frontAddress, "443"))
	if err != nil {
		t.Fatal(err)
	}
	conn := tls.Client(raw, &tls.Config{RootCAs: w.roots, ServerName: privateName, MinVersion: tls.VersionTLS12})
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: "+privateName+"\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(conn)
	res, err := http.ReadResponse(lines, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%+v, %v", res, err)
	}
	if _, err := io.WriteString(conn, "hello\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := lines.ReadString('\n'); err != nil || line != "heard hello\n" {
		t.Errorf("it says %q, %v", line, err)
	}
}

// serial is that of the certificate that the front serves now.
func (w *privateWay) serial(t *testing.T) string {
	t.Helper()
	raw, err := w.lab.Dial(t.Context(), "tcp", net.JoinHostPort(frontAddress, "443"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	conn := tls.Client(raw, &tls.Config{RootCAs: w.roots, ServerName: privateName, MinVersion: tls.VersionTLS12})
	if err := conn.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

func renewed(t *testing.T, w *privateWay) {
	was, container := w.serial(t), w.frontContainer(t)
	if err := w.certs.Forget(t.Context(), privateName); err != nil {
		t.Fatal(err)
	}
	if _, err := w.certs.Ensure(t.Context(), cert.Want{Names: []string{privateName}, Source: cert.Internal, Into: w.stack.FrontDir}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the front serves another certificate", func() bool { return w.serial(t) != was })
	if w.frontContainer(t) != container {
		t.Error("the front was made anew for it")
	}
}

func (w *privateWay) frontContainer(t *testing.T) string {
	t.Helper()
	got, err := w.lab.API().ContainerInspect(t.Context(), w.stack.ConnectorProject+"-front-1", client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return got.Container.ID
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
	w.apply(t, setup.Key{Kind: setup.KindComposeNetwork, Scope: w.stack.ComposeFile, Name: "web/" + w.stack.PrivateNetwork}, nil)
	w.apply(t, w.attachmentKey(), nil)
	w.apply(t, setup.Key{Kind: setup.KindPrivateNetwork, Scope: "docker", Name: w.stack.PrivateNetwork}, nil)
	w.compose(t, "-f", lab.ProjectFile, "up", "-d")
	w.reaches(t, "web", "db", "5432")
}
