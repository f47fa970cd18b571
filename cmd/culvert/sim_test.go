package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/culvert/culvert/cloudflare/sim"
)

// simulated is a running culvert sim.
type simulated struct {
	*testing.T
	sim.Addresses
	sim.Basics
	rest *bufio.Reader // what it prints after its first line
	end  func() error  // ends it as SIGTERM does
}

// startSim runs culvert sim until end.
func startSim(t *testing.T, flags ...string) *simulated {
	t.Helper()
	out, in := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	root := newRoot(&settings{stdout: in, stderr: io.Discard})
	root.SetArgs(append([]string{"sim"}, flags...))
	ended := make(chan error, 1)
	go func() {
		err := root.ExecuteContext(ctx)
		in.CloseWithError(err)
		ended <- err
	}()
	s := &simulated{T: t, rest: bufio.NewReader(out), end: func() error { cancel(); return <-ended }}
	t.Cleanup(cancel)
	s.begin()
	return s
}

// begin reads the first line.
func (s *simulated) begin() {
	s.Helper()
	line, err := s.rest.ReadString('\n')
	if err != nil {
		s.Fatalf("culvert sim ended: %v", err)
	}
	if err := json.Unmarshal([]byte(line), s); err != nil {
		s.Fatalf("it printed %q: %v", line, err)
	}
}

// call gives the status and the body of an answer; 0 if there was none.
func (s *simulated) call(method, url string, header ...string) (int, string) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, url, nil)
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.Token)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestTheSimulatorGoesOnWhereSIGTERMEndedIt(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "account.json")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "sim", "--state", state)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	first := &simulated{T: t, rest: bufio.NewReader(out)}
	first.begin()
	if status, body := first.call("DELETE", first.URL+"/zones/"+first.ZoneID); status != 200 {
		t.Fatalf("deleting the domain answers %d: %s", status, body)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("SIGTERM ended it with %v", err)
	}
	again := startSim(t, "--state", state)
	if again.Token != first.Token || again.AccountID != first.AccountID || again.ZoneID != "" {
		t.Errorf("it went on with %+v after %+v", again.Basics, first.Basics)
	}
	if err := again.end(); err != nil {
		t.Error(err)
	}
}

func TestEveryCallToTheSimulatorIsWrittenDown(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "calls.jsonl")
	for range 2 { // the second run adds to it
		s := startSim(t, "--call-log", log, "--fault", "GET /zones status 502")
		s.call("GET", s.URL+"/zones", "X-Stainless-Retry-Count", "2")
		if err := s.end(); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	if len(lines) != 2 {
		t.Fatalf("two calls are logged as\n%s", text)
	}
	var call struct {
		Method, Path string
		Status       int
		Retries      int      `json:"retry_count"`
		Took         *float64 `json:"duration_ms"`
	}
	if err := json.Unmarshal(lines[1], &call); err != nil {
		t.Fatal(err)
	}
	if call.Method != "GET" || call.Path != "/zones" || call.Status != 502 || call.Retries != 2 || call.Took == nil {
		t.Errorf("the call is logged as %s", lines[1])
	}
}

func TestTheCallsFollowTheFirstLineOnStandardOutput(t *testing.T) {
	t.Parallel()
	s := startSim(t, "--call-log", "-")
	answered := make(chan int, 1)
	go func() { status, _ := s.call("GET", s.URL+"/user/tokens/verify"); answered <- status }()
	line, err := s.rest.ReadString('\n')
	if err != nil || !strings.Contains(line, `"path":"/user/tokens/verify"`) || <-answered != 200 {
		t.Errorf("it printed %q (%v)", line, err)
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

func TestTheSimulatorsSwitchesSwitch(t *testing.T) {
	t.Parallel()
	one, two := startSim(t, "--seed", "7"), startSim(t, "--seed", "7", "--rate-limit", "2", "--latency", "1ms..2ms",
		"--browser-check", "off", "--unsure", "RateLimitIs971", "--propagation", "1s..2s")
	if one.Basics != two.Basics {
		t.Errorf("one seed gives %+v and %+v", one.Basics, two.Basics)
	}
	setting := "/zones/" + one.ZoneID + "/settings/browser_check"
	if _, body := one.call("GET", one.URL+setting); !strings.Contains(body, `"value":"on"`) {
		t.Errorf("without a switch Browser Integrity Check is %s", body)
	}
	if _, body := two.call("GET", two.URL+setting); !strings.Contains(body, `"value":"off"`) {
		t.Errorf("switched off, Browser Integrity Check is %s", body)
	}
	two.call("GET", two.URL+setting)
	if status, body := two.call("GET", two.URL+setting); status != 429 || !strings.Contains(body, `"code":971`) {
		t.Errorf("the third call of two is answered %d: %s", status, body)
	}
}

func TestAWrongSwitchOfTheSimulatorIsNamedWithWhatIsAllowed(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "broken.json")
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ flag, value, want string }{
		{"--fault", "POST /zones explode", "nothing that can go wrong: latency, meanwhile"},
		{"--propagation", "soon", "write 150ms, or 100ms..250ms"},
		{"--latency", "2s..1s", "goes backwards"},
		{"--rate-limit", "-1", "write a number of calls"},
		{"--rate-limit", "12x", "write a number of calls"},
		{"--unsure", "Weather", "EmptyConfigIsMinusOne, AccountTokensListAccounts"},
		{"--browser-check", "yes", "write on or off"},
		{"--control", "0.0.0.0:8081", "it is always on 127.0.0.1"},
		{"--control", "65536", "write a port"},
		{"--seed", "abc", "invalid"},
		{"--state", broken, "read the simulator's state"},
		{"--state", broken + "/below", "not a directory"},
		{"--call-log", broken + "/below", "not a directory"},
	} {
		root := newRoot(&settings{stdout: io.Discard, stderr: io.Discard})
		root.SetArgs([]string{"sim", row.flag, row.value})
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // what is wrongly let pass ends at once
		if err := root.ExecuteContext(ctx); err == nil || !strings.Contains(err.Error(), row.flag) || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s %s is answered %v", row.flag, row.value, err)
		}
	}
	if text, err := os.ReadFile(broken); err != nil || string(text) != "{" {
		t.Errorf("what could not be read was overwritten with %q (%v)", text, err)
	}
}
