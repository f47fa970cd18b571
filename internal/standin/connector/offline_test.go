package connector_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/culvert/culvert/internal/need"
)

// officialPath is where the official program is. A test that lacks it says so.
func officialPath(t *testing.T) string {
	t.Helper()
	path := os.Getenv("CLOUDFLARED")
	if path == "" {
		var err error
		if path, err = exec.LookPath("cloudflared"); err != nil {
			need.Need(t, "cloudflared", errors.New("no official program: set CLOUDFLARED to its path, or put it in PATH"))
		}
	}
	return path
}

func official(path string) program {
	return program{limit: 90 * time.Second, start: func(t *testing.T, args []string, env map[string]string, out io.Writer) func() int {
		cmd := exec.Command(path, args...)
		cmd.Stdout, cmd.Stderr = out, out
		cmd.Env = []string{"HOME=" + t.TempDir()}
		for k, v := range env {
			cmd.Env = append(cmd.Env, k+"="+v)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return sync.OnceValue(func() int {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			var exit *exec.ExitError
			if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
				t.Error(err)
			}
			return cmd.ProcessState.ExitCode()
		})
	}}
}

// The official program asks public addresses for its edge, whatever it is told,
// so it runs only where no route leads out.
func TestTheOfficialProgramTakesTheStandInsPlace(t *testing.T) {
	path := officialPath(t)
	offline(t, func(t *testing.T) { doAlike(t, official(path)) })
}

// Without an address of the edge a connector finds it as it would at home: by
// DNS, here a server that knows two regions.
func TestTheEdgeIsFoundByDNS(t *testing.T) {
	offline(t, func(t *testing.T) {
		eitherWithDNS(t, func(t *testing.T, p program) {
			te := startEdgeAt(t, "127.0.0.2:7844", "127.0.0.3:7844")
			env := te.env(0)
			delete(env, "TUNNEL_EDGE")
			env["SSL_CERT_FILE"] = te.cacert // what the official program trusts
			r := te.runWith(p, env, 2)
			r.configure(1, `{"service":"http_status:418"}`)
			if resp, _ := r.visit(request(t, "GET", "http://app.example.com/")); resp.StatusCode != 418 {
				t.Errorf("status %d", resp.StatusCode)
			}
		})
	})
}

// A hostname route: the edge asks the connector's machine for the name.
func TestANameIsAskedOfTheMachinesOwnNameServer(t *testing.T) {
	offline(t, func(t *testing.T) {
		eitherWithDNS(t, func(t *testing.T, p program) {
			te := startEdge(t)
			te.run(p, 1)
			conn := te.all()[0]
			_, port, err := net.SplitHostPort(target(t))
			if err != nil {
				t.Fatal(err)
			}
			stream, err := conn.DialTCP(t.Context(), "web:"+port)
			if err != nil {
				t.Fatal(err)
			}
			echoes(t, stream)
			if _, err := conn.Lookup(t.Context(), "nothing"); !errors.As(err, new(*net.DNSError)) {
				t.Errorf("an unknown name gives %v", err)
			}
		})
	})
}

// eitherWithDNS runs a test with the stand-in, and with the official program if
// there is one, beside a name server.
func eitherWithDNS(t *testing.T, test func(*testing.T, program)) {
	serveDNS(t)
	t.Run("stand-in", func(t *testing.T) { test(t, standIn()) })
	t.Run("official", func(t *testing.T) { test(t, official(officialPath(t))) })
}

// serveDNS is the name server of a namespace.
func serveDNS(t *testing.T) {
	t.Helper()
	zone := map[string]string{
		"_v2-origintunneld._tcp.argotunnel.com. SRV": "1 1 7844 region1.v2.argotunnel.com.\n1 1 7844 region2.v2.argotunnel.com.",
		"region1.v2.argotunnel.com. A":               "127.0.0.2",
		"region2.v2.argotunnel.com. A":               "127.0.0.3",
		"web. A":                                     "127.0.0.1",
	}
	pc, err := net.ListenPacket("udp", "127.0.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	srv := &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		key := q.Question[0].Name + " " + dns.TypeToString[q.Question[0].Qtype]
		values, known := zone[key]
		if !known {
			m.Rcode = dns.RcodeNameError
		}
		for value := range strings.SplitSeq(values, "\n") {
			if rr, err := dns.NewRR(strings.Replace(key, " ", " 60 IN ", 1) + " " + value); known && err == nil {
				m.Answer = append(m.Answer, rr)
			}
		}
		_ = w.WriteMsg(m)
	})}
	served := make(chan error, 1)
	go func() { served <- srv.ActivateAndServe() }()
	t.Cleanup(func() {
		_ = srv.Shutdown()
		<-served
	})
}

// insideNamespace is set where offline started this program.
const insideNamespace = "CULVERT_TEST_INSIDE_NAMESPACE"

// offline runs body where no route leads out: in a network namespace, in which
// this test's program starts again.
func offline(t *testing.T, body func(*testing.T)) {
	t.Helper()
	if os.Getenv(insideNamespace) != "" {
		body(t)
		return
	}
	need.Need(t, "netns", namespaceIsPossible())
	name := fmt.Sprintf("culvert-connector-%d", os.Getpid())
	ip(t, "netns", "add", name)
	t.Cleanup(func() { ip(t, "netns", "delete", name) })
	ip(t, "-n", name, "link", "set", "lo", "up")
	giveNameServer(t, name)
	cmd := exec.Command("ip", "netns", "exec", name, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=20m")
	cmd.Env = append(os.Environ(), insideNamespace+"=yes")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()+" ") {
		t.Fatalf("in the namespace: %v\n%s", err, out)
	}
	if strings.Contains(string(out), "--- SKIP: ") {
		t.Logf("in the namespace:\n%s", out)
	}
}

func namespaceIsPossible() error {
	if os.Geteuid() != 0 {
		return errors.New("not root, which a network namespace takes")
	}
	_, err := exec.LookPath("ip")
	return err
}

// giveNameServer has ip netns exec put a file in place of /etc/resolv.conf.
func giveNameServer(t *testing.T, namespace string) {
	t.Helper()
	dir := filepath.Join("/etc/netns", namespace)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = os.RemoveAll(dir)
		_ = os.Remove("/etc/netns") // if it was ours
	})
	if err := os.WriteFile(filepath.Join(dir, "resolv.conf"), []byte("nameserver 127.0.0.1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Errorf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}
