package journey

import (
	"context"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

// LogSource is something of a setup whose log can be read.
type LogSource struct {
	ID      string // for Logs
	Name    string // in plain words
	Service string // its name in Compose
	project string
}

// Ids of log sources.
const (
	LogApp       = "app"
	LogConnector = "connector"
	LogDNS       = "dns"
	LogFront     = "front"
)

// logTail is how many of the lines that were written before are told first.
const logTail = 200

// LogSources lists what there is to read of a setup that was agreed to.
func LogSources(a setup.Answers) []LogSource {
	sources := []LogSource{
		{LogApp, "Your app", a.Stack.Service, a.Stack.Project},
		{LogConnector, "The connector", "cloudflared", a.Stack.ConnectorProject},
	}
	if a.Mode == setup.ModeFallback {
		sources = append(sources, LogSource{LogDNS, "The name server", setup.DNSService, a.Stack.ConnectorProject})
	}
	if a.Private != nil && a.Private.Front != nil {
		sources = append(sources, LogSource{LogFront, "The padlock", setup.FrontService, a.Stack.ConnectorProject})
	}
	return sources
}

// Logs tells what one of a setup's containers writes, the last lines first,
// until the context ends: whoever reads it ends it when nobody looks any more.
// Secrets are masked. ErrNotFound: there is no such setup or source, or nothing
// was agreed to.
func (j *Journey) Logs(ctx context.Context, id setup.SetupID, source string) (<-chan found.Line, error) {
	base, err := j.agreed(ctx)
	if err != nil {
		return nil, err
	}
	r := base.revisions[id]
	if r.Answers == nil {
		return nil, ErrNotFound
	}
	for _, s := range LogSources(*r.Answers) {
		if s.ID == source {
			return j.Host.Follow(ctx, s.project, s.Service, logTail)
		}
	}
	return nil, ErrNotFound
}
