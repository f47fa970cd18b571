package cloudflare

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/culvert/culvert/setup"
)

var readingLocations = op{"read the DNS locations", needsZeroTrust}

// locationReadOnly are the fields that Cloudflare writes.
var locationReadOnly = []string{"id", "created_at", "updated_at", "doh_subdomain", "ip", "ipv4_destination", "ipv4_destination_backup"}

func locationsPath(account string, below ...string) string {
	return at(append([]string{"accounts", account, "gateway", "locations"}, below...)...)
}

func (c *Client) readLocations(ctx context.Context, account string) part {
	rows, err := c.list(ctx, readingLocations, locationsPath(account), nil)
	return decodeAll(setup.ReadScope{Kind: setup.KindDNSLocation, Scope: account}, rows, err, decodeLocation)
}

func decodeLocation(raw json.RawMessage) (setup.Object, error) {
	var l zero_trust.Location
	if err := parse(readingLocations, raw, &l); err != nil {
		return setup.Object{}, err
	}
	mark, name := setup.FindMark(l.Name)
	state := setup.DNSLocation{Name: name, Default: l.ClientDefault}
	for _, n := range l.Networks {
		state.Networks = append(state.Networks, n.Network)
	}
	return setup.Object{ID: l.ID, Mark: mark, Raw: raw, State: state}, nil
}

type locations struct{ *Client }

func (l locations) read(ctx context.Context, e setup.Entry, id string) (*setup.Object, error) {
	raw, err := l.get(ctx, readingLocations, locationsPath(e.Key.Scope, id), nil)
	return found(raw, err, decodeLocation)
}

// newLocation answers encrypted queries only: a default one must do so, and one
// for plain queries would claim a public address.
const newLocation = `{"networks":[],"endpoints":{"doh":{"enabled":true},"dot":{"enabled":false},"ipv4":{"enabled":false},"ipv6":{"enabled":false}}}`

func (l locations) create(ctx context.Context, e setup.Entry) (string, error) {
	to := e.To.(setup.DNSLocation)
	if err := l.mayTake(ctx, e, to); err != nil {
		return "", err
	}
	raw, err := l.write(ctx, op{"make the DNS location", needsZeroTrust}, http.MethodPost, locationsPath(e.Key.Scope), locationBody([]byte(newLocation), to, e.Mark))
	return idOf(raw, err)
}

func (l locations) update(ctx context.Context, e setup.Entry, have *setup.Object) error {
	to := e.To.(setup.DNSLocation)
	if err := l.mayTake(ctx, e, to); err != nil {
		return err
	}
	_, err := l.write(ctx, op{"change the DNS location", needsZeroTrust}, http.MethodPut, locationsPath(e.Key.Scope, e.ID), locationBody(have.Raw, to, have.Mark))
	return err
}

// mayTake refuses to make a location the default one where another is: Cloudflare
// would take it away from that without a word.
func (l locations) mayTake(ctx context.Context, e setup.Entry, to setup.DNSLocation) error {
	if !to.Default {
		return nil
	}
	all := l.readLocations(ctx, e.Key.Scope)
	if all.err != nil {
		return all.err
	}
	for _, o := range all.objects {
		if other := o.State.(setup.DNSLocation); other.Default && o.ID != e.ID {
			return refused(setup.CodeConflict, "The DNS location “%s” is the default one already. Look again; it is left as it is.", other.Name)
		}
	}
	return nil
}

func (l locations) remove(ctx context.Context, e setup.Entry, _ *setup.Object) error {
	_, err := l.write(ctx, op{"delete the DNS location", needsZeroTrust}, http.MethodDelete, locationsPath(e.Key.Scope, e.ID), nil)
	return err
}

// locationBody lays a state over a location as it stands: the write replaces it
// whole.
func locationBody(raw []byte, to setup.DNSLocation, mark string) []byte {
	body := without(raw, locationReadOnly...)
	body = with(body, "name", setup.WithMark(to.Name, mark))
	return with(body, "client_default", to.Default)
}
