package setup

import (
	"strings"
	"testing"
)

func TestThreeQuestionsRecommendOneWayWithReasons(t *testing.T) {
	rows := []struct {
		q    Questions
		mode Mode
		says string
	}{
		{Questions{WARP: No, Domain: Yes, Padlock: Yes}, ModePublic, "Not everybody has WARP"},
		{Questions{WARP: No, Domain: Yes, Padlock: No}, ModePublic, "Not everybody has WARP"},
		{Questions{WARP: No, Domain: No, Padlock: Yes}, ModePublic, "needs a domain"},
		{Questions{WARP: No, Domain: No, Padlock: No}, ModePublic, "no webhook arrives"},
		{Questions{WARP: Yes, Domain: Yes, Padlock: Yes}, ModePublic, "You want a padlock"},
		{Questions{WARP: Yes, Domain: Yes, Padlock: No}, ModeHostname, "need not be on the internet"},
		{Questions{WARP: Yes, Domain: No, Padlock: No}, ModeHostname, "no webhook can arrive"},
		{Questions{WARP: Yes, Domain: No, Padlock: Yes}, ModeHostname, "certificate authority of your own"},
		{Questions{WARP: Yes, Domain: Yes, Padlock: No, Guide: true}, ModeFallback, "DNS server of the guide"},
		{Questions{WARP: Yes, Domain: Yes, Padlock: Yes, Guide: true}, ModePublic, "You want a padlock"},
	}
	for _, row := range rows {
		if !row.q.Answered() {
			t.Errorf("%+v is not answered", row.q)
		}
		got := Recommend(row.q)
		text := strings.Join(append(got.Reasons, got.Needs...), " ")
		if got.Mode != row.mode || !strings.Contains(text, row.says) {
			t.Errorf("%+v: %s, because %s", row.q, got.Mode, text)
		}
	}
	if (Questions{WARP: Yes, Domain: Yes}).Answered() {
		t.Error("two answers are three")
	}
}

func TestAFreeSubnetOverlapsNothingHereNorInTheAccount(t *testing.T) {
	m := newModel()
	if got, _ := FreeSubnet(m.World); got != "172.30.250.0/28" {
		t.Errorf("the first choice is %s", got)
	}
	m.put("docker", "n1", "", Network{Name: "n1", Subnets: []string{"172.30.250.0/28"}})
	m.put(account, "r1", "", Route{Network: "172.30.250.18/32"})
	m.put("docker", "n2", "", PrivateNetwork{Name: "n2", Subnet: "172.30.250.32/28"})
	if got, _ := FreeSubnet(m.World); got != "172.30.250.48/28" {
		t.Errorf("the fourth choice is %s", got)
	}
	m.put(account, "r2", "", Route{Network: "172.16.0.0/12"})
	if got, _ := FreeSubnet(m.World); got != "10.213.250.0/28" {
		t.Errorf("beside a route over all of 172.16.0.0/12: %s", got)
	}
	m.put(account, "r3", "", Route{Network: "0.0.0.0/0"})
	if got, ok := FreeSubnet(m.World); ok {
		t.Errorf("beside a route over everything: %s", got)
	}
	front, dns, app := PlacesIn("172.30.250.48/28")
	if front != "172.30.250.50" || dns != "172.30.250.51" || app != "172.30.250.52" {
		t.Errorf("places: %s, %s and %s", front, dns, app)
	}
}

// A range that another setup has is not this one's, although both records have
// the same keys.
func TestARangeIsTakenUntilSomethingOfThisSetupStandsInIt(t *testing.T) {
	first, second := inMode(sample("ocs", "chat.example.org"), ModeFallback), inMode(sample("n8n", "flow.example.org"), ModeFallback)
	*second.Private = *first.Private
	second.Private.Name = "n8n.your-org"
	m := hostWorld(first, second)
	converges(t, m, first, nil)
	approved := map[SetupID]Answers{first.Setup: first}
	want, bad := Merge(second.Setup, &second, approved)
	p, err := MakePlan(second.Setup, want, m.World, m.ledger)
	if err != nil {
		t.Fatal(err)
	}
	p.Barriers = append(p.Barriers, bad...)
	if !second.RangeTaken(p, m.ledger) {
		t.Errorf("the second setup keeps the range of the first:\n%s", p)
	}
	if first.RangeTaken(p, m.ledger) {
		t.Error("the first gives up the range in which it stands")
	}
}
