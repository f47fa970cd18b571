package sim

// facts is everything that the edge is told of, object by object.
func (s *state) facts() []fact {
	var all []fact
	for a := range s.Accounts.all() {
		for app := range a.Apps.all() {
			all = append(all, appFact(a.ID, app))
		}
		for p := range a.Policies.all() {
			all = append(all, policyFact(a.ID, p))
		}
		for t := range a.Tunnels.all() {
			all = append(all, configFact(t))
		}
		all = append(all, profileFact(a.ID, a.Profile))
		for p := range a.Profiles.all() {
			all = append(all, profileFact(a.ID, p))
		}
	}
	for z := range s.Zones.all() {
		all = append(all, zoneFact(z))
		for r := range z.Records.all() {
			all = append(all, recordFact(z.ID, r))
		}
	}
	return all
}

func appFact(owner string, a *app) fact {
	put := func(a *app) func(*spread) {
		return func(p *spread) {
			if account, ok := p.view.Accounts.get(owner); ok {
				old, _ := account.Apps.get(a.ID)
				account.replaceApp(old, a)
			}
		}
	}
	arriving := *a
	arriving.arriving = true
	return fact{key: "app " + a.ID, row: a, put: put(a), greet: put(&arriving), gone: func(p *spread) {
		if account, ok := p.view.Accounts.get(owner); ok {
			account.dropApp(a.ID)
		}
	}}
}

func (a *account) dropApp(id string) {
	if old, ok := a.Apps.get(id); ok {
		a.doors.remove(old)
		a.Apps.drop(id)
	}
}

func policyFact(owner string, row *policy) fact {
	return fact{key: "policy " + row.ID, row: row, put: func(p *spread) {
		if a, ok := p.view.Accounts.get(owner); ok {
			a.Policies.put(row.ID, row)
		}
	}, gone: func(p *spread) {
		if a, ok := p.view.Accounts.get(owner); ok {
			a.Policies.drop(row.ID)
		}
	}}
}

// profileFact is on its way to the devices, which takes as long as to the edge.
func profileFact(owner string, row *profile) fact {
	return fact{key: "profile " + row.ID, row: row, put: func(p *spread) {
		if a, ok := p.view.Accounts.get(owner); ok {
			a.keep(*row)
		}
	}, gone: func(p *spread) {
		if a, ok := p.view.Accounts.get(owner); ok {
			a.Profiles.drop(row.ID)
		}
	}}
}

// configFact has the tunnel's id as its key, by which its connectors are woken.
func configFact(t *tunnel) fact {
	config := tunnelConfig{t.Version, t.Config}
	return fact{key: t.ID, row: t.Version, put: func(p *spread) { p.configs[t.ID] = config },
		gone: func(p *spread) { delete(p.configs, t.ID) }}
}

// zoneFact is what changes about a zone that the edge knows.
func zoneFact(z *zone) fact {
	type chosen struct {
		status string
		edge   *zoneEdge
	}
	now := chosen{z.Status, z.Edge}
	return fact{key: "zone " + z.ID, row: now, put: func(p *spread) {
		if z, ok := p.view.Zones.get(z.ID); ok {
			z.Status, z.Edge = now.status, now.edge
		}
	}, gone: func(*spread) {}}
}

func recordFact(zone string, r *record) fact {
	return fact{key: "record " + r.ID, row: r, put: func(p *spread) {
		if z, ok := p.view.Zones.get(zone); ok {
			old, _ := z.Records.get(r.ID)
			z.store(r, old)
		}
	}, gone: func(p *spread) {
		if z, ok := p.view.Zones.get(zone); ok {
			if old, ok := z.Records.get(r.ID); ok {
				z.forget(old)
			}
		}
	}}
}
