package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/setup"
)

// fault is one thing that goes wrong with a setup that stands.
type fault struct {
	what  string
	act   func(*scene)
	class setup.Class // what it has to be named
	// dark are stops of a colleague's way that must not be good then.
	dark []diagnosis.Stop
	// mend puts right what Culvert cannot, as the finding advises; nil: repair
	// does all of it.
	mend func(*scene)
}

// scene is a world with a setup that stands.
type scene struct {
	*stranger
	file string // culvert.yaml
	// token and more are what commands are given.
	token string
	more  []string
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

// soon is the time within which a fault has to be named.
const soon = 10 * time.Second

// TestEveryFaultIsNamedAndPutRight does one thing after the other to a setup on
// a real engine. Each has to be named for what it is within ten seconds, leaves
// nothing green, and is put right by one command, or by what the finding
// advises.
func TestEveryFaultIsNamedAndPutRight(t *testing.T) {
	w := open(t)
	file := filepath.Join(t.TempDir(), "culvert.yaml")
	if err := os.WriteFile(file, []byte(wanted), 0o600); err != nil {
		t.Fatal(err)
	}
	onStage := func(t *testing.T) *scene { return &scene{stranger: w.stranger(t), file: file, token: w.sim.Token} }
	s := onStage(t)
	w.zone = s.named(zones, w.sim.Zone).id()
	s.must("apply", "--yes")
	s.well("before anything went wrong")
	for _, f := range slices.Concat(accountFaults(), hostFaults(), awayFaults()) {
		t.Run(f.what, func(t *testing.T) { onStage(t).suffers(f) })
	}
}

// suffers has a fault happen, looks how it is told, and has it put right.
func (s *scene) suffers(f fault) {
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
