package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// told is the whole made-up world at rest, a line for each value: the account,
// the containers, and every file but Culvert's records, backups and authorities,
// which devices go on to trust. What no
// two worlds share is left out or named: moments, counters and random ids.
func (s *shop) told() []string {
	s.Helper()
	t := teller{names: map[string]string{}}
	s.behindOurBack(func(w *stranger) {
		account, host := s.snapshot(w.Cloud.Snapshot), s.snapshot(w.Docker.Snapshot)
		t.learn(account)
		t.tell("account", account)
		t.tell("host", host)
	})
	for _, dir := range []string{"world", "fronts", "connectors", "certificates/certificates"} {
		t.folder(filepath.Join(s.data, "practice", dir))
	}
	for i, line := range t.lines {
		line = strings.ReplaceAll(line, s.data, "DATA")
		t.lines[i] = digest.ReplaceAllString(mark.ReplaceAllString(line, "[culvert]"), "config")
	}
	slices.Sort(t.lines)
	return t.lines
}

func (s *shop) snapshot(take func() ([]byte, error)) any {
	s.Helper()
	text, err := take()
	var v any
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		s.Fatal(err)
	}
	return v
}

// differ tells what is missing of a world, and what is there beside it.
func differ(want, got []string) string {
	var lines []string
	for len(want)+len(got) > 0 {
		switch {
		case len(got) == 0 || len(want) > 0 && want[0] < got[0]:
			lines, want = append(lines, "missing: "+want[0]), want[1:]
		case len(want) == 0 || got[0] < want[0]:
			lines, got = append(lines, "left over: "+got[0]), got[1:]
		default:
			want, got = want[1:], got[1:]
		}
	}
	return strings.Join(lines, "\n")
}

// opened tells the same with the apps' ports open to everybody, because a port
// that was closed stays so.
func opened(lines []string) []string {
	var all []string
	for _, line := range lines {
		all = append(all, strings.NewReplacer("\"127.0.0.1:", "\"", "web/exposure: loopback", "web/exposure: public").Replace(line))
	}
	slices.Sort(all)
	return all
}

type teller struct {
	names map[string]string // of what has an id
	lines []string
}

var (
	mark     = regexp.MustCompile(`\[?culvert-[a-z0-9]{10}-[0-9a-f]{8}\]?`)
	randomID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32,64}`)
	digest   = regexp.MustCompile(`config"?: "?[0-9a-f]{16}`) // of paths too, which differ
)

// passing are the values that are new in every world, or that count what happened.
var passing = []string{"id", "seed", "issued", "tokens", "secret", "aud", "audit", "audited", "session_key", "version", "ref",
	"created_at", "created_on", "updated_at", "modified_on", "last_updated", "activated_on", "comment_modified_on", "config_at",
	"conns_active_at", "conns_inactive_at", "gateway_tag", "moves", "downtime", "mark", "logins", "past", "precedence", "doh_subdomain", "ip"}

// learn notes what the ids of things stand for.
func (t *teller) learn(v any) {
	switch v := v.(type) {
	case map[string]any:
		if id, name := fmt.Sprint(v["id"]), v["name"]; name != nil {
			t.names[id] = fmt.Sprint(name)
		}
		for _, below := range v {
			t.learn(below)
		}
	case []any:
		for _, below := range v {
			t.learn(below)
		}
	}
}

func (t *teller) tell(at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		if v["deleted_at"] != nil {
			return
		}
		for key, below := range v {
			if !slices.Contains(passing, key) {
				t.tell(at+"/"+t.named(key), below)
			}
		}
	case []any:
		for _, below := range v { // lists of the account have no order of their own, but for rules
			t.tell(at+"/-", below)
		}
	default:
		t.lines = append(t.lines, fmt.Sprintf("%s: %s", at, t.named(fmt.Sprint(v))))
	}
}

// named puts the names of things where their ids are.
func (t *teller) named(text string) string {
	return randomID.ReplaceAllStringFunc(text, func(id string) string { return "<" + t.names[id] + ">" })
}

// folder tells the files below a folder. Keys and certificates are new in every
// world, so of them it tells that they are there.
func (t *teller) folder(dir string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) == ".json" && filepath.Base(dir) == "world" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if ext := filepath.Ext(path); ext == ".pem" || ext == ".json" || filepath.Base(dir) == "connectors" {
			text = []byte("is there")
		}
		for _, line := range strings.Split(t.named(string(text)), "\n") {
			t.lines = append(t.lines, "file "+path+": "+line)
		}
		return nil
	})
}
