package sim

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// exportRecords is the zone as a BIND file, which comes without an envelope.
func exportRecords(c *call) (answer, error) {
	var b strings.Builder
	fmt.Fprintf(&b, ";;\n;; Domain:     %s.\n;; Exported:   %s\n;;\n", c.zone.Name, c.now.Format("2006-01-02 15:04:05"))
	fmt.Fprintf(&b, "%s.\t3600\tIN\tSOA\t%s. dns.cloudflare.com. 1 10000 2400 604800 3600\n\n", c.zone.Name, c.zone.NameServers[0])
	for r := range c.zone.Records.all() {
		fmt.Fprintf(&b, "%s.\t%d\tIN\t%s\t%s", r.Name, r.TTL, r.Type, r.zoneFileContent())
		if note := r.comment(); note != "" || r.Proxiable {
			fmt.Fprintf(&b, " ; %s cf_tags=cf-proxied:%t", note, r.Proxied)
		}
		b.WriteByte('\n')
	}
	return answer{text: b.String()}, nil
}

func (r *record) zoneFileContent() string {
	switch {
	case r.Type == "TXT" && !strings.HasPrefix(r.Content, `"`):
		return strconv.Quote(r.Content)
	case (r.Type == "MX" || r.Type == "SRV") && r.Priority != nil:
		return fmt.Sprintf("%d %s", *r.Priority, absolute(r.Content))
	case r.Type == "CNAME" || r.Type == "NS" || r.Type == "PTR":
		return absolute(r.Content)
	default:
		return r.Content
	}
}

// absolute ends a name with its dot.
func absolute(name string) string { return strings.TrimSuffix(name, ".") + "." }

type imported struct {
	Added  int `json:"recs_added"`
	Parsed int `json:"total_records_parsed"`
}

// importRecords adds what a BIND file has, but for the records at the apex that
// Cloudflare keeps itself. One that is refused refuses all; whether Cloudflare
// goes on there was not established.
func importRecords(c *call) (answer, error) {
	file, proxied, err := c.upload()
	if err != nil {
		return answer{}, err
	}
	var found []record
	parser := dns.NewZoneParser(strings.NewReader(file), c.zone.Name+".", "")
	parser.SetDefaultTTL(1)
	for rr, more := parser.Next(); more; rr, more = parser.Next() {
		if r, ok := c.fromZoneFile(rr); ok {
			r.Proxied = proxied && r.Proxiable
			found = append(found, r)
		}
	}
	if err := parser.Err(); err != nil {
		return answer{}, refuse(http.StatusBadRequest, 1004, "Could not parse the zone file: "+err.Error())
	}
	err = c.addAll(found)
	return answer{result: imported{len(found), len(found)}}, err
}

// addAll adds records, all or none.
func (c *call) addAll(list []record) error {
	return c.atomically(func(c *call) error {
		for _, r := range list {
			if r.Proxied {
				r.TTL = 1
			}
			r.ModifiedOn = c.now
			if err := c.admitRecord(&r, nil); err != nil {
				return err
			}
			c.zone.store(&r, nil)
		}
		return nil
	})
}

// fromZoneFile reads a record; it leaves the SOA and the name servers of the
// zone alone.
func (c *call) fromZoneFile(rr dns.RR) (record, bool) {
	h := rr.Header()
	r := blankRecord()
	r.ID, r.CreatedOn = c.cloud.ids.tag(), c.now
	r.Name, r.Type, r.TTL = inZone(h.Name, c.zone.Name), dns.TypeToString[h.Rrtype], int(h.Ttl)
	r.Content = strings.TrimPrefix(rr.String(), h.String())
	switch one := rr.(type) {
	case *dns.SOA:
		return record{}, false
	case *dns.NS:
		r.Content = hostname(one.Ns)
		if r.Name == c.zone.Name {
			return record{}, false
		}
	case *dns.CNAME:
		r.Content = hostname(one.Target)
	case *dns.MX:
		priority := int(one.Preference)
		r.Content, r.Priority = hostname(one.Mx), &priority
	case *dns.TXT:
		r.Content = strings.Join(one.Txt, "")
	}
	r.Proxiable = r.Type == "A" || r.Type == "AAAA" || r.Type == "CNAME"
	return r, true
}

// upload reads the form of an import. The official Go client sends the file's
// text as a plain field.
func (c *call) upload() (file string, proxied bool, err error) {
	bad := refuse(http.StatusBadRequest, 1004, "file is required")
	_, params, err := mime.ParseMediaType(c.contentType)
	if err != nil {
		return "", false, bad
	}
	form, err := multipart.NewReader(bytes.NewReader(c.body), params["boundary"]).ReadForm(maxBody)
	if err != nil {
		return "", false, bad
	}
	if values := form.Value["proxied"]; len(values) > 0 {
		proxied = values[0] == "true"
	}
	if values := form.Value["file"]; len(values) > 0 {
		return values[0], proxied, nil
	}
	if len(form.File["file"]) == 0 {
		return "", false, bad
	}
	f, err := form.File["file"][0].Open()
	if err != nil {
		return "", false, err
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	return string(text), proxied, err
}
