package journey

import (
	"context"
	"errors"
	"testing"

	"github.com/culvert/culvert/setup"
)

func TestTheLogsOfASetupAreTold(t *testing.T) {
	t.Parallel()
	w := done(t)
	for _, s := range LogSources(*w.overview().Approved) {
		ctx, stop := context.WithCancel(t.Context())
		lines, err := w.Logs(ctx, w.id, s.ID)
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		if line := <-lines; line.Text == "" || line.Container == "" {
			t.Errorf("%s says %+v", s.Name, line)
		}
		stop()
		for range lines {
		}
	}
}

func TestThereAreNoLogsOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	w := ready(t)
	if _, err := w.Logs(t.Context(), w.id, LogApp); !errors.Is(err, ErrNotFound) {
		t.Errorf("before anything was agreed to: %v", err)
	}
	w = done(t)
	for _, source := range []string{"db", LogDNS, ""} {
		if _, err := w.Logs(t.Context(), w.id, source); !errors.Is(err, ErrNotFound) {
			t.Errorf("of %q: %v", source, err)
		}
	}
}

func TestThePrivateWaysHaveMoreToRead(t *testing.T) {
	a := setup.Answers{Mode: setup.ModeFallback, Private: &setup.Private{Front: &setup.Front{}}}
	if got := LogSources(a); len(got) != 4 || got[2].Service != setup.DNSService || got[3].Service != setup.FrontService {
		t.Errorf("the sources are %+v", got)
	}
}
