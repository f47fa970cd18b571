package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/culvert/culvert/rehearsal"
	"github.com/culvert/culvert/setup"
)

// told is how each breakage is told, and whether repair puts it right.
type told struct {
	class    setup.Class
	repaired bool
}

func breakageTable() map[string]told {
	return map[string]told{
		"record-grey":         {setup.ClassRecordGrey, true},
		"record-deleted":      {setup.ClassRecordMissing, true},
		"nameservers-changed": {setup.ClassZoneMoved, false},
		"zone-paused":         {setup.ClassZonePaused, true},
		"bot-fight-mode":      {setup.ClassEdgeBlocks, true},
		"browser-check":       {setup.ClassEdgeRule, true},
		// Webhooks get through again; whether the rest is locked stays untold, because
		// the checks of that are machines too.
		"super-bot-fight-mode": {setup.ClassEdgeBlocks, false},
		"door-deleted":         {setup.ClassDoorMissing, true},
		"door-widened":         {setup.ClassDoorWide, true},
		"lock-deleted":         {setup.ClassLockMissing, true},
		"lock-without-policy":  {setup.ClassLockChanged, true},
		"team-everyone":        {setup.ClassTeamChanged, true},
		"doors-closed":         {setup.ClassDoorsClosed, true},
		"foreign-app":          {setup.ClassShadowed, false},
		"login-deleted":        {setup.ClassLoginMissing, true},
		"rules-emptied":        {setup.ClassIngressChanged, true},
		"foreign-rule":         {setup.ClassIngressShadowed, false},
		"tunnel-deleted":       {setup.ClassTunnelDeleted, true},
		"permission-revoked":   {setup.ClassPermission, false},
		"connector-stopped":    {setup.ClassConnectorStopped, true},
		"connector-removed":    {setup.ClassConnectorMissing, true},
		"connector-file":       {setup.ClassConnectorChanged, true},
		"app-stopped":          {setup.ClassAppStopped, true},
		"allowed-hosts":        {setup.ClassSettingLost, true},
		"port-reopened":        {setup.ClassPortReopened, true},
	}
}

// traced are breakages of which the account's audit log tells beyond doubt who did
// them.
func traced() []string {
	return []string{"record-grey", "record-deleted", "zone-paused", "bot-fight-mode", "super-bot-fight-mode", "door-deleted", "door-widened", "lock-deleted", "lock-without-policy",
		"team-everyone", "doors-closed", "login-deleted", "rules-emptied", "tunnel-deleted"}
}

// elsewhere are breakages of what the example does not use.
func elsewhere() []string {
	return []string{"alert-deleted", "alert-off", "fallback-removed", "address-changed", "route-deleted", "dns-stopped", "front-stopped", "connector-http2"}
}

func TestAnotherAddressOfTheAppHarmsNothingThatAsksByName(t *testing.T) {
	t.Parallel()
	s := newShop(t).applied()
	if r := s.breakage("break", "address-changed"); !strings.Contains(r.out, "Without one nothing goes wrong: the connector asks for web by its name.") {
		t.Errorf("it promises:\n%s", r.out)
	}
	if r := s.must("status"); !strings.Contains(r.out, "nothing is left to do") {
		t.Errorf("the status is:\n%s", r.out)
	}
	if r := s.must("repair", "--yes"); len(r.writes()) > 0 {
		t.Errorf("repair wrote %v", r.writes())
	}
	s.breakage("mend", "address-changed")
	s.must("status")
}

func TestNoBreakageLeavesAGreenLight(t *testing.T) {
	for _, b := range rehearsal.Breakages() {
		want, listed := breakageTable()[b.ID]
		if !listed {
			if !slices.Contains(elsewhere(), b.ID) {
				t.Errorf("nobody says how %s is told", b.ID)
			}
			continue
		}
		t.Run(b.ID, func(t *testing.T) {
			t.Parallel()
			s := newShop(t).applied()
			s.must("status")
			s.breakage("break", b.ID)
			s.tells(want.class, slices.Contains(traced(), b.ID))
			s.breakage("mend", b.ID)
			s.must("status")
			if !want.repaired {
				return
			}
			s.breakage("break", b.ID)
			s.must("repair", "--yes", "--whole-domain")
			s.must("status")
			s.breakage("mend", b.ID) // takes nothing away from what was repaired
			s.must("status")
		})
	}
}

// breakage runs one of the two commands, which know no file.
func (s *shop) breakage(args ...string) ran {
	s.Helper()
	r := s.plain(args...)
	if r.code != exitOK {
		s.Fatalf("culvert %s ended with %d:\n%s%s", strings.Join(args, " "), r.code, r.out, r.err)
	}
	return r
}

// tells checks that the status names what is wrong, and who did it where that can
// be known.
func (s *shop) tells(class setup.Class, traced bool) {
	s.Helper()
	r := s.run("status", "--json")
	var st statusJSON
	if r.out == "" && class == setup.ClassPermission { // then the file cannot be worked into answers
		if r.code != exitError || !strings.Contains(r.err, "The token lacks permissions") {
			s.Errorf("the status ended with %d: %s", r.code, r.err)
		}
		return
	}
	decode(s.T, r.out, &st)
	if r.code != exitError || st.OK {
		s.Fatalf("the light is green, with %v", st.Findings)
	}
	at := slices.IndexFunc(st.Findings, func(f setup.Finding) bool { return f.Class == class })
	switch {
	case at < 0:
		for _, f := range st.Findings {
			s.Logf("it tells of %s: %s (%s)", f.ID, f.Title, f.Cause)
		}
		s.Errorf("it does not tell of %s: %s; left %v", class, st.Sentence, st.Left)
	case traced != strings.Contains(st.Findings[at].Cause, " by somebody@example.org in the dashboard, "):
		s.Errorf("who did it is told so: %s", st.Findings[at].Cause)
	}
}

func TestBreakListsWhatCanBeBrokenAndWhatIs(t *testing.T) {
	t.Parallel()
	s := newShop(t).applied()
	s.breakage("break", "door-deleted")
	if r := s.breakage("break"); strings.Count(r.out, "\n") != len(rehearsal.Breakages()) || strings.Count(r.out, "broken now") != 1 ||
		!strings.Contains(r.out, "culvert mend door-deleted") {
		t.Errorf("the list is:\n%s", r.out)
	}
	for args, want := range map[string]string{
		"break the-bank":     `nothing is called "the-bank". What can be broken: record-grey`,
		"break door-deleted": "it is broken already",
		"mend record-grey":   "it is not broken",
	} {
		if r := s.plain(strings.Fields(args)...); r.code != exitError || !strings.Contains(r.err, want) {
			t.Errorf("%s ended with %d: %s", args, r.code, r.err)
		}
	}
	s.breakage("break", "connector-stopped")
	if r := s.breakage("mend"); r.out != "2 taken back.\n" {
		t.Errorf("mending everything says %q", r.out)
	}
	s.must("status")
}
