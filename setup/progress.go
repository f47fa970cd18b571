package setup

// Entry is the call for one change, with its references bound to what stands
// now. It fails if something that it refers to does not stand yet.
func (p Plan) Entry(c Change, l Ledger) (Entry, bool) {
	to := Bind(c.To, func(k Key) (string, bool) {
		id, ok := p.ids[k]
		return id, ok
	})
	if to != nil && !Bound(to) {
		return Entry{}, false
	}
	return Entry{Key: c.Key, Verb: c.Verb, ID: c.FromID, From: c.From, To: to, Mark: l.mark(c.Key), Drop: c.Drop}, true
}

// Difference gives the lines that a change makes different. What both sides
// refer to, one by its id and the other by its name, is no difference.
func (p Plan) Difference(c Change) []string { return Difference(p.named(c.From), c.To) }

// named replaces the ids of things at Cloudflare that the plan knows by their
// keys.
func (p Plan) named(s State) State {
	if s == nil {
		return nil
	}
	return s.mapIDs(func(id ID) ID {
		if id.Lit == "" {
			return id
		}
		for _, k := range sortedKeys(p.ids) {
			if at := k.Kind.Place(); p.ids[k] == id.Lit && at != AtDocker && at != AtFiles {
				return Ref(k)
			}
		}
		return id
	})
}

// Begin is the record of a change that is about to be made: what it was before
// and the intent, written before the call.
func (l Ledger) Begin(c Change, e Entry) Record {
	r, known := l.Records[c.Key]
	switch {
	case c.Verb == Create:
		if !known || r.Owner != Adopted {
			r.Owner, r.Prior = Created, nil
		}
	case c.Drop:
	case !known && c.marked: // a create of ours that nobody wrote down
		r.Owner = Created
	case !known || r.Owner == Found:
		r.Owner, r.Prior = Adopted, running(c.From)
	}
	if !c.Drop {
		r.By = c.By
	}
	if isList(e.To) {
		r.Added = addedBy(r.Added, c.From, e.To)
	}
	r.Intent = &Intent{Verb: c.Verb, From: c.From, To: e.To, FromID: c.FromID, Absent: c.Verb == Delete, Drop: c.Drop}
	return r
}

// Finish is the record after the outcome of a change, and whether to keep it.
func Finish(r Record, c Change, o Outcome) (Record, bool) {
	r.Intent = nil
	if o.Err != nil {
		return r, r.ID != ""
	}
	if c.Drop || o.State == nil {
		return r, false
	}
	r.ID, r.Left = o.ID, o.State
	return r, true
}

// Note is the record after a change that only our ledger knows of: a claim or a
// release; and whether to keep it.
func (l Ledger) Note(c Change) (Record, bool) {
	r, known := l.Records[c.Key]
	if c.Verb == Release {
		r.By = c.By
		return r, len(c.By) > 0
	}
	if !known {
		r.Owner = Found
		if c.marked {
			r.Owner = Created
		}
	}
	r.ID, r.Left, r.By = c.FromID, c.From, c.By
	if isList(c.To) {
		r.Added = common(l.added(c.Key, r), entries(c.From))
	}
	return r, true
}
