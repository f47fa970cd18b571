package e2e

import (
	"encoding/json"
	"errors"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/setup"
)

// commandFault is one thing that goes wrong with a setup that stands.
type commandFault struct {
	what  string
	act   func(*scene)
	class setup.Class // what it has to be named
	// dark are stops of a colleague's way that must not be good then.
	dark []diagnosis.Stop
	// mend puts right what Culvert cannot, as the finding advises; nil: repair
	// does all of it.
	mend func(*scene)
}

// status is what culvert tells programs of a setup.
type status struct {
	Sentence string          `json:"sentence"`
	Findings []setup.Finding `json:"findings"`
	Left     []string        `json:"left"`
	InTheWay []string        `json:"in_the_way"`
	Way      []diagnosis.Hop `json:"private_way"`
	OK       bool            `json:"ok"`
}

// commandFaults are some of each sort, told and put right from a shell, and those
// for which an open page takes its time: another connector is none to it before it
// stays, and other ways in it looks for every five minutes.
func commandFaults() []commandFault {
	return []commandFault{
		{what: "a door is deleted", class: setup.ClassDoorMissing,
			act: func(s *scene) { s.remove(apps, "Door for Telegram") }},
		{what: "the zone is paused", class: setup.ClassZonePaused,
			act: func(s *scene) { s.call(http.MethodPatch, "zones/{zone}", object{"paused": true}) }},
		{what: "another application stands over a door", class: setup.ClassShadowed,
			act:  func(s *scene) { s.shadow("/channels/telegram/00000000-0000-0000-0000-000000000000") },
			mend: func(s *scene) { s.remove(apps, "Somebody else's") }},
		{what: "a rule of the firewall blocks what is locked as well", class: setup.ClassEdgeBlocks,
			act: func(s *scene) {
				s.firewall(object{"action": "block", "expression": `starts_with(http.request.uri.path, "/channels/")`, "description": "Somebody else's"})
			},
			mend: func(s *scene) { s.firewall() }},
		{what: "the connector is removed", class: setup.ClassConnectorMissing,
			act: func(s *scene) { s.docker("rm", "-f", connector) }},
		{what: "the port is opened by hand", class: setup.ClassPortReopened,
			act: func(s *scene) { s.edit("docker-compose.prod.yml", `"127.0.0.1:${PORT`, `"${PORT`); s.up("web") }},
		{what: "a second connector runs with the same token", class: setup.ClassConnectorSecond,
			act: func(s *scene) {
				image := s.w.inspect(s.T, connector, "{{.Config.Image}}")
				s.docker("network", "create", "far")
				s.docker("run", "-d", "--name", "second", "--network", "far", "-e", "TUNNEL_TOKEN="+s.tunnelToken(), image, "tunnel", "--no-autoupdate", "run")
			},
			mend: func(s *scene) { s.docker("rm", "-f", "second") }},
		{what: "something else leads to the app", class: setup.ClassFront,
			act: func(s *scene) {
				image := s.w.inspect(s.T, s.w.container("web"), "{{.Config.Image}}")
				s.docker("run", "-d", "--name", "front", "--env-file", filepath.Join(s.w.stack.Dir, ".env.prod"), "-p", "9000:8000", image,
					"gunicorn", "--bind", "0.0.0.0:8000", "config.wsgi:application")
			},
			mend: func(s *scene) { s.docker("rm", "-f", "front") }},
		{what: "the token is revoked", class: setup.ClassTokenRefused,
			act:  func(s *scene) { s.token = strings.ToUpper(s.w.sim.Token) },
			mend: func(s *scene) { s.token = s.w.sim.Token }},
		{what: "Cloudflare's API does not answer", class: setup.ClassCloudAway,
			act:  func(s *scene) { s.more = []string{"CLOUDFLARE_BASE_URL=http://127.0.0.1:9/client/v4/"} },
			mend: func(s *scene) { s.more = nil }},
		{what: "the server reaches nothing outside", class: setup.ClassOffline,
			act: func(s *scene) {
				s.more = []string{"CULVERT_LAB_EDGE=127.0.0.1:9", "CLOUDFLARE_BASE_URL=http://127.0.0.1:9/client/v4/"}
			},
			mend: func(s *scene) { s.more = nil }},
	}
}

// copesWith has a fault happen, looks how it is told, and has it put right.
func (s *scene) copesWith(f commandFault) {
	s.Helper()
	f.act(s)
	began := time.Now()
	told := s.ask()
	for !told.names(f.class) && time.Since(began) < soon {
		told = s.ask()
	}
	took := time.Since(began)
	if !told.names(f.class) || took > soon {
		s.Errorf("after %v it is told as\n%s\nwant %s", took.Round(time.Millisecond), told, f.class)
	}
	if told.OK {
		s.Errorf("the status is good: %s", told.Sentence)
	}
	for _, stop := range f.dark {
		if i := slices.IndexFunc(told.Way, func(h diagnosis.Hop) bool { return h.Stop == stop }); i < 0 || told.Way[i].Light == diagnosis.Good {
			s.Errorf("%s has to be dark: %+v", stop, told.Way)
		}
	}
	repairable := slices.ContainsFunc(told.Findings, setup.Finding.Repairable)
	if f.mend != nil {
		f.mend(s)
	}
	if repairable {
		s.must("repair", "--yes", "--whole-domain")
	} else if f.mend == nil {
		s.Errorf("nothing of it can be put right by culvert repair:\n%s", told)
	}
	s.Logf("%s: named after %v, put right after %v", f.class, took.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	s.well("after it was put right")
}

// well has to be told of a setup that is in order.
func (s *scene) well(when string) {
	s.Helper()
	began := time.Now()
	told := s.ask()
	for !told.OK && time.Since(began) < soon {
		told = s.ask()
	}
	if !told.OK {
		s.Fatalf("%s the status is\n%s", when, told)
	}
}

func (s *scene) ask() status {
	s.Helper()
	out, _, err := s.start("status", "--json")
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		s.Fatal(err)
	}
	var told status
	if err := json.Unmarshal([]byte(out), &told); err != nil {
		s.Fatalf("no status: %v\n%s", err, out)
	}
	if told.OK != (err == nil) {
		s.Errorf("the status is good: %v, and the command ended with %v", told.OK, err)
	}
	return told
}

func (t status) names(c setup.Class) bool {
	return slices.ContainsFunc(t.Findings, func(f setup.Finding) bool { return f.Class == c })
}

func (t status) String() string {
	var b strings.Builder
	b.WriteString(t.Sentence + "\n")
	for _, f := range t.Findings {
		b.WriteString(string(f.Class) + ": " + f.Title + " " + f.Effect + " " + f.Cause + "\n")
		if f.Fix != nil && f.Fix.Barred != "" {
			b.WriteString("  cannot be repaired: " + f.Fix.Barred + "\n")
		}
		for _, p := range f.Proof {
			b.WriteString("  " + p.Check.ID + " by " + string(p.By) + ": " + p.Detail + "\n")
		}
	}
	for _, l := range slices.Concat(t.Left, t.InTheWay) {
		b.WriteString("left: " + l + "\n")
	}
	return b.String()
}

// start runs a command to its end, and gives what it prints and what it complains.
func (s *scene) start(args ...string) (prints, complains string, err error) {
	cmd := s.w.culvert(s.Context(), s.T, append(args, "-f", s.file)...)
	cmd.Env = append(append(cmd.Env, "CLOUDFLARE_API_TOKEN="+s.token), s.more...)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	return string(out), complaint.String(), err
}

func (s *scene) must(args ...string) string {
	s.Helper()
	out, complaint, err := s.start(args...)
	if err != nil {
		s.Fatalf("culvert %s: %v\n%s%s", args[0], err, out, complaint)
	}
	return out
}
