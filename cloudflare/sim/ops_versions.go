package sim

import (
	"net/http"
	"slices"
	"strconv"
)

// versions are all that are remembered of a ruleset, the newest last.
func (p *phaseRules) versions() []*phaseRules { return append(slices.Clone(p.Past), p) }

func listVersions(c *call) (answer, error) {
	p, err := c.ruleset(true)
	if err != nil {
		return answer{}, err
	}
	views := []rulesetView{}
	for _, v := range p.versions() {
		views = append(views, v.head())
	}
	return answer{result: views}, nil
}

// version finds the one of the path.
func (c *call) version(read bool) (p, version *phaseRules, err error) {
	if p, err = c.ruleset(read); err != nil {
		return nil, nil, err
	}
	for _, v := range p.versions() {
		if strconv.Itoa(v.Version) == c.params["version"] {
			return p, v, nil
		}
	}
	return nil, nil, refuse(http.StatusNotFound, 10002, "could not find version "+c.params["version"]+" of ruleset "+p.ID)
}

func getVersion(c *call) (answer, error) {
	_, v, err := c.version(true)
	if err != nil {
		return answer{}, err
	}
	return answer{result: v.view()}, nil
}

// deleteVersion forgets an earlier version; the one that is in force stays. The
// code of that refusal was not established.
func deleteVersion(c *call) (answer, error) {
	p, v, err := c.version(false)
	if err != nil {
		return answer{}, err
	}
	if v == p {
		return answer{}, badRule(20131, "the latest version of a ruleset cannot be deleted")
	}
	forget := func(e *zoneEdge) error {
		rest := *p
		rest.Past = slices.DeleteFunc(slices.Clone(p.Past), func(x *phaseRules) bool { return x == v })
		e.Rulesets[p.Phase] = &rest
		return nil
	}
	_, err = c.changeRules(forget)
	return answer{status: http.StatusNoContent}, err
}
