package web

import (
	"fmt"
	"slices"
	"time"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/setup"
)

// LightRow is one line of what a tired person looks at: a channel, the login,
// everything that stays locked, the port, the connector.
type LightRow struct {
	ID    string
	Name  string
	State LightState
	Word  string
	At    time.Time // of its oldest proof; zero: there is none
	Until time.Time // when the first proof stops to count
	Parts []Light
	Fix   *FixForm
}

// lightRows are the channels, then what must be closed to everybody else, then
// the connector.
func (v StandingView) lightRows() []LightRow {
	var rows []LightRow
	for _, ch := range v.S.Condition.Channels {
		rows = append(rows, v.channelRow(ch))
	}
	add := func(name string, words [2]string, which func(setup.Check) bool) {
		if lights := lightsOf(v.S.Answers.Checks, v.S.Evidence, v.Now, which); len(lights) > 0 {
			rows = append(rows, sumRow(name, words, lights))
		}
	}
	login := func(c setup.Check) bool { return c.Locked && c.Path == "/" && v.teamInPublic() }
	add(teamLogin, [2]string{"asked for", "NOT asked for"}, login)
	v.shutOut(rows)
	add("Everything else", [2]string{"locked", "NOT locked"}, func(c setup.Check) bool { return c.Locked && !login(c) })
	add("Past the tunnel", [2]string{"closed", "OPEN"}, setup.Check.Port)
	if private := lightsOf(v.S.Answers.PrivateChecks(), v.S.Evidence, v.Now, setup.Check.Private); len(private) > 0 {
		rows = append(rows, sumRow("Your team’s private way", [2]string{"answers on this server", "broken"}, private))
	}
	add("On this server", [2]string{"answers", "does not answer"}, setup.Check.Beside)
	return rows
}

// teamInPublic says whether the team logs in at the public address. Otherwise the
// lock there lets nobody in, and a light for a login would promise one.
func (v StandingView) teamInPublic() bool {
	return !v.S.Answers.Mode.Private() || v.S.Answers.PublicTeam
}

// shutOut makes the row of the login tell what a check cannot see: it meets the
// lock, and never gets through.
func (v StandingView) shutOut(rows []LightRow) {
	if len(rows) == 0 || rows[len(rows)-1].Name != teamLogin {
		return
	}
	r := &rows[len(rows)-1]
	for _, f := range v.S.Condition.Findings { // worst first
		if word := v.loginWord(f); word != "" && r.State == LightOn {
			r.State, r.Word = LightOff, word
		}
	}
}

// loginWord says in a few words what a finding means for who gets in; empty:
// nothing.
func (v StandingView) loginWord(f setup.Finding) string {
	open := f.Severity == setup.SeverityOpen
	switch {
	case f.Class == setup.ClassLoginMissing:
		return "nobody gets in"
	case f.Class == setup.ClassLockChanged && slices.Contains(f.Keys, v.S.Answers.LockKey()):
		if open {
			return "asked for, but the lock was changed"
		}
		return "nobody gets in"
	case f.Class == setup.ClassTeamChanged && open:
		return "more people may enter"
	case f.Class == setup.ClassTeamChanged:
		return "who may enter was changed"
	}
	return ""
}

// channelRow is a door with its checks. The light is what all that is known says
// of it, and never better than its proof.
func (v StandingView) channelRow(ch diagnosis.Channel) LightRow {
	lights := lightsOf(v.S.Answers.Checks, v.S.Evidence, v.Now, func(c setup.Check) bool { return c.Door == ch.Door && c.Outside() })
	for i, l := range lights {
		lights[i] = v.unlessBroke(l)
	}
	r := sumRow(ch.Name, [2]string{"messages arrive", channelWord(ch)}, lights)
	if r.State == LightOn && ch.Light != diagnosis.Good { // what is proven is from before something broke
		r.State, r.Word, r.At = LightOut, noProofSince(ch), time.Time{}
	}
	ids := v.repairable(func(f setup.Finding) bool { return slices.Contains(ch.Findings, f.ID) })
	if form, ok := v.fixForm("channel-"+anchor(ch.Door), "Fix", "secondary small", ch.Name, ids); ok {
		r.Fix = &form
	}
	return r
}

// unlessBroke puts a light out whose proof is from before something broke that
// lies on the way of its check.
func (v StandingView) unlessBroke(l Light) Light {
	for _, c := range v.S.Answers.Checks {
		if lightID(c) == l.ID && l.State == LightOn && l.At.Before(diagnosis.Broke(v.S.Answers, v.S.Condition.Findings, c)) {
			l.State, l.Word = LightOut, "proven before something broke, being checked"
		}
	}
	return l
}

func noProofSince(ch diagnosis.Channel) string {
	switch ch.State {
	case "missing", "changed", "closed":
		return "door " + ch.State + ", being checked"
	}
	return "being checked"
}

func channelWord(ch diagnosis.Channel) string {
	switch ch.State {
	case "missing", "changed", "closed":
		return "NO messages, door " + ch.State
	}
	return "NO messages, answered by " + answeredBy(ch.By)
}

const teamLogin = "Team login"

const noRecentProof = "no recent proof"

// sumRow sums up lights: the worst of them counts, and the oldest proof.
func sumRow(name string, words [2]string, parts []Light) LightRow {
	r := LightRow{ID: "row-" + anchor(kebab(name)), Name: name, State: LightOn, Word: words[0], Parts: parts}
	off, out := 0, 0
	for _, l := range parts {
		switch l.State {
		case LightOff:
			off++
		case LightOut:
			out++
		}
		if l.State == LightOut {
			continue
		}
		if r.At.IsZero() || l.At.Before(r.At) {
			r.At = l.At
		}
		r.Until = sooner(l.Until, r.Until)
	}
	switch {
	case off > 0:
		r.State, r.Word = LightOff, words[1]
		if len(parts) > 1 {
			r.Word += fmt.Sprintf(" (%d of %d)", off, len(parts))
		}
	case out > 0 || len(parts) == 0:
		r.State, r.Word = LightOut, noRecentProof
		if out < len(parts) {
			r.Word += fmt.Sprintf(" of %d of %d", out, len(parts))
		}
	}
	return r
}
