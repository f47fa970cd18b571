package stackfile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConnectorFile(t *testing.T) {
	spec := ConnectorSpec{
		ProjectName: "chat-tunnel", Image: "cloudflare/cloudflared:2026.7.0", Network: "chat_default",
		EnvFile: "/srv/a $dir/culvert \"x\".env", Comment: "Setup: chat\n\nSee the dashboard.",
		Labels: map[string]string{"culvert.setup": "chat", "culvert.price": "$5"},
	}
	src := ConnectorFile(spec)
	golden(t, "connector.yml", string(src))
	back, err := ParseConnectorFile(src)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(spec, back); d != "" {
		t.Error(d)
	}
	o := project(t, "c.yml", string(ConnectorFile(ConnectorSpec{ProjectName: "p", Image: "i:1", Network: "n_default", EnvFile: "/x$y/e"})))
	o.ProjectName = ""
	o.Content = map[string][]byte{"/x$y/e": []byte("TUNNEL_TOKEN=t\n")}
	m := load(t, o)
	if d := cmp.Diff([]Network{{Key: "app", Name: "n_default", External: true}}, m.Networks("cloudflared")); d != "" || m.Name() != "p" {
		t.Error(m.Name(), d)
	}
	if d := cmp.Diff([]EnvFile{{Path: "/x$y/e", Required: true, Exists: true}}, m.EnvFiles("cloudflared")); d != "" {
		t.Error(d)
	}
	_, err = ParseConnectorFile([]byte("services: {}\n"))
	mustRefuse(t, err, "not written by Culvert", 1)
	_, err = ParseConnectorFile([]byte(connectorHeader + "\nservices: {}\n"))
	mustRefuse(t, err, "changed by hand", 0)
}

func TestConnectorFileWithSidecars(t *testing.T) {
	labels := map[string]string{"sh.culvert.mark": "m"}
	spec := ConnectorSpec{
		ProjectName: "chat-tunnel", Image: "cloudflare/cloudflared:2026.7.0", Network: "chat_default", EnvFile: "/srv/t.env", Labels: labels,
		Networks: []string{"culvert-chat"}, Protocol: "quic",
		Sidecars: []Sidecar{
			{Service: "dns", Image: "dns@sha256:1", Command: []string{"dnsmasq", "--address=/ocs.your-org/172.30.250.2", "--local=/a$b/"}, Labels: labels,
				Places: []Place{{Network: "culvert-chat", Address: "172.30.250.3"}}},
			{Service: "front", Image: "nginx@sha256:2", Command: []string{"nginx", "-g", "daemon off;"}, Folder: "/srv/a $dir", Mount: "/etc/culvert", Labels: labels,
				Places: []Place{{Network: "chat_default"}, {Network: "culvert-chat", Address: "172.30.250.2", Aliases: []string{"ocs.your-org"}}}},
		},
	}
	src := ConnectorFile(spec)
	golden(t, "connector-sidecars.yml", string(src))
	back, err := ParseConnectorFile(src)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(spec, back); d != "" {
		t.Error(d)
	}
	o := project(t, "c.yml", string(src))
	o.ProjectName, o.Content = "", map[string][]byte{"/srv/t.env": []byte("TUNNEL_TOKEN=t\n")}
	m := load(t, o)
	want := []Network{{Key: "app", Name: "chat_default", External: true},
		{Key: "net1", Name: "culvert-chat", External: true, Address: "172.30.250.2", Aliases: []string{"ocs.your-org"}}}
	if d := cmp.Diff(want, m.Networks("front")); d != "" {
		t.Error(d)
	}
}
