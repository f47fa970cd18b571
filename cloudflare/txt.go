package cloudflare

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/dns"

	"github.com/culvert/culvert/setup"
)

// Text records prove to a certificate authority that a domain is ours. They
// stand for a minute and belong to no plan, so they do not go through Do. Each
// carries a mark, and only what carries the same mark is shown or deleted.

const proofTTL = dns.TTL(60) // seconds, the least that Cloudflare takes

// AddTXT makes a text record with a mark on a name of a domain. One of ours with
// the same value is enough, so that a call whose answer was lost may be repeated.
func (c *Client) AddTXT(ctx context.Context, zone, name, value, mark string) error {
	id, p := c.zoneID(ctx, zone)
	if p != nil {
		return p
	}
	_, err := c.write(ctx, op{"make the record that proves the domain to the certificate authority", needsDNS},
		http.MethodPost, recordsPath(id), dns.TXTRecordParam{
			Name:    sdk.F(host(name)),
			Type:    sdk.F(dns.TXTRecordTypeTXT),
			Content: sdk.F(`"` + value + `"`),
			TTL:     sdk.F(proofTTL),
			Comment: sdk.F(comment("Culvert: a proof for a certificate, may be deleted", mark)),
		})
	if err == nil {
		return nil
	}
	var failed *apiError
	if errors.As(err, &failed) && (failed.unknown() || failed.has(81058)) {
		for _, have := range c.txtOrNone(ctx, id, name, mark) {
			if have == value {
				return nil
			}
		}
	}
	return problem(err)
}

// TXT gives the values of the text records on a name that carry a mark, by id.
func (c *Client) TXT(ctx context.Context, zone, name, mark string) (map[string]string, error) {
	id, p := c.zoneID(ctx, zone)
	if p != nil {
		return nil, p
	}
	found, err := c.txt(ctx, id, name, mark)
	if err != nil {
		return nil, problem(err)
	}
	return found, nil
}

func (c *Client) txt(ctx context.Context, zoneID, name, mark string) (map[string]string, error) {
	query := url.Values{"type": {string(dns.TXTRecordTypeTXT)}, "name.exact": {host(name)}}
	rows, err := c.list(ctx, readingRecords, recordsPath(zoneID), query)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, row := range rows {
		o, err := decoded(row, decoderOf(zoneID))
		if err != nil {
			return nil, err
		}
		if provesFor(o, mark) {
			found[o.ID] = unquoted(o.State.(setup.DNSRecord).Content)
		}
	}
	return found, nil
}

func (c *Client) txtOrNone(ctx context.Context, zoneID, name, mark string) map[string]string {
	found, err := c.txt(ctx, zoneID, name, mark)
	if err != nil {
		return nil // the failure that led here is the one to tell
	}
	return found
}

// DropTXT deletes a text record if it still carries the mark. That it is gone
// already is no error.
func (c *Client) DropTXT(ctx context.Context, zone, id, mark string) error {
	zoneID, p := c.zoneID(ctx, zone)
	if p != nil {
		return p
	}
	raw, err := c.get(ctx, readingRecords, recordsPath(zoneID, id), nil)
	have, err := found(raw, err, decoderOf(zoneID))
	switch {
	case err != nil:
		return problem(err)
	case have == nil:
		return nil
	case !provesFor(*have, mark):
		return refused(setup.CodeRefused, "The DNS record is not one of Culvert's proofs any more. It is left alone.")
	}
	_, err = c.write(ctx, op{"delete the record that proved the domain", needsDNS}, http.MethodDelete, recordsPath(zoneID, id), nil)
	if err != nil && !gone(err) {
		return problem(err)
	}
	return nil
}

func provesFor(o setup.Object, mark string) bool {
	return mark != "" && o.Mark == mark && o.State.(setup.DNSRecord).Type == string(dns.TXTRecordTypeTXT)
}

// unquoted is the text of a record as DNS answers it: its strings, one after
// the other. Cloudflare keeps the quotes that were sent, if any were.
func unquoted(content string) string {
	text, quoted := strings.CutPrefix(content, `"`)
	if !quoted {
		return content
	}
	return strings.ReplaceAll(strings.TrimSuffix(text, `"`), `" "`, "")
}

// zoneID is the id of a domain that DNS is served for.
func (c *Client) zoneID(ctx context.Context, zone string) (string, *setup.Problem) {
	rows, err := c.zones(ctx, c.account, host(zone))
	if err != nil {
		return "", problem(err)
	}
	all := decodeAll(setup.ReadScope{Kind: setup.KindZone}, rows, nil, decodeZone)
	if all.err != nil {
		return "", problem(all.err)
	}
	if len(all.objects) == 0 {
		return "", refused(setup.CodeNotFound, "The token reaches no domain %s at Cloudflare. Add the domain to the token in the dashboard (My Profile, API Tokens), under Zone Resources.", host(zone))
	}
	id := servingZone(all.objects)
	for _, o := range all.objects {
		if z := o.State.(setup.Zone); o.ID == id && z.Status != "active" {
			return "", refused(setup.CodeNotEnabled, "The domain %s is not active at Cloudflare yet. Enter Cloudflare's name servers where you bought it; then wait until it is active.", host(zone))
		}
	}
	return id, nil
}
