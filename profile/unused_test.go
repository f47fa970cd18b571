package profile

import (
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
)

func TestAChoiceWithoutEffectIsRefused(t *testing.T) {
	for field, row := range map[string]struct {
		c    Choices
		says string
	}{
		"site":          {Choices{Mode: setup.ModeHostname, Inside: Inside{Name: "ocs.your-org"}, Site: true}, "there is none"},
		"private.front": {Choices{Mode: setup.ModeHostname, Inside: Inside{Name: "ocs.your-org", Front: NoFront, Wildcard: true}}, "choose acme"},
	} {
		_, bad := openChatStudio(t).Resolve(row.c)
		var said string
		for _, e := range bad {
			if e.Field == field {
				said += e.Message
			}
		}
		if !strings.Contains(said, row.says) {
			t.Errorf("of %s it is said: %q", field, said)
		}
	}
}
