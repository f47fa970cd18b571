package diagnosis

import (
	"time"

	"github.com/culvert/culvert/setup"
)

// clocksDiffer is how far this server's clock and Cloudflare's may be apart.
const clocksDiffer = 10 * time.Second

// trace is how the account's audit log would tell of what is no longer as we
// left it.
type trace struct {
	verb setup.Verb
	end  string // of the path of what was changed
}

// Traceable says whether the account's audit log may tell who brought a finding
// about.
func (in Input) Traceable(f setup.Finding) bool { return in.trace(f).end != "" }

// Doer finds who brought a finding about. Nil: the log leaves a doubt. It must
// tell of a change to that very thing, of that sort, and since then of nobody
// else's.
func (in Input) Doer(f setup.Finding, log []setup.Deed) *setup.Deed {
	t := in.trace(f)
	var newest *setup.Deed
	for _, d := range log {
		switch {
		case t.end == "" || !t.fits(d) || in.ours(d):
		case d.By == "" || newest != nil && newest.By != d.By:
			return nil
		case newest == nil || d.At.After(newest.At):
			newest = &d
		}
	}
	return newest
}

func (t trace) fits(d setup.Deed) bool { return d.Verb == t.verb && d.Of(t.end) }

// ours says whether a deed is from before the end of the newest run, and so is
// no reason for what was found since. Culvert itself is a program.
func (in Input) ours(d setup.Deed) bool {
	if in.Run == nil || in.Run.Ended.IsZero() {
		return false
	}
	ended := in.Run.Ended
	if d.Program {
		ended = ended.Add(clocksDiffer)
	}
	return d.At.Before(ended)
}

// trace is that of the first thing that a finding is about: what is told with it
// follows from that.
func (in Input) trace(f setup.Finding) trace {
	if f.Fix != nil {
		for _, r := range f.Fix.Remedies {
			kind := in.Answers.RemedyKey(r).Kind
			if r == setup.RemedySuper { // a rule lifts what was switched on there
				kind = setup.KindBotFight
			}
			if end, ok := in.switchPath(kind); ok {
				return trace{setup.Update, end}
			}
		}
	}
	for _, key := range f.Keys {
		if place := key.Kind.Place(); place != setup.AtAccount && place != setup.AtZone {
			continue
		}
		for _, c := range in.Plan.Changes {
			if t := in.traceOf(c); c.Key == key && t.end != "" {
				return t
			}
		}
	}
	return trace{}
}

// switchPath is the path of a switch of the whole domain.
func (in Input) switchPath(k setup.Kind) (string, bool) {
	below, known := map[setup.Kind]string{setup.KindZonePause: "", setup.KindBotFight: "/bot_management",
		setup.KindSecurityLevel: "/settings/security_level"}[k]
	for _, o := range in.World.Objects {
		if z, ok := o.State.(setup.Zone); known && ok && z.Name == in.Answers.Zone {
			return "zones/" + o.ID + below, true
		}
	}
	return "", false
}

// traceOf is what the log would have of what a change puts right.
func (in Input) traceOf(c setup.Change) trace {
	record := in.Ledger.Records[c.Key]
	switch {
	case record.ID == "":
		return trace{}
	case c.Key.Kind == setup.KindIngress: // rules have no path of their own
		return trace{setup.Update, in.Ledger.Records[in.Answers.TunnelKey()].ID + "/configurations"}
	case c.Verb == setup.Create:
		return trace{setup.Delete, record.ID}
	case c.Verb == setup.Update && c.FromID == record.ID:
		return trace{setup.Update, record.ID}
	}
	return trace{}
}
