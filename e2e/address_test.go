package e2e

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/lab"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// byItself is from when what repairs itself has to be proven again.
const byItself = 3 * time.Second

// TestAnAddressThatChangedIsPutRightOnARealEngine takes what the private name
// leads to out of its place in the network, as people do and as a restart may do,
// while a dashboard runs and the account answers as slowly as Cloudflare's. It is
// put right by a press of Fix, and then by itself, each time without a restart.
func TestAnAddressThatChangedIsPutRightOnARealEngine(t *testing.T) {
	w := open(t,
		func(ctx context.Context, l *lab.Lab) error { return l.ImportDNSMasq(ctx, profile.DefaultDNSImage) },
		func(ctx context.Context, l *lab.Lab) error { return l.ImportNginx(ctx, profile.DefaultFrontImage) })
	file := filepath.Join(t.TempDir(), "culvert.yaml")
	if err := os.WriteFile(file, []byte(inside("fallback", "  front: internal\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &scene{stranger: w.stranger(t), file: file, token: w.sim.Token}
	s.must("apply", "--yes")
	v := w.visit(t, firstLine(t, w.serve(t)))
	v.give(w.sim.Token)
	v.stay("open-chat-studio")
	s.fault("* /** latency 150ms")
	moves := s.moves()
	for what, move := range moves {
		t.Run("by the button: "+what, func(t *testing.T) {
			v := v.in(t)
			before := v.until("all to be well", time.Minute, glance.provenInside)
			move.do(t)
			acted := time.Now()
			told := v.until("it to be named", soon, func(g glance) bool { return g.of(setup.ClassAppReaddressed) != nil && g.light != "on" })
			if p := told.of(setup.ClassAppReaddressed); !strings.Contains(p.cause, "docker network disconnect") {
				t.Errorf("how it came about is told as %q", p.cause)
			}
			v.press("#fix-all")
			pressed := time.Now()
			v.until("the repair to be proven", soon, before.mended)
			took := time.Since(pressed)
			t.Logf("named after %v, proven %v after the press", told.at.Sub(acted).Round(time.Millisecond), took.Round(time.Millisecond))
			if took > byItself {
				t.Errorf("it took %v from the press to the proof", took)
			}
			move.isBack(t)
		})
	}
	v.until("all to be well", time.Minute, glance.provenInside)
	v.send(v.open("/open-chat-studio/settings").Find("#automatic"), url.Values{"class": {string(setup.ClassAppReaddressed)}})
	t.Run("by itself", func(t *testing.T) { // once: what does not hold is left to people
		v, move := v.in(t), moves["put in where Docker likes"]
		before := v.until("all to be well", time.Minute, glance.provenInside)
		move.do(t)
		acted := time.Now()
		v.until("it to be put right and proven", soon, before.mended)
		took := time.Since(acted)
		t.Logf("proven %v after it changed", took.Round(time.Millisecond))
		if took > byItself {
			t.Errorf("it took %v from the change to the proof", took)
		}
		move.isBack(t)
		v.until("all to be well again", time.Minute, glance.provenInside)
		for _, g := range v.since(acted) {
			if g.light == "on" && g.of(setup.ClassAppReaddressed) != nil {
				t.Errorf("before it was put right the page shows\n%v", g)
			}
		}
	})
}

// provenInside is what the page shows where the team's way is proven as far as
// this server sees it; on a device nothing is.
func (g glance) provenInside() bool {
	return g.light == "on" && len(g.problems) == 0 && g.rowsOut == 0
}

// mended says whether another repair than before is told to be proven.
func (g glance) mended(now glance) bool {
	return now.run != g.run && strings.Contains(now.run, "Put right and proven.")
}

// move is how a container comes to be no longer where it was.
type move struct {
	do     func(*testing.T)
	isBack func(*testing.T)
}

// moves are of nginx, which stands at the private name's address.
func (s *scene) moves() map[string]move {
	s.Helper()
	const front = "culvert-open-chat-studio-" + setup.FrontService + "-1"
	var network string
	for _, name := range strings.Fields(s.w.inspect(s.T, front, `{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}`)) {
		if strings.HasPrefix(name, "culvert-open-chat-studio-") {
			network = name
		}
	}
	where := func(t *testing.T) string {
		return s.w.inspect(t, front, `{{(index .NetworkSettings.Networks "`+network+`").IPAddress}} since {{.State.StartedAt}}`)
	}
	was := where(s.T)
	by := func(t *testing.T, how string) {
		t.Helper()
		if out, err := s.w.Run(t.Context(), "docker", "network", how, network, front); err != nil {
			t.Fatalf("docker network %s: %v\n%s", how, err, out)
		}
	}
	isBack := func(t *testing.T) {
		t.Helper()
		if now := where(t); now != was {
			t.Errorf("it stands at %s, and stood at %s", now, was)
		}
	}
	return map[string]move{
		"taken out":                 {func(t *testing.T) { by(t, "disconnect") }, isBack},
		"put in where Docker likes": {func(t *testing.T) { by(t, "disconnect"); by(t, "connect") }, isBack},
	}
}
