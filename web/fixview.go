package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

// FixForm is a button that puts findings right. It sends what the page said that
// it would do.
type FixForm struct {
	ID       string
	Label    string
	Class    string
	About    string // for those who hear the button alone
	Findings []string
	Hashes   []string
	Plan     string // of all that it would do
	Takes    string // what it costs
	Asks     string // what it changes for the whole domain; empty: nothing
}

// fixForm is the button for some findings; false: nothing of them can be put
// right now, or something is under way.
func (v StandingView) fixForm(id, word, class, about string, findings []string) (FixForm, bool) {
	if v.S.Busy() || len(findings) == 0 {
		return FixForm{}, false
	}
	fix, ids, err := journey.FixOf(v.S.Condition.Findings, findings)
	if err != nil || len(ids) == 0 {
		return FixForm{}, false
	}
	sum := sha256.Sum256([]byte(strings.Join(fix.Hashes, " ") + fix.Asks))
	return FixForm{ID: "fix-" + id, Label: word + ": " + fixTakes(fix), Takes: fixTakes(fix), Class: class, About: about,
		Findings: ids, Hashes: fix.Hashes, Plan: hex.EncodeToString(sum[:])[:12], Asks: fix.Asks}, true
}

// fixTakes says before the button what it costs.
func fixTakes(f setup.Fix) string {
	restart := "no restart"
	if len(f.Restarts) > 0 {
		restart = "restarts " + list(f.Restarts)
	}
	return fmt.Sprintf("%s, %s", diagnosis.Age(f.Expected), restart)
}

// repairable lists the findings that can be put right, of some or of all. What
// changes a whole domain has a button of its own, where it says so.
func (v StandingView) repairable(which func(setup.Finding) bool) []string {
	var ids []string
	for _, f := range v.S.Condition.Findings {
		if f.Repairable() && f.Fix.Asks == "" && which(f) {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

// fixAll is the button on top.
func (v StandingView) fixAll() (FixForm, bool) {
	ids := v.repairable(func(setup.Finding) bool { return true })
	word := "Fix"
	if len(ids) > 1 {
		word = "Fix all " + fmt.Sprint(len(ids))
	}
	return v.fixForm("all", word, "primary", "", ids)
}

// anchor is an id for the page of something that has one with other signs.
func anchor(id string) string {
	return strings.NewReplacer("/", "-", "+", "-more", ":", "-", ".", "-", " ", "-").Replace(id)
}
