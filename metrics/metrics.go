package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/watch"
)

// Watch is what is known.
type Watch interface {
	Reports() []watch.Report
	Health() watch.Health
}

// Runs counts the runs that were kept.
type Runs interface {
	RunCounts(context.Context) (map[setup.RunState]int, error)
}

// Options are what the metrics are read from.
type Options struct {
	Watch Watch
	Runs  Runs
	Calls func() uint64 // made to Cloudflare by this process
	Clock func() time.Time
	Log   *slog.Logger
}

// patience is how long a scrape waits for the database.
const patience = 5 * time.Second

var (
	up       = describe("check_up", "Whether the newest proof of a check holds and still counts (1). 0: it does not hold, or it is too old.", "setup", "check", "door")
	age      = describe("check_proof_age_seconds", "How long ago the proof of a check was made.", "setup", "check", "door")
	latency  = describe("check_latency_seconds", "How long the answer to a check took.", "setup", "check", "door")
	findings = describe("findings", "How many things are wrong.", "setup", "severity")
	light    = describe("setup_light", "The light of a setup: 1 at the one that shows.", "setup", "light")
	calls    = describe("cloudflare_calls_total", "Calls made to the Cloudflare API since Culvert was started.")
	beat     = describe("watcher_beat_age_seconds", "How long ago what watches last did something.")
	runs     = describe("runs", "How many runs there are in the history.", "state")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("culvert_"+name, help, labels, nil)
}

// Handler answers scrapes. What could not be read is left out, and logged.
func Handler(o Options) http.Handler {
	registry := prometheus.NewPedanticRegistry() // of our own: nothing but what is ours is shown
	registry.MustRegister(collector{o})
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	})
}

// collector reads everything anew at each scrape, so what is gone is not shown.
type collector struct{ Options }

// Describe implements prometheus.Collector.
func (collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{up, age, latency, findings, light, calls, beat, runs} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(to chan<- prometheus.Metric) {
	now, health := c.Clock(), c.Watch.Health()
	for _, r := range c.Watch.Reports() {
		collectChecks(to, r, now)
		collectCondition(to, r, health.Alive, now)
	}
	to <- prometheus.MustNewConstMetric(calls, prometheus.CounterValue, float64(c.Calls()))
	if !health.Began.IsZero() {
		to <- gauge(beat, seconds(now, health.Beat))
	}
	c.collectRuns(to)
}

// collectChecks shows what counts. Where several answers are kept of one check,
// the worst is shown.
func collectChecks(to chan<- prometheus.Metric, r watch.Report, now time.Time) {
	type shown struct {
		door      string
		holds     bool
		age, took float64
	}
	checks := map[string]shown{}
	for _, v := range r.Evidence {
		s, known := checks[v.Check.ID]
		if !known {
			s = shown{door: v.Check.Door, holds: true}
		}
		s.holds = s.holds && v.OK && v.Counts(now) && !v.At.Before(diagnosis.Broke(r.Answers, r.Condition.Findings, v.Check))
		s.age = max(s.age, seconds(now, v.At))
		s.took = max(s.took, v.Took.Seconds())
		checks[v.Check.ID] = s
	}
	for id, s := range checks {
		labels := []string{string(r.Setup), id, s.door}
		to <- gauge(up, number(s.holds), labels...)
		to <- gauge(age, s.age, labels...)
		to <- gauge(latency, s.took, labels...)
	}
}

// collectCondition shows how a setup stands as a whole. A light is not known any
// more once nobody watches, or once a proof that it rests on counts no longer.
func collectCondition(to chan<- prometheus.Metric, r watch.Report, alive bool, now time.Time) {
	wrong := map[setup.Severity]int{}
	for _, f := range r.Condition.Findings {
		wrong[f.Severity]++
	}
	for _, s := range setup.Severities() {
		to <- gauge(findings, float64(wrong[s]), string(r.Setup), string(s))
	}
	shows := r.Condition.Light
	if !alive || shows == diagnosis.Good && !now.Before(r.Condition.Until) {
		shows = diagnosis.Unknown
	}
	for _, l := range []diagnosis.Light{diagnosis.Good, diagnosis.Bad, diagnosis.Unknown} {
		to <- gauge(light, number(l == shows), string(r.Setup), string(l))
	}
}

func (c collector) collectRuns(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	counts, err := c.Runs.RunCounts(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(runs, err)
		return
	}
	for _, s := range setup.RunStates() {
		to <- gauge(runs, float64(counts[s]), string(s))
	}
}

func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func seconds(now, at time.Time) float64 { return max(now.Sub(at), 0).Seconds() }

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
