package e2e

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"github.com/culvert/culvert/diagnosis"
	"github.com/culvert/culvert/internal/tunnelproto"
	"github.com/culvert/culvert/setup"
)

const (
	nginx   = "culvert-open-chat-studio-front-1"
	dnsmasq = "culvert-open-chat-studio-dns-1"
)

// Where the API keeps what devices go by.
const (
	routes     = "accounts/{account}/teamnet/routes"
	fallbacks  = "accounts/{account}/devices/policy/fallback_domains"
	exclusions = "accounts/{account}/devices/policy/exclude"
	gateway    = "accounts/{account}/devices/settings"
)

// privateFaults are what goes wrong on the way of a colleague in mode fallback.
func privateFaults() []commandFault {
	const atDevice, atDNS, atRoute, atConnector, atApp = diagnosis.StopDevice, diagnosis.StopDNS, diagnosis.StopRoute, diagnosis.StopConnector, diagnosis.StopApp
	stops := func(all ...diagnosis.Stop) []diagnosis.Stop { return all }
	return []commandFault{
		{what: "the connector is put on http2", class: setup.ClassConnectorUDP, dark: stops(atConnector),
			act: func(s *scene) {
				s.edit("docker-compose.culvert.yml", "quic", "http2")
				s.docker("rm", "-f", connector)
				if out, err := s.w.Compose(s.Context(), s.w.stack.Dir, "-f", "docker-compose.culvert.yml", "up", "-d", "cloudflared"); err != nil {
					s.Fatalf("docker compose up: %v\n%s", err, out)
				}
			}},
		{what: "the connector is taken off Culvert's network", class: setup.ClassConnectorNetwork, dark: stops(atConnector),
			act: func(s *scene) { s.leavesNetwork(connector) }},
		{what: "nginx is taken off Culvert's network", class: setup.ClassAppReaddressed, dark: stops(atApp),
			act: func(s *scene) { s.leavesNetwork(nginx) }},
		{what: "dnsmasq is taken off Culvert's network", class: setup.ClassAppReaddressed, dark: stops(atDNS),
			act: func(s *scene) { s.leavesNetwork(dnsmasq) }},
		{what: "nginx is stopped", class: setup.ClassPrivateFront, dark: stops(atApp),
			act: func(s *scene) { s.docker("stop", "-t", "1", nginx) }},
		{what: "dnsmasq is stopped", class: setup.ClassPrivateDNS, dark: stops(atDNS),
			act: func(s *scene) { s.docker("stop", "-t", "1", dnsmasq) }},
		{what: "the certificate is replaced by hand", class: setup.ClassCertificate, dark: stops(atApp),
			act: func(s *scene) { s.replacesCertificate(); s.docker("kill", "-s", "HUP", nginx) }},
		{what: "the certificate is replaced by hand, and nginx not told", class: setup.ClassCertificate,
			act: func(s *scene) { s.replacesCertificate() }},
		{what: "a route is deleted", class: setup.ClassPrivateRoute, dark: stops(atRoute),
			act: func(s *scene) { s.call(http.MethodDelete, routes+"/"+s.list(routes)[0].id(), nil) }},
		{what: "the fallback entry is deleted", class: setup.ClassDevices, dark: stops(atDNS),
			act: func(s *scene) {
				s.call(http.MethodPut, fallbacks, slices.DeleteFunc(s.list(fallbacks), func(o object) bool { return o["suffix"] == privateName }))
			}},
		{what: "the range is taken out of the tunnel on devices", class: setup.ClassDevices, dark: stops(atDevice),
			act: func(s *scene) {
				s.call(http.MethodPut, exclusions, append(s.list(exclusions), object{"address": "172.16.0.0/12"}))
			}},
		{what: "the Gateway proxy carries no UDP", class: setup.ClassDevices, dark: stops(atDevice),
			act: func(s *scene) { s.call(http.MethodPatch, gateway, object{"gateway_udp_proxy_enabled": false}) }},
		{what: "the Gateway proxy carries no TCP", class: setup.ClassDevices, dark: stops(atDevice),
			act: func(s *scene) { s.call(http.MethodPatch, gateway, object{"gateway_proxy_enabled": false}) }},
		{what: "the rule for new devices is taken away", class: setup.ClassDevices, dark: stops(atDevice),
			act: func(s *scene) { s.put(apps, s.enrolment(), object{"policies": []object{}}) }},
	}
}

// leavesNetwork takes a container off Culvert's own network.
func (s *scene) leavesNetwork(container string) {
	s.Helper()
	name, _ := s.w.inCulvertsNetwork(s.T, container)
	s.docker("network", "disconnect", name, container)
}

// enrolment is the name of the application for devices that join.
func (s *scene) enrolment() string {
	s.Helper()
	for _, o := range s.list(apps) {
		if o["type"] == "warp" {
			return o["name"].(string)
		}
	}
	s.Fatal("nobody may join the account with a device")
	return ""
}

// replacesCertificate puts one of somebody else in the place of the front's.
func (s *scene) replacesCertificate() {
	s.Helper()
	at, err := filepath.Glob(filepath.Join(s.w.data, "fronts", "*", setup.ServedFile))
	if err != nil || len(at) != 1 {
		s.Fatalf("the certificates are %v, %v", at, err)
	}
	ca, err := tunnelproto.NewCA()
	if err != nil {
		s.Fatal(err)
	}
	leaf, err := ca.Leaf(privateName)
	if err != nil {
		s.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	if err != nil {
		s.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	for _, der := range leaf.Certificate {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	if err := os.WriteFile(at[0], text, 0o600); err != nil {
		s.Fatal(err)
	}
}
