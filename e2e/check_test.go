package e2e

import (
	"net/http"
	"strings"
	"testing"
)

const host = "chat.example.org"

// webhooks are requests that the app must answer through the public name, as
// Telegram and the others would send them, and what the app says.
var webhooks = []struct {
	name, path string
	status     int
	header     string
}{
	{"Telegram", "/channels/telegram/00000000-0000-0000-0000-000000000000", http.StatusMethodNotAllowed, "Allow: POST"},
	{"WhatsApp", "/channels/whatsapp/meta/incoming_message", http.StatusBadRequest, ""},
	{"Twilio", "/channels/twilio/incoming_message", http.StatusMethodNotAllowed, "Allow: POST"},
	{"Slack", "/slack/events", http.StatusMethodNotAllowed, "Allow: POST"},
	{"API", "/channels/api/00000000-0000-0000-0000-000000000000/incoming_message", http.StatusUnauthorized, "Www-Authenticate: Bearer"},
}

var locked = []string{"/", "/admin/", "/accounts/login/", "/channels/team/chatbots/1/channels/", "/channels/facebook/x"}

// standsBehindTheTunnel checks with docker and curl that the app is reached
// through Cloudflare, only what must be open is, and the port is closed.
func (w *world) standsBehindTheTunnel(t *testing.T) {
	t.Helper()
	for _, hook := range webhooks {
		status, headers := w.curl(t, http.MethodGet, "https://"+host+hook.path)
		if status != hook.status || !strings.Contains(strings.ToLower(headers), strings.ToLower(hook.header)) {
			t.Errorf("%s: %d, want %d with %q:\n%s", hook.name, status, hook.status, hook.header, headers)
		}
	}
	for _, path := range locked {
		status, headers := w.curl(t, http.MethodGet, "https://"+host+path)
		if status != http.StatusFound || !strings.Contains(headers, ".cloudflareaccess.com/cdn-cgi/access/login/"+host) {
			t.Errorf("%s answers %d without a login:\n%s", path, status, headers)
		}
	}
	bindings := w.inspect(t, w.container("web"), `{{json .HostConfig.PortBindings}}`)
	if !strings.Contains(bindings, `"HostIp":"127.0.0.1"`) || strings.Contains(bindings, `"HostIp":""`) {
		t.Errorf("the port is bound to %s", bindings)
	}
	if address := w.gateway(t) + ":8000"; w.accepts(t, address) {
		t.Errorf("%s accepts connections", address)
	}
	if !w.accepts(t, "127.0.0.1:8000") {
		t.Error("the app no longer answers on the server itself")
	}
}

// changedOnly checks that a file differs from what it was in the given lines
// and in nothing else.
func changedOnly(t *testing.T, name, before, after string, want map[string]string) {
	t.Helper()
	old, now := strings.SplitAfter(before, "\n"), strings.SplitAfter(after, "\n")
	var i int
	for _, line := range now {
		if i < len(old) && line == old[i] {
			i++
			continue
		}
		replaced, expected := want[strings.TrimSpace(line)]
		if !expected {
			t.Errorf("%s: unexpected line %q", name, line)
			continue
		}
		if replaced != "" {
			if i >= len(old) || strings.TrimSpace(old[i]) != replaced {
				t.Errorf("%s: %q does not stand where %q stood", name, line, replaced)
			}
			i++
		}
		delete(want, strings.TrimSpace(line))
	}
	if i != len(old) && strings.Join(old[i:], "") != "" {
		t.Errorf("%s: these lines are gone: %q", name, old[i:])
	}
	for line := range want {
		t.Errorf("%s: the line %q is missing", name, line)
	}
}
