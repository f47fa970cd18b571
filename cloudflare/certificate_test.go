package cloudflare

import (
	"context"
	"net/netip"
	"testing"

	"github.com/culvert/culvert/cert"
	"github.com/culvert/culvert/cert/certtest"
	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

// serveDNS shows the simulated domain to the world and gives the address.
func (w *world) serveDNS() string {
	w.Helper()
	d, err := sim.ListenDNS()
	if err != nil {
		w.Fatal(err)
	}
	d.Edge = netip.MustParseAddr("198.51.100.1")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.cloud.ServeDNS(ctx, d) }()
	w.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.Error(err)
		}
	})
	return d.Addr()
}

func TestACertificateIsProvenWithTheTokenOfTheSetup(t *testing.T) {
	w := newWorld(t)
	resolver := w.serveDNS()
	authority := certtest.Start(t, resolver, nil)
	o := cert.Options{Dir: t.TempDir(), DNS: w.Client, Mark: proofMark, Directory: authority.Directory, Roots: authority.Roots, Resolvers: []string{resolver}}
	m, err := cert.New(o)
	if err != nil {
		t.Fatal(err)
	}
	want := cert.Want{Names: []string{"*.internal." + w.Zone}, Source: cert.Public, Agreed: true}
	if s, err := m.Ensure(t.Context(), want); err != nil || s.State != cert.Good {
		t.Errorf("%+v, %v", s, err)
	}
	all, err := w.TXT(t.Context(), w.Zone, "_acme-challenge.internal."+w.Zone, proofMark)
	if n := w.counts("DELETE", "dns_records"); err != nil || len(all) != 0 || n != 1 {
		t.Errorf("left are %v after %d deletions, %v", all, n, err)
	}
	o.DNS = w.client(w.cloud.AddToken(sim.UserToken, "", "Zone Read", "DNS Read"))
	if m, err = cert.New(o); err != nil {
		t.Fatal(err)
	}
	want.Names = []string{"ocs." + w.Zone}
	_, err = m.Ensure(t.Context(), want)
	if p := setup.AsProblem(err); p == nil || p.Code != setup.CodeDenied || p.Permission != needsDNS {
		t.Errorf("without the permission: %v", err)
	}
}
