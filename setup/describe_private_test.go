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
