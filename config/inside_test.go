package config

import (
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
)

func TestAPrivateModeIsReadAndWritten(t *testing.T) {
	text := `app: open-chat-studio
mode: fallback
private:
  name: ocs.your-org
  front: none
  network: app
  route: network
  icmp: true
  replaces: [open-chat-studio/dns]
settings: [RATE_LIMIT_TRUSTED_PROXY_COUNT]
site_record: false
`
	f, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if f.Mode != setup.ModeFallback || f.Inside.Name != "ocs.your-org" || !f.Inside.ICMP || !f.Inside.Follow || !f.Inside.Whole || f.Inside.Replaces[0].Service != "dns" || len(f.Fixes) != 1 || f.Site {
		t.Errorf("read: %+v", f)
	}
	written := string(Write(f))
	for _, line := range []string{"mode: fallback", "private:\n  name: ocs.your-org\n  front: none\n  network: app\n  route: network", "  icmp: true", "replaces: [open-chat-studio/dns]"} {
		if !strings.Contains(written, line) {
			t.Errorf("%q is not in\n%s", line, written)
		}
	}
	if strings.Contains(string(Write(File{App: "a", Hostname: "h"})), "private") {
		t.Error("a file of mode public speaks of the private one")
	}
}

func TestFaultsOfAPrivateModeNameKeyAndWayOut(t *testing.T) {
	for text, says := range map[string]string{
		"mode: both":                         `mode: "both" is no way in. Write public`,
		"private: ocs.your-org":              "private: Say more of the private name",
		"private:\n  front: letsencrypt":     `private.front: "letsencrypt" is no choice. Write acme`,
		"private:\n  network: shared":        `private.network: "shared" is no choice. Write own`,
		"private:\n  route: subnet":          `private.route: "subnet" is no choice. Write address`,
		"private:\n  icmp: maybe":            `private.icmp: "maybe" is neither true nor false`,
		"private:\n  replaces: [dns]":        `private.replaces: "dns" is no service. Write its project`,
		"private:\n  virtual_netwrok: a":     "Did you mean private.virtual_network?",
		"site_record: yes-please":            "neither true nor false",
		"settings: RATE_LIMIT_TRUSTED_PROXY": "A list is expected here",
	} {
		_, err := Parse([]byte("app: a\nhostname: h.example.org\n" + text + "\n"))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAPrivateNameWithoutAWayIn(t *testing.T) {
	const file = "app: open-chat-studio\nhostname: chat.example.org\nprivate:\n  name: ocs.your-org\n"
	if _, err := Parse([]byte(file)); err == nil || !strings.Contains(err.Error(), "line 3: mode: ") || !strings.Contains(err.Error(), "mode: fallback") {
		t.Errorf("nothing is said of the missing mode: %v", err)
	}
	if _, err := Parse([]byte(file + "mode: public\n")); err != nil {
		t.Errorf("a private name that is left alone: %v", err)
	}
}
