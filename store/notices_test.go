package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

func TestAChannelComesBackAndItsAddressIsSealed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := openIn(t, dir, &clock{noon})
	const address = "slack://hook:very-secret@webhook"
	c := must[setup.Channel](t)(s.SaveChannel(t.Context(), setup.Channel{Name: "the team", Kind: "Slack", Created: noon}, secret.New(address), engine.Audit{Action: "settings"}))
	same(t, must[[]setup.Channel](t)(s.Channels(t.Context())), []setup.Channel{c})
	if got := must[secret.Text](t)(s.ChannelAddress(t.Context(), c.ID)); got.Reveal() != address {
		t.Errorf("the address is %q", got.Reveal())
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), "very-secret") {
			t.Errorf("%s shows it", d.Name())
		}
		return err
	})
	check(t, err)
	check(t, s.DeleteChannel(t.Context(), c.ID, engine.Audit{Action: "settings"}))
	if _, err := s.ChannelAddress(t.Context(), c.ID); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("of a channel that was deleted: %v", err)
	}
}

func TestWhatIsToldIsKeptWithTheMessagesOrNotAtAll(t *testing.T) {
	s := open(t)
	withSetup(t, s, "ocs")
	i := must[setup.Incident](t)(s.SaveIncident(t.Context(), setup.Incident{Setup: "ocs", Opened: noon, Finding: setup.Finding{ID: "door"}}, nil))
	notices := func() []setup.Notice { return must[[]setup.Notice](t)(s.Notices(t.Context(), noon)) }
	same(t, notices(), []setup.Notice{{Incident: i}})

	told := setup.Notice{Incident: i, Told: noon}
	letter := setup.Letter{Channel: 99, At: noon, Title: "a title", Text: "a text", Due: noon}
	if err := s.Tell(t.Context(), []setup.Notice{told}, []setup.Letter{letter}); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("for a channel that is not there: %v", err)
	}
	same(t, notices(), []setup.Notice{{Incident: i}})

	c := must[setup.Channel](t)(s.SaveChannel(t.Context(), setup.Channel{Name: "x"}, secret.New("y"), engine.Audit{}))
	letter.Channel = c.ID
	check(t, s.Tell(t.Context(), []setup.Notice{told}, []setup.Letter{letter}))
	same(t, notices(), []setup.Notice{told})
	letters := must[[]setup.Letter](t)(s.Letters(t.Context(), noon.Add(time.Hour)))
	if len(letters) != 1 {
		t.Fatalf("the messages are %+v", letters)
	}
	letter.ID = letters[0].ID
	same(t, letters, []setup.Letter{letter})

	letter.Attempts, letter.Problem, letter.Due, letter.Sent = 2, "It hung up.", noon.Add(time.Minute), noon.Add(time.Minute)
	check(t, s.SaveLetter(t.Context(), letter))
	same(t, must[[]setup.Letter](t)(s.Letters(t.Context(), noon)), []setup.Letter{letter})
	if got := must[[]setup.Letter](t)(s.Letters(t.Context(), noon.Add(time.Hour))); len(got) != 0 {
		t.Errorf("after it was sent it waits: %+v", got)
	}

	i.Closed, told.ToldEnd = noon.Add(time.Hour), noon.Add(2*time.Hour)
	i = must[setup.Incident](t)(s.SaveIncident(t.Context(), i, nil))
	told.Incident = i
	check(t, s.Tell(t.Context(), []setup.Notice{told}, nil))
	same(t, notices(), []setup.Notice{told})
	if got := must[[]setup.Notice](t)(s.Notices(t.Context(), noon.Add(3*time.Hour))); len(got) != 0 {
		t.Errorf("long after its end it is told of: %+v", got)
	}
	check(t, s.DeleteChannel(t.Context(), c.ID, engine.Audit{}))
	if got := must[[]setup.Letter](t)(s.Letters(t.Context(), noon)); len(got) != 0 {
		t.Errorf("messages outlive their channel: %+v", got)
	}
}
