package sim

import (
	"cmp"
	"slices"
)

// doors finds the Access application of a request. Only the closest one
// counts: nothing is inherited from a wider one beside it.
type doors struct {
	byHost map[string][]door // hosts written out; closest first
	wild   []door            // hosts with a wildcard; closest first
}

type door struct {
	pattern
	app *app
}

func (d *doors) add(a *app) {
	for _, p := range a.patterns {
		at := d.list(p.host)
		one := door{p, a}
		i, _ := slices.BinarySearchFunc(*at, one, func(x, y door) int {
			return cmp.Or(x.closer(y.pattern), cmp.Compare(x.app.ID, y.app.ID))
		})
		d.keep(p.host, slices.Insert(*at, i, one))
	}
}

func (d *doors) remove(a *app) {
	for _, p := range a.patterns {
		d.keep(p.host, slices.DeleteFunc(*d.list(p.host), func(x door) bool { return x.app == a }))
	}
}

func (d *doors) list(host string) *[]door {
	if wildcards(host, ".") > 0 {
		return &d.wild
	}
	list := d.byHost[host]
	return &list
}

func (d *doors) keep(host string, list []door) {
	switch {
	case wildcards(host, ".") > 0:
		d.wild = list
	case len(list) == 0:
		delete(d.byHost, host)
	default:
		if d.byHost == nil {
			d.byHost = map[string][]door{}
		}
		d.byHost[host] = list
	}
}

// at is the application with exactly this destination, if any.
func (d *doors) at(p pattern) *app {
	for _, one := range *d.list(p.host) {
		if one.uri() == p.uri() {
			return one.app
		}
	}
	return nil
}

// find takes a host in normal form and a normalised path.
func (d *doors) find(host, path string) *app {
	for _, one := range d.byHost[host] {
		if one.covers(path) {
			return one.app
		}
	}
	for _, one := range d.wild {
		if one.coversHost(host) && one.covers(path) {
			return one.app
		}
	}
	return nil
}
