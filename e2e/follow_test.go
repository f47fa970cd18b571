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

	"github.com/culvert/culvert/setup"
)

const plainPort = ":8000" // of the app, which speaks no TLS

// TestAnAppInItsOwnNetworkIsFollowedWhereItGoes leads the team to the address that
// Docker gave the app. When the app is made anew and gets another one, because
// somebody else took the old, a colleague logs in again after one command; and by
// itself, where that was chosen. Then the whole network is opened to the team.
func TestAnAppInItsOwnNetworkIsFollowedWhereItGoes(t *testing.T) {
	o := openOffice(t)
	o.asksForNoTLS(t)
	compose, env := o.read(t, "docker-compose.prod.yml"), o.read(t, ".env.prod")
	o.apply(t, inside("fallback", "  front: none\n  network: app\n"))
	port := lineWith(t, compose, `"${PORT:-8000}:${PORT:-8000}"`)
	changedOnly(t, "docker-compose.prod.yml", compose, o.read(t, "docker-compose.prod.yml"), map[string]string{
		strings.Replace(port, `"${PORT`, `"127.0.0.1:${PORT`, 1): port,
	})
	s := &scene{stranger: o.stranger(t), file: o.file, token: o.sim.Token}
	d := o.device(t, colleague)
	d.cannot(privateName+plainPort, "Authentication required")
	o.device(t, "").cannot(privateName+plainPort, "is not enrolled")
	d.comesInWithoutTLS()
	o.keepsItsDatabases(t, d, "")

	was := o.moves(t)
	told := s.ask()
	if !told.names(setup.ClassAppReaddressed) || len(told.Findings) != 1 || !strings.Contains(told.String(), "instead of "+was) {
		t.Errorf("it is told as\n%s", told)
	}
	began := time.Now()
	s.must("repair", "--yes")
	t.Logf("culvert repair took %v", time.Since(began).Round(time.Millisecond))
	s.well("after the repair")
	d.cannot(was+":6379", "") // what has the old address now
	d.cannot(privateName+plainPort, "Authentication required")
	d.comesInWithoutTLS()

	serve := o.repairsByItself(t)
	was = o.moves(t)
	o.eventually(t, "the name to lead there again", func() bool { return d.reachesLock(privateName + plainPort) })
	d.cannot(was+":6379", "")
	d.comesInWithoutTLS()

	o.end(t, serve)
	o.opensTheWholeNetwork(t, s, d)
	s.must("destroy", "--yes")
	if o.read(t, ".env.prod") != env {
		t.Error(".env.prod is not as it was")
	}
	o.leavesNothing(t)
}

// opensTheWholeNetwork: what is in the app's network is named and agreed to; then
// the team gets to all of it, behind the login, and nobody else does. Where the app
// goes within it, only the name has to follow.
func (o *office) opensTheWholeNetwork(t *testing.T, s *scene, d *device) {
	t.Helper()
	all := inside("fallback", "  front: none\n  network: app\n  route: network\n")
	at := func(service string) string {
		return o.inspect(t, o.container(service), `{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}`)
	}
	database := at("db") + ":5432"
	o.refuses(t, all, "redis "+at("redis"))
	o.keepsItsDatabases(t, d, "")
	network, err := o.Run(t.Context(), "docker", "network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", o.stack.Network)
	if err != nil {
		t.Fatal(err)
	}
	o.run(t, "apply", "--yes", "--agree", "route/"+strings.TrimSpace(network))
	o.run(t, "plan")

	o.device(t, "").cannot(database, "is not enrolled")
	d.cannot(database, "Authentication required")
	d.cannot(privateName+plainPort, "Authentication required")
	d.comesInWithoutTLS()
	reaches := func(address string) {
		t.Helper()
		o.eventually(t, "the device to reach "+address, func() bool {
			conn, _ := d.connect(address)
			return conn != nil && conn.Close() == nil
		})
	}
	reaches(database)

	locks, ways := fmt.Sprint(s.list(apps)), fmt.Sprint(s.list(routes))
	was := o.moves(t)
	s.must("repair", "--yes")
	s.well("after the repair in the whole network")
	reaches(privateName + plainPort)
	reaches(was + ":6379") // what has the old address now is of the network as well
	if now := fmt.Sprint(s.list(routes)); now != ways {
		t.Errorf("the app moved, and the routes were\n%s\nand are\n%s", ways, now)
	}
	if now := fmt.Sprint(s.list(apps)); now != locks {
		t.Errorf("the app moved, and the applications were\n%s\nand are\n%s", locks, now)
	}
}

// asksForNoTLS has the app run with its ordinary settings: those for production
// let nobody log in without TLS.
func (o *office) asksForNoTLS(t *testing.T) {
	t.Helper()
	path := filepath.Join(o.stack.Dir, ".env.prod")
	text := strings.Replace(o.read(t, ".env.prod"), "config.settings_production", "config.settings", 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o.upAgain(t)
}

func (o *office) upAgain(t *testing.T, how ...string) {
	t.Helper()
	args := append([]string{"-f", "docker-compose.prod.yml", "up", "-d", "--no-deps"}, how...)
	if out, err := o.Compose(t.Context(), o.stack.Dir, append(args, "web")...); err != nil {
		t.Fatalf("docker compose up: %v\n%s", err, out)
	}
}

// moves makes the app's container anew after another container took its address,
// which is given.
func (o *office) moves(t *testing.T) (was string) {
	t.Helper()
	address := func() string {
		return o.inspect(t, o.container("web"), fmt.Sprintf(`{{(index .NetworkSettings.Networks %q).IPAddress}}`, o.stack.Network))
	}
	docker := func(args ...string) string {
		t.Helper()
		out, err := o.Run(t.Context(), "docker", args...)
		if err != nil {
			t.Fatalf("docker %s: %v\n%s", args[0], err, out)
		}
		return strings.TrimSpace(out)
	}
	was = address()
	redis := strings.Fields(o.inspect(t, o.container("redis"), `{{.Config.Image}} {{.Path}} {{join .Args " "}}`))
	docker("stop", "-t", "1", o.container("web"))
	for at, n := "", 0; at != was; n++ { // it gives the lowest that is free
		if n == 5 {
			t.Fatalf("%s was given to none of %d containers", was, n)
		}
		other := docker(append([]string{"run", "-d", "--network", o.stack.Network, "--entrypoint", redis[1], redis[0]}, redis[2:]...)...)
		at = o.inspect(t, other, `{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}`)
	}
	o.eventually(t, "the other container to listen at "+was, func() bool { return o.listens(t, was+":6379") })
	o.upAgain(t, "--force-recreate")
	if address() == was {
		t.Fatalf("the app is at %s as before", was)
	}
	return was
}

// listens says whether something takes connections at an address that had another
// container a moment ago: until its neighbours have learned of the new one, nothing
// may answer there at all.
func (o *office) listens(t *testing.T, address string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	conn, err := o.Dial(ctx, "tcp", address)
	return err == nil && conn.Close() == nil
}

// reachesLock says whether the way of a packet ends at a login.
func (d *device) reachesLock(address string) bool {
	d.Helper()
	conn, why := d.connect(address)
	if conn != nil {
		_ = conn.Close()
	}
	return conn == nil && strings.Contains(why, "Authentication required")
}

// comesInWithoutTLS: a colleague on the device logs in to the app at its own port.
func (d *device) comesInWithoutTLS() {
	d.Helper()
	d.logIn()
	d.w.eventually(d.T, "the packets to get there", func() bool { // the route comes last
		conn, _ := d.connect(privateName + plainPort)
		return conn != nil && conn.Close() == nil
	})
	b := d.browse("http://" + privateName + plainPort)
	b.open("/accounts/login/")
	b.logsInToTheApp("http://" + privateName + plainPort)
}

// repairsByItself starts the server and switches that on for addresses.
func (o *office) repairsByItself(t *testing.T) *exec.Cmd {
	t.Helper()
	b, serve := o.dashboard(t)
	b.open("/open-chat-studio/settings")
	b.click(fmt.Sprintf("input[value=%q]", setup.ClassAppReaddressed))
	b.press("Save")
	b.until("that it is saved", `document.querySelector("#note").textContent.includes("Saved")`, 10*time.Second)
	b.open("/open-chat-studio/status")
	b.until("that all is well", `!!document.querySelector(".verdict.on")`, 90*time.Second)
	return serve
}

func (o *office) leavesNothing(t *testing.T) {
	t.Helper()
	left, err := o.Run(t.Context(), "sh", "-c", "docker ps -a --format '{{.Names}}' --filter name=culvert; docker network ls --format '{{.Name}}' --filter name=culvert")
	if err != nil || strings.TrimSpace(left) != "" {
		t.Errorf("left on the server: %s %v", left, err)
	}
}
