package sim

// The lists of a device profile, each of which is written whole.

// split gives the profile another list of split tunnels. It has one of the two
// kinds, so that writing the other kind changes what the list means; that an
// empty one does not was not established.
func (p profile) split(list []splitEntry, includes bool, u Unsure) (profile, error) {
	switch {
	case includes != p.Includes && len(list) == 0:
		return p, nil
	case includes != p.Includes && u.SplitModeKept:
		return p, badProfile("exclude and include cannot both be set")
	}
	for _, e := range list {
		if err := e.check(); err != nil {
			return p, err
		}
	}
	p.Split, p.Includes = list, includes
	return p, nil
}

func getExclude(c *call) (answer, error) { return c.splitTunnels(false) }
func getInclude(c *call) (answer, error) { return c.splitTunnels(true) }

// splitTunnels is empty for the kind that is not in use.
func (c *call) splitTunnels(includes bool) (answer, error) {
	p, err := c.profile()
	if err != nil {
		return answer{}, err
	}
	if p.Includes != includes {
		return answer{result: []splitEntry{}}, nil
	}
	return answer{result: mixed(p.Split)}, nil
}

func putExclude(c *call) (answer, error) { return c.putSplitTunnels(false) }
func putInclude(c *call) (answer, error) { return c.putSplitTunnels(true) }

func (c *call) putSplitTunnels(includes bool) (answer, error) {
	p, err := c.profile()
	if err != nil {
		return answer{}, err
	}
	list := []splitEntry{}
	if err := c.read(&list); err != nil {
		return answer{}, err
	}
	changed, err := p.split(list, includes, c.cloud.o.Unsure)
	if err != nil {
		return answer{}, err
	}
	c.account.keep(changed)
	return answer{result: mixed(list)}, nil
}

// resetExclude puts the list of a new profile in its place. That this is what
// the operation does was not established.
func resetExclude(c *call) (answer, error) {
	p, err := c.profile()
	if err != nil {
		return answer{}, err
	}
	changed := *p
	changed.Split, changed.Includes = usualExclude(), false
	c.account.keep(changed)
	return answer{result: mixed(changed.Split)}, nil
}

func getFallback(c *call) (answer, error) {
	p, err := c.profile()
	if err != nil {
		return answer{}, err
	}
	return answer{result: mixed(p.Fallback)}, nil
}

func putFallback(c *call) (answer, error) {
	list := []fallbackEntry{}
	if err := c.read(&list); err != nil {
		return answer{}, err
	}
	return c.saveFallback(list)
}

func resetFallback(c *call) (answer, error) { return c.saveFallback(usualFallback()) }

func (c *call) saveFallback(list []fallbackEntry) (answer, error) {
	p, err := c.profile()
	if err != nil {
		return answer{}, err
	}
	for i, e := range list {
		if list[i], err = e.stored(); err != nil {
			return answer{}, err
		}
	}
	changed := *p
	changed.Fallback = list
	c.account.keep(changed)
	return answer{result: mixed(list)}, nil
}
