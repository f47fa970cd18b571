package e2e

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/cert/certtest"
	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

// knownName is a private name below the zone: a public authority issues for it.
const knownName = "ocs.internal.example.org"

const (
	day = 24 * time.Hour
	// twoMonths are over when a certificate of pebble's comes: it is good for 29
	// days more and due, once it was had as long ago.
	twoMonths = 61 * day
)

// branch is an office whose certificate is issued by pebble, which looks for the
// proofs in the simulated zone.
type branch struct {
	*office
	pebble *certtest.Pebble
	d      *device // of a colleague
	s      *scene
}

func openBranch(t *testing.T) *branch {
	t.Helper()
	o := openOffice(t)
	listener, err := o.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &branch{office: o, pebble: certtest.StartAt(t, listener, o.forward(t, o.sim.DNS), nil)}
	b.pebble.Age(twoMonths)
	ca := filepath.Join(t.TempDir(), "acme-ca.pem")
	if err := os.WriteFile(ca, b.pebble.Authorities(), 0o600); err != nil {
		t.Fatal(err)
	}
	o.env = []string{"CULVERT_ACME_DIRECTORY=" + b.pebble.Directory, "CULVERT_ACME_CA=" + ca, "CULVERT_LAB_DNS=" + o.sim.DNS}
	b.s = &scene{stranger: o.stranger(t), file: o.file, token: o.sim.Token}
	return b
}

// TestACertificateByACMEIsHadKeptRenewedAndMissed takes the certificate of the
// private name from the first order, over a restart and a renewal, to a token
// that lost its permission for DNS, and asks on a colleague's device each time.
func TestACertificateByACMEIsHadKeptRenewedAndMissed(t *testing.T) {
	o := openBranch(t)
	o.apply(t, strings.Replace(inside("fallback", "  front: acme\n"), privateName, knownName, 1))
	o.d = o.device(t, colleague)
	o.d.logIn()
	first, between := o.visit()
	b := o.d.browse("https://"+knownName, keyOf(between))
	b.open("/accounts/login/")
	b.logsInToTheApp("https://" + knownName)

	ordered := o.pebble.Orders()
	page, serve := o.dashboard(t)
	page.standsWell()
	o.end(t, serve)
	if again, _ := o.visit(); again.Cmp(first) != 0 || o.pebble.Orders() != ordered {
		t.Errorf("after a restart the certificate is %x, before %x; ordered %d times, before %d", again, first, o.pebble.Orders(), ordered)
	}

	o.permit(t, slices.DeleteFunc(sim.AllPermissions(), func(p string) bool { return p == "DNS Write" }), "DNS Read")
	o.pass(t, twoMonths)
	serve = o.serveAgain(t, page)
	page.until("the problem, and the permission that is missing", fmt.Sprintf(`["could not be renewed so far", "DNS: Edit"].every(text => document.querySelector(%q)?.textContent.includes(text))`, certificateProblem), 30*time.Second)
	page.picture("certificate")
	page.click(certificateProblem + " .buttons button:not([disabled])")
	page.until("that it cannot be put right yet", `document.querySelector("#region-mending").textContent.includes("DNS: Edit")`, 30*time.Second)
	o.end(t, serve)
	o.isTold(t)
	if still, _ := o.visit(); still.Cmp(first) != 0 {
		t.Errorf("without the permission the certificate is %x, before %x", still, first)
	}

	o.permit(t, sim.AllPermissions())
	serve = o.serveAgain(t, page)
	page.until("the button", fmt.Sprintf(`!!document.querySelector(%q)`, certificateProblem+" .buttons button:not([disabled])"), 30*time.Second)
	page.click(certificateProblem + " .buttons button:not([disabled])")
	second := o.untilAnother(t, first)
	page.until("the repair to be proven", `document.querySelector("#region-mending").textContent.includes("Put right and proven.")`, 30*time.Second)
	page.standsWell()
	b.open("/accounts/login/")
	o.end(t, serve)

	o.pass(t, twoMonths)
	serve = o.serveAgain(t, page) // and what is due is done by itself
	o.untilAnother(t, second)
	page.standsWell()
	o.end(t, serve)
	if told := o.s.ask(); told.names(setup.ClassCertificate) {
		t.Errorf("after it was renewed the status is\n%s", told)
	}
}

// visit is a colleague's, who opens the login page in a connection of its own. It
// gives the serial number of the certificate, and the one that signed it.
func (o *branch) visit() (*big.Int, *x509.Certificate) {
	o.d.Helper()
	conn := o.d.speak(knownName, o.pebble.Authorities())
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "GET /accounts/login/ HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", knownName); err != nil {
		o.d.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		o.d.Fatalf("the login page: %v %v", resp, err)
	}
	_ = resp.Body.Close()
	chain := conn.ConnectionState().PeerCertificates
	if len(chain) < 2 {
		o.d.Fatalf("nginx shows %d certificates, want the chain", len(chain))
	}
	return chain[0].SerialNumber, chain[1]
}

// untilAnother has a colleague come in again and again, who gets in each time,
// until the certificate is another one.
func (o *branch) untilAnother(t *testing.T, than *big.Int) (serial *big.Int) {
	t.Helper()
	o.eventually(t, "nginx serves another certificate", func() bool {
		serial, _ = o.visit()
		return serial.Cmp(than) != 0
	})
	return serial
}

// isTold: the command tells of it as well, as long as there is time.
func (o *branch) isTold(t *testing.T) {
	t.Helper()
	told := o.s.ask()
	i := slices.IndexFunc(told.Findings, func(f setup.Finding) bool { return f.Class == setup.ClassCertificate })
	if i < 0 {
		t.Fatalf("the status is\n%s", told)
	}
	if f := told.Findings[i]; f.Severity != setup.SeverityRisk || !strings.Contains(f.Cause, "DNS: Edit") || !f.Repairable() {
		t.Errorf("it is told as %+v", f)
	}
}

// pass has time go by for the certificate: what is noted of when it was had. How
// old it is itself, pebble saw to.
func (o *branch) pass(t *testing.T, d time.Duration) {
	t.Helper()
	path := filepath.Join(o.data, "certificates", "certificates", knownName, "about.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	about := decoded[object](t, text)
	about["obtained"] = time.Now().Add(-d)
	if text, err = json.Marshal(about); err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// permit gives the token other permissions.
func (w *world) permit(t *testing.T, permissions []string, more ...string) {
	t.Helper()
	w.send(t, http.MethodPut, "/token", object{"permissions": append(permissions, more...)}, nil)
}

// serveAgain starts it once more, and opens the page again.
func (o *branch) serveAgain(t *testing.T, page *browser) *exec.Cmd {
	t.Helper()
	serve := o.serve(t)
	firstLine(t, serve)
	page.open("/open-chat-studio/status")
	return serve
}

// certificateProblem is where the status page tells of the certificate.
const certificateProblem = `article.problem[id*="certificate"]`

// standsWell waits until the status page says that the private way is proven,
// and tells nothing of its certificate.
func (b *browser) standsWell() {
	b.t.Helper()
	b.until("a good sentence", fmt.Sprintf(`!document.querySelector(%q) && document.querySelector(".verdict.on")?.textContent.includes("way to %s is proven")`, certificateProblem, knownName), 60*time.Second)
}
