package rehearsal_test

import (
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	docker "github.com/culvert/culvert/dockerx/sim"
	"github.com/culvert/culvert/rehearsal"
	"github.com/culvert/culvert/setup"
)

func open(t *testing.T, dir string) *rehearsal.World {
	t.Helper()
	w, err := rehearsal.Open(t.Context(), rehearsal.Options{Dir: dir, Clock: time.Now, Log: slog.New(slog.NewTextHandler(complaints{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// complaints fail the test: a rehearsal that goes well warns of nothing.
type complaints struct{ t *testing.T }

func (c complaints) Write(line []byte) (int, error) {
	c.t.Errorf("it complains: %s", line)
	return len(line), nil
}

func closed(t *testing.T, w *rehearsal.World) {
	t.Helper()
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

// call makes a call to the API of the made-up account.
func call(t *testing.T, w *rehearsal.World, method, path, body string) json.RawMessage {
	t.Helper()
	b := w.Cloud.Basics()
	path = strings.NewReplacer("{account}", b.AccountID, "{zone}", b.ZoneID).Replace(path)
	r, err := http.NewRequestWithContext(t.Context(), method, w.BaseURL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.Token().Reveal())
	r.Header.Set("Content-Type", "application/json")
	resp, err := w.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, text)
	}
	var answer struct{ Result json.RawMessage }
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

// publish makes a tunnel whose rules lead to the app, a connector and a name.
func publish(t *testing.T, w *rehearsal.World) {
	t.Helper()
	var tunnel struct{ ID string }
	if err := json.Unmarshal(call(t, w, "POST", "accounts/{account}/cfd_tunnel", `{"name":"t","config_src":"cloudflare"}`), &tunnel); err != nil {
		t.Fatal(err)
	}
	call(t, w, "PUT", "accounts/{account}/cfd_tunnel/"+tunnel.ID+"/configurations",
		`{"config":{"ingress":[{"hostname":"chat.example.org","service":"http://web:8000"},{"service":"http_status:404"}]}}`)
	call(t, w, "POST", "zones/{zone}/dns_records",
		`{"type":"CNAME","name":"chat.example.org","content":"`+tunnel.ID+`.cfargotunnel.com","proxied":true,"ttl":1}`)
	to := setup.Connector{File: "c.yml", Project: "culvert-" + docker.Project, Image: "cloudflared", Network: docker.Network, Tunnel: setup.Lit(tunnel.ID), Running: true}
	outs, err := w.Docker.Do(t.Context(), setup.Call{Entries: []setup.Entry{
		{Key: setup.Key{Kind: setup.KindConnector, Scope: to.Project, Name: "cloudflared"}, Verb: setup.Create, To: to}}})
	if err != nil || outs[0].Err != nil {
		t.Fatalf("starting the connector: %v, %v", err, outs)
	}
}

// ask asks for an address of the made-up internet.
func ask(t *testing.T, w *rehearsal.World, url string) (status int, body string, err error) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DialContext: w.Dial, TLSClientConfig: w.TLS(), DisableKeepAlives: true}, Timeout: 10 * time.Second}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

func TestARehearsalIsTakenUpWhereItWasLeft(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	before := w.Cloud.Basics()
	publish(t, w)
	w.Docker.SetRunning("celery_beat", false)
	status, _, err := ask(t, w, "https://chat.example.org/")
	if err != nil || status != http.StatusBadRequest { // the app answers, and does not know the name
		t.Fatalf("through the tunnel the app answers %d, %v; want 400", status, err)
	}
	closed(t, w)

	w = open(t, dir)
	defer closed(t, w)
	if after := w.Cloud.Basics(); after != before {
		t.Errorf("the account was %+v and is %+v", before, after)
	}
	if got := string(call(t, w, "GET", "zones/{zone}/dns_records", "")); !strings.Contains(got, "chat.example.org") {
		t.Errorf("the record is gone: %s", got)
	}
	if status, _, err = ask(t, w, "https://chat.example.org/"); err != nil || status != http.StatusBadRequest {
		t.Errorf("with the process back, the connector does not answer: %d, %v", status, err)
	}
	if ready, err := w.Docker.ConnectorReady(t.Context(), "culvert-"+docker.Project); err != nil || !ready.Ready {
		t.Errorf("the connector says %+v, %v", ready, err)
	}
}

func TestTheConnectorComesAndGoesWithItsContainer(t *testing.T) {
	w := open(t, t.TempDir())
	defer closed(t, w)
	publish(t, w)
	w.Docker.StopConnector()
	if status, body, err := ask(t, w, "https://chat.example.org/"); err != nil || status != 530 || !strings.Contains(body, "1033") {
		t.Errorf("without a connector the edge answers %d, %v; want its own 530 with error 1033", status, err)
	}
}

func TestTheAppRunsWithTheSettingsOfItsContainer(t *testing.T) {
	w := open(t, t.TempDir())
	defer closed(t, w)
	publish(t, w)
	scope := docker.Project + "/" + docker.Service
	from := setup.Setting{Project: docker.Project, Service: docker.Service, Name: "DJANGO_ALLOWED_HOSTS"}
	to := from
	to.Value = "chat.example.org"
	outs, err := w.Docker.Do(t.Context(), setup.Call{Entries: []setup.Entry{
		{Key: setup.Key{Kind: setup.KindSetting, Scope: scope, Name: to.Name}, Verb: setup.Update, ID: to.Name, From: from, To: to}}})
	if err != nil || outs[0].Err != nil {
		t.Fatalf("setting the hosts: %v, %v", err, outs)
	}
	if status, _, err := ask(t, w, "https://chat.example.org/accounts/login/"); err != nil || status != http.StatusOK {
		t.Errorf("the app answers %d, %v; want its login page", status, err)
	}
}

func TestTheServersPortIsOpenAsFarAsItIsPublished(t *testing.T) {
	w := open(t, t.TempDir())
	defer closed(t, w)
	const address = "http://" + rehearsal.ServerAddress + ":8000/"
	if _, _, err := ask(t, w, address); err != nil {
		t.Errorf("published to everybody, the port gives %v", err)
	}
	open := setup.Published{Project: docker.Project, Service: docker.Service, Target: docker.Target, Exposure: setup.ExposedPublic}
	shut := open
	shut.Exposure = setup.ExposedLoopback
	outs, err := w.Docker.Do(t.Context(), setup.Call{Entries: []setup.Entry{
		{Key: setup.Key{Kind: setup.KindPublished, Scope: docker.Project + "/" + docker.Service, Name: docker.Service}, Verb: setup.Update, ID: "8000", From: open, To: shut}}})
	if err != nil || outs[0].Err != nil {
		t.Fatalf("closing the port: %v, %v", err, outs)
	}
	if _, _, err := ask(t, w, address); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("closed, the port gives %v; want it to refuse", err)
	}
	if _, _, err := ask(t, w, "http://"+rehearsal.ServerAddress+":80/"); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("a port that nobody uses gives %v; want it to refuse", err)
	}
	if _, _, err := ask(t, w, "https://nobody.example.net/"); err == nil {
		t.Error("a name that nobody has leads somewhere")
	}
}

func TestTheAppIsFoundAtTheAddressThatItHasNow(t *testing.T) {
	w := open(t, t.TempDir())
	defer closed(t, w)
	publish(t, w)
	answers := func(at string) bool {
		conn, err := w.Dial(t.Context(), "tcp", at+":8000")
		if err == nil {
			err = conn.Close()
		}
		return err == nil
	}
	before := address(t, w)
	if !answers(before) {
		t.Fatalf("nobody answers at %s", before)
	}
	if err := w.Break("address-changed"); err != nil {
		t.Fatal(err)
	}
	after := address(t, w)
	if after == before || answers(before) || !answers(after) {
		t.Errorf("it was at %s and is at %s; the old one answers: %v, the new one: %v", before, after, answers(before), answers(after))
	}
	if status, _, err := ask(t, w, "https://chat.example.org/"); err != nil || status != http.StatusBadRequest {
		t.Errorf("the connector, which asks by name, gets %d, %v; want the app's 400", status, err)
	}
	if err := w.Mend("address-changed"); err != nil {
		t.Fatal(err)
	}
	if again := address(t, w); again != before {
		t.Errorf("taken back it is at %s, want %s", again, before)
	}
}

func address(t *testing.T, w *rehearsal.World) string {
	t.Helper()
	all, err := w.Docker.Addresses(t.Context(), docker.Project, docker.Service)
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

func TestAnAppThatIsStoppedAnswersNobody(t *testing.T) {
	w := open(t, t.TempDir())
	defer closed(t, w)
	publish(t, w)
	if err := w.Break("app-stopped"); err != nil {
		t.Fatal(err)
	}
	if status, _, err := ask(t, w, "https://chat.example.org/"); err != nil || status != http.StatusBadGateway {
		t.Errorf("through the tunnel it gives %d, %v; want the edge's 502", status, err)
	}
	if _, _, err := ask(t, w, "http://"+rehearsal.ServerAddress+":8000/"); err == nil {
		t.Error("the published port of a container that does not run answers")
	}
}

func TestTheProjectIsLaidOutOnceAndForItsOwnerOnly(t *testing.T) {
	dir := t.TempDir()
	closed(t, open(t, dir))
	env := filepath.Join(dir, "open-chat-studio", ".env.prod")
	info, err := os.Stat(env)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the env file has the mode %v", info.Mode())
	}
	if err := os.WriteFile(env, []byte("MINE=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	closed(t, open(t, dir))
	if text, err := os.ReadFile(env); err != nil || string(text) != "MINE=1\n" {
		t.Errorf("what was edited became %q (%v)", text, err)
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		if info, err := d.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may read %s (%v)", path, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAStateThatCannotBeReadIsSaidWithItsFile(t *testing.T) {
	for _, name := range []string{"cloud.json", "docker.json"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			w := open(t, dir)
			w.Docker.SetRunning("celery_beat", false) // so that there is a state of both
			closed(t, w)
			if err := os.WriteFile(filepath.Join(dir, name), []byte("{ not"), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := rehearsal.Open(t.Context(), rehearsal.Options{Dir: dir, Clock: time.Now, Log: slog.New(slog.DiscardHandler)})
			if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), name) {
				t.Errorf("it gives %v; want it to name %s", err, name)
			}
		})
	}
}

func TestASecondAppStaysAndIsAnotherThanTheFirst(t *testing.T) {
	dir := t.TempDir()
	w, err := rehearsal.Open(t.Context(), rehearsal.Options{Dir: dir, Clock: time.Now, Log: slog.New(slog.DiscardHandler), Second: true})
	if err != nil {
		t.Fatal(err)
	}
	closed(t, w)
	w = open(t, dir) // nobody asks for it again
	defer closed(t, w)
	publish(t, w)
	w.Docker.SetRunning(docker.Service, false)
	if status, _, err := ask(t, w, "http://"+rehearsal.ServerAddress+":8001/"); err != nil || status != http.StatusBadRequest {
		t.Errorf("the second app answers %d, %v; want its 400", status, err)
	}
	if _, _, err := ask(t, w, "http://"+rehearsal.ServerAddress+":8000/"); err == nil {
		t.Error("the second app answers for the first, which is stopped")
	}
	if status, _, err := ask(t, w, "https://chat.example.org/"); err != nil || status != http.StatusBadGateway {
		t.Errorf("the connector of the first app gets %d, %v; want the edge's 502", status, err)
	}
}
