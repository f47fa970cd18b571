package sim

import "time"

// plan is what a zone's plan allows.
type plan struct {
	named
	comment    int           // characters of a record's comment
	tags       int           // of a record
	records    int           // of the zone
	activation time.Duration // between two activation checks
}

// plan is the Free plan, or what stands for every other.
func (z *zone) plan() plan {
	if z.Paid {
		return plan{named: named{ID: "1ac039f6c29b691475c3d74fe588d1ae", Name: "Pro Website"}, comment: 500, tags: 20, records: 3500, activation: 5 * time.Minute}
	}
	return plan{named: named{ID: "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", Name: "Free Website"}, comment: 100, records: 200, activation: time.Hour}
}

// SetPaid puts a zone on a plan that costs something, or back on the Free one.
// It reports whether there is such a zone.
func (c *Cloud) SetPaid(zoneID string, paid bool) bool {
	known := false
	c.change(func(s *state) {
		z, ok := s.Zones.get(zoneID)
		if known = ok; ok {
			z.Paid = paid
		}
	})
	return known
}
