package handlers_test

import (
	"strings"
	"testing"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

// A colleague learns which app, which team, which login and which certificate,
// in one text; the certificate comes without its key.
func TestAColleagueIsToldHowToComeIn(t *testing.T) {
	root := setup.Authority{Domain: "team.internal", PEM: []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), Fingerprint: "AB:CD"}
	w := &journey.Welcome{Address: "https://ocs.team.internal/", Team: "your-team", Logins: []string{"a code that Cloudflare mails you (One-time PIN)"},
		Who: []string{"everybody with an address at example.org"}, Source: setup.FromInternal, Authority: &root}
	s := sceneStanding(t, illness{standby: func(s *journey.Standing) { s.Welcome = w }})
	p := standOn(t, s)
	o := sceneDone(t)
	o.Welcome = w
	for where, a := range map[string]answer{"status": p.status(), "done": openOn(t, o).get("/" + string(ocs) + "/done").status(200)} {
		t.Log(where)
		a.says("#colleagues pre", "Cloudflare One Client (WARP)", "Team name: your-team", "a code that Cloudflare mails you", "everybody with an address at example.org",
			"culvert-team.internal.crt", "AB:CD", "open https://ocs.team.internal/", "a notice that you have to log in")
		a.says("#trusting", "macOS", "Windows", "iPhone", "Android", "Linux", "Firefox")
	}
	got := p.get("/" + string(ocs) + "/authority").status(200)
	if body := got.text; body != string(root.PEM) || strings.Contains(body, "KEY") {
		t.Errorf("downloaded: %q", body)
	}
	if name := got.Header.Get("Content-Disposition"); !strings.Contains(name, "culvert-team.internal.crt") {
		t.Errorf("it is called %q", name)
	}
	w.Authority, w.Source = nil, setup.FromACME
	if n := p.status().doc.Find("#root, #trusting").Length(); n != 0 {
		t.Error("a certificate that browsers trust is offered to be trusted")
	}
	if n := standOn(t, sceneStanding(t, illness{})).status().doc.Find("#colleagues").Length(); n != 0 {
		t.Error("without a private name colleagues are told of one")
	}
	standOn(t, sceneStanding(t, illness{})).get("/" + string(ocs) + "/authority").status(404)
}
