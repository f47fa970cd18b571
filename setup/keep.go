package setup

import "slices"

// stays says why something is neither deleted nor put back.
func (p *planner) stays(k Key, rec Record) string {
	switch k.Kind {
	case KindComposePort, KindPublished:
		return "the port stays closed; opening it again is up to you"
	case KindZonePause:
		return "Cloudflare stays switched on for the domain; pausing it would take the locks off everything else in it"
	case KindPredecessor:
		return "it stays stopped; starting it again is up to you"
	case KindEnrolment:
		if rec.Owner == Created && p.othersEnrol(k) {
			return "others let devices join by it, so it stays"
		}
	case KindLoginMethod:
		for _, o := range p.world.Objects {
			if o.State.Kind() == KindApp && o.Scope == k.Scope && !p.ledger.ours(o.Mark) {
				return "other applications of the account may use it, so it stays"
			}
		}
		if p.unreadKind(KindApp, k.Scope) {
			return "other applications of the account may use it, so it stays"
		}
	}
	if rec.Owner == Found {
		return "was there before and stays"
	}
	return ""
}

// othersEnrol says whether the enrolment has rules of somebody else, or might.
func (p *planner) othersEnrol(k Key) bool {
	ours := map[string]bool{}
	for rule, rec := range p.ledger.Records {
		ours[rec.ID] = ours[rec.ID] || rule.Kind == KindEnrolmentRule && rule.Scope == k.Scope
	}
	others := func(o Object) bool { return o.State.Kind() == KindEnrolmentRule && o.Scope == k.Scope && !ours[o.ID] }
	return p.unreadKind(KindEnrolmentRule, k.Scope) || slices.ContainsFunc(p.world.Objects, others)
}

func (p *planner) unreadKind(kind Kind, scope string) bool {
	_, bad := p.world.unread(Key{Kind: kind, Scope: scope})
	return bad
}

// keepWhatOthersUse bars deleting what something of somebody else refers to.
func (p *planner) keepWhatOthersUse() {
	leaving := map[string]bool{} // objects that this plan deletes
	for _, c := range p.plan.Changes {
		if c.Drop && c.Verb.Writes() {
			leaving[string(c.Key.Kind)+c.Key.Scope+c.FromID] = true
		}
	}
	var kept []Change
	for _, c := range p.plan.Changes {
		if user := p.user(c, leaving); user != "" {
			p.bar(c.Key, WhyConflict, "It is not deleted, because something else uses it: "+user+".").Keeps = true
			continue
		}
		kept = append(kept, c)
	}
	p.plan.Changes = kept
}

func (p *planner) user(c Change, leaving map[string]bool) string {
	if c.Verb != Delete || !c.Key.Kind.referred() {
		return ""
	}
	for _, o := range p.world.Objects {
		if leaving[string(o.State.Kind())+o.Scope+o.ID] || p.letsGo(o, c.Key) {
			continue
		}
		for _, ref := range References(o.State) {
			if ref.Lit == c.FromID {
				return Name(Key{Kind: o.State.Kind()}, o.State)
			}
		}
	}
	return ""
}

// letsGo says whether this plan changes an object so that it no longer refers
// to a key. Removals come after that.
func (p *planner) letsGo(o Object, k Key) bool {
	return slices.ContainsFunc(p.plan.Changes, func(c Change) bool {
		return c.Verb == Update && c.Key.Kind == o.State.Kind() && c.Key.Scope == o.Scope && c.FromID == o.ID &&
			!slices.Contains(References(c.To), Ref(k)) && !slices.Contains(References(c.To), Lit(p.ledger.Records[k].ID))
	})
}
