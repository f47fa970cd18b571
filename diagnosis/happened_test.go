package diagnosis

import (
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
)

// box is the container of the app, or of the connector, in what Docker tells.
const (
	appBox       = "app-box"
	connectorBox = "connector-box"
)

// tells adds what happened a time before noon.
func (p *patient) tells(ago time.Duration, e found.Event) {
	e.At = noon().Add(-ago)
	if e.Kind == "" {
		e.Kind = "container"
	}
	p.Facts.Past = append(p.Facts.Past, e)
}

func (p *patient) ofApp(ago time.Duration, action string) {
	p.tells(ago, found.Event{Action: action, ID: appBox, Project: p.Answers.Stack.Project, Service: p.Answers.Stack.Service, Exit: "3"})
}

func (p *patient) ofConnector(ago time.Duration, action string) {
	p.tells(ago, found.Event{Action: action, ID: connectorBox, Project: p.Answers.Stack.ConnectorProject, Service: connectorService, Exit: "0"})
}

func (p *patient) network(ago time.Duration, action, box, name string) {
	p.tells(ago, found.Event{Kind: "network", Action: action, Container: box, Name: name})
}

func TestOnlyWhatHappenedBeyondDoubtIsTold(t *testing.T) {
	stops := func(p *patient) { p.Facts.App.Running = 0 }
	const stopped, killed, alone = "stopped (docker stop", "killed (docker kill)", "by itself, with exit code 3"
	rows := map[string]struct {
		ill     func(*patient)
		finding string
		want    string // empty: nothing
	}{
		"stopped by hand": {func(p *patient) {
			stops(p)
			p.ofApp(time.Minute, "kill")
			p.ofApp(time.Minute, "die")
			p.ofApp(time.Minute, "stop")
		}, "app-stopped", stopped},
		"killed": {func(p *patient) {
			stops(p)
			p.ofApp(time.Minute, "kill")
			p.ofApp(time.Minute, "die")
		}, "app-stopped", killed},
		"killed just now, or stopped": {func(p *patient) {
			stops(p)
			p.ofApp(time.Second, "kill")
			p.ofApp(time.Second, "die")
		}, "app-stopped", ""},
		"ended by itself": {func(p *patient) { stops(p); p.ofApp(time.Minute, "die") }, "app-stopped", alone},
		"killed once, started, and then ended by itself": {func(p *patient) {
			stops(p)
			p.ofApp(3*time.Minute, "kill")
			p.ofApp(3*time.Minute, "die")
			p.ofApp(2*time.Minute, "start")
			p.ofApp(time.Minute, "die")
		}, "app-stopped", alone},
		"out of memory": {func(p *patient) {
			stops(p)
			p.ofApp(time.Minute, "oom")
			p.ofApp(time.Minute, "die")
		}, "app-stopped", "ran out of memory"},
		"paused": {func(p *patient) { stops(p); p.ofApp(time.Minute, "pause") }, "app-stopped", "paused (docker pause)"},
		"removed": {func(p *patient) {
			p.Facts.App = found.Service{}
			p.ofApp(time.Minute, "die")
			p.ofApp(time.Minute, "destroy")
		}, "app-stopped", "removed (docker rm"},
		"made anew and never started": {func(p *patient) {
			stops(p)
			p.ofApp(time.Minute, "destroy")
		}, "app-stopped", ""},
		"it runs again by what Docker tells": {func(p *patient) {
			stops(p)
			p.ofApp(2*time.Minute, "die")
			p.ofApp(time.Minute, "start")
		}, "app-stopped", ""},
		"another service ended": {func(p *patient) {
			stops(p)
			p.tells(time.Minute, found.Event{Action: "die", ID: "w", Project: p.Answers.Stack.Project, Service: "worker"})
		}, "app-stopped", ""},
		"before the newest run": {func(p *patient) {
			stops(p)
			p.Run = &setup.Run{State: setup.RunFailed, Ended: noon().Add(-30 * time.Second)}
			p.ofApp(time.Minute, "die")
		}, "app-stopped", ""},
		"while a run waits": {func(p *patient) {
			stops(p)
			p.Run = &setup.Run{State: setup.RunParked}
			p.ofApp(time.Minute, "die")
		}, "app-stopped", ""},
		"Docker has forgotten": {stops, "app-stopped", ""},
		"the connector was removed": {func(p *patient) {
			p.alter(p.Answers.ConnectorKey(), setuptest.Gone)
			p.ofConnector(time.Minute, "destroy")
		}, "connector-missing", "removed (docker rm"},
		"the connector was stopped": {func(p *patient) {
			p.alter(p.Answers.ConnectorKey(), func(s setup.State) setup.State {
				c := s.(setup.Connector)
				c.Running = false
				return c
			})
			p.ofConnector(time.Minute, "die")
			p.ofConnector(time.Minute, "stop")
		}, "connector-stopped", stopped},
		"the app was taken out of its network": {func(p *patient) {
			p.Facts.App.Networks, p.Facts.App.ID = []string{"other"}, appBox
			p.network(time.Minute, "disconnect", appBox, p.Answers.Stack.Network)
		}, "connector-network/app", "taken out of the network " + setuptest.Sample("ocs").Stack.Network},
		"another container was": {func(p *patient) {
			p.Facts.App.Networks, p.Facts.App.ID = []string{"other"}, appBox
			p.network(time.Minute, "disconnect", "another", p.Answers.Stack.Network)
		}, "connector-network/app", ""},
		"it left the network because it ended": {func(p *patient) {
			p.Facts.App.Networks, p.Facts.App.ID = []string{"other"}, appBox
			p.ofApp(time.Minute, "die")
			p.network(time.Minute, "disconnect", appBox, p.Answers.Stack.Network)
		}, "connector-network/app", ""},
		"made anew by Compose": {func(p *patient) {
			p.alter(p.Answers.PublishedKey(), func(s setup.State) setup.State {
				d := s.(setup.Published)
				d.Exposure = setup.ExposedPublic
				return d
			})
			p.Run = &setup.Run{State: setup.RunSucceeded, Ended: noon().Add(-time.Hour)}
			p.Facts.App.Made, p.Facts.App.Compose = noon().Add(-time.Minute), "5.6.0"
		}, "port-reopened", "made anew by Docker Compose"},
		"made by the newest run": {func(p *patient) {
			p.alter(p.Answers.PublishedKey(), func(s setup.State) setup.State {
				d := s.(setup.Published)
				d.Exposure = setup.ExposedPublic
				return d
			})
			p.Run = &setup.Run{State: setup.RunSucceeded, Ended: noon().Add(-time.Minute)}
			p.Facts.App.Made, p.Facts.App.Compose = noon().Add(-time.Hour), "5.6.0"
		}, "port-reopened", ""},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			p := healthy(t)
			row.ill(p)
			f := p.only(row.finding)
			if f.Happened == nil != (row.want == "") || !strings.Contains(f.Cause, row.want) {
				t.Errorf("the cause is %q (%+v), want %q", f.Cause, f.Happened, row.want)
			}
			if f.Happened != nil && !strings.HasSuffix(f.Cause, "UTC.") {
				t.Errorf("the cause is %q, without its time", f.Cause)
			}
		})
	}
}

// only gives a finding, which has to be there.
func (p *patient) only(id string) setup.Finding {
	p.Helper()
	for _, f := range Of(p.Input) {
		if f.ID == id {
			return f
		}
	}
	p.Fatalf("there is no finding %s among %+v", id, Of(p.Input))
	return setup.Finding{}
}
