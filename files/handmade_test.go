package files

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/setup"
)

const handmadeYML = "docker-compose.cloudflare.yml"

// guideOverride has the shape of the one in the app's guide.
const guideOverride = `services:
  cloudflared:
    image: cloudflare/cloudflared:2025.4.0
    restart: unless-stopped
    command: tunnel --no-autoupdate run
    environment:
      - TUNNEL_TOKEN=${CLOUDFLARE_TUNNEL_TOKEN:?CLOUDFLARE_TUNNEL_TOKEN is required}
    networks:
      - ocs_default

  dns:
    image: jpillora/dnsmasq
    restart: unless-stopped
    command: --address=/${PRIVATE_HOSTNAME:-ocs.local}/${APP_IP:-172.18.0.7}
    networks:
      ocs_default:
        ipv4_address: ${DNS_IP:-172.18.0.100}

networks:
  ocs_default:
    external: true
`

// guided is a project with the guide's override and its four variables.
func guided(t *testing.T) (*world, string) {
	w := ocs(t)
	w.put(handmadeYML, guideOverride, 0o644)
	variables := "\n# Cloudflare Tunnel\nCLOUDFLARE_TUNNEL_TOKEN=" + tokenFor(tunnelB) + "\nPRIVATE_HOSTNAME=OCS.your-org\nAPP_IP=172.18.0.9\nDNS_IP=172.18.0.101\n"
	w.put(".env.prod", w.get(".env.prod")+variables, 0o644)
	return w, variables
}

func TestTheGuidesOwnOverrideIsRead(t *testing.T) {
	w, _ := guided(t)
	stack := w.stack
	stack.EnvFiles = []string{w.path(".env.prod")} // as the guide has it started
	h, found, err := w.files.Handmade(t.Context(), stack, w.path(handmadeYML))
	if err != nil || !found {
		t.Fatalf("found %v, %v", found, err)
	}
	want := setup.Handmade{File: w.path(handmadeYML), Tunnel: tunnelB, Name: "ocs.your-org", Address: "172.18.0.9", DNS: "172.18.0.101", Network: "ocs_default",
		Services: []setup.Service{{Project: "ocs", Service: "cloudflared"}, {Project: "ocs", Service: "dns"}}}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheFourVariablesStayWhateverCulvertWrites(t *testing.T) {
	w, variables := guided(t)
	override := w.get(handmadeYML)
	w.must(w.env(allowed, "chat.example.org"))
	w.must(w.env(trusted, "https://chat.example.org"))
	w.must(w.port(setup.ExposedNone))
	w.stack.PrivateNetwork = "culvert-ocs"
	w.must(w.joins("172.30.250.2"))
	w.must(w.connector(tunnelA))
	if env := w.get(".env.prod"); !strings.Contains(env, variables) {
		t.Errorf("the variables are not as they were:\n%s", env)
	}
	w.unchanged(handmadeYML, override)
}

func TestWithoutItsVariablesTheOverrideSaysWhatIsMissing(t *testing.T) {
	w, _ := guided(t)
	_, _, err := w.files.Handmade(t.Context(), w.stack, w.path(handmadeYML)) // .env.prod is not asked
	p := setup.AsProblem(err)
	if p == nil || p.Code != setup.CodeInvalid || !strings.Contains(p.Message, "CLOUDFLARE_TUNNEL_TOKEN") {
		t.Errorf("it says %v", p)
	}
}

func TestServicesAreKnownByWhatTheyRun(t *testing.T) {
	rows := map[string]struct {
		yml  string
		want setup.Handmade
	}{
		"without dnsmasq": {"services:\n  tunnel:\n    image: registry.example/cloudflared:latest\n    command: tunnel run\n    environment:\n      TUNNEL_TOKEN: " + tokenFor(tunnelA) + "\n",
			setup.Handmade{Tunnel: tunnelA, Network: "ocs_default", Services: []setup.Service{{Project: "ocs", Service: "tunnel"}}}},
		"another spelling": {"services:\n  names:\n    image: alpine\n    command: [dnsmasq, -k, --address, /ocs.your-org/10.0.0.2]\n",
			setup.Handmade{Name: "ocs.your-org", Address: "10.0.0.2", Network: "ocs_default", Services: []setup.Service{{Project: "ocs", Service: "names"}}}},
		"neither": {"services:\n  web:\n    image: nginx\n    command: sh -c 'echo cloudflared'\n", setup.Handmade{}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			w := ocs(t)
			w.put(handmadeYML, row.yml, 0o644)
			h, found, err := w.files.Handmade(t.Context(), w.stack, w.path(handmadeYML))
			if err != nil || found != (len(row.want.Services) > 0) {
				t.Fatalf("found %v, %v", found, err)
			}
			row.want.File = h.File
			if diff := cmp.Diff(row.want, h); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
