package web

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/notify"
	"github.com/culvert/culvert/setup"
)

// SettingsView is the page about what Culvert does by itself.
type SettingsView struct {
	StandingView
	// Typed is what was sent and not right; nil: what is stored is shown.
	Typed  []TypedRule
	Errors []setup.FieldError
	Told   notify.State
	Tell   TellForm
	// BadAlert is what is wrong with TypedAlert, the address that Cloudflare is to
	// mail.
	BadAlert   []setup.FieldError
	TypedAlert string
	// BadHeartbeat is what is wrong with the address for the sign of life.
	BadHeartbeat []setup.FieldError
}

// TypedRule is one class of problems as it was typed.
type TypedRule struct {
	Class   setup.Class
	On      bool
	PerHour string
}

// Regions renders what changes by itself on the page.
func (v SettingsView) Regions(ctx context.Context) ([]Region, error) {
	return renderAll(ctx, []string{"stopped", "told", "gone"}, v.draw)
}

func (v SettingsView) draw(name string) templ.Component {
	switch name {
	case "told":
		return tellChannels(v)
	case "gone":
		return goneFate(v)
	}
	return stopped(v)
}

func (v SettingsView) region(name string) templ.Component { return regionOf(name, v.draw(name)) }

// RuleRow is one class of problems that can be put right without asking.
type RuleRow struct {
	Class     setup.Class
	Label     string
	Does      string
	On        bool
	PerHour   string
	Suggested bool
	Errors    []string
}

// rules lists the classes, those first that do no harm.
func (v SettingsView) rules(suggested bool) []RuleRow {
	var rows []RuleRow
	for _, r := range v.S.Automatic {
		if r.Suggested != suggested {
			continue
		}
		label, does := classWords(r.Class)
		row := RuleRow{Class: r.Class, Label: label, Does: does, On: r.On, PerHour: strconv.Itoa(r.PerHour), Suggested: r.Suggested}
		if i := slices.IndexFunc(v.Typed, func(t TypedRule) bool { return t.Class == r.Class }); i >= 0 {
			row.On, row.PerHour = v.Typed[i].On, v.Typed[i].PerHour
		}
		for _, e := range v.Errors {
			if e.Field == string(r.Class) {
				row.Errors = append(row.Errors, e.Message)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func (r RuleRow) describedBy() string {
	if len(r.Errors) > 0 {
		return "does-" + string(r.Class) + " hour-" + string(r.Class) + "-error"
	}
	return "does-" + string(r.Class)
}

func anyOn(rows []RuleRow) bool {
	return slices.ContainsFunc(rows, func(r RuleRow) bool { return r.On || len(r.Errors) > 0 })
}

// StoppedRow is a problem that is no longer repaired by itself.
type StoppedRow struct{ Title, Why string }

func (v SettingsView) stopped() []StoppedRow {
	var rows []StoppedRow
	for _, id := range slices.Sorted(maps.Keys(v.S.Stopped)) {
		row := StoppedRow{Title: id, Why: v.S.Stopped[id]}
		for _, f := range v.S.Condition.Findings {
			if f.ID == id {
				row.Title = f.Title
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// onRules says how many classes are repaired by themselves.
func onRules(rules []journey.AutomaticRule) int {
	n := 0
	for _, r := range rules {
		if r.On {
			n++
		}
	}
	return n
}

// classWords says in plain words what a class of problems is, and what putting
// it right does.
func classWords(c setup.Class) (label, does string) {
	switch c {
	case setup.ClassAppReaddressed:
		return "The app got another address", "Gives it back the address that your team’s way leads to, or leads the way to where it is now. The app does not restart."
	case setup.ClassConnectorStopped:
		return "The connector is stopped", "Starts it again."
	case setup.ClassConnectorMissing:
		return "The connector was removed", "Starts a new one. The app is not touched."
	case setup.ClassConnectorNetwork:
		return "The connector is in another network than the app", "Starts it again in the app’s network; callers wait for a few seconds."
	case setup.ClassDoorMissing:
		return "A door was deleted", "Makes it again, to its own paths."
	case setup.ClassDoorWide:
		return "A door is open wider than it should be", "Narrows it to its own paths."
	case setup.ClassDoorChanged:
		return "A door was changed", "Puts it back as you chose it."
	case setup.ClassDoorsClosed:
		return "The rule that opens the doors is gone or changed", "Makes it again or puts it back."
	case setup.ClassLockMissing:
		return "The lock was deleted", "Makes it again; nobody gets in without a login from then on."
	case setup.ClassLockChanged:
		return "The lock was changed", "Puts it back as you chose it."
	case setup.ClassTeamChanged:
		return "Who may enter was changed", "Puts it back as you chose it. Whoever was added in the dashboard is out again."
	case setup.ClassLoginMissing:
		return "The login method is gone", "Makes codes by e-mail possible again, for everybody in the account."
	case setup.ClassEdgeRule:
		return "The rule that lets callers in who are no browsers is gone or changed", "Makes it again or puts it back, for the paths of the webhooks."
	case setup.ClassRecordMissing:
		return "The public name was deleted", "Makes it again, so that callers come through Cloudflare."
	case setup.ClassRecordGrey:
		return "The public name goes past Cloudflare", "Sends it through Cloudflare again."
	case setup.ClassIngressChanged:
		return "The way from the tunnel to the app was changed", "Puts it back as you chose it."
	case setup.ClassPortReopened:
		return "The published port is open again", "Closes it; the app’s service restarts for that."
	case setup.ClassAlert:
		return "The mail for the case that the server is gone was deleted or switched off", "Makes it again or puts it back in the Cloudflare account. Nothing restarts."
	case setup.ClassSettingLost:
		return "A setting of the app was lost", "Writes it again; the app’s service restarts for that."
	}
	return string(c), ""
}

// Page is the page with the answer to a form on it.
func (v SettingsView) Page(n *Note) templ.Component {
	v.Note = n
	return Settings(v)
}

func (v SettingsView) errorsAt(field string) []string {
	var messages []string
	for _, e := range v.Errors {
		if e.Field == field {
			messages = append(messages, e.Message)
		}
	}
	return messages
}

// faults lists what is wrong with what was typed.
func (v SettingsView) faults() []FaultRow {
	var rows []FaultRow
	for _, e := range v.Errors {
		label, _ := classWords(setup.Class(e.Field))
		rows = append(rows, FaultRow{"hour-" + e.Field, label, e.Message})
	}
	return rows
}
