package cloudflare

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

const install = "t1"

// world is a simulated account with a client of ours on it, and with a stranger
// who writes to the API by hand.
type world struct {
	*testing.T
	sim.Basics
	*Client
	cloud *sim.Cloud
	url   string
	log   *lockedBuffer
}

func newWorld(t *testing.T) *world { return newWorldWith(t, sim.Options{}) }

func newWorldWith(t *testing.T, o sim.Options) *world {
	t.Helper()
	o.Seed = 11
	if o.RateLimit == 0 {
		o.RateLimit = -1
	}
	cloud := sim.Example(o)
	t.Cleanup(cloud.Close)
	server := httptest.NewServer(cloud.API())
	t.Cleanup(server.Close)
	w := &world{T: t, Basics: cloud.Basics(), cloud: cloud, url: server.URL + "/client/v4", log: &lockedBuffer{}}
	w.Client = w.client(w.Token)
	return w
}

// client is one on the same account with another token.
func (w *world) client(token string) *Client {
	w.Helper()
	c, err := New(Options{Token: secret.New(token), BaseURL: w.url, Log: slog.New(slog.NewTextHandler(w.log, nil))})
	if err != nil {
		w.Fatal(err)
	}
	c.pause = time.Millisecond
	return c
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// stranger calls the API as somebody else would, and gives the result.
func (w *world) stranger(method, path string, body any) json.RawMessage {
	w.Helper()
	path = strings.Replace(path, "A/", "accounts/"+w.AccountID+"/", 1)
	path = strings.Replace(path, "Z/", "zones/"+w.ZoneID+"/", 1)
	var sent io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			w.Fatal(err)
		}
		sent = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(w.Context(), method, w.url+"/"+path, sent)
	if err != nil {
		w.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer res.Body.Close()
	var env envelope
	if err := json.NewDecoder(res.Body).Decode(&env); err != nil || !env.ok() {
		w.Fatalf("the stranger's %s %s: HTTP %d %+v %v", method, path, res.StatusCode, env.Errors, err)
	}
	return env.Result
}

// id is the id in a result.
func (w *world) id(result json.RawMessage) string {
	w.Helper()
	var in struct{ ID string }
	if err := json.Unmarshal(result, &in); err != nil || in.ID == "" {
		w.Fatalf("no id in %s", result)
	}
	return in.ID
}

func (w *world) view() setup.View {
	return setup.View{Account: w.AccountID, Zones: []string{w.Zone}, Hosts: []string{"ocs." + w.Zone}}
}

// privateView also asks for what the private modes have to do with.
func (w *world) privateView() setup.View {
	v := w.view()
	v.Private = true
	v.Profiles = []string{setup.DefaultProfile}
	v.Networks = []string{setup.ResolvedRange, "172.30.250.0/28"}
	v.Names = []string{"ocs.your-org", "ocs.lan"}
	return v
}

func (w *world) observe() setup.World {
	w.Helper()
	seen, err := w.Observe(w.Context(), w.view())
	if err != nil {
		w.Fatal(err)
	}
	return seen
}

// all gives the observed objects of a kind; the kind must have been read.
func (w *world) all(kind setup.Kind) []setup.Object {
	w.Helper()
	v := w.privateView()
	v.Kinds, v.Also = []setup.Kind{kind}, []setup.Kind{kind}
	seen, err := w.Observe(w.Context(), v)
	if err != nil {
		w.Fatal(err)
	}
	for at, p := range seen.Unread {
		if at.Kind == kind {
			w.Fatalf("%s is unread: %v", kind, p.Error())
		}
	}
	return ofKind(seen, kind)
}

func ofKind(seen setup.World, kind setup.Kind) []setup.Object {
	var found []setup.Object
	for _, o := range seen.Objects {
		if o.State.Kind() == kind {
			found = append(found, o)
		}
	}
	return found
}

// one gives the observed object with an id, or nil.
func (w *world) one(kind setup.Kind, id string) *setup.Object {
	w.Helper()
	for _, o := range w.all(kind) {
		if o.ID == id {
			return &o
		}
	}
	return nil
}

func (w *world) key(kind setup.Kind, name string) setup.Key {
	scope := w.AccountID
	if kind.Place() == setup.AtZone {
		scope = w.Zone
	}
	return setup.Key{Kind: kind, Scope: scope, Name: name}
}

// try makes one change.
func (w *world) try(e setup.Entry) (setup.Outcome, error) {
	w.Helper()
	e.Mark = setup.Mark(install, e.Key)
	outcomes, err := w.Do(w.Context(), setup.Call{Entries: []setup.Entry{e}})
	if err != nil {
		return setup.Outcome{}, err
	}
	if len(outcomes) != 1 {
		w.Fatalf("%d outcomes for one entry", len(outcomes))
	}
	return outcomes[0], nil
}

// must makes one change that has to succeed.
func (w *world) must(e setup.Entry) setup.Outcome {
	w.Helper()
	o, err := w.try(e)
	if err != nil {
		w.Fatalf("%s %s: %v", e.Verb, e.Key.Short(), err)
	}
	if o.Err != nil {
		w.Fatalf("%s %s: %v", e.Verb, e.Key.Short(), o.Err)
	}
	return o
}

// refuses makes one change that has to be refused with a code.
func (w *world) refuses(e setup.Entry, code setup.Code) setup.Outcome {
	w.Helper()
	o, err := w.try(e)
	if err != nil {
		w.Fatalf("%s %s: %v", e.Verb, e.Key.Short(), err)
	}
	if o.Err == nil || o.Err.Code != code {
		w.Fatalf("%s %s: got %v, want a refusal with %s", e.Verb, e.Key.Short(), o.Err, code)
	}
	return o
}

// create makes something with our mark and gives its id.
func (w *world) create(k setup.Key, to setup.State) setup.Outcome {
	w.Helper()
	return w.must(setup.Entry{Key: k, Verb: setup.Create, To: to})
}

// counts counts the calls that the simulator got.
func (w *world) counts(method, below string) int {
	n := 0
	for _, c := range w.cloud.Calls() {
		if c.Method == method && strings.Contains(c.Path, below) {
			n++
		}
	}
	return n
}

// stub is a client on a server that answers as the test says.
func stub(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, err := New(Options{Token: secret.New("secret-token-of-forty-characters-or-more"), BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	c.pause = time.Millisecond
	return c
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// loseAnswers lets every write happen and drops the connection then.
func (w *world) loseAnswers() {
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		w.cloud.Inject(sim.Fault{Method: method, ResetAfterEffect: true})
	}
}
