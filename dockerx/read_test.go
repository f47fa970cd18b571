package dockerx

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"

	"github.com/culvert/culvert/setup"
)

// runningBox is a container as the engine describes a running one.
func runningBox(name string, env []string, ports network.PortMap) box {
	return box{container.InspectResponse{
		ID: "id-" + name, Name: "/" + name,
		State:           &container.State{Running: true, Status: container.StateRunning},
		Config:          &container.Config{Env: env, Labels: map[string]string{}},
		HostConfig:      &container.HostConfig{},
		NetworkSettings: &container.NetworkSettings{Ports: ports},
	}}
}

func bound(target string, addresses ...string) network.PortMap {
	var list []network.PortBinding
	for _, a := range addresses {
		b := network.PortBinding{HostPort: "8000"}
		if a != "" {
			b.HostIP = netip.MustParseAddr(a)
		}
		list = append(list, b)
	}
	return network.PortMap{network.MustParsePort(target): list}
}

func TestAPortIsAsWideAsItsWidestBinding(t *testing.T) {
	for name, row := range map[string]struct {
		ports network.PortMap
		want  setup.Exposure
	}{
		"no ports":                     {nil, setup.ExposedNone},
		"exposed but not published":    {bound("8000/tcp"), setup.ExposedNone},
		"all addresses":                {bound("8000/tcp", "0.0.0.0", "::"), setup.ExposedPublic},
		"an empty address means all":   {bound("8000/tcp", ""), setup.ExposedPublic},
		"one outer address":            {bound("8000/tcp", "203.0.113.9"), setup.ExposedPublic},
		"a private outer address":      {bound("8000/tcp", "10.0.0.4"), setup.ExposedPublic},
		"loopback":                     {bound("8000/tcp", "127.0.0.1"), setup.ExposedLoopback},
		"another loopback":             {bound("8000/tcp", "127.8.0.1", "::1"), setup.ExposedLoopback},
		"loopback written as IPv6":     {bound("8000/tcp", "::ffff:127.0.0.1"), setup.ExposedLoopback},
		"loopback and all":             {bound("8000/tcp", "127.0.0.1", "0.0.0.0"), setup.ExposedPublic},
		"another port of the service":  {bound("9000/tcp", "0.0.0.0"), setup.ExposedNone},
		"the same number, but for UDP": {bound("8000/udp", "0.0.0.0"), setup.ExposedNone},
	} {
		t.Run(name, func(t *testing.T) {
			if got := runningBox("web-1", nil, row.ports).exposure(8000); got != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
		})
	}
}

func TestAContainerOnTheServersOwnNetworkIsPublic(t *testing.T) {
	b := runningBox("web-1", nil, nil)
	b.HostConfig.NetworkMode = "host"
	if got := b.exposure(8000); got != setup.ExposedPublic {
		t.Errorf("%s", got)
	}
}

func TestOfSeveralReplicasTheWorstCounts(t *testing.T) {
	up := []box{
		runningBox("web-1", []string{"HOSTS=a,b,c", "SAME=x", "ONE=1", "MODE=on"}, bound("8000/tcp", "127.0.0.1")),
		runningBox("web-2", []string{"HOSTS=c,a", "SAME=x", "MODE=off"}, bound("8000/tcp", "0.0.0.0")),
	}
	for name, want := range map[string]setup.State{
		"HOSTS": setup.Setting{Project: "p", Service: "web", Name: "HOSTS", Value: "a,c"},
		"SAME":  setup.Setting{Project: "p", Service: "web", Name: "SAME", Value: "x"},
		"MODE":  setup.Setting{Project: "p", Service: "web", Name: "MODE", Value: ""},
		"ONE":   nil,
	} {
		if got := settingOf(up, "p", "web", name); !setup.Same(got, want) {
			t.Errorf("%s is %+v, want %+v", name, got, want)
		}
	}
	if got := publishedOf(up, "p", "web", 8000).(setup.Published); got.Exposure != setup.ExposedPublic {
		t.Errorf("the port is %s", got.Exposure)
	}
}

func TestAContainerBetweenTwoCrashesDoesNotRun(t *testing.T) {
	b := runningBox("web-1", nil, nil)
	b.State.Restarting = true
	if b.running() {
		t.Error("it counts as running")
	}
}

func TestPathsOfOldComposeVersionsAreRelativeToTheProject(t *testing.T) {
	got := sourceOf(map[string]string{labelDir: "/srv/app", labelFiles: "docker-compose.yml,/etc/extra.yml,-", labelEnvFiles: "../prod.env"})
	if want := []string{"/srv/app/docker-compose.yml", "/etc/extra.yml", "-"}; !slices.Equal(got.Files, want) {
		t.Errorf("files %v, want %v", got.Files, want)
	}
	if want := []string{"/srv/prod.env"}; !slices.Equal(got.EnvFiles, want) {
		t.Errorf("env files %v, want %v", got.EnvFiles, want)
	}
}

func TestTheTunnelIsReadFromItsToken(t *testing.T) {
	for token, want := range map[string]string{
		"eyJhIjoiYWNjIiwicyI6ImMyVmpjbVYwIiwidCI6IjExMTEifQ==": "1111",
		"":                 "",
		"not base64 at al": "",
		"bm90IGpzb24=":     "",
	} {
		if got := setup.TunnelOfToken(token); got != want {
			t.Errorf("token %q gives %q, want %q", token, got, want)
		}
	}
}

func TestTheVersionOfTheRulesIsReadFromTheMetrics(t *testing.T) {
	metrics := "# TYPE cloudflared_orchestration_config_version gauge\ncloudflared_orchestration_config_version 7\nbuild_info{version=\"x\"} 1\n"
	const ours = "cloudflared_tunnel_ha_connections 4\n"
	for text, want := range map[string]string{
		metrics: "",
		ours:    "HTTP/2",
		ours + "quic_client_total_connections 5\nquic_client_closed_connections{reason=\"idle\"} 1\n":                                              "QUIC",
		ours + "quic_client_total_connections 5\nquic_client_closed_connections{reason=\"a\"} 4\nquic_client_closed_connections{reason=\"b\"} 1\n": "HTTP/2",
	} {
		if got := carried(text, 4); got != want {
			t.Errorf("the protocol is %q, want %q, of\n%s", got, want, text)
		}
	}
	if got := carried(ours, 0); got != "" {
		t.Errorf("without a connection the protocol is %q", got)
	}
	if got := configVersion(metrics); got != 7 {
		t.Errorf("%d", got)
	}
	if got := configVersion("nothing of it\n"); got != -1 {
		t.Errorf("without it %d", got)
	}
}

func TestValuesOfTheEnvironmentAreMasked(t *testing.T) {
	m := maskOf([]box{runningBox("web-1", []string{
		"DEBUG=true", "SECRET=s3cr3t-value", "LONGER=s3cr3t-value-and-more", "DATABASE_URL=postgres://app:pa55word@db:5432/app",
	}, nil)})
	for text, want := range map[string]string{
		"debug is true":                              "debug is true",
		"bad s3cr3t-value here":                      "bad ••• here",
		"s3cr3t-value-and-more":                      "•••",
		"password authentication with pa55word":      "password authentication with •••",
		"token eyJhIjoiYWNjIiwicyI6ImMyVmpjbVYwIn0=": "token •••",
		"eyJ is no token":                            "eyJ is no token",
	} {
		if got := m.text(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
