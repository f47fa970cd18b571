package metrics_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/metrics"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/watch"
)

const secretText = "hunter2"

// known is a watcher that knows what the test says.
type known struct {
	reports []watch.Report
	health  watch.Health
	runs    map[setup.RunState]int
	err     error
}

func (k *known) Reports() []watch.Report { return k.reports }
func (k *known) Health() watch.Health    { return k.health }
func (k *known) RunCounts(context.Context) (map[setup.RunState]int, error) {
	return k.runs, k.err
}

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// oneBrokenDoor is a setup of which the door of Telegram works and Slack's not.
func oneBrokenDoor() *known {
	seen := func(id, door string, ok bool) setup.Evidence {
		return setup.Evidence{
			Check: setup.Check{ID: id, Door: door, Path: "/hook/" + secretText}, URL: "https://bots.example.org/hook/" + secretText,
			At: noon.Add(-20 * time.Second), Took: 250 * time.Millisecond, OK: ok, Detail: secretText, Excerpt: []string{secretText},
		}
	}
	return &known{
		health: watch.Health{Alive: true, Began: noon.Add(-time.Hour), Beat: noon.Add(-2 * time.Second), Setups: 1},
		reports: []watch.Report{{
			Setup: "ocs", Answers: setup.Answers{Hostname: "bots.example.org"}, At: noon,
			Evidence: []setup.Evidence{seen("telegram/1", "telegram", true), seen("slack/1", "slack", false)},
			Condition: diagnosis.Condition{
				Light: diagnosis.Bad, Until: noon.Add(time.Minute), Sentence: secretText,
				Findings: []setup.Finding{{ID: "door/slack", Severity: setup.SeverityBroken, Title: secretText}},
			},
		}},
		runs: map[setup.RunState]int{setup.RunSucceeded: 3},
	}
}

type scrape struct {
	t    *testing.T
	text string
	all  map[string]*dto.MetricFamily
}

func scraped(t *testing.T, k *known, now time.Time, log *slog.Logger) scrape {
	t.Helper()
	w := httptest.NewRecorder()
	metrics.Handler(metrics.Options{
		Watch: k, Runs: k, Calls: func() uint64 { return 42 }, Clock: func() time.Time { return now }, Log: log,
	}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("the scrape answers %d: %s", w.Code, w.Body)
	}
	text := w.Body.String()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	all, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("the scrape cannot be parsed: %v\n%s", err, text)
	}
	return scrape{t, text, all}
}

// has expects one value; labels are name, value, name, value.
func (s scrape) has(want float64, name string, labels ...string) {
	s.t.Helper()
	for _, m := range s.all[name].GetMetric() {
		if matches(m, labels) {
			if got := m.GetGauge().GetValue() + m.GetCounter().GetValue(); got != want {
				s.t.Errorf("%s%v is %v, want %v", name, labels, got, want)
			}
			return
		}
	}
	s.t.Errorf("%s%v is not there", name, labels)
}

func matches(m *dto.Metric, labels []string) bool {
	have := map[string]string{}
	for _, l := range m.GetLabel() {
		have[l.GetName()] = l.GetValue()
	}
	for i := 0; i < len(labels); i += 2 {
		if have[labels[i]] != labels[i+1] {
			return false
		}
	}
	return true
}

func TestABrokenDoorShowsNoughtAndTheOthersOne(t *testing.T) {
	s := scraped(t, oneBrokenDoor(), noon, slog.New(slog.DiscardHandler))
	s.has(0, "culvert_check_up", "setup", "ocs", "check", "slack/1", "door", "slack")
	s.has(1, "culvert_check_up", "setup", "ocs", "check", "telegram/1", "door", "telegram")
	s.has(20, "culvert_check_proof_age_seconds", "check", "slack/1")
	s.has(0.25, "culvert_check_latency_seconds", "check", "slack/1")
	s.has(1, "culvert_findings", "setup", "ocs", "severity", "broken")
	s.has(0, "culvert_findings", "setup", "ocs", "severity", "open")
	s.has(1, "culvert_setup_light", "setup", "ocs", "light", "bad")
	s.has(0, "culvert_setup_light", "setup", "ocs", "light", "good")
	s.has(42, "culvert_cloudflare_calls_total")
	s.has(2, "culvert_watcher_beat_age_seconds")
	s.has(3, "culvert_runs", "state", "succeeded")
	s.has(0, "culvert_runs", "state", "failed")
}

func TestNothingButIdsIsShown(t *testing.T) {
	s := scraped(t, oneBrokenDoor(), noon, slog.New(slog.DiscardHandler))
	for _, hidden := range []string{secretText, "example.org", "/hook"} {
		if strings.Contains(s.text, hidden) {
			t.Errorf("the scrape shows %q:\n%s", hidden, s.text)
		}
	}
}

func TestAnOldProofIsSeenByItsAgeAndCountsNoLonger(t *testing.T) {
	k := oneBrokenDoor()
	k.reports[0].Condition.Light = diagnosis.Good
	s := scraped(t, k, noon.Add(10*time.Minute), slog.New(slog.DiscardHandler))
	s.has(620, "culvert_check_proof_age_seconds", "check", "telegram/1")
	s.has(0, "culvert_check_up", "check", "telegram/1")
	s.has(0, "culvert_setup_light", "light", "good")
	s.has(1, "culvert_setup_light", "light", "unknown")
	s.has(602, "culvert_watcher_beat_age_seconds")
}

func TestNoLightIsKnownWhereNobodyWatches(t *testing.T) {
	k := oneBrokenDoor()
	k.health.Alive = false
	s := scraped(t, k, noon, slog.New(slog.DiscardHandler))
	s.has(1, "culvert_setup_light", "light", "unknown")
	s.has(0, "culvert_setup_light", "light", "bad")
}

func TestOfSeveralAnswersToOneCheckTheWorstIsShown(t *testing.T) {
	k := oneBrokenDoor()
	again := k.reports[0].Evidence[0]
	again.OK, again.At = false, noon.Add(-30*time.Second)
	k.reports[0].Evidence = append(k.reports[0].Evidence, again)
	s := scraped(t, k, noon, slog.New(slog.DiscardHandler))
	s.has(0, "culvert_check_up", "check", "telegram/1")
	s.has(30, "culvert_check_proof_age_seconds", "check", "telegram/1")
}

func TestRunsThatCannotBeReadAreLeftOutAndTheRestIsServed(t *testing.T) {
	k := oneBrokenDoor()
	k.err = errors.New("the disk is gone")
	var log strings.Builder
	s := scraped(t, k, noon, slog.New(slog.NewTextHandler(&log, nil)))
	if s.all["culvert_runs"] != nil {
		t.Errorf("runs that could not be read are shown: %v", s.all["culvert_runs"])
	}
	s.has(0, "culvert_check_up", "check", "slack/1")
	if !strings.Contains(log.String(), "the disk is gone") {
		t.Errorf("the log does not say why: %q", log.String())
	}
}
