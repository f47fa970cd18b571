package setup

import (
	"strings"
	"testing"
)

func TestWhatKeepsARangeOutIsNamed(t *testing.T) {
	got := Describe(SplitTunnel{Network: "172.30.250.0/28", Covering: []string{"172.16.0.0/12"}})
	if len(got) != 2 || got[0] != "past WARP, by 172.16.0.0/12" || !strings.Contains(got[1], "smaller entries") {
		t.Errorf("it reads %q", got)
	}
	if got := Describe(SplitTunnel{Network: "172.30.250.0/28", Through: true, Include: true, Covering: []string{"172.30.250.0/28"}}); len(got) != 1 {
		t.Errorf("an entry of ours reads %q", got)
	}
}

func TestAPrivateLockSaysInWordsWhatItCovers(t *testing.T) {
	for destination, want := range map[string]string{
		PrivateDestination{Hostname: "ocs.your-org"}.String():                                              "covers ocs.your-org, every port",
		PrivateDestination{Network: "172.30.250.2/32", Ports: "443", Protocol: "tcp", VNet: "a1"}.String(): "covers 172.30.250.2/32, port 443, TCP only, in one virtual network only",
		PrivateDestination{Network: "172.30.0.0/16", Ports: "1024-2048", Protocol: "udp"}.String():         "covers 172.30.0.0/16, ports 1024-2048, UDP only",
		"chat.example.org/slack/events": "covers chat.example.org/slack/events",
	} {
		if got := Describe(App{Destinations: []string{destination}})[0]; got != want {
			t.Errorf("%s reads %q, want %q", destination, got, want)
		}
	}
}

func TestNoTitleHoldsAnID(t *testing.T) {
	id := "6c9cd72b-d152-4d86-b965-32bb9e43e85b"
	if got := Title(Change{Key: Key{Kind: KindEnrolmentRule}, Verb: Delete, From: EnrolmentRule{App: Lit(id), Policy: Lit(id)}}); strings.Contains(got, id) {
		t.Error(got)
	}
}
