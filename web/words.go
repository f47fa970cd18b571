package web

import (
	"fmt"
	"strings"
	"time"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

// mark is a status as a sign. It never stands without the word.
func mark(s journey.Status) string {
	switch s {
	case journey.Done:
		return "✔"
	case journey.Failed, journey.Changed:
		return "!"
	case journey.Running:
		return "…"
	case journey.Ready:
		return "→"
	}
	return "·"
}

// statusWord begins the line that says where a stage stands.
func statusWord(s journey.Status) string {
	return strings.ToUpper(string(s[:1])) + string(s[1:]) + "."
}

// tone is a status as a class of the style sheet.
func tone(s journey.Status) string {
	switch s {
	case journey.Done:
		return "good"
	case journey.Failed, journey.Changed:
		return "bad"
	case journey.Running:
		return "busy"
	case journey.Ready:
		return "ready"
	}
	return "quiet"
}

func stageName(s journey.Stage) string {
	switch s {
	case journey.StageLook:
		return "Look"
	case journey.StageAnswers:
		return "Answers"
	case journey.StageAccount:
		return "Account"
	case journey.StageBuild:
		return "Build"
	case journey.StageProve:
		return "Prove"
	case journey.StageSwitch:
		return "Switch"
	case journey.StageClose:
		return "Close"
	}
	return "Done"
}

// splitTerm parts "Lock on x (Access application)" into plain words and the
// field's term, which is shown in grey.
func splitTerm(title string) (plain, term string) {
	open := strings.LastIndex(title, " (")
	if open < 0 || !strings.HasSuffix(title, ")") {
		return title, ""
	}
	return title[:open], title[open+2 : len(title)-1]
}

// verbWord says in a word what a change does.
func verbWord(c setup.Change) string {
	switch c.Verb {
	case setup.Create:
		return "new"
	case setup.Delete:
		return "goes"
	case setup.Update:
		if c.Drop {
			return "put back"
		}
		return "changes"
	case setup.Claim:
		return "stays as it is"
	case setup.Release:
		return "left alone"
	}
	return string(c.Verb)
}

// reachText says who notices a change, and for how long.
func reachText(c setup.Change, host string) string {
	switch c.Reach {
	case setup.ReachRestart:
		return "The " + serviceOf(c) + " service restarts; expected 5–20 s. The database and the workers are not touched."
	case setup.ReachAccount:
		if c.ForDevices() {
			return upperFirst(c.Affects()) + "."
		}
		if c.Verb == setup.Delete {
			return "Goes for everybody in the Cloudflare account."
		}
		return "Counts for everybody in the Cloudflare account. Logins that work today go on working."
	case setup.ReachLive:
		return liveText(c, host)
	}
	if cert, ok := c.To.(setup.Certificate); ok && cert.Source == setup.FromACME {
		return "Its name stands in the public lists of certificates for good. Applying accepts the authority’s terms (Let’s Encrypt: letsencrypt.org/repository)."
	}
	return "Nobody notices."
}

func liveText(c setup.Change, host string) string {
	switch {
	case c.Key.Kind == setup.KindConnector:
		return "The connector restarts; callers of " + host + " wait for a few seconds."
	case c.Key.Kind == setup.KindSidecar:
		return "Its container restarts; your team waits for a few seconds."
	case c.Key.Kind == setup.KindSite:
		return "New webhooks, invitations and mails lead there. What was registered or sent before keeps the old address."
	case c.Verb == setup.Delete:
		return "From then on nobody reaches " + host + " by this name."
	}
	return "From then on callers of " + host + " come through Cloudflare. Expected downtime: 0 s."
}

func serviceOf(c setup.Change) string {
	s := c.To
	if s == nil {
		s = c.From
	}
	switch s := s.(type) {
	case setup.Setting:
		return s.Service
	case setup.Published:
		return s.Service
	}
	return "app’s"
}

// answeredBy says who answered a request.
func answeredBy(by setup.Answerer) string {
	switch by {
	case setup.ByApp:
		return "the app"
	case setup.ByAppHost:
		return "the app, which refuses this name"
	case setup.ByAccess:
		return "the lock"
	case setup.ByEdge:
		return "Cloudflare, which blocks or checks callers"
	case setup.ByTunnel:
		return "Cloudflare: no connector is connected"
	case setup.ByConnector:
		return "the connector, which does not reach the app"
	case setup.ByFront:
		return "nginx"
	case setup.ByDNS:
		return "the DNS server (dnsmasq)"
	case setup.ByNobody:
		return "nobody"
	}
	return "something unknown"
}

func runWord(s setup.RunState) string {
	switch s {
	case setup.RunQueued:
		return "about to begin"
	case setup.RunRunning:
		return "running"
	case setup.RunParked:
		return "waiting"
	case setup.RunInterrupted:
		return "interrupted; it goes on by itself"
	case setup.RunSucceeded:
		return "done"
	case setup.RunFailed:
		return "failed"
	case setup.RunCancelled:
		return "stopped by hand"
	case setup.RunNeedsApproval:
		return "stopped: something else has to change too; look at it and agree again"
	}
	return string(s)
}

func runTone(s setup.RunState) string {
	switch s {
	case setup.RunSucceeded:
		return "good"
	case setup.RunFailed, setup.RunNeedsApproval:
		return "bad"
	case setup.RunCancelled, setup.RunParked:
		return "quiet"
	}
	return "busy"
}

func exposureWord(e setup.Exposure) string {
	switch e {
	case setup.ExposedPublic:
		return "everybody can reach it"
	case setup.ExposedLoopback:
		return "this server only"
	}
	return "not published"
}

// seconds writes a short duration the way people say it.
func seconds(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// stamp is a time as pages show it without a script; one turns it into the
// browser's zone or into an age.
func stamp(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05 UTC") }

func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func list(items []string) string {
	switch len(items) {
	case 0:
		return ""
	case 1:
		return items[0]
	}
	return strings.Join(items[:len(items)-1], ", ") + " and " + items[len(items)-1]
}

func toneIf(good bool) string {
	if good {
		return "good"
	}
	return "bad"
}

func signIf(good bool) string {
	if good {
		return "✔"
	}
	return "✘"
}

func wrong(message string) []string {
	if message == "" {
		return nil
	}
	return []string{message}
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

func kebab(s string) string {
	return strings.ReplaceAll(strings.ToLower(strings.ReplaceAll(s, ",", "")), " ", "-")
}
