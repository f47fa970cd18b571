package stackfile

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var private = NetworkUse{Name: "culvert-ocs", Address: "172.30.250.4", Aliases: []string{"app.culvert"}, KeepDefault: true}

// inNetwork adds the network to the service web and checks what may differ.
func inNetwork(t *testing.T, src []byte, use NetworkUse) (Edit, *Meaning) {
	t.Helper()
	o := alone(t, src)
	before := load(t, o)
	use.KeepDefault = slices.ContainsFunc(before.Networks("web"), func(n Network) bool { return n.Key == "default" })
	e, err := parse(t, string(src)).AddNetwork("web", use)
	if err != nil {
		t.Fatal(err)
	}
	after := edited(t, o, "c.yml", e.After)
	if _, err := CompareNetwork(before, after, "web", use.Name, &use); err != nil {
		t.Fatalf("%v in\n%s", err, e.After)
	}
	mustUndo(t, e)
	if back, ok := e.Revert(e.After); !ok || !bytes.Equal(back, e.Before) {
		t.Errorf("reverting gave (%v) %q", ok, back)
	}
	return e, after
}

func alone(t *testing.T, src []byte) LoadOptions {
	t.Helper()
	return project(t, "c.yml", string(src), ".env", "POSTGRES_PASSWORD=pw\n", ".env.prod", string(fixture(t, "env.prod")))
}

func TestAServiceStaysInTheNetworksThatItHad(t *testing.T) {
	for name, src := range variants(fixture(t, "docker-compose.prod.yml")) {
		e, after := inNetwork(t, src, private)
		var keys []string
		for _, n := range after.Networks("web") {
			keys = append(keys, n.Key)
		}
		if !slices.Equal(keys, []string{"culvert-ocs", "default"}) {
			t.Errorf("%s: web is in %v and no longer reaches its database", name, keys)
		}
		if name == "LF" {
			golden(t, "network.diff", e.Diff())
		}
	}
}

func TestEveryFormOfNetworksTakesOneMore(t *testing.T) {
	rows := map[string]string{
		"none":                   "services:\n  web:\n    image: i\n",
		"a list":                 "services:\n  web:\n    image: i\n    networks:\n      - default # the app's\n      - \"back\"\n    ports: []\nnetworks:\n  back: {}\n",
		"a list at the key":      "services:\n  web:\n    networks:\n    - default\n    - back\n    image: i\nnetworks:\n  back:\n",
		"a list in brackets":     "services:\n  web:\n    networks: [default, \"back\" ]\n    image: i\nnetworks: {back: {}}\n",
		"a mapping":              "services:\n  web:\n    networks:\n      back:\n        aliases: [x]\n    image: i\nnetworks:\n  back:\n    driver: bridge\n",
		"a mapping in braces":    "services:\n  web:\n    networks: {back: {aliases: [x]}}\n    image: i\nnetworks:\n  back:\n    driver: bridge\n",
		"a service in braces":    "services:\n  web: {image: i}\n",
		"comments at the top":    "# the app\n\nservices:\n  web:\n    # the image\n    image: i\n",
		"networks below":         "services:\n  web:\n    image: i\n\n# ours\nnetworks:\n  # theirs\n  default:\n    name: other\n",
		"merged from elsewhere":  "x-app: &app\n  image: i\nservices:\n  web:\n    <<: *app\n    command: run\n",
		"a name before services": "name: chat\nservices:\n  web:\n    image: i\n",
	}
	for name, src := range rows {
		for form, text := range variants([]byte(src)) {
			t.Run(name+" "+form, func(t *testing.T) {
				inNetwork(t, text, private)
				inNetwork(t, text, NetworkUse{Name: "culvert-ocs"})
			})
		}
	}
}

func TestWhatWouldReachFurtherIsRefused(t *testing.T) {
	rows := map[string]struct{ src, says string }{
		"network_mode":       {"services:\n  web:\n    image: i\n    network_mode: host\n", "network_mode"},
		"inherited":          {"x-app: &app\n  networks: [back]\nservices:\n  web:\n    <<: *app\n    image: i\nnetworks:\n  back: {}\n", "inherits its networks"},
		"an alias":           {"x-n: &n [default]\nservices:\n  web:\n    image: i\n    networks: *n\n", "alias"},
		"shared":             {"services:\n  web:\n    image: i\n    networks: &n\n      - default\n  db:\n    image: d\n    networks: *n\n", "would change too"},
		"a whole service":    {"services:\n  web: &w\n    image: i\n  db: *w\n", "would change too"},
		"tagged":             {"services:\n  web:\n    image: i\n    networks: !override\n      - default\n", "tagged"},
		"a variable":         {"services:\n  web:\n    image: i\n    networks:\n      - ${NET}\n", "plain name"},
		"several lines":      {"services:\n  web:\n    image: i\n    networks: [default,\n      back]\nnetworks:\n  back: {}\n", "several lines"},
		"empty":              {"services:\n  web:\n    image: i\n    networks:\n", "empty"},
		"the name is taken":  {"services:\n  web:\n    image: i\nnetworks:\n  culvert-ocs: {}\n", "declares a network"},
		"a file in braces":   {"{services: {web: {image: i}}}\n", "Something stands before"},
		"networks are empty": {"services:\n  web:\n    image: i\nnetworks:\n", "empty or an alias"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, row.src).AddNetwork("web", private)
			mustRefuse(t, err, row.says, 0)
		})
	}
}

func TestANetworkIsTakenOutAgainAlthoughThePortWasClosedSince(t *testing.T) {
	src := fixture(t, "docker-compose.prod.yml")
	for name, src := range variants(src) {
		added, _ := inNetwork(t, src, private)
		closed, err := parse(t, string(added.After)).RemovePort("web", "8000", vars(nil))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := parse(t, string(src)).RemovePort("web", "8000", vars(nil))
		if err != nil {
			t.Fatal(err)
		}
		back, ok := added.Revert(closed.After)
		if !ok || !bytes.Equal(back, plain.After) {
			t.Errorf("%s: reverted %v (-want +got):\n%s", name, ok, cmp.Diff(string(plain.After), string(back)))
		}
	}
	added, _ := inNetwork(t, src, private)
	if _, ok := added.Revert([]byte(strings.Replace(string(added.After), "172.30.250.4", "172.30.250.9", 1))); ok {
		t.Error("lines that somebody changed were taken out")
	}
	if _, ok := added.Revert(append(bytes.Clone(added.After), added.After...)); ok {
		t.Error("lines that stand twice were taken out")
	}
}

func TestANetworkThatAnotherFileDecidesIsNotTakenForDone(t *testing.T) {
	src := "services:\n  web:\n    image: i\n"
	e, err := parse(t, src).AddNetwork("web", NetworkUse{Name: "culvert-ocs", Address: "172.30.250.4"})
	if err != nil {
		t.Fatal(err)
	}
	o := alone(t, []byte(src))
	before, after := load(t, o), edited(t, o, "c.yml", e.After)
	_, err = CompareNetwork(before, after, "web", "culvert-ocs", &NetworkUse{Name: "culvert-ocs", Address: "172.30.250.4"})
	mustRefuse(t, err, "more than it should", 0) // default was not written out
}
