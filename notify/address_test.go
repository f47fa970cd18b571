package notify_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/culvert/culvert/notify"
	"github.com/culvert/culvert/secret"
)

func TestAddressesAreReadAsServicesGiveThemOut(t *testing.T) {
	for typed, want := range map[string]struct{ kind, address string }{
		"smtp://me:secret@mail.example.org:587/?from=a@example.org&to=b@example.org":    {"E-mail", "smtp://me:secret@mail.example.org:587/?from=a@example.org&to=b@example.org"},
		"https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX": {"Slack", "slack://hook:T00000000-B00000000-XXXXXXXXXXXXXXXXXXXXXXXX@webhook"},
		"https://discord.com/api/webhooks/123/the-token":                                {"Discord", "discord://the-token@123"},
		"telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0@telegram?chats=@ops":  {"Telegram", ""},
		" https://example.org/hook?a=b ":                                                {"Webhook", "generic+https://example.org/hook?a=b&template=json"},
	} {
		address, kind, problem := notify.Read(secret.New(typed))
		if problem != nil || kind != want.kind || want.address != "" && address.Reveal() != want.address {
			t.Errorf("%s is read as %s: %s (%v)", typed, kind, address.Reveal(), problem)
		}
	}
}

func TestABadAddressIsRefusedWithoutBeingShown(t *testing.T) {
	for _, typed := range []string{"", "hunter2", "logger://hunter2", "gopher://hunter2", "slack://hunter2", "telegram://hunter2@telegram", "smtp://%hunter2"} {
		_, _, problem := notify.Read(secret.New(typed))
		if problem == nil || strings.Contains(problem.Error(), "hunter2") {
			t.Errorf("%q: %v", typed, problem)
		}
	}
}

func TestAWebhookIsSentTitleAndText(t *testing.T) {
	var got map[string]string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &got); err != nil {
			t.Errorf("%v: %s", err, body)
		}
	}))
	defer server.Close()
	address, _, problem := notify.Read(secret.New(server.URL + "/hook/very-secret"))
	if problem != nil {
		t.Fatal(problem)
	}
	if err := notify.Shoutrrr(t.Context(), address, "the title", "the text"); err != nil {
		t.Fatal(err)
	}
	if got["title"] != "the title" || got["message"] != "the text" {
		t.Errorf("it got %v", got)
	}
}

func TestARefusalIsToldWithoutTheAddress(t *testing.T) {
	for status, want := range map[int]string{403: "refused the password or token (403)", 404: "nothing at this address", 500: "did not take the message (500)", 429: "patience"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		address, _, problem := notify.Read(secret.New(server.URL + "/hook/very-secret"))
		if problem != nil {
			t.Fatal(problem)
		}
		err := notify.Shoutrrr(t.Context(), address, "title", "text")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "very-secret") {
			t.Errorf("%d: %v", status, err)
		}
		server.Close()
		if err := notify.Shoutrrr(t.Context(), address, "title", "text"); err == nil || strings.Contains(err.Error(), "very-secret") {
			t.Errorf("nobody there: %v", err)
		}
	}
}

func TestASignOfLifeIsTakenOrNot(t *testing.T) {
	var asked []string
	status := 200
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		w.WriteHeader(status)
	}))
	defer server.Close()
	ping, address := notify.Pinger(server.Client()), secret.New(server.URL+"/uuid")
	if err := ping(context.Background(), address, "/fail"); err != nil || asked[0] != "GET /uuid/fail" {
		t.Errorf("it asked %q: %v", asked, err)
	}
	status = 404
	if err := ping(context.Background(), address, ""); err == nil || strings.Contains(err.Error(), "uuid") {
		t.Errorf("not taken: %v", err)
	}
}
