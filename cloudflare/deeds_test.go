package cloudflare

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

func (w *world) deeds(since time.Time) []setup.Deed {
	w.Helper()
	deeds, err := w.Deeds(w.Context(), w.AccountID, since)
	if err != nil {
		w.Fatal(err)
	}
	return deeds
}

func TestTheAuditLogTellsWhoChangedWhatAndHow(t *testing.T) {
	w := newWorld(t)
	w.cloud.NameToken(w.Token, "Terraform")
	began := time.Now().Add(-time.Second)
	var policy struct{ ID string }
	if err := parse(readingPolicies, w.stranger(http.MethodPost, "A/access/policies", map[string]any{"name": "p", "decision": "bypass", "include": []any{map[string]any{"everyone": map[string]any{}}}}), &policy); err != nil {
		t.Fatal(err)
	}
	path := "accounts/" + w.AccountID + "/access/policies/" + policy.ID
	if _, err := w.cloud.ByHand(http.MethodDelete, "/"+path, nil); err != nil {
		t.Fatal(err)
	}
	w.cloud.ForgetCalls()
	deeds := w.deeds(began)
	if n := len(w.cloud.Calls()); n != 1 {
		t.Errorf("it took %d calls", n)
	}
	for i := range deeds {
		deeds[i].At = time.Time{}
		deeds[i].Path = strings.TrimPrefix(deeds[i].Path, "/")
	}
	want := []setup.Deed{
		{Verb: setup.Delete, By: "by somebody@example.org in the dashboard", Path: path},
		{Verb: setup.Create, By: "with the API token “Terraform” of user@example.org", Program: true, Path: "accounts/" + w.AccountID + "/access/policies"},
	}
	if diff := cmp.Diff(want, deeds); diff != "" {
		t.Errorf("the deeds are not as expected (-want +got):\n%s", diff)
	}
	if !deeds[0].Of(policy.ID) || deeds[0].Of(policy.ID[1:]) || !strings.HasPrefix(deeds[0].String(), "Deleted by somebody@example.org in the dashboard, ") {
		t.Errorf("it says %q", deeds[0])
	}
	if later := w.deeds(time.Now().Add(2 * time.Second)); len(later) != 0 {
		t.Errorf("afterwards there was %v", later)
	}
}

func TestWhatWasRefusedIsNoDeed(t *testing.T) {
	w := newWorld(t)
	if _, err := w.cloud.ByHand(http.MethodDelete, "/accounts/"+w.AccountID+"/access/policies/11111111-1111-4111-8111-111111111111", nil); err == nil {
		t.Fatal("nothing was refused")
	}
	if deeds := w.deeds(time.Now().Add(-time.Hour)); len(deeds) != 0 {
		t.Errorf("the deeds are %v", deeds)
	}
}

func TestTheAuditLogTakesAPermissionOfItsOwn(t *testing.T) {
	w := newWorld(t)
	token := w.cloud.AddToken(sim.UserToken, w.AccountID, allBut(sim.AllPermissions(), "Account Settings Read")...)
	_, err := w.client(token).Deeds(t.Context(), w.AccountID, time.Now())
	if p := setup.AsProblem(err); p == nil || p.Code != setup.CodeDenied || p.Permission != needsAccount {
		t.Errorf("the problem is %v", err)
	}
}
