package sim

import (
	"encoding/json"
	"slices"
)

// AddElsewhere tells of a record that a zone has at the DNS host that it is to
// leave, for a scan to find.
func (c *Cloud) AddElsewhere(zoneID, kind, name, content string) bool {
	known := false
	c.change(func(s *state) {
		z, ok := s.Zones.get(zoneID)
		if known = ok; !ok {
			return
		}
		r := blankRecord()
		r.ID, r.Type, r.Name, r.Content = c.ids.tag(), kind, inZone(name, z.Name), content
		r.CreatedOn, r.ModifiedOn, r.Proxiable = c.now(), c.now(), kind == "A" || kind == "AAAA" || kind == "CNAME"
		z.Elsewhere = append(z.Elsewhere, r)
	})
	return known
}

// found is what a scan finds: what is elsewhere and not here.
func (c *call) found() []record {
	var list []record
	for _, r := range c.zone.Elsewhere {
		if c.zone.conflict(&r, c.cloud.o.Unsure) == nil {
			list = append(list, r)
		}
	}
	return list
}

// scanAndAdd is the old way, which adds what it finds without asking.
func scanAndAdd(c *call) (answer, error) {
	list := c.found()
	for i := range list {
		list[i].ID = c.cloud.ids.tag()
	}
	err := c.addAll(list)
	return answer{result: imported{len(list), len(c.zone.Elsewhere)}}, err
}

// triggerScan has it done at once, where Cloudflare takes its time.
func triggerScan(c *call) (answer, error) {
	c.zone.Scanned = c.found()
	return answer{result: nil}, nil
}

func listScanned(c *call) (answer, error) {
	return answer{result: orEmpty(c.zone.Scanned)}, nil
}

// reviewScanned adds the accepted records, all or none, and forgets the
// rejected ones.
func reviewScanned(c *call) (answer, error) {
	var in struct {
		Accepts []json.RawMessage `json:"accepts"`
		Rejects []named           `json:"rejects"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	accepted, done := []*record{}, []string{}
	err := c.atomically(func(c *call) error {
		for _, body := range in.Accepts {
			one, err := c.doRecord("", body, createRecord)
			if err != nil {
				return err
			}
			accepted = append(accepted, one)
		}
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	for _, reject := range in.Rejects {
		done = append(done, reject.ID)
	}
	c.zone.Scanned = slices.DeleteFunc(slices.Clone(c.zone.Scanned), func(r record) bool {
		return slices.Contains(done, r.ID) || slices.ContainsFunc(accepted, func(a *record) bool {
			return a.Name == r.Name && a.Type == r.Type && a.Content == r.Content
		})
	})
	return answer{result: map[string]any{"accepts": accepted, "rejects": done}}, nil
}
