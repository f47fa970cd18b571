package diagnosis

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvert/culvert/setup"
)

func TestTheCertificateOfThePrivateNameIsWatched(t *testing.T) {
	const days = 24 * time.Hour
	good := setup.Certificate{Name: "ocs.your-org", Source: setup.FromACME, Dir: "/srv/front", Valid: true, Until: noon().Add(60 * days)}
	rows := map[string]struct {
		change   func(*setup.Certificate)
		severity setup.Severity
		title    string
	}{
		"good":             {func(*setup.Certificate) {}, "", ""},
		"failing early":    {func(c *setup.Certificate) { c.Until, c.Fault = noon().Add(29*days), "The token lacks a permission." }, setup.SeverityRisk, "could not be renewed so far"},
		"short-lived":      {func(c *setup.Certificate) { c.Until = noon().Add(4 * days) }, "", ""},
		"good for nothing": {func(c *setup.Certificate) { c.Valid, c.Fault = false, "It ended." }, setup.SeverityBroken, "cannot be used"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			p := healthy(t)
			p.Answers.Private = &setup.Private{Name: good.Name, Front: &setup.Front{Source: setup.FromACME}}
			have := good
			row.change(&have)
			p.World.Objects = append(p.World.Objects, setup.Object{Scope: setup.CertificateScope, ID: good.Name, State: have})
			var found []setup.Finding
			for _, f := range Of(p.Input) {
				if f.Class == setup.ClassCertificate {
					found = append(found, f)
				}
			}
			if row.title == "" {
				if len(found) > 0 {
					t.Errorf("found %+v", found)
				}
				return
			}
			if len(found) != 1 || found[0].Severity != row.severity || !strings.Contains(found[0].Title, row.title) || found[0].IfNot == "" || found[0].Cause == "" {
				t.Fatalf("found %+v", found)
			}
			if have.Fault != "" && found[0].Cause != have.Fault {
				t.Errorf("the cause is %q", found[0].Cause)
			}
		})
	}
}

// The operator's own certificate is theirs to renew: where to, and by when.
func TestTheOperatorsOwnCertificateIsTheirsToRenew(t *testing.T) {
	p := led(t, setup.ModeHostname)
	p.Answers.Private.Front.Source = setup.FromOwner
	for i, o := range p.World.Objects {
		if c, ok := o.State.(setup.Certificate); ok {
			c.Until, c.Fault = noon().Add(6*24*time.Hour), "It is yours to renew."
			p.World.Objects[i].State = c
		}
	}
	f := classed(Of(p.Input), setup.ClassCertificate)
	if len(f) != 1 || f[0].Title != "Your certificate for ocs.your-org ends on 10 May 2026." || !strings.Contains(f[0].Advice, "Put the new one into "+p.Answers.Stack.FrontDir) {
		t.Errorf("found %+v", f)
	}
}

// What only the operator can bring about is waited for: nobody stands in its place.
func TestWhatOnlyTheOperatorCanDoIsWaitedFor(t *testing.T) {
	p := led(t, setup.ModeHostname)
	p.Answers.Private.Front.Source = setup.FromOwner
	key := keyOf(p, setup.KindCertificate)
	delete(p.world.Ledger.Records, key)
	p.world.Objects = slices.DeleteFunc(p.world.Objects, func(o setup.Object) bool { return o.State.Kind() == key.Kind })
	p.plan()
	f := classed(Of(p.Input), setup.ClassWaiting)
	if len(f) != 1 || f[0].Title != "Culvert waits for you: Certificate for ocs.your-org." || !strings.Contains(f[0].Advice, "Put your certificate for ocs.your-org") || strings.Contains(f[0].Advice, "page") {
		t.Errorf("found %s", list(Of(p.Input)))
	}
	if f := classed(Of(p.Input), setup.ClassChanged); len(f) > 0 {
		t.Errorf("and told twice: %+v", f)
	}
}

func classed(all []setup.Finding, c setup.Class) []setup.Finding {
	return slices.DeleteFunc(slices.Clone(all), func(f setup.Finding) bool { return f.Class != c })
}
