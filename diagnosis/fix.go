package diagnosis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/setup"
)

// What a part of a repair usually takes.
const (
	takesCalls     = 3 * time.Second
	takesConnector = 8 * time.Second
	takesRestart   = 20 * time.Second
	takesOrder     = 20 * time.Second // of a certificate
)

// fix says what putting changes right would do; nil if there are none.
func (x *examination) fix(changes []setup.Change) *setup.Fix {
	if len(changes) == 0 {
		return nil
	}
	keys := make([]setup.Key, len(changes))
	for i, c := range changes {
		keys[i] = c.Key
	}
	return x.fixOf(x.Plan.Part(keys))
}

// fixOf says what making the changes of a part would do.
func (x *examination) fixOf(part []setup.Change, bar *setup.Barrier) *setup.Fix {
	f := &setup.Fix{Then: x.then(part)}
	if bar != nil {
		f.Barred = bar.Detail
		if bar.Offer != nil {
			f.Barred += " " + agreeing(*bar)
		}
	}
	if detail, bad := x.noPlainLogin(); bad && f.Barred == "" && slices.ContainsFunc(part, leadsIn) {
		f.Barred = detail + " " + chooseCertificate
	}
	f.Expected = takesCalls
	for _, c := range part {
		f.Keys, f.Hashes, f.Changes = append(f.Keys, c.Key), append(f.Hashes, c.Hash()), append(f.Changes, line(c))
		f.Asks = strings.TrimSpace(f.Asks + " " + c.Asks(x.neighbours()))
		switch {
		case c.Reach == setup.ReachRestart && !slices.Contains(f.Restarts, x.Answers.Stack.Service):
			f.Restarts = append(f.Restarts, x.Answers.Stack.Service)
			f.Expected += max(x.Downtime, takesRestart)
		case c.Key.Kind == setup.KindConnector:
			f.Restarts = append(f.Restarts, "cloudflared")
			f.Expected += takesConnector
		case renews(c):
			f.Expected += takesOrder
		}
	}
	f.Does = does(part, f.Restarts, f.Expected)
	return f
}

func line(c setup.Change) string {
	if service, ok := c.Starts(); ok {
		return fmt.Sprintf("starts %s, with %s as its files say", service, c.Key.Name)
	}
	if renews(c) {
		return "gets a new certificate for " + c.Key.Name
	}
	switch c.To.(type) {
	case setup.BotFight:
		return "switches Bot Fight Mode off for all of " + c.Key.Scope
	case setup.SecurityLevel:
		return "ends attack mode for all of " + c.Key.Scope
	case setup.ZonePause:
		return "ends the pause of Cloudflare for all of " + c.Key.Scope
	}
	return doing(c.Verb) + " " + setup.Title(c)
}

// renews says whether a change gets a certificate in the place of one that is
// still good.
func renews(c setup.Change) bool {
	have, ok := c.From.(setup.Certificate)
	return ok && have.Overdue && c.To != nil
}

func doing(v setup.Verb) string {
	switch v {
	case setup.Create:
		return "makes"
	case setup.Delete:
		return "deletes"
	}
	return "puts back"
}

// does is the line before the button: "makes 1 thing, puts back 2, restarts
// nothing, about 3 s".
func does(part []setup.Change, restarts []string, takes time.Duration) string {
	count := map[string]int{}
	var order []string
	var starts []string
	for _, c := range part {
		if service, ok := c.Starts(); ok {
			if !slices.Contains(starts, service) {
				starts = append(starts, service)
			}
			continue
		}
		verb := doing(c.Verb)
		if count[verb] == 0 {
			order = append(order, verb)
		}
		count[verb]++
	}
	var parts []string
	for _, verb := range order {
		things := "thing"
		if count[verb] > 1 {
			things = "things"
		}
		parts = append(parts, fmt.Sprintf("%s %d %s", verb, count[verb], things))
	}
	if len(part) == 1 && len(starts) == 0 {
		parts = []string{line(part[0])}
	}
	restarts = slices.DeleteFunc(slices.Clone(restarts), func(s string) bool { return slices.Contains(starts, s) })
	if len(starts) > 0 {
		parts = append([]string{"starts " + sentenceList(starts) + " again"}, parts...)
	}
	switch {
	case len(restarts) > 0:
		parts = append(parts, "restarts "+sentenceList(restarts))
	case len(starts) == 0:
		parts = append(parts, "restarts nothing")
	case len(parts) == 1:
		parts = append(parts, "touches nothing else")
	}
	return fmt.Sprintf("%s, about %d s", strings.Join(parts, ", "), int(takes.Seconds()))
}

// then says what is proven behind a repair.
func (x *examination) then(part []setup.Change) string {
	if len(part) > 0 && !slices.ContainsFunc(part, func(c setup.Change) bool { return c.Key.Kind != setup.KindAlert }) {
		return "reads it back; whether a mail arrives only a test in Cloudflare's dashboard tells"
	}
	var names []string
	for _, c := range part {
		if d, ok := x.Answers.DoorOf(c.Key); ok {
			names = append(names, d.Name)
		}
	}
	if x.Answers.Private != nil && len(part) > 0 && !slices.ContainsFunc(part, func(c setup.Change) bool { return !c.Key.Kind.Private() }) {
		return "proves: the way to " + x.Answers.Private.Name + ", as far as this server sees it"
	}
	what := "every door open"
	if len(names) > 0 {
		what = "the door for " + sentenceList(names) + " open"
	}
	for _, c := range x.Answers.Checks {
		if c.Locked {
			return "proves: " + what + ", " + c.Path + " locked"
		}
	}
	return "proves: " + what
}
