package setup

// Settle compares intents that a process left behind with the world and closes
// them: what happened is taken into the ledger, what did not is forgotten. It
// only looks; it needs no approval. What cannot be read stays open and bars.
func Settle(w World, l Ledger) (Ledger, []Barrier) {
	l, x := l.Clone(), w.index()
	var barriers []Barrier
	for _, k := range l.keys() {
		r := l.Records[k]
		if r.Intent == nil {
			continue
		}
		if p, bad := w.unread(k); bad {
			barriers = append(barriers, Barrier{Key: k, Why: WhyUnread, Cause: &p,
				Detail: "A change was under way when Culvert stopped, and how it ended cannot be read: " + p.Message})
			continue
		}
		if settled, keep := settle(k, r, x, l); keep {
			l.Records[k] = settled
		} else {
			delete(l.Records, k)
		}
	}
	return l, barriers
}

// settle gives the record after its intent was closed, and whether to keep it.
func settle(k Key, r Record, x index, l Ledger) (Record, bool) {
	intent := *r.Intent
	r.Intent = nil
	o := intended(k, r, intent, x, l)
	switch {
	case intent.Absent:
		return r, o != nil // gone: forgotten; still there: not yet deleted
	case intent.Drop:
		return r, o != nil && !intent.To.met(o.State) // put back: no longer ours
	case o == nil:
		return r, r.ID != "" // never made, or gone since
	case r.ID == "": // the first change: it is ours if it took place
		if !intent.To.met(running(o.State)) && o.Mark != l.mark(k) {
			return Record{}, false
		}
		r.ID, r.Left = o.ID, running(o.State)
	case intent.To.met(running(o.State)):
		r.ID, r.Left = o.ID, running(o.State)
	}
	return r, true
}

// intended finds the object that an intent was about.
func intended(k Key, r Record, intent Intent, x index, l Ledger) *Object {
	for _, id := range []string{r.ID, intent.FromID} {
		if o := x.byID(k, id); o != nil {
			return o
		}
	}
	if marked := x.marked(k, l.mark(k)); len(marked) > 0 {
		return marked[0]
	}
	if intent.To == nil {
		return nil
	}
	for _, o := range x.of(k) {
		marked := k.Kind.ofProject() || k.Kind == KindConnectorFile || k.Kind == KindFrontConfig
		natural := k.Kind.inPlace() || marked && l.ours(o.Mark) || k.Kind == KindIngress || k.Kind == KindEnrolmentRule
		if natural && overlap(intent.To.occupies(), o.State.occupies()) {
			return o
		}
	}
	return nil
}
