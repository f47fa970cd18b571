package profile

import (
	"cmp"
	"regexp"
	"slices"
)

// Route is one address of an app's own URL configuration.
type Route struct {
	Path    string   // as the app writes it: /channels/telegram/<uuid:channel>
	Sample  string   // a path that it serves; empty: none could be made up
	View    string   // the code behind it
	Exempt  bool     // programs may send to it: no token of a form is asked for
	Methods []string // as far as they can be told
}

// Served is what a running app says about its addresses.
type Served struct {
	Routes []Route
	// Serves answers for the sample paths of the profile's doors.
	Serves map[string]bool
}

// Review compares a profile with the app as it runs. It is for people to read:
// nothing is opened or closed by it.
type Review struct {
	Stale []StalePath
	New   []Route // programs may send there, and the profile says nothing of it
}

// StalePath is a path of a door that the running app does not serve.
type StalePath struct {
	Door Door
	Path Path
}

// Samples lists the sample paths of all doors.
func (p Profile) Samples() []string {
	var paths []string
	for _, d := range p.Doors {
		paths = append(paths, samples(d)...)
	}
	return paths
}

// Review finds what a profile says and the app does not serve, and what the app
// takes from programs and the profile does not know.
func (p Profile) Review(s Served) Review {
	var r Review
	for _, d := range p.Doors {
		for _, path := range d.Paths {
			if served, asked := s.Serves[path.Sample]; asked && !served && !path.Unrouted {
				r.Stale = append(r.Stale, StalePath{d, path})
			}
		}
	}
	for _, route := range s.Routes {
		if route.forPrograms() && route.Sample != "" && !p.knows(route.Sample) {
			r.New = append(r.New, route)
		}
	}
	slices.SortFunc(r.New, func(a, b Route) int { return cmp.Compare(a.Path, b.Path) })
	return r
}

// forPrograms: it takes something, and no token of a form is asked for.
func (r Route) forPrograms() bool {
	takes := func(method string) bool { return method == "POST" || method == "PUT" || method == "PATCH" }
	return r.Exempt && (len(r.Methods) == 0 || slices.ContainsFunc(r.Methods, takes))
}

// knows says whether the profile speaks of a path: as a door, or as closed.
func (p Profile) knows(path string) bool {
	for _, d := range p.Doors {
		for _, pattern := range d.Ingress {
			if re, err := regexp.Compile(pattern); err == nil && re.MatchString(path) {
				return true
			}
		}
	}
	return slices.ContainsFunc(p.Closed, func(c Closed) bool {
		return slices.ContainsFunc(c.Patterns, func(form string) bool { return meet(path, form) })
	})
}
