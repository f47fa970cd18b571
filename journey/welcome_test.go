package journey

import (
	"errors"
	"slices"
	"testing"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/setuptest"
)

func TestColleaguesGetTheTeamTheLoginAndWhatToTrust(t *testing.T) {
	t.Parallel()
	root := setup.Authority{Domain: "your-org", PEM: []byte("pem"), Fingerprint: "AB"}
	w := newWalk(t, func(o *Options) {
		o.Root = func(a setup.Answers) (setup.Authority, bool, error) {
			return root, a.Private.Front.Source == setup.FromInternal, nil
		}
	})
	w.choose()
	w.answer(good())
	w.token()
	w.account.objects = append(w.account.objects, setup.Object{Scope: accountID, ID: "pin", State: setup.LoginMethod{Type: "onetimepin", Name: "One-time PIN"}})
	w.plan()
	public := *w.overview().Answers
	if got := w.welcome(w.id, public); got != nil {
		t.Errorf("nobody comes in by a private name, and yet: %+v", got)
	}
	a := setuptest.InMode(public, setup.ModeFallback)
	got := w.welcome(w.id, a)
	if got == nil || got.Team != "team" || got.Address != "https://ocs.your-org/" || len(got.Who) == 0 || got.Authority == nil || got.Authority.Fingerprint != "AB" ||
		!slices.Equal(got.Logins, []string{"a code that Cloudflare mails you (One-time PIN)"}) {
		t.Errorf("they are told %+v", got)
	}
	a.Private.Front.Source = setup.FromACME
	if got := w.welcome(w.id, a); got.Authority != nil {
		t.Errorf("browsers trust it already: %+v", got)
	}
	if _, err := w.RootCertificate(t.Context(), w.id); !errors.Is(err, ErrNotFound) {
		t.Errorf("nothing was agreed to, and a root is given: %v", err)
	}
}
