package cert

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/libdns/libdns"
)

// provider makes the records of one order, as certmagic asks for them. Where it
// is about to make one is written down first, so that a process that is killed
// leaves none behind for good.
type provider struct {
	m *Manager
	e *entry
}

// AppendRecords makes records.
func (p *provider) AppendRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	for _, record := range records {
		rr := record.RR()
		at := proofAt(zone, rr.Name)
		if rr.Type != "TXT" {
			return nil, fmt.Errorf("making a proof in DNS: a %s record was asked for", rr.Type)
		}
		if !slices.Contains(p.e.Proofs, at) {
			p.e.Proofs = append(p.e.Proofs, at)
			if err := p.m.disk.save(*p.e); err != nil {
				return nil, err
			}
		}
		if err := p.m.o.DNS.AddTXT(ctx, at.Zone, at.Name, rr.Data, p.m.o.Mark); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// DeleteRecords deletes those of the records that are ours.
func (p *provider) DeleteRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	for _, record := range records {
		rr := record.RR()
		at := proofAt(zone, rr.Name)
		all, err := p.m.o.DNS.TXT(ctx, at.Zone, at.Name, p.m.o.Mark)
		if err != nil {
			return nil, err
		}
		for id, value := range all {
			if value != rr.Data {
				continue
			}
			if err := p.m.o.DNS.DropTXT(ctx, at.Zone, id, p.m.o.Mark); err != nil {
				return nil, err
			}
		}
	}
	return records, nil
}

func proofAt(zone, name string) proof {
	return proof{Zone: strings.TrimSuffix(zone, "."), Name: strings.TrimSuffix(libdns.AbsoluteName(name, zone), ".")}
}
