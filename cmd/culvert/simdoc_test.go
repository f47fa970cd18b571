package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/zones"

	"github.com/culvert/culvert/cloudflare/sim"
)

// zoneNames is in the guide word for word.
func zoneNames(ctx context.Context, url, token string) (names []string, err error) {
	client := cloudflare.NewClient(option.WithBaseURL(url), option.WithAPIToken(token))
	pages := client.Zones.ListAutoPaging(ctx, zones.ZoneListParams{})
	for pages.Next() {
		names = append(names, pages.Current().Name)
	}
	return names, pages.Err()
}

// simDoc is the guide to culvert sim.
func simDoc(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks are the lines of the guide's code in one language.
func blocks(t *testing.T, language string) (lines []string) {
	t.Helper()
	for _, block := range regexp.MustCompile("(?s)```"+language+"\n(.*?)\n```").FindAllStringSubmatch(simDoc(t), -1) {
		lines = append(lines, strings.Split(block[1], "\n")...)
	}
	if len(lines) == 0 {
		t.Fatalf("the guide has no %s", language)
	}
	return lines
}

// words parts a line as a shell does, which is enough for those of the guide.
func words(line string) (list []string) {
	for _, w := range regexp.MustCompile(`'[^']*'|"[^"]*"|\S+`).FindAllString(line, -1) {
		list = append(list, strings.Trim(w, `'"`))
	}
	return list
}

func TestTheCommandsOfTheSimulatorsGuideDoWhatItSays(t *testing.T) {
	t.Parallel()
	var s *simulated
	dir := t.TempDir()
	for _, line := range blocks(t, "sh") {
		switch w := words(line); {
		case w[0] == "culvert":
			for i, word := range w {
				if _, err := strconv.Atoi(word); err == nil {
					w[i] = "0" // any port that is free
				}
				if strings.Contains(word, ".json") {
					w[i] = filepath.Join(dir, word)
				}
			}
			s = startSim(t, w[2:]...)
		case w[0] == "curl":
			s.curl(line)
		default:
			t.Errorf("nobody tries %q", line)
		}
	}
	names, err := zoneNames(t.Context(), s.URL, s.Token)
	if err != nil || !slices.Equal(names, []string{"example.org"}) {
		t.Errorf("the Go client finds %v (%v)", names, err)
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"account.json", "calls.jsonl"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s was not written (%v)", name, err)
		}
	}
}

// curl makes a call of the guide, whose line ends with the status to expect.
func (s *simulated) curl(line string) {
	s.Helper()
	command, status, _ := strings.Cut(line, " # ")
	known := s.variables()
	command = os.Expand(command, func(name string) string { return known[name] })
	method, url, body, header := http.MethodGet, "", "", http.Header{}
	for w := words(command)[1:]; len(w) > 0; w = w[1:] {
		switch w[0] {
		case "-X":
			method, w = w[1], w[1:]
		case "-d":
			body, w = w[1], w[1:]
		case "-H":
			name, value, _ := strings.Cut(w[1], ": ")
			header.Set(name, value)
			w = w[1:]
		default:
			url = w[0]
		}
	}
	r, err := http.NewRequestWithContext(s.Context(), method, url, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.Header = header
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	if strconv.Itoa(resp.StatusCode) != status {
		s.Errorf("%s answers %d", line, resp.StatusCode)
	}
}

// variables are the fields of the first line.
func (s *simulated) variables() (fields map[string]string) {
	s.Helper()
	text, err := json.Marshal(struct {
		sim.Addresses
		sim.Basics
	}{s.Addresses, s.Basics})
	if err == nil {
		err = json.Unmarshal(text, &fields)
	}
	if err != nil {
		s.Fatal(err)
	}
	return fields
}

func TestTheSimulatorsGuideNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	doc := simDoc(t)
	flags := newSim(&settings{}).LocalFlags()
	for _, flag := range regexp.MustCompile("`--([a-z-]+)`").FindAllStringSubmatch(doc, -1) {
		if flags.Lookup(flag[1]) == nil {
			t.Errorf("culvert sim has no --%s", flag[1])
		}
	}
	var want []string
	for _, line := range strings.Split(flags.FlagUsages(), "\n") {
		if flag := regexp.MustCompile(`--[a-z-]+`).FindString(line); flag != "" {
			want = append(want, "`"+flag+"`")
		}
	}
	for _, name := range sim.UnsureNames() {
		want = append(want, "`"+name+"`")
	}
	for _, w := range sim.Writers() {
		want = append(want, "`"+string(w)+"`")
	}
	for _, name := range want {
		if !strings.Contains(doc, name) {
			t.Errorf("the guide does not name %s", name)
		}
	}
	for _, line := range blocks(t, "faults") {
		if _, err := sim.ParseFault(line); err != nil {
			t.Error(err)
		}
	}
}

func TestTheGoOfTheSimulatorsGuideIsWhatIsTried(t *testing.T) {
	t.Parallel()
	own, err := os.ReadFile("simdoc_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if code := strings.Join(blocks(t, "go"), "\n"); !strings.Contains(string(own), "word for word.\n"+code+"\n") {
		t.Errorf("nobody tries\n%s", code)
	}
}
