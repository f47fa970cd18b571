package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/internal/need"
	"github.com/culvert/culvert/lab"
	"github.com/culvert/culvert/profile"
)

const (
	privateName = "ocs.your-org"
	colleague   = "ann@example.org"
	password    = "made-up-pa55word"
)

// inside is what a culvert.yaml says of a private way in.
func inside(mode, more string) string {
	return fmt.Sprintf("%smode: %s\nprivate:\n  name: %s\n%s", wanted, mode, privateName, more)
}

// office is a server on which the real app runs, with a colleague in its database.
type office struct {
	*world
	file string // culvert.yaml
}

func openOffice(t *testing.T) *office {
	t.Helper()
	need.Need(t, "django", lab.DjangoPossible())
	django := func(ctx context.Context, l *lab.Lab) error { return l.ImportDjango(ctx) }
	dns := func(ctx context.Context, l *lab.Lab) error { return l.ImportDNSMasq(ctx, profile.DefaultDNSImage) }
	front := func(ctx context.Context, l *lab.Lab) error { return l.ImportNginx(ctx, profile.DefaultFrontImage) }
	o := &office{open(t, django, dns, front), filepath.Join(t.TempDir(), "culvert.yaml")}
	o.eventually(t, "Django answers", func() bool {
		resp, err := o.HTTP().Get("http://127.0.0.1:8000/")
		if err != nil {
			return false
		}
		return resp.Body.Close() == nil
	})
	if err := o.Fill(t.Context(), o.container("web"), lab.People{Users: []lab.Person{{Email: colleague, Password: password}}}); err != nil {
		t.Fatal(err)
	}
	return o
}

func (w *world) eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !is() {
		select {
		case <-ctx.Done():
			t.Fatalf("not in time: %s", what)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// apply makes what the file says so, and finds nothing left to do.
func (o *office) apply(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(o.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	o.run(t, "apply", "--yes")
	t.Logf("culvert apply took %v", time.Since(began).Round(time.Millisecond))
	o.run(t, "plan")
}

// refuses: what the file asks for is not done, and the reason is said.
func (o *office) refuses(t *testing.T, text, because string) {
	t.Helper()
	if err := os.WriteFile(o.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := o.command(t, "apply", "--yes").CombinedOutput()
	if err == nil || !strings.Contains(string(out), because) {
		t.Errorf("it is applied (%v):\n%s", err, out)
	}
}

func (o *office) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := o.culvert(t.Context(), t, append(args, "-f", o.file)...)
	cmd.Env = append(cmd.Env, "CLOUDFLARE_API_TOKEN="+o.sim.Token)
	return cmd
}

func (o *office) run(t *testing.T, args ...string) {
	t.Helper()
	if out, err := o.command(t, args...).CombinedOutput(); err != nil {
		t.Fatalf("culvert %s: %v\n%s", args[0], err, out)
	}
}

// authority is the one for the private name, as devices are told to trust it.
func (o *office) authority(t *testing.T) []byte {
	t.Helper()
	root, err := os.ReadFile(filepath.Join(o.data, "certificates", "authorities", privateName+".pem"))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// TestTheTeamComesInEachWay lays each way in on a real engine, one after the
// other, with the command line, and has a colleague log in to the real app in
// Chromium; who shall not get there tries too.
func TestTheTeamComesInEachWay(t *testing.T) {
	o := openOffice(t)
	compose, env := o.read(t, "docker-compose.prod.yml"), o.read(t, ".env.prod")
	for _, way := range []struct {
		name, file string
		try        func(*testing.T, *office)
	}{
		{"public", wanted, comesByThePublicName},
		{"fallback", inside("fallback", "  front: internal\n"), staysOnThePrivateName},
		{"hostname", inside("hostname", "  front: internal\n"), comesByThePrivateName},
	} {
		if !t.Run(way.name, func(t *testing.T) {
			o.apply(t, way.file)
			way.try(t, o)
		}) {
			return
		}
	}
	t.Run("the front is not taken from under the team", func(t *testing.T) {
		o.refuses(t, inside("hostname", "  front: none\n"), "Switch to the public way first")
		comesByThePrivateName(t, o)
	})
	o.apply(t, wanted)
	t.Run("without a front nobody could log in", func(t *testing.T) { // the app's production settings ask for https
		without := inside("fallback", "  front: none\n")
		o.refuses(t, without, "nobody can log in at this address")
		findsNoLoginByHTTP(t, o)
		o.keepsNoCookieByHTTP(t, without)
	})
	o.run(t, "destroy", "--yes")
	if o.read(t, ".env.prod") != env {
		t.Error(".env.prod is not as it was")
	}
	port := lineWith(t, compose, `"${PORT:-8000}:${PORT:-8000}"`)
	changedOnly(t, "docker-compose.prod.yml", compose, o.read(t, "docker-compose.prod.yml"), map[string]string{
		strings.Replace(port, `"${PORT`, `"127.0.0.1:${PORT`, 1): port, // it stays closed
	})
	o.leavesNothing(t)
}

func comesByThePublicName(t *testing.T, o *office) {
	d := o.device(t, "") // no client is needed
	team := o.sim.Team
	b := d.browse("https://"+host, d.keyOf(host, []byte(o.sim.CA)), d.keyOf(team, []byte(o.sim.CA)))
	b.open("/accounts/login/")
	b.until("Access to ask who it is", fmt.Sprintf(`location.host === %q && !!document.querySelector("[name=email]")`, team), 10*time.Second)
	b.fill("[name=email]", colleague)
	b.click("form button")
	b.until("the code", `!!document.querySelector("#simulated-code")`, 10*time.Second)
	b.fill("[name=code]", b.text("#simulated-code"))
	b.click("form button")
	b.logsInToTheApp("https://" + host)
	o.keepsItsDatabases(t, d, "is not enrolled")
}

// staysOnThePrivateName has one thing after the other go wrong on the way, and a
// colleague come in by it afterwards as before.
func staysOnThePrivateName(t *testing.T, o *office) {
	comesByThePrivateName(t, o)
	for _, f := range privateFaults() {
		t.Run(f.what, func(t *testing.T) {
			s := &scene{stranger: o.stranger(t), file: o.file, token: o.sim.Token}
			s.copesWith(f)
		})
	}
	comesByThePrivateName(t, o)
}

func comesByThePrivateName(t *testing.T, o *office) {
	stranger, d := o.device(t, ""), o.device(t, colleague)
	stranger.cannot(privateName+":443", "is not enrolled")
	d.cannot(privateName+":443", "Authentication required")
	d.logIn()
	b := d.browse("https://"+privateName, d.keyOf(privateName, o.authority(t)))
	b.open("/accounts/login/")
	b.logsInToTheApp("https://" + privateName)
	o.keepsItsDatabases(t, d, "")

	outside := stranger.browse("http://" + privateName)
	outside.open("/accounts/login/")
	if says := outside.text("body"); !strings.Contains(says, "is not enrolled") {
		t.Errorf("a device that is not enrolled sees %s", says)
	}
}

// logsInToTheApp fills the app's own form, and wants the cookies that it sets.
func (b *browser) logsInToTheApp(origin string) {
	b.t.Helper()
	b.until("the app's own login", fmt.Sprintf(`location.origin === %q && document.title === "Sign In"`, origin), 10*time.Second)
	b.fill("[name=login]", colleague)
	b.fill("[name=password]", password)
	b.click("form button")
	b.until("the colleague to be in", fmt.Sprintf(`location.origin === %q && document.body.textContent.includes("Signed in as %s")`, origin, colleague), 10*time.Second)
	b.picture("in")
}

// keepsItsDatabases: no device gets to them, which listen.
func (o *office) keepsItsDatabases(t *testing.T, d *device, because string) {
	t.Helper()
	for service, port := range map[string]string{"db": "5432", "redis": "6379"} {
		address := o.inspect(t, o.container(service), `{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}`) + ":" + port
		if !o.accepts(t, address) {
			t.Fatalf("%s does not listen at %s; the test proves nothing", service, address)
		}
		d.cannot(address, because)
		d.cannot(service+":"+port, because)
	}
}
