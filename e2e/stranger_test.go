package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Where the API keeps things.
const (
	apps     = "accounts/{account}/access/apps"
	policies = "accounts/{account}/access/policies"
	logins   = "accounts/{account}/access/identity_providers"
	tunnels  = "accounts/{account}/cfd_tunnel"
	zones    = "zones"
	records  = "zones/{zone}/dns_records"
)

type object map[string]any

func (o object) id() string {
	id, _ := o["id"].(string)
	return id
}

// stranger is somebody with rights in the account who knows nothing of Culvert.
type stranger struct {
	*testing.T
	w    *world
	http http.Client
}

func (w *world) stranger(t *testing.T) *stranger {
	return &stranger{T: t, w: w, http: http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DialContext: w.Dial}}}
}

// call makes one call that has to succeed, and gives its result.
func (s *stranger) call(method, path string, body any) json.RawMessage {
	s.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.Fatal(err)
	}
	path = strings.NewReplacer("{account}", s.w.sim.AccountID, "{zone}", s.w.zone).Replace(path)
	req, err := http.NewRequestWithContext(s.Context(), method, strings.TrimSuffix(s.w.sim.URL, "/")+"/"+path, bytes.NewReader(text))
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.w.sim.Token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.http.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	var envelope struct {
		Success bool            `json:"success"`
		Result  json.RawMessage `json:"result"`
	}
	if err == nil {
		err = json.Unmarshal(answer, &envelope)
	}
	if err != nil || !envelope.Success {
		s.Fatalf("%s %s: %d, %v\n%s", method, path, resp.StatusCode, err, answer)
	}
	return envelope.Result
}

func (s *stranger) list(path string) []object {
	s.Helper()
	return decoded[[]object](s.T, s.call(http.MethodGet, path+"?per_page=50", nil))
}

// named gives the one object of a list whose name begins with a text.
func (s *stranger) named(path, name string) object {
	s.Helper()
	var found []object
	for _, o := range s.list(path) {
		if text, _ := o["name"].(string); strings.HasPrefix(text, name) && o["deleted_at"] == nil {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		s.Fatalf("%s has %d objects named %q, want one", path, len(found), name)
	}
	return found[0]
}

// one is the address of the object of a list whose name begins with a text.
func (s *stranger) one(path, name string) string {
	s.Helper()
	return path + "/" + s.named(path, name).id()
}

func (s *stranger) remove(path, name string) {
	s.Helper()
	s.call(http.MethodDelete, s.one(path, name), nil)
}

// put changes fields of an object that the API takes as a whole.
func (s *stranger) put(path, name string, fields object) {
	s.Helper()
	o := s.named(path, name)
	maps.Copy(o, fields)
	s.call(http.MethodPut, path+"/"+o.id(), o)
}

// rules changes the rules of the tunnel as a whole.
func (s *stranger) rules(edit func([]object) []object) {
	s.Helper()
	path := s.one(tunnels, "open-chat-studio") + "/configurations"
	have := decoded[struct {
		Config struct {
			Ingress []object `json:"ingress"`
		} `json:"config"`
	}](s.T, s.call(http.MethodGet, path, nil))
	s.call(http.MethodPut, path, object{"config": object{"ingress": edit(have.Config.Ingress)}})
}

func decoded[T any](t *testing.T, text []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}
