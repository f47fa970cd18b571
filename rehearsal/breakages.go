package rehearsal

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	cloud "github.com/culvert/culvert/cloudflare/sim"
	docker "github.com/culvert/culvert/dockerx/sim"
	"github.com/culvert/culvert/setup"
)

// Breakage is something that can be made to go wrong for practice.
type Breakage = cloud.Breakage

// hostBreakage is one on the made-up server.
type hostBreakage struct {
	Breakage
	act func(*World) error
}

var errNothingToBreak = errors.New("there is nothing of it to break yet: set the app up first")

// Breakages are all that can be broken: in the account, then on the server.
func Breakages() []Breakage {
	all := cloud.Breakages()
	for _, b := range hostBreakages() {
		all = append(all, b.Breakage)
	}
	return all
}

const hostsSetting = "DJANGO_ALLOWED_HOSTS"

func hostBreakages() []hostBreakage {
	return []hostBreakage{
		{Breakage{ID: "connector-stopped", Name: "Stop the connector", Does: "The container of cloudflared is stopped.",
			Sees: "Cloudflare answers with error 1033.", Mend: "Start it: docker compose -f docker-compose.culvert.yml up -d."}, (*World).stopConnector},
		{Breakage{ID: "connector-removed", Name: "Remove the connector", Does: "The container of cloudflared is removed.",
			Sees: "Cloudflare answers with error 1033.", Mend: "Start it: docker compose -f docker-compose.culvert.yml up -d."}, (*World).removeConnector},
		{Breakage{ID: "connector-file", Name: "Delete the connector's file", Does: "docker-compose.culvert.yml is gone; the connector runs on.",
			Sees: "Nothing, until the server is started again.", Mend: "Write the file again."}, (*World).deleteConnectorFile},
		{Breakage{ID: "app-stopped", Name: "Stop the app", Does: "The container web is stopped.",
			Sees: "Nobody gets an answer from the app.", Mend: "Start it: docker compose up -d."}, (*World).stopApp},
		{Breakage{ID: "address-changed", Name: "Change the container's address",
			Does: "The container that the private name leads to is taken out of its networks and put back, so Docker gives it another address. Without a private name it is the container web.",
			Sees: "With a private name, colleagues' devices no longer get to the app by it. Without one nothing goes wrong: the connector asks for web by its name.",
			Mend: "Make that container anew with the address of its file: docker compose up -d --force-recreate."}, (*World).changeAddress},
		{Breakage{ID: "allowed-hosts", Name: "Change " + hostsSetting, Does: "The app starts again and no longer knows its public name.",
			Sees: "It answers everything with 400.", Mend: "Put the name back into .env.prod and start web again."}, (*World).changeHosts},
		{Breakage{ID: "dns-stopped", Name: "Stop the DNS server", Does: "The container of dnsmasq is stopped.",
			Sees: "The private name is unknown on colleagues' devices.", Mend: "Start it: docker compose -f docker-compose.culvert.yml up -d."}, stopBeside(setup.DNSService)},
		{Breakage{ID: "front-stopped", Name: "Stop nginx", Does: "The container that speaks TLS for the private name is stopped.",
			Sees: "Colleagues' browsers find the name, and nobody answers.", Mend: "Start it: docker compose -f docker-compose.culvert.yml up -d."}, stopBeside(setup.FrontService)},
		{Breakage{ID: "connector-http2", Name: "Put the connector on http2", Does: "cloudflared starts again and talks to Cloudflare over http2.",
			Sees: "Webhooks go on; devices' questions to the DNS server do not arrive.", Mend: "Set TUNNEL_TRANSPORT_PROTOCOL to quic and start it again."}, (*World).useHTTP2},
		{Breakage{ID: "port-reopened", Name: "Open the port again", Does: "The app's port answers the whole internet, past Cloudflare.",
			Sees: "Everything works, and the lock can be walked around.", Mend: "Publish the port on 127.0.0.1 only and start web again."}, (*World).reopenPort},
	}
}

func stopBeside(service string) func(*World) error {
	return func(w *World) error {
		if !w.Docker.SetSidecarRunning(service, false) {
			return errNothingToBreak
		}
		return nil
	}
}

func (w *World) useHTTP2() error {
	if !w.Docker.SetProtocol("http2") {
		return errNothingToBreak
	}
	return nil
}

func (w *World) stopConnector() error {
	if _, running := w.Docker.Connector(); !running {
		return errNothingToBreak
	}
	w.Docker.StopConnector()
	return nil
}

func (w *World) removeConnector() error {
	if there, _ := w.Docker.Connector(); !there {
		return errNothingToBreak
	}
	w.Docker.RemoveConnector()
	return nil
}

func (w *World) deleteConnectorFile() error {
	return w.editFile("docker-compose.culvert.yml", func(string) (string, bool) { return "", false })
}

func (w *World) stopApp() error {
	w.Docker.SetRunning(docker.Service, false)
	return nil
}

// changeAddress meets the container to which a private name leads: the TLS front
// if there is one, or else the app.
func (w *World) changeAddress() error {
	service := docker.Service
	if w.Docker.HasSidecar(setup.FrontService) {
		service = setup.FrontService
	}
	w.Docker.Reattach(service)
	return nil
}

func (w *World) changeHosts() error {
	const other = "other.example.net"
	line := regexp.MustCompile(`(?m)^` + hostsSetting + `=.*$`)
	err := w.editFile(".env.prod", func(text string) (string, bool) {
		return line.ReplaceAllLiteralString(text, hostsSetting+"="+other), true
	})
	if err == nil {
		w.Docker.SetEnv(docker.Service, hostsSetting, other)
	}
	return err
}

func (w *World) reopenPort() error {
	if w.Docker.Exposure(docker.Project) == setup.ExposedPublic {
		return errNothingToBreak
	}
	err := w.editFile("docker-compose.prod.yml", func(text string) (string, bool) {
		return strings.ReplaceAll(text, `"127.0.0.1:${PORT`, `"${PORT`), true
	})
	if err == nil {
		w.Docker.SetExposure(setup.ExposedPublic)
	}
	return err
}

// Break makes something go wrong.
func (w *World) Break(id string) error {
	w.breaking.Lock()
	defer w.breaking.Unlock()
	i := slices.IndexFunc(hostBreakages(), func(b hostBreakage) bool { return b.ID == id })
	if i >= 0 {
		return w.breakHost(hostBreakages()[i])
	}
	if err := known(id); err != nil {
		return err
	}
	return w.Cloud.Break(id)
}

// Mend takes back what Break did, as far as nobody has changed it since.
func (w *World) Mend(id string) error {
	w.breaking.Lock()
	defer w.breaking.Unlock()
	if slices.ContainsFunc(hostBreakages(), func(b hostBreakage) bool { return b.ID == id }) {
		return w.mendHost(id)
	}
	if err := known(id); err != nil {
		return err
	}
	return w.Cloud.Mend(id)
}

// Broken are the breakages that were not mended.
func (w *World) Broken() []string {
	w.breaking.Lock()
	defer w.breaking.Unlock()
	all := w.Cloud.Broken()
	for _, b := range hostBreakages() {
		if _, broken := w.broken[b.ID]; broken {
			all = append(all, b.ID)
		}
	}
	return all
}

func known(id string) error {
	var ids []string
	for _, b := range Breakages() {
		if b.ID == id {
			return nil
		}
		ids = append(ids, b.ID)
	}
	return fmt.Errorf("nothing is called %q. What can be broken: %s", id, strings.Join(ids, ", "))
}
