package diagnosis

import (
	"fmt"

	"github.com/culvert/culvert/setup"
)

// certificate: that of the private name is gone or good for nothing, or it could
// not be renewed so far.
func (x *examination) certificate() {
	changes := x.takeChanges(ofKind(setup.KindCertificate))
	defer x.served()
	for _, want := range x.Answers.View().Certificates {
		have, there := x.certificateOf(want.Name)
		r := report{class: setup.ClassCertificate, name: slug(want.Name), cause: have.Fault}
		for _, c := range changes {
			if c.Key.Name == want.Name {
				r.changes = append(r.changes, c)
			}
		}
		ends := have.Until.UTC().Format("2 January 2006")
		switch {
		case !there && len(r.changes) == 0: // never made, or unread: others say so
			continue
		case !there:
			r.severity, r.title = setup.SeverityBroken, fmt.Sprintf("The certificate for %s is gone.", want.Name)
		case !have.Valid:
			r.severity, r.title = setup.SeverityBroken, fmt.Sprintf("The certificate for %s cannot be used.", want.Name)
		case have.Fault != "":
			r.severity, r.title = setup.SeverityRisk, fmt.Sprintf("The certificate for %s could not be renewed so far.", want.Name)
		default:
			continue
		}
		if want.Source == setup.FromOwner {
			r.advice = fmt.Sprintf("Put the new one into %s: the certificate with its chain as %s, its key as %s. Culvert takes it up by itself.", want.Dir, setup.CertificateFile, setup.KeyFile)
			if r.severity == setup.SeverityRisk {
				r.title = fmt.Sprintf("Your certificate for %s ends on %s.", want.Name, ends)
			}
		}
		r.effect, r.ifNot = "Browsers warn your team of the address, or do not open it.", "It stays so."
		if r.severity == setup.SeverityRisk {
			r.effect, r.ifNot = "Nothing yet.", "From "+ends+" on browsers warn your team of the address."
		}
		r.evidence = x.takeFailing(func(v setup.Evidence) bool {
			return v.Check.ID == setup.CertificateCheck || ofPage(v) && v.By == setup.ByNobody && r.severity == setup.SeverityBroken
		})
		if len(r.evidence) > 0 && r.severity == setup.SeverityRisk { // what is served is worse than what stands in the folder
			r.severity, r.effect = setup.SeverityBroken, "Browsers warn your team of the address, or do not open it."
		}
		r.barriers = x.takeBarriers(func(b setup.Barrier) bool { return b.Key.Kind == setup.KindCertificate && b.Key.Name == want.Name })
		x.tell(r)
	}
}

// certificateOf is the certificate of a name as it was seen.
func (x *examination) certificateOf(name string) (setup.Certificate, bool) {
	for _, o := range x.World.Objects {
		if c, ok := o.State.(setup.Certificate); ok && c.Name == name {
			return c, true
		}
	}
	return setup.Certificate{}, false
}
