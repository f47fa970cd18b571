package diagnosis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

// stopTold is how soon after the end of a container it is told that somebody
// asked for it.
const stopTold = 2 * time.Second

// unit is a service of which it can be told what happened to its containers.
type unit struct {
	project, service string
	as               found.Service // as it was seen; zero: it was not
}

func (in Input) app() unit {
	return unit{in.Answers.Stack.Project, in.Answers.Stack.Service, in.Facts.App}
}

// companion is the connector, or what runs beside it.
func (in Input) companion(service string) unit {
	u := unit{project: in.Answers.Stack.ConnectorProject, service: service}
	if i := slices.IndexFunc(in.Facts.Beside, func(s found.Service) bool { return s.Name == service }); i >= 0 {
		u.as = in.Facts.Beside[i]
	}
	return u
}

const connectorService = "cloudflared"

// happened is what Docker tells of how a finding came about. Nil: nothing, or the
// record leaves a doubt. What happened before the end of the newest run is no
// reason for what was found since.
func (in Input) happened(f setup.Finding) *setup.Happening {
	switch f.Class {
	case setup.ClassAppStopped:
		return in.ended(in.app())
	case setup.ClassConnectorStopped, setup.ClassConnectorMissing:
		return in.ended(in.companion(connectorService))
	case setup.ClassConnectorNetwork:
		p := in.companion(connectorService)
		if strings.HasSuffix(f.ID, "/app") {
			p = in.app()
		}
		private := strings.HasSuffix(f.ID, "/private")
		return in.left(p, func(network string) bool { return private || network == in.Answers.Stack.Network })
	case setup.ClassConnectorChanged, setup.ClassConnectorUDP, setup.ClassSettingLost, setup.ClassPortReopened:
		return in.running(f)
	case setup.ClassPrivateDNS, setup.ClassPrivateFront, setup.ClassAppReaddressed:
		return in.displaced(f)
	}
	return nil
}

// running is for what a container runs with since it was made.
func (in Input) running(f setup.Finding) *setup.Happening {
	for _, k := range f.Keys {
		switch k.Kind {
		case setup.KindConnector:
			return in.made(in.companion(connectorService))
		case setup.KindSetting, setup.KindPublished:
			return in.made(in.app())
		}
	}
	return nil
}

// displaced is for what is no longer at its place in Culvert's own network.
func (in Input) displaced(f setup.Finding) *setup.Happening {
	for _, k := range f.Keys {
		var p unit
		switch k.Kind {
		case setup.KindAttachment:
			p = in.app()
		case setup.KindSidecar:
			p = in.companion(k.Name)
		default:
			continue
		}
		if f.Class != setup.ClassAppReaddressed {
			return in.ended(p)
		}
		if made := in.made(p); made != nil {
			return made
		}
		return in.left(p, func(network string) bool { return network == in.Answers.Stack.PrivateNetwork })
	}
	return nil
}

// sinceRun says whether something is from after the end of the newest run.
func (in Input) sinceRun(at time.Time) bool {
	return in.Run == nil || !in.Run.Ended.IsZero() && at.After(in.Run.Ended)
}

// past are the events of a service's containers, oldest first.
func (in Input) past(p unit) []found.Event {
	var all []found.Event
	for _, e := range in.Facts.Past {
		if e.Kind == "container" && e.Project == p.project && e.Service == p.service {
			all = append(all, e)
		}
	}
	return all
}

// ended tells how the newest container of a service that does not run came to
// its end.
func (in Input) ended(p unit) *setup.Happening {
	past := in.past(p)
	last := -1
	for i, e := range past {
		switch e.Action {
		case "die", "pause", "destroy":
			last = i
		case "start", "unpause", "create":
			last = -1 // whatever was before, it ran again
		}
	}
	if last < 0 || !in.sinceRun(past[last].At) {
		return nil
	}
	h := &setup.Happening{At: past[last].At}
	switch e := past[last]; {
	case e.Action == "destroy" && p.as.Containers > 0: // there is another one, that was never started
	case e.Action == "destroy":
		h.What = "The container was removed (docker rm, or docker compose down)"
	case e.Action == "pause":
		h.What = "The container was paused (docker pause)"
	default:
		h.What = in.death(past, e)
	}
	if h.What == "" {
		return nil
	}
	return h
}

// death tells why a container ended; empty: that cannot be told yet.
func (in Input) death(past []found.Event, die found.Event) string {
	said := map[string]bool{}
	for _, e := range past {
		if e.ID != die.ID {
			continue
		}
		if e.Action == "start" {
			clear(said)
		}
		said[e.Action] = true
	}
	switch {
	case said["stop"]:
		return "The container was stopped (docker stop, or docker compose stop)"
	case said["kill"] && in.Now.Sub(die.At) < stopTold:
		return ""
	case said["kill"]:
		return "The container was killed (docker kill)"
	case said["oom"]:
		return "The container ran out of memory and was ended"
	case die.Exit != "":
		return fmt.Sprintf("The container ended by itself, with exit code %s", die.Exit)
	}
	return ""
}

// left tells that the container of a service was taken out of a network in which
// it is no longer, or no longer at its place.
func (in Input) left(p unit, which func(network string) bool) *setup.Happening {
	ids := []string{p.as.ID}
	for _, e := range in.past(p) {
		ids = append(ids, e.ID)
	}
	var last *found.Event
	for _, e := range in.Facts.Past {
		if e.Kind == "network" && e.Action == "disconnect" && e.Container != "" && slices.Contains(ids, e.Container) && which(e.Name) {
			last = &e
		}
	}
	if last == nil || !in.sinceRun(last.At) || in.endedAt(p, last.At) {
		return nil
	}
	return &setup.Happening{At: last.At, What: fmt.Sprintf("The container was taken out of the network %s (docker network disconnect)", last.Name)}
}

// endedAt says whether a container of a service ended about then: one that ends
// leaves its networks.
func (in Input) endedAt(p unit, at time.Time) bool {
	return slices.ContainsFunc(in.past(p), func(e found.Event) bool {
		return e.Action == "die" && e.At.Sub(at).Abs() < stopTold
	})
}

// made tells that the container of a service was made anew since the newest run.
func (in Input) made(p unit) *setup.Happening {
	at := p.as.Made
	if at.IsZero() || in.Run == nil || !in.sinceRun(at) {
		return nil
	}
	what := "The container was made anew"
	if p.as.Compose != "" {
		what += " by Docker Compose"
	}
	return &setup.Happening{At: at, What: what}
}
