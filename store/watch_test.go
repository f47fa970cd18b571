package store_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

func TestReadingsComeBackInTheirOrderAndOnce(t *testing.T) {
	s := open(t)
	withSetup(t, s, "ocs")
	want := []setup.Reading{
		complete(t, setup.Reading{Check: "telegram/1", At: noon, OK: true, By: setup.ByApp, Status: 405, Took: 123456 * time.Microsecond}),
		{Check: "telegram/1", At: noon.Add(time.Second), By: setup.ByAccess, Status: 302},
	}
	other := setup.Reading{Check: "locked/admin", At: noon, OK: true}
	check(t, s.SaveReadings(t.Context(), "ocs", []setup.Reading{want[1], other, want[0], want[0]}))
	same(t, must[[]setup.Reading](t)(s.Readings(t.Context(), "ocs", "telegram/1", noon)), want)
	same(t, must[[]setup.Reading](t)(s.Readings(t.Context(), "ocs", "telegram/1", noon.Add(time.Millisecond))), want[1:])
	same(t, must[map[string]time.Time](t)(s.LastGood(t.Context(), "ocs")), map[string]time.Time{"telegram/1": noon, "locked/admin": noon})
	if err := s.SaveReadings(t.Context(), "nobody", want); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("readings of no setup: %v, want ErrNotFound", err)
	}
}

// An hour is summed up once it is over, readings go after a day, hours after a
// month, and what was summed up before is not summed up again.
func TestReadingsAreRolledUpByTheHour(t *testing.T) {
	s := open(t)
	withSetup(t, s, "ocs")
	hour := noon.Truncate(time.Hour)
	for i := range 60 {
		r := setup.Reading{Check: "telegram/1", At: hour.Add(time.Duration(i) * time.Minute), OK: i != 7, Took: time.Duration(i) * time.Millisecond}
		check(t, s.SaveReadings(t.Context(), "ocs", []setup.Reading{r}))
	}
	hours := func() []setup.Bucket {
		return must[[]setup.Bucket](t)(s.Hours(t.Context(), "ocs", "telegram/1", time.Time{}))
	}
	check(t, s.RollUp(t.Context(), hour.Add(59*time.Minute)))
	if got := hours(); len(got) != 0 {
		t.Fatalf("an hour that is not over was summed up: %+v", got)
	}
	for range 2 {
		check(t, s.RollUp(t.Context(), hour.Add(62*time.Minute)))
		got := hours()
		if len(got) != 1 || got[0].Count != 60 || got[0].OK != 59 || !got[0].From.Equal(hour) || got[0].P95 != 57*time.Millisecond {
			t.Fatalf("the hour is %+v", got)
		}
	}
	check(t, s.SaveReadings(t.Context(), "ocs", []setup.Reading{{Check: "telegram/1", At: hour.Add(30 * time.Hour), OK: true}}))
	check(t, s.RollUp(t.Context(), hour.Add(32*time.Hour)))
	if got := must[[]setup.Reading](t)(s.Readings(t.Context(), "ocs", "telegram/1", time.Time{})); len(got) != 1 {
		t.Errorf("%d readings are left after a day, want the new one", len(got))
	}
	if got := hours(); len(got) != 2 || !got[1].From.Equal(hour.Add(30*time.Hour)) {
		t.Errorf("the hours are %+v", got)
	}
	check(t, s.RollUp(t.Context(), hour.Add(31*24*time.Hour)))
	if got := hours(); len(got) != 1 {
		t.Errorf("%d hours are left after a month, want the newer one", len(got))
	}
}

func TestAnIncidentStandsOnceAndSurvivesTheProcess(t *testing.T) {
	dir, c := filepath.Join(t.TempDir(), "data"), &clock{noon}
	s := openIn(t, dir, c)
	withSetup(t, s, "ocs")
	finding := setup.Finding{ID: "door-missing/telegram", Class: setup.ClassDoorMissing, Title: "The door was deleted.",
		Keys: []setup.Key{tunnelKey("ocs")}, Since: noon}
	i := must[setup.Incident](t)(s.SaveIncident(t.Context(), setup.Incident{Setup: "ocs", Finding: finding, Opened: noon},
		[]engine.Audit{{Setup: "ocs", Action: "problem"}}))
	if _, err := s.SaveIncident(t.Context(), setup.Incident{Setup: "ocs", Finding: finding}, nil); !errors.Is(err, engine.ErrBusy) {
		t.Errorf("a second one: %v, want ErrBusy", err)
	}
	same(t, must[[]setup.Incident](t)(s.Standing(t.Context())), []setup.Incident{i})
	if !i.Standing() {
		t.Error("it does not stand")
	}
	i.Closed, i.Ended, i.Run = noon.Add(time.Minute), "Put right.", 3
	must[setup.Incident](t)(s.SaveIncident(t.Context(), i, []engine.Audit{{Setup: "ocs", Action: "solved"}}))
	again := must[setup.Incident](t)(s.SaveIncident(t.Context(), setup.Incident{Setup: "ocs", Finding: finding, Opened: noon.Add(time.Hour)}, nil))
	same(t, must[[]setup.Incident](t)(s.Incidents(t.Context(), "ocs", 0, 0)), []setup.Incident{again, complete(t, i)})
	same(t, must[[]setup.Incident](t)(s.Incidents(t.Context(), "ocs", again.ID, 5)), []setup.Incident{i})
	same(t, must[[]setup.Incident](t)(s.Standing(t.Context())), []setup.Incident{again})
	same(t, history(t, s, "ocs"), []string{"approved", "problem", "solved"})
	if _, err := s.SaveIncident(t.Context(), setup.Incident{Setup: "nobody"}, nil); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("an incident of no setup: %v, want ErrNotFound", err)
	}
}

func TestWhatIsRepairedByItselfIsReplacedAsAWhole(t *testing.T) {
	s := open(t)
	withSetup(t, s, "ocs")
	rules := []setup.Automatic{{Class: setup.ClassConnectorStopped, PerHour: 3}, {Class: setup.ClassDoorMissing, PerHour: 1}}
	check(t, s.SaveAutomatic(t.Context(), "ocs", rules, engine.Audit{Setup: "ocs", Action: "settings"}))
	same(t, must[[]setup.Automatic](t)(s.Automatic(t.Context(), "ocs")), rules)
	check(t, s.SaveAutomatic(t.Context(), "ocs", rules[:1], engine.Audit{Setup: "ocs", Action: "settings"}))
	same(t, must[[]setup.Automatic](t)(s.Automatic(t.Context(), "ocs")), rules[:1])
	same(t, history(t, s, "ocs"), []string{"approved", "settings", "settings"})
}
