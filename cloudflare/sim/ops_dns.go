package sim

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// record is a DNS record, stored as it is shown.
type record struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Type       string          `json:"type"`
	Content    string          `json:"content"`
	Proxiable  bool            `json:"proxiable"`
	Proxied    bool            `json:"proxied"`
	TTL        int             `json:"ttl"`
	Priority   *int            `json:"priority,omitempty"`
	Data       json.RawMessage `json:"data,omitempty"`
	Settings   json.RawMessage `json:"settings"`
	Meta       json.RawMessage `json:"meta"`
	Comment    *string         `json:"comment"`
	Tags       []string        `json:"tags"`
	CreatedOn  time.Time       `json:"created_on"`
	ModifiedOn time.Time       `json:"modified_on"`
	CommentOn  *time.Time      `json:"comment_modified_on,omitempty"`
}

func recordRoutes() []route {
	list, one := "/zones/{zone}/dns_records", "/zones/{zone}/dns_records/{record}"
	return []route{
		{method: "GET", path: list, area: recordArea(), do: listRecords},
		{method: "POST", path: list, area: recordArea(), do: createRecord},
		{method: "GET", path: list + "/usage", area: recordArea(), do: getUsage},
		{method: "POST", path: list + "/batch", area: recordArea(), do: batchRecords},
		{method: "GET", path: list + "/export", area: recordArea(), do: exportRecords},
		{method: "POST", path: list + "/import", area: recordArea(), do: importRecords},
		{method: "POST", path: list + "/scan", area: recordArea(), do: scanAndAdd},
		{method: "POST", path: list + "/scan/trigger", area: recordArea(), do: triggerScan},
		{method: "GET", path: list + "/scan/review", area: recordArea(), do: listScanned},
		{method: "POST", path: list + "/scan/review", area: recordArea(), do: reviewScanned},
		{method: "GET", path: one, area: recordArea(), do: getRecord},
		{method: "PUT", path: one, area: recordArea(), do: replaceRecord},
		{method: "PATCH", path: one, area: recordArea(), do: editRecord},
		{method: "DELETE", path: one, area: recordArea(), do: deleteRecord},
	}
}

func listRecords(c *call) (answer, error) {
	var rows []*record
	for r := range c.zone.Records.all() {
		if c.wantsRecord(r) {
			rows = append(rows, r)
		}
	}
	if field := c.query.Get("order"); field == "name" || field == "type" || field == "content" {
		slices.SortStableFunc(rows, func(a, b *record) int { return cmp.Compare(a.field(field), b.field(field)) })
	}
	if c.query.Get("direction") == "desc" {
		slices.Reverse(rows)
	}
	return page(c.query, rows, paging{100, 1, 5_000_000}), nil
}

func (r *record) field(name string) string {
	switch name {
	case "name":
		return r.Name
	case "type":
		return r.Type
	case "content":
		return r.Content
	default:
		return r.comment()
	}
}

func (r *record) comment() string {
	if r.Comment == nil {
		return ""
	}
	return *r.Comment
}

// wantsRecord applies the filters of a list: all of them, or any (match=any).
// A search goes by itself.
func (c *call) wantsRecord(r *record) bool {
	if !strings.Contains(strings.ToLower(r.Name+" "+r.Type+" "+r.Content+" "+r.comment()), strings.ToLower(c.query.Get("search"))) {
		return false
	}
	hits, misses := 0, 0
	for _, field := range []string{"name", "type", "content", "comment"} {
		for _, f := range textFilters(c.query, field) {
			if f.matches(r.field(field)) {
				hits++
			} else {
				misses++
			}
		}
	}
	if filters := textFilters(c.query, "tag"); len(filters) > 0 {
		missed := func(f textFilter) bool { return !f.matchesTag(r.Tags) }
		any := c.query.Get("tag_match") == "any" && slices.ContainsFunc(filters, func(f textFilter) bool { return !missed(f) })
		if any || !slices.ContainsFunc(filters, missed) {
			hits++
		} else {
			misses++
		}
	}
	if proxied, given := c.flag("proxied"); given && proxied == r.Proxied {
		hits++
	} else if given {
		misses++
	}
	if c.query.Get("match") == "any" {
		return hits > 0 || misses == 0
	}
	return misses == 0
}

// recordInput is what a client may set; a nil field was not sent.
type recordInput struct {
	Name     *string         `json:"name"`
	Type     *string         `json:"type"`
	Content  *string         `json:"content"`
	Proxied  *bool           `json:"proxied"`
	TTL      *float64        `json:"ttl"`
	Priority *int            `json:"priority"`
	Data     json.RawMessage `json:"data"`
	Settings json.RawMessage `json:"settings"`
	Comment  *string         `json:"comment"`
	Tags     []string        `json:"tags"`
}

// onto puts what was sent onto a record.
func (in recordInput) onto(r record, zone string) record {
	if in.Name != nil {
		r.Name = inZone(*in.Name, zone)
	}
	if in.Type != nil {
		r.Type = strings.ToUpper(*in.Type)
	}
	if in.Content != nil {
		r.Content = *in.Content
	}
	if in.Proxied != nil {
		r.Proxied = *in.Proxied
	}
	if in.TTL != nil {
		r.TTL = int(*in.TTL)
	}
	if in.Comment != nil {
		r.Comment = in.Comment
		if *in.Comment == "" {
			r.Comment = nil
		}
	}
	r.Priority = cmp.Or(in.Priority, r.Priority)
	if in.Data != nil {
		r.Data = in.Data
	}
	if in.Settings != nil {
		r.Settings = in.Settings
	}
	if in.Tags != nil {
		r.Tags = in.Tags
	}
	r.Proxiable = r.Type == "A" || r.Type == "AAAA" || r.Type == "CNAME"
	if r.Type == "CNAME" {
		r.Content = hostname(r.Content)
	}
	return r
}

// inZone completes a name: @ is the apex, and a name that does not end in the
// zone's is taken to be relative to it.
func inZone(name, zone string) string {
	name = hostname(name)
	switch {
	case name == "@" || name == zone:
		return zone
	case strings.HasSuffix(name, "."+zone):
		return name
	default:
		return name + "." + zone
	}
}

func blankRecord() record {
	return record{TTL: 1, Settings: json.RawMessage("{}"), Meta: json.RawMessage("{}"), Tags: []string{}}
}

func createRecord(c *call) (answer, error) {
	r := blankRecord()
	r.ID, r.CreatedOn = c.cloud.ids.tag(), c.now
	return c.saveRecord(r, nil)
}

// replaceRecord keeps the identity of a record and nothing else.
func replaceRecord(c *call) (answer, error) {
	old, err := c.record()
	if err != nil {
		return answer{}, err
	}
	r := blankRecord()
	r.ID, r.CreatedOn = old.ID, old.CreatedOn
	return c.saveRecord(r, old)
}

func editRecord(c *call) (answer, error) {
	old, err := c.record()
	if err != nil {
		return answer{}, err
	}
	return c.saveRecord(*old, old)
}

// saveRecord stores base with the body's fields, in the place of old if given.
func (c *call) saveRecord(base record, old *record) (answer, error) {
	var in recordInput
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	r := in.onto(base, c.zone.Name)
	if err := c.admitRecord(&r, old); err != nil {
		return answer{}, err
	}
	r.ModifiedOn = c.now
	if r.Comment != nil && (old == nil || old.comment() != r.comment()) {
		r.CommentOn = &c.now
	}
	c.zone.store(&r, old)
	return answer{result: &r}, nil
}

// admitRecord checks a record by itself and against the others of the zone.
func (c *call) admitRecord(r, old *record) error {
	if err := r.compose(); err != nil {
		return err
	}
	if err := r.valid(c.zone.plan()); err != nil {
		return err
	}
	if old == nil && c.zone.Records.len() >= c.zone.plan().records {
		return refuse(http.StatusBadRequest, 81045, "Record quota exceeded.")
	}
	return c.zone.conflict(r, c.cloud.o.Unsure)
}

func (z *zone) store(r, old *record) {
	if old != nil {
		z.forget(old)
	}
	z.Records.put(r.ID, r)
	z.named[r.Name] = append(z.named[r.Name], r)
}

func (z *zone) forget(r *record) {
	z.Records.drop(r.ID)
	rest := slices.DeleteFunc(z.named[r.Name], func(x *record) bool { return x.ID == r.ID })
	if z.named[r.Name] = rest; len(rest) == 0 {
		delete(z.named, r.Name)
	}
}

func (c *call) record() (*record, error) {
	if r, ok := c.zone.Records.get(c.id); ok {
		return r, nil
	}
	return nil, refuse(http.StatusNotFound, 81044, "Record does not exist.")
}

func getRecord(c *call) (answer, error) {
	r, err := c.record()
	return answer{result: r}, err
}

func deleteRecord(c *call) (answer, error) {
	r, err := c.record()
	if err != nil {
		return answer{}, err
	}
	c.zone.forget(r)
	return answer{result: named{ID: r.ID}}, nil
}

func getUsage(c *call) (answer, error) {
	return answer{result: map[string]int{"record_quota": c.zone.plan().records, "record_usage": c.zone.Records.len()}}, nil
}
