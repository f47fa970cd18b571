package main

import (
	"net/http"
	"strings"
	"testing"
)

// manyProfiles is an account in which most devices have other profiles than the
// default one: one that lists what goes through WARP, and one whose service mode
// carries no traffic.
func manyProfiles(w *stranger) {
	w.call(http.MethodPost, "/accounts/{account}/devices/policy", object{"name": "Field staff", "precedence": 20, "match": `identity.email == "ana@example.org"`,
		"include": []object{{"address": "10.200.0.0/16", "description": "office"}}})
	w.call(http.MethodPost, "/accounts/{account}/devices/policy", object{"name": "Kiosks", "precedence": 10, "match": `os.name == "windows"`,
		"service_mode_v2": object{"mode": "proxy", "port": 3000}})
}

// privately is the example with a private way for some device profiles.
func (s *shop) privately(profiles string) {
	s.Helper()
	s.edited("connector_image: \"\"\n", "connector_image: \"\"\n\nmode: fallback\nprivate:\n  name: ocs.your-org\n  front: internal\n  profiles: ["+profiles+"]\n")
}

func TestAFileWithADeviceProfileThatTheAccountLacksIsToldWhichThereAre(t *testing.T) {
	s := newShop(t).fresh(manyProfiles)
	s.privately("Field stuff")
	for _, command := range [][]string{{"plan"}, {"apply", "--yes"}} {
		r := s.run(command...)
		for _, says := range []string{`private.profiles: The account has no device profile "Field stuff".`, "Kiosks, 0 devices\n", "Field staff, 0 devices\n", "default  all other devices, 0 devices"} {
			if r.code != exitError || !strings.Contains(r.err, says) {
				t.Errorf("%s ended with %d and did not say %q:\n%s", command, r.code, says, r.err)
			}
		}
		if len(r.writes()) > 0 {
			t.Errorf("%s wrote %v", command, r.writes())
		}
	}
}

func TestAPlanForAFileWithNamesOfDeviceProfilesNamesThem(t *testing.T) {
	s := newShop(t).fresh(manyProfiles)
	s.privately("Field staff, Kiosks")
	r := s.run("plan")
	for _, says := range []string{
		"Devices send 172.30.250.0/28 through WARP, device profile “Field staff” (split tunnel)",
		"Whom devices ask for ocs.your-org, device profile “Kiosks” (Local Domain Fallback)",
		"Devices of the device profile “Kiosks” send DNS queries through WARP and nothing else, or the profile is switched off.",
	} {
		if r.code != exitChanges || !strings.Contains(r.out, says) {
			t.Errorf("it ended with %d and did not say %q:\n%s%s", r.code, says, r.out, r.err)
		}
	}
}
