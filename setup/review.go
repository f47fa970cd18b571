package setup

import (
	"slices"
	"time"
)

// RouteReview is what a comparison of the doors with the app's own addresses
// found. It is for people to read: nothing is opened or closed by it.
type RouteReview struct {
	At    time.Time
	Fresh []string    // addresses that programs may send to, and that nobody spoke of
	Stale []StaleDoor // paths that the app does not serve
}

// StaleDoor is a path of a door that the app does not serve.
type StaleDoor struct {
	Door string // its id
	Path string // as the profile writes it
}

// For keeps what concerns answers: addresses to which none of their doors leads,
// and doors that they have.
func (r RouteReview) For(a Answers) RouteReview {
	out := RouteReview{At: r.At}
	for _, path := range r.Fresh {
		leads := func(d Door) bool {
			return slices.ContainsFunc(d.Destinations, func(dest string) bool { return Takes(a.Hostname+dest, a.Hostname, path) })
		}
		if !slices.ContainsFunc(a.Doors, leads) {
			out.Fresh = append(out.Fresh, path)
		}
	}
	for _, s := range r.Stale {
		if slices.ContainsFunc(a.Doors, func(d Door) bool { return d.ID == s.Door }) {
			out.Stale = append(out.Stale, s)
		}
	}
	return out
}
