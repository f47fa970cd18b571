package found_test

import (
	"testing"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

func TestAFrontIsWhatAnswersForWebPagesFromOutside(t *testing.T) {
	for name, row := range map[string]struct {
		port found.Port
		want bool
	}{
		"HTTPS":               {found.Port{Target: 8443, Protocol: "tcp", Published: 443, Exposure: setup.ExposedPublic}, true},
		"HTTP":                {found.Port{Target: 80, Protocol: "tcp", Published: 80, Exposure: setup.ExposedPublic}, true},
		"for this server":     {found.Port{Target: 80, Protocol: "tcp", Published: 80, Address: "127.0.0.1", Exposure: setup.ExposedLoopback}, false},
		"HTTP/3 alone":        {found.Port{Target: 443, Protocol: "udp", Published: 443, Exposure: setup.ExposedPublic}, false},
		"the app's own port":  {found.Port{Target: 80, Protocol: "tcp", Published: 8000, Exposure: setup.ExposedPublic}, false},
		"nothing that counts": {},
	} {
		if got := (found.Service{Ports: []found.Port{row.port}}).Front(); got != row.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAStackTakesTheSourceOfItsOwnService(t *testing.T) {
	p := found.Project{Name: "app", Source: found.Source{Dir: "/newer"}, Services: []found.Service{
		{Name: "web", Source: found.Source{Dir: "/srv/app", Files: []string{"/srv/app/a.yml"}}, Networks: []string{"aaa", "app_default"}},
	}}
	s, ok := p.Stack("web")
	if !ok || s.Dir != "/srv/app" || s.Network != "app_default" || s.Project != "app" || s.Service != "web" {
		t.Errorf("%v, %+v", ok, s)
	}
	if _, ok := p.Stack("other"); ok {
		t.Error("a service that is not there has a stack")
	}
}
