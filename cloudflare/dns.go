package cloudflare

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"unicode/utf8"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/dns"

	"github.com/culvert/culvert/setup"
)

var readingRecords = op{"read the DNS records", needsDNS}

func recordsPath(zoneID string, below ...string) string {
	return at(append([]string{"zones", zoneID, "dns_records"}, below...)...)
}

func decoderOf(zoneID string) func(json.RawMessage) (setup.Object, error) {
	return func(raw json.RawMessage) (setup.Object, error) { return decodeRecord(zoneID, raw) }
}

func decodeRecord(zoneID string, raw json.RawMessage) (setup.Object, error) {
	var in struct {
		ID, Name, Type, Content, Comment string
		Proxied                          bool
	}
	if err := parse(readingRecords, raw, &in); err != nil {
		return setup.Object{}, err
	}
	r := setup.DNSRecord{Zone: setup.Lit(zoneID), Name: host(in.Name), Type: in.Type, Content: in.Content, Proxied: in.Proxied}
	if in.Type == "CNAME" {
		r.Content = host(in.Content)
		if tunnel, ok := setup.TunnelOf(in.Content); ok {
			r.Tunnel, r.Content = setup.Lit(tunnel), ""
		}
	}
	mark, _ := setup.FindMark(in.Comment)
	return setup.Object{ID: in.ID, Mark: mark, State: r, Raw: raw}, nil
}

const longestComment = 100 // characters, on the Free plan

// comment says why a record is there, and whose it is. The mark never gives
// way to the text.
func comment(text, mark string) string {
	full := setup.WithMark(text, mark)
	if over := utf8.RuneCountInString(full) - longestComment; over > 0 {
		runes := []rune(text)
		full = setup.WithMark(string(runes[:max(0, len(runes)-over-1)])+"…", mark)
	}
	return full
}

type records struct{ *Client }

// zoneOf is the zone of an entry: a record's path begins with it.
func zoneOf(e setup.Entry) string {
	for _, s := range []setup.State{e.From, e.To} {
		if r, ok := s.(setup.DNSRecord); ok && r.Zone.Lit != "" {
			return r.Zone.Lit
		}
	}
	return ""
}

func (r records) read(ctx context.Context, e setup.Entry, id string) (*setup.Object, error) {
	zone := zoneOf(e)
	if zone == "" {
		return nil, refused(setup.CodeInternal, "The change of %s does not say in which domain it is.", e.Key.Short())
	}
	raw, err := r.get(ctx, readingRecords, recordsPath(zone, id), nil)
	return found(raw, err, decoderOf(zone))
}

// create makes CNAMEs only; Cloudflare itself refuses one on a name that is taken.
func (r records) create(ctx context.Context, e setup.Entry) (string, error) {
	to := e.To.(setup.DNSRecord)
	if to.Type != string(dns.CNAMERecordTypeCNAME) {
		return "", refused(setup.CodeRefused, "Culvert makes no DNS records but CNAMEs.")
	}
	raw, err := r.write(ctx, op{"make the DNS record", needsDNS}, http.MethodPost, recordsPath(to.Zone.Lit),
		dns.CNAMERecordParam{
			Name:    sdk.F(to.Name),
			Type:    sdk.F(dns.CNAMERecordTypeCNAME),
			Content: sdk.F(contentOf(to)),
			Proxied: sdk.F(to.Proxied),
			TTL:     sdk.F(dns.TTL1), // automatic, as a proxied record must have it
			Comment: sdk.F(comment(fmt.Sprintf("Culvert: the way to %s through the tunnel", to.Name), e.Mark)),
		})
	return idOf(raw, err)
}

// update sends our fields only; comment, tags and the rest stay.
func (r records) update(ctx context.Context, e setup.Entry, _ *setup.Object) error {
	to := e.To.(setup.DNSRecord)
	body := map[string]any{"name": to.Name, "type": to.Type, "content": contentOf(to), "proxied": to.Proxied}
	if to.Proxied {
		body["ttl"] = 1
	}
	_, err := r.write(ctx, op{"change the DNS record", needsDNS}, http.MethodPatch, recordsPath(zoneOf(e), e.ID), body)
	return err
}

func (r records) remove(ctx context.Context, e setup.Entry, _ *setup.Object) error {
	_, err := r.write(ctx, op{"delete the DNS record", needsDNS}, http.MethodDelete, recordsPath(zoneOf(e), e.ID), nil)
	return err
}

func contentOf(r setup.DNSRecord) string {
	if r.Tunnel.Lit != "" {
		return setup.TunnelContent(r.Tunnel.Lit)
	}
	return r.Content
}
