package main

import (
	"strings"
	"testing"
)

func TestWebhooksAreRegisteredOnceTheAppKnowsItsAddress(t *testing.T) {
	t.Parallel()
	s := newShop(t).applied()
	if r := s.run("register", "--team", "demo", "--yes"); r.code != exitError || !strings.Contains(r.err, "localhost:8000") {
		t.Fatalf("while the app takes itself for localhost it ended with %d: %s", r.code, r.err)
	}
	s.edited("app: open-chat-studio", "app: open-chat-studio\nsite_record: true")
	s.applied()
	if r := s.run("register"); r.code != exitError || !strings.Contains(r.err, "the app has: demo") {
		t.Errorf("without a team it ended with %d: %s", r.code, r.err)
	}
	if r := s.run("register", "--team", "demo"); r.code != exitError || !strings.Contains(r.err, "nothing was changed") || !strings.Contains(r.out, "Telegram, Twilio") {
		t.Errorf("without a yes it ended with %d:\n%s%s", r.code, r.out, r.err)
	}
	if r := s.run("register", "--team", "other", "--yes"); r.code != exitError || !strings.Contains(r.err, "--team") {
		t.Errorf("another team: %d, %s", r.code, r.err)
	}
	if r := s.must("register", "--team", "demo", "--yes"); !strings.Contains(r.out, "telegram https://chat.example.org/channels/telegram/") {
		t.Errorf("it says:\n%s", r.out)
	}
	if r := s.run("plan"); r.code != exitOK {
		t.Errorf("afterwards a plan ended with %d:\n%s", r.code, r.out)
	}
}
