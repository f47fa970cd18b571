package rehearsal

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	docker "github.com/culvert/culvert/dockerx/sim"
	"github.com/culvert/culvert/setup"
)

// inside is what stands in the made-up network of Culvert's own for one app, as far as
// somebody can ask it: dnsmasq, which answers by its command, and nginx, which
// serves by the configuration and the certificate in its folder. Whether they run
// and at which addresses is the Docker host's business.
type inside struct {
	app   *madeUp
	names *dns.Server // over TCP
	udp   *dns.Server
	tls   net.Listener
	plain net.Listener
	front *http.Server
}

// listen opens the loopback ports behind the made-up addresses.
func (i *inside) listen() error {
	var err error
	listen := func() net.Listener {
		l, failed := net.Listen("tcp", "127.0.0.1:0")
		err = errors.Join(err, failed)
		return l
	}
	answer := dns.HandlerFunc(i.answer)
	i.names, i.tls, i.plain = &dns.Server{Listener: listen(), Handler: answer}, listen(), listen()
	udp, failed := net.ListenPacket("udp", "127.0.0.1:0")
	i.udp = &dns.Server{PacketConn: udp, Handler: answer}
	i.front = &http.Server{Handler: http.HandlerFunc(i.serve), ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	return errors.Join(err, failed)
}

// run serves until close.
func (i *inside) run() {
	secure := tls.NewListener(i.tls, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: i.certificate})
	for _, serve := range []func() error{
		i.names.ActivateAndServe, i.udp.ActivateAndServe,
		func() error { return i.front.Serve(secure) }, func() error { return i.front.Serve(i.plain) },
	} {
		i.app.world.done.Go(func() { _ = serve() })
	}
}

func (i *inside) close() error {
	return errors.Join(i.front.Close(), i.names.Listener.Close(), i.udp.PacketConn.Close())
}

// dial reaches what stands beside the connector at an address; false: nothing
// does.
func (i *inside) dial(ctx context.Context, network, host, port string) (net.Conn, bool, error) {
	holder := i.app.world.Docker.Holder(host)
	if holder.Project != i.connector() {
		return nil, false, nil
	}
	spec, to := holder.Spec, ""
	service := spec.Service
	switch {
	case service == setup.DNSService && port == "53" && network == "udp":
		to = i.udp.PacketConn.LocalAddr().String()
	case service == setup.DNSService && port == "53":
		to = i.names.Listener.Addr().String()
	case service == setup.FrontService && !i.starts(spec):
	case service == setup.FrontService && port == "443" && network == "tcp":
		to = i.tls.Addr().String()
	case service == setup.FrontService && port == "80" && network == "tcp":
		to = i.plain.Addr().String()
	}
	if to == "" {
		return nil, false, nil
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, to)
	return conn, true, err
}

// starts says whether nginx would: without its two files it ends at once.
func (i *inside) starts(spec setup.SidecarSpec) bool {
	for _, name := range []string{"nginx.conf", setup.ServedFile} {
		if _, err := os.Stat(filepath.Join(spec.Dir, name)); err != nil {
			return false
		}
	}
	return true
}

// answer is dnsmasq: it knows the names of its command and everything below
// them, has nothing but IPv4 addresses, and refuses the rest.
func (i *inside) answer(w dns.ResponseWriter, q *dns.Msg) {
	reply := new(dns.Msg).SetReply(q)
	reply.Rcode = dns.RcodeRefused
	if spec, runs := i.beside(setup.DNSService); runs && len(q.Question) == 1 {
		asked := strings.ToLower(strings.TrimSuffix(q.Question[0].Name, "."))
		for _, n := range spec.Names {
			if asked != n.Name && !strings.HasSuffix(asked, "."+n.Name) {
				continue
			}
			reply.Rcode, reply.Authoritative = dns.RcodeSuccess, true
			if q.Question[0].Qtype == dns.TypeA {
				reply.Answer = append(reply.Answer, &dns.A{A: net.ParseIP(n.Address),
					Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}})
			}
		}
	}
	_ = w.WriteMsg(reply)
}

// connector is the Compose project of the app's connector.
func (i *inside) connector() string { return "culvert-" + i.app.project }

// beside is a running service beside the connector, as it was started.
func (i *inside) beside(service string) (setup.SidecarSpec, bool) {
	view := setup.View{Private: true, Stacks: []setup.Stack{{ConnectorProject: i.connector()}}}
	seen, err := i.app.world.Docker.Observe(context.Background(), view)
	if err != nil {
		return setup.SidecarSpec{}, false
	}
	for _, o := range seen.Objects {
		if s, ok := o.State.(setup.Sidecar); ok && s.Spec.Service == service && s.Running {
			return s.Spec, true
		}
	}
	return setup.SidecarSpec{}, false
}

// certificate is what nginx would serve now.
func (i *inside) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	spec, runs := i.beside(setup.FrontService)
	if !runs {
		return nil, errors.New("nginx does not run")
	}
	path := filepath.Join(spec.Dir, setup.ServedFile)
	pair, err := tls.LoadX509KeyPair(path, path)
	return &pair, err
}

// frontNames are those that the configuration of nginx answers for.
var frontNames = regexp.MustCompile(`(?m)^    listen 443 ssl;\n    server_name (.+);$`)

// serve is nginx with the configuration that Culvert wrote.
func (i *inside) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "nginx")
	spec, _ := i.beside(setup.FrontService)
	text, err := os.ReadFile(filepath.Join(spec.Dir, "nginx.conf"))
	names := frontNames.FindSubmatch(text)
	switch {
	case err != nil || names == nil || !slices.Contains(strings.Fields(string(names[1])), r.Host):
		w.Header().Set("Connection", "close")
		http.Error(w, "421 Misdirected Request", http.StatusMisdirectedRequest)
	case r.TLS == nil:
		http.Redirect(w, r, "https://"+r.Host+r.URL.RequestURI(), http.StatusPermanentRedirect)
	default:
		i.handOn(w, r)
	}
}

// handOn gives a request to the app, as far as its container runs.
func (i *inside) handOn(w http.ResponseWriter, r *http.Request) {
	if _, err := i.app.world.Docker.Addresses(r.Context(), i.app.project, docker.Service); err != nil {
		http.Error(w, "502 Bad Gateway", http.StatusBadGateway)
		return
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: i.app.origin.Addr().String()})
			p.Out.Host = p.In.Host
			p.Out.Header.Set("X-Forwarded-Proto", "https")
		},
		ModifyResponse: func(r *http.Response) error { r.Header.Set("Server", "nginx"); return nil },
		ErrorLog:       log.New(io.Discard, "", 0),
	}
	proxy.ServeHTTP(w, r)
}
