package diagnosis

import (
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
