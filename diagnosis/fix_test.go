package diagnosis

import (
	"testing"
	"time"

	"github.com/culvert/culvert/setup"
)

func TestALineBeforeTheButtonSaysWhatItDoes(t *testing.T) {
	starts := func(name string) setup.Change {
		s := setup.Setting{Project: "ocs", Service: "web", Name: name, Value: "x"}
		stopped := s
		stopped.Stopped = true
		return setup.Change{Key: setup.Key{Kind: setup.KindSetting, Scope: "ocs/web", Name: name}, Verb: setup.Update, From: stopped, To: s}
	}
	made := setup.Change{Key: setup.Key{Kind: setup.KindConnectorFile}, Verb: setup.Create}
	for want, row := range map[string]struct {
		part     []setup.Change
		restarts []string
	}{
		"starts web again, touches nothing else, about 3 s":                {[]setup.Change{starts("A"), starts("B")}, []string{"web"}},
		"starts web again, makes 1 thing, about 3 s":                       {[]setup.Change{starts("A"), made}, []string{"web"}},
		"starts web again, makes 1 thing, restarts cloudflared, about 3 s": {[]setup.Change{starts("A"), made}, []string{"web", "cloudflared"}},
		"makes 2 things, restarts nothing, about 3 s":                      {[]setup.Change{made, made}, nil},
		"makes 2 things, restarts cloudflared, about 3 s":                  {[]setup.Change{made, made}, []string{"cloudflared"}},
	} {
		if got := does(row.part, row.restarts, 3*time.Second); got != want {
			t.Errorf("it says %q, want %q", got, want)
		}
	}
}
