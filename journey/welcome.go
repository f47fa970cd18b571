package journey

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// Welcome is what a colleague needs to get to a private name for the first time.
type Welcome struct {
	Address string
	// Team is the name of the account that is typed on the device; empty: it is
	// not known now.
	Team   string
	Logins []string // ways to prove who they are, as the account has them
	Who    []string // whom the rule lets in
	// Authority has to be trusted by each device; nil: there is none, or it is not
	// made yet.
	Authority *setup.Authority
	Source    setup.Source // of the certificate; empty: there is no https
	Problem   string       // why the authority cannot be given
}

// authDomain is what Cloudflare puts behind the name of a team.
const authDomain = ".cloudflareaccess.com"

// welcome gathers it for answers that were agreed to; nil: nobody comes in by a
// private name.
func (j *Journey) welcome(id setup.SetupID, a setup.Answers) *Welcome {
	w := &Welcome{Address: a.PrivateAddress(), Who: slices.Concat(a.Team.Emails, everybodyAt(a.Team.Domains))}
	if w.Address == "" {
		return nil
	}
	planned, _ := j.Engine.Last(id)
	for _, o := range planned.World.Objects {
		switch s := o.State.(type) {
		case setup.Organization:
			if o.Scope == a.Account {
				w.Team, _ = strings.CutSuffix(s.AuthDomain, authDomain)
			}
		case setup.LoginMethod:
			if o.Scope == a.Account && s.Type != "cloudflare" {
				w.Logins = append(w.Logins, loginWords(s))
			}
		}
	}
	if a.Private.Front != nil {
		w.Source = a.Private.Front.Source
	}
	root, made, err := j.rootOf(a)
	switch {
	case err != nil:
		w.Problem = setup.AsProblem(err).Message
	case made:
		w.Authority = &root
	}
	return w
}

func everybodyAt(domains []string) []string {
	var all []string
	for _, d := range domains {
		all = append(all, "everybody with an address at "+d)
	}
	return all
}

func loginWords(l setup.LoginMethod) string {
	if l.Type == "onetimepin" {
		return "a code that Cloudflare mails you (" + l.Name + ")"
	}
	return l.Name
}

func (j *Journey) rootOf(a setup.Answers) (setup.Authority, bool, error) {
	if j.Root == nil || a.Private == nil || a.Private.Front == nil {
		return setup.Authority{}, false, nil
	}
	return j.Root(a)
}

// RootCertificate is the one that each device of a setup's team has to be
// told to trust. It never holds the key. ErrNotFound: there is no such setup.
func (j *Journey) RootCertificate(ctx context.Context, id setup.SetupID) (setup.Authority, error) {
	approved, err := j.Store.Approved(ctx)
	if err != nil {
		return setup.Authority{}, err
	}
	r, ok := approved[id]
	if !ok || r.Answers == nil {
		return setup.Authority{}, fmt.Errorf("%w: nothing was agreed to for %s", ErrNotFound, id)
	}
	root, made, err := j.rootOf(*r.Answers)
	if err == nil && !made {
		err = &setup.Problem{Code: setup.CodeNotFound, Message: "No device has to be told of an authority for this setup: either browsers trust its certificate already, or the certificate is yours, or it is not made yet."}
	}
	return root, err
}
