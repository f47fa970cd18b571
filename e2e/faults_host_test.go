package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/culvert/culvert/setup"
)

const connector = "culvert-open-chat-studio-cloudflared-1"

// hostFaults are what happens on the server.
func hostFaults() []fault {
	return []fault{
		{what: "the connector is stopped", class: setup.ClassConnectorStopped,
			act: func(s *scene) { s.docker("stop", "-t", "1", connector) }},
		{what: "the connector is removed", class: setup.ClassConnectorMissing,
			act: func(s *scene) { s.docker("rm", "-f", connector) }},
		{what: "the connector's file is removed", hidden: true, class: setup.ClassConnectorChanged,
			act: func(s *scene) { s.erase("docker-compose.culvert.yml") }},
		{what: "the connector is taken off the app's network", class: setup.ClassConnectorNetwork,
			act: func(s *scene) {
				s.docker("network", "create", "other")
				s.docker("network", "connect", "other", connector)
				s.docker("network", "disconnect", s.network(), connector)
			}},
		{what: "the app is stopped", class: setup.ClassAppStopped,
			act: func(s *scene) { s.docker("stop", "-t", "1", s.w.container("web")) }},
		{what: "the app is removed", class: setup.ClassAppStopped,
			act:  func(s *scene) { s.docker("rm", "-f", s.w.container("web")) },
			mend: func(s *scene) { s.up("web") }, do: "docker compose up -d"},
		{what: "the app is frozen", class: setup.ClassAppStopped,
			act:  func(s *scene) { s.docker("pause", s.w.container("web")) },
			mend: func(s *scene) { s.docker("unpause", s.w.container("web")) }, do: "docker"},
		{what: "the app is taken off its network", class: setup.ClassConnectorNetwork,
			act:  func(s *scene) { s.docker("network", "disconnect", s.network(), s.w.container("web")) },
			mend: func(s *scene) { s.docker("network", "connect", "--alias", "web", s.network(), s.w.container("web")) }, do: "docker compose up -d --force-recreate web"},
		{what: "the public name is taken out of the env file", hidden: true, class: setup.ClassSettingLost,
			act: func(s *scene) { s.edit(".env.prod", ","+host, "") }},
		{what: "the app runs without its public name", class: setup.ClassSettingLost,
			act: func(s *scene) { s.edit(".env.prod", ","+host, ""); s.up("web") }},
		{what: "the origin of forms is taken out of the env file", hidden: true, class: setup.ClassSettingLost,
			act: func(s *scene) { s.edit(".env.prod", "CSRF_TRUSTED_ORIGINS=https://"+host+"\n", "") }},
		{what: "the port is opened in the file", hidden: true, class: setup.ClassPortReopened,
			act: func(s *scene) { s.edit("docker-compose.prod.yml", `"127.0.0.1:${PORT`, `"${PORT`) }},
		{what: "the port is opened by hand", class: setup.ClassPortReopened,
			act: func(s *scene) { s.edit("docker-compose.prod.yml", `"127.0.0.1:${PORT`, `"${PORT`); s.up("web") }},
	}
}

// awayFaults are what keeps Culvert from seeing how things stand.
func awayFaults() []fault {
	return []fault{
		{what: "the token is revoked", class: setup.ClassTokenRefused, hidden: true,
			act:  func(s *scene) { s.fault("* /** status 401") },
			mend: func(s *scene) { s.heal() }, do: "Make a new token"},
		{what: "Cloudflare's API does not answer", class: setup.ClassCloudAway, hidden: true,
			act:  func(s *scene) { s.fault("* /** reset-before") },
			mend: func(s *scene) { s.heal() }, do: "www.cloudflarestatus.com"},
		{what: "the Docker engine is gone", class: setup.ClassDockerAway,
			act: func(s *scene) {
				if err := s.w.KillEngine(); err != nil {
					s.Fatal(err)
				}
			},
			mend: func(s *scene) {
				if err := s.w.StartEngine(s.Context()); err != nil {
					s.Fatal(err)
				}
				s.up()
			}, do: "Start the Docker engine", thenFix: true},
	}
}

// heal ends what goes wrong with calls to the account.
func (s *scene) heal() {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodDelete, s.w.sim.Control+"/faults", nil)
	if err != nil {
		s.Fatal(err)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		s.Fatal(resp.Status)
	}
}

func (s *scene) docker(args ...string) {
	s.Helper()
	if out, err := s.w.Run(s.Context(), "docker", args...); err != nil {
		s.Fatalf("docker %s: %v\n%s", args[0], err, out)
	}
}

// up starts services of the app as the app's own guide says.
func (s *scene) up(services ...string) {
	s.Helper()
	args := append([]string{"-f", "docker-compose.prod.yml", "up", "-d"}, services...)
	if out, err := s.w.Compose(s.Context(), s.w.stack.Dir, args...); err != nil {
		s.Fatalf("docker compose up: %v\n%s", err, out)
	}
}

func (s *scene) network() string { return s.w.stack.Project + "_default" }

func (s *scene) edit(name, old, changed string) {
	s.Helper()
	text := s.w.read(s.T, name)
	if !strings.Contains(text, old) {
		s.Fatalf("%s has no %q", name, old)
	}
	if err := os.WriteFile(filepath.Join(s.w.stack.Dir, name), []byte(strings.Replace(text, old, changed, 1)), 0o600); err != nil {
		s.Fatal(err)
	}
}

func (s *scene) erase(name string) {
	s.Helper()
	if err := os.Remove(filepath.Join(s.w.stack.Dir, name)); err != nil {
		s.Fatal(err)
	}
}

func (s *scene) tunnelToken() string {
	s.Helper()
	return decoded[string](s.T, s.call(http.MethodGet, s.one(tunnels, "open-chat-studio")+"/token", nil))
}
