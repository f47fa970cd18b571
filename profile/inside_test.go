package profile

import (
	"slices"
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
	"github.com/google/go-cmp/cmp"
)

func inside(mode setup.Mode, name string) Choices {
	c := choices()
	c.Mode, c.Inside.Name, c.FrontDir = mode, name, "/var/lib/culvert/fronts/open-chat-studio"
	return c
}

func TestAPrivateModeIsDecidedFromItsName(t *testing.T) {
	for name, source := range map[string]setup.Source{"inside.example.org": setup.FromACME, "ocs.your-org": setup.FromInternal} {
		for _, mode := range []setup.Mode{setup.ModeFallback, setup.ModeHostname} {
			a := resolved(t, inside(mode, name))
			if a.Mode != mode || a.Private.Front.Source != source || a.Private.Address == "" || a.Stack.PrivateNetwork != "culvert-open-chat-studio-172-30-250-0" {
				t.Errorf("%s: %+v", mode, a.Private)
			}
			for _, item := range []setup.Item{{Name: "DJANGO_ALLOWED_HOSTS", Value: name}, {Name: "CSRF_TRUSTED_ORIGINS", Value: "https://" + name}} {
				if !slices.Contains(a.Settings, item) {
					t.Errorf("the app is not told %v", item)
				}
			}
		}
	}
}

func TestWithoutAFrontTheAppIsToldItsOwnPort(t *testing.T) {
	c := inside(setup.ModeFallback, "ocs.your-org")
	c.Inside.Front = NoFront
	a := resolved(t, c)
	if a.Private.Front != nil || a.Stack.FrontDir != "" || !slices.Contains(a.Settings, setup.Item{Name: "CSRF_TRUSTED_ORIGINS", Value: "http://ocs.your-org:8000"}) {
		t.Errorf("%+v with %v", a.Private, a.Settings)
	}
}

func TestAnotherRangeIsAnotherNetwork(t *testing.T) {
	c := inside(setup.ModeFallback, "ocs.your-org")
	c.Inside.Subnet = "10.213.250.0/28"
	a := resolved(t, c)
	if a.Stack.PrivateNetwork != "culvert-open-chat-studio-10-213-250-0" || a.Private.DNS != "10.213.250.3" {
		t.Errorf("network %s with %+v", a.Stack.PrivateNetwork, a.Private)
	}
}

func TestWithoutADomainNoWebhookIsOpenAndNothingIsAskedFromOutside(t *testing.T) {
	c := inside(setup.ModeHostname, "ocs.your-org")
	c.Hostname, c.Zone = "", ""
	if a := resolved(t, c); len(a.Doors) > 0 || len(a.Checks) > 0 {
		t.Errorf("doors %v, checks %v", a.Doors, a.Checks)
	}
}

func TestChoicesOfAPrivateModeComeBackFromItsAnswers(t *testing.T) {
	c := inside(setup.ModeFallback, "inside.example.org")
	c.Inside = Inside{Name: "inside.example.org", Front: "acme", Wildcard: true, Subnet: "10.213.250.0/28", Profiles: []string{"default"},
		VNet: "site", ICMP: true, Location: true, Comment: "chat", Protocol: "quic", DNSImage: "mine:1", FrontImage: "mine:2", PublicTeam: true,
		Replaces: []setup.Service{{Project: "open-chat-studio", Service: "dns"}}}
	if diff := cmp.Diff(c.Inside, InsideOf(resolved(t, c))); diff != "" {
		t.Errorf("(-chosen +back):\n%s", diff)
	}
}

func TestAFollowedAppHasNoAddressOfItsOwnChoosing(t *testing.T) {
	c := inside(setup.ModeFallback, "ocs.your-org")
	c.Inside.Front, c.Inside.Follow = NoFront, true
	a := resolved(t, c)
	if p := a.Private; !p.Follow || p.Address != "" || p.DNS != "172.30.250.3" {
		t.Errorf("the answers are %+v", p)
	}
	if in := InsideOf(a); !in.Follow || in.Whole {
		t.Errorf("the choice comes back as %+v", in)
	}
	c.Inside.Whole = true
	if in := InsideOf(resolved(t, c)); !in.Whole {
		t.Errorf("the choice of the whole network comes back as %+v", in)
	}
	c.Inside.Whole = false
	c.Inside.Front = "internal"
	if _, bad := openChatStudio(t).Resolve(c); len(bad) != 1 || bad[0].Field != "private.network" {
		t.Errorf("behind a front: told %v", bad)
	}
}

func TestSettingsAreSetRightOnlyIfAskedAndKnown(t *testing.T) {
	c := choices()
	c.Fixes, c.Site = []string{"RATE_LIMIT_TRUSTED_PROXY_COUNT", "DJANGO_SETTINGS_MODULE"}, true
	a := resolved(t, c)
	if diff := cmp.Diff([]string{"DJANGO_SETTINGS_MODULE", "RATE_LIMIT_TRUSTED_PROXY_COUNT"}, FixesOf(a)); diff != "" {
		t.Error(diff)
	}
	if a.Site != a.Hostname || a.Stack.Site == nil || !slices.Contains(a.Stack.Site.Write, "{domain}") {
		t.Errorf("the Site is to be %q by %+v", a.Site, a.Stack.Site)
	}
	c.Fixes = []string{"RATE_LIMIT_ENFORCE"}
	if _, bad := openChatStudio(t).Resolve(c); len(bad) != 1 || bad[0].Field != "settings" || !strings.Contains(bad[0].Message, "RATE_LIMIT_TRUSTED_PROXY_COUNT") {
		t.Errorf("told: %v", bad)
	}
}
