package profile

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func openChatStudio(t *testing.T) Profile {
	t.Helper()
	catalog, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	p, ok := catalog.Get("open-chat-studio")
	if !ok {
		t.Fatal("the profile of Open Chat Studio is not built in")
	}
	return p
}

func TestEveryBuiltInProfileLintsClean(t *testing.T) {
	catalog, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(catalog.List()) == 0 {
		t.Fatal("no profile is built in")
	}
	for _, p := range catalog.List() {
		for _, fault := range Lint(p) {
			t.Errorf("%s: %v", p.ID, fault)
		}
	}
}

func TestAnUnknownProfileIsNotThere(t *testing.T) {
	catalog, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := catalog.Get("nosuch"); ok {
		t.Errorf("got %q", p.ID)
	}
}

// The guide's nine paths, word for word, and which of the paths that the app
// serves each of them reaches.
func TestTheGuidesNinePathsAgainstWhatTheAppServes(t *testing.T) {
	const nobody = "00000000-0000-0000-0000-000000000000"
	guide := []struct {
		path    string
		verdict Verdict
		door    string
		reaches []string
	}{
		{"/channels/facebook/*", VerdictWrong, "whatsapp", nil},
		{"/channels/telegram/*", VerdictRight, "telegram", []string{"/channels/telegram/" + nobody}},
		{"/channels/twilio/*", VerdictPartial, "twilio", []string{"/channels/twilio/incoming_message"}},
		{"/channels/turn/*", VerdictWrong, "turn", nil},
		{"/channels/commcare/*", VerdictWrong, "commcare-connect", nil},
		{"/channels/api/*", VerdictRight, "api", []string{
			"/channels/api/" + nobody + "/incoming_message",
			"/channels/api/" + nobody + "/v1/incoming_message",
		}},
		{"/slack/events/", VerdictWrong, "slack", nil},
		{"/slack/oauth/*", VerdictWrong, "slack", nil},
		{"/static/*", VerdictUnneeded, "static", []string{"/static/images/favicons/favicon-96x96.png"}},
	}
	p := openChatStudio(t)
	if len(p.Guide) != len(guide) {
		t.Fatalf("the profile speaks of %d rows of the guide, the guide has %d", len(p.Guide), len(guide))
	}
	for i, want := range guide {
		row := p.Guide[i]
		if row.Path != want.path || row.Verdict != want.verdict || row.Door != want.door {
			t.Errorf("row %d: got %s %s %s, want %s %s %s",
				i+1, row.Path, row.Verdict, row.Door, want.path, want.verdict, want.door)
		}
		var reached []string
		for _, d := range p.Doors {
			for _, path := range d.Paths {
				if covers(want.path, path.Sample) {
					reached = append(reached, path.Sample)
				}
			}
		}
		if diff := cmp.Diff(want.reaches, reached); diff != "" {
			t.Errorf("%s reaches (-want +got):\n%s", want.path, diff)
		}
	}
}

func TestTheDoorsOpenByDefaultAreThoseOfTheGuidesPlatforms(t *testing.T) {
	var open []string
	for _, d := range openChatStudio(t).Doors {
		if d.Default {
			open = append(open, d.ID)
		}
	}
	want := []string{"telegram", "whatsapp", "twilio", "turn", "commcare-connect", "api", "slack"}
	if diff := cmp.Diff(want, open); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestProvidersThatSendNoUserAgentAreAskedForWithoutOne(t *testing.T) {
	var silent []string
	for _, d := range openChatStudio(t).Doors {
		for _, probe := range d.Probes {
			if probe.NoUserAgent {
				silent = append(silent, d.ID)
			}
		}
	}
	if diff := cmp.Diff([]string{"telegram", "whatsapp", "sureadhere"}, silent); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNoProbeOfAnEmbeddedProfileWritesAnything(t *testing.T) {
	for _, d := range openChatStudio(t).Doors {
		for _, probe := range d.Probes {
			if !slices.Contains([]string{"GET", "HEAD"}, probe.Method) {
				t.Errorf("%s: %s %s", d.ID, probe.Method, probe.Path)
			}
		}
	}
}

func TestAKeyThatTheFormatDoesNotKnowIsAnError(t *testing.T) {
	_, err := Parse([]byte("id: x\nportt: 1\n"))
	if err == nil || !strings.Contains(err.Error(), "portt") {
		t.Errorf("got %v", err)
	}
}
