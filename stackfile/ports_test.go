package stackfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// web wraps lines, indented by four, into a service.
func web(lines string) string {
	return "services:\n  web:\n    image: app\n" + lines
}

func TestPortsAreReadAsWritten(t *testing.T) {
	c := parse(t, web(`    ports:
      - "${PORT:-8000}:${PORT:-8000}"
      - 5678:5678
      - 8080
      - '127.0.0.1:3000:3000'
      - "${BIND_IP:-0.0.0.0}:${HOST_PORT:-3000}:${PORT:-3000}/tcp"
      - "[::1]:7000:7000"
      - "::1:7001:7001"
      - "${CALLS}:${CALLS}/udp"
      - target: 9000
        published: "9001"
        host_ip: 10.0.0.1
        protocol: tcp
      - {target: 9100}
`))
	want := []PortEntry{
		{Line: 5, Text: "${PORT:-8000}:${PORT:-8000}", Published: "${PORT:-8000}", Target: "${PORT:-8000}"},
		{Line: 6, Text: "5678:5678", Published: "5678", Target: "5678"},
		{Line: 7, Text: "8080", Target: "8080"},
		{Line: 8, Text: "127.0.0.1:3000:3000", HostIP: "127.0.0.1", Published: "3000", Target: "3000"},
		{Line: 9, Text: "${BIND_IP:-0.0.0.0}:${HOST_PORT:-3000}:${PORT:-3000}/tcp", HostIP: "${BIND_IP:-0.0.0.0}",
			Published: "${HOST_PORT:-3000}", Target: "${PORT:-3000}", Protocol: "tcp"},
		{Line: 10, Text: "[::1]:7000:7000", HostIP: "[::1]", Published: "7000", Target: "7000"},
		{Line: 11, Text: "::1:7001:7001", HostIP: "::1", Published: "7001", Target: "7001"},
		{Line: 12, Text: "${CALLS}:${CALLS}/udp", Published: "${CALLS}", Target: "${CALLS}", Protocol: "udp"},
		{Line: 13, Text: "target: 9000, published: 9001, host_ip: 10.0.0.1, protocol: tcp", Long: true,
			HostIP: "10.0.0.1", Published: "9001", Target: "9000", Protocol: "tcp"},
		{Line: 17, Text: "target: 9100", Long: true, Target: "9100"},
	}
	got, err := c.Ports("web")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPortsResolveAsComposeDoes(t *testing.T) {
	lookup := vars(map[string]string{"PORT": "9000", "IP": "127.0.0.1"})
	for _, row := range []struct{ entry, want string }{
		{`"${PORT:-8000}:${PORT:-8000}"`, "every address:9000 → 9000/tcp"},
		{`8080`, "every address:a free port → 8080/tcp"},
		{`"${IP}:80:80"`, "127.0.0.1:80 → 80/tcp"},
		{`"[::1]:80:80/udp"`, "[::1]:80 → 80/udp"},
		{`"80-81:90-91"`, "every address:80 → 90/tcp, every address:81 → 91/tcp"},
		{`{target: 80, host_ip: "::1", published: 81}`, "[::1]:81 → 80/tcp"},
	} {
		entries, err := parse(t, web("    ports:\n      - "+row.entry+"\n")).Ports("web")
		if err != nil {
			t.Fatal(err)
		}
		ports, err := entries[0].Resolve(lookup)
		if err != nil {
			t.Fatal(err)
		}
		if got := portWords(ports); got != row.want {
			t.Errorf("%s: got %s, want %s", row.entry, got, row.want)
		}
	}
}

// Each row gives the lines of a service before and after its port 8000 is bound
// to loopback.
func TestBindLoopback(t *testing.T) {
	for name, row := range map[string]struct{ before, after string }{
		"two parts": {
			"    ports:\n      - \"${PORT:-8000}:${PORT:-8000}\" # public\n    tty: true\n",
			"    ports:\n      - \"127.0.0.1:${PORT:-8000}:${PORT:-8000}\" # public\n    tty: true\n"},
		"one part gets an empty host port": {
			"    ports: [8000]\n",
			"    ports: [127.0.0.1::8000]\n"},
		"three parts lose their address": {
			"    ports:\n    - ${BIND:-0.0.0.0}:${HOST_PORT:-80}:8000\n",
			"    ports:\n    - 127.0.0.1:${HOST_PORT:-80}:8000\n"},
		"an empty address": {
			"    ports:\n      - ':80:8000'\n",
			"    ports:\n      - '127.0.0.1:80:8000'\n"},
		"IPv6, with and without brackets": {
			"    ports: [\"[::]:80:8000\", ':::81:8000']\n",
			"    ports: [\"127.0.0.1:80:8000\", '127.0.0.1:81:8000']\n"},
		"a range": {
			"    ports:\n      - 8000-8002:8000-8002\n",
			"    ports:\n      - 127.0.0.1:8000-8002:8000-8002\n"},
		"only the wanted port, TCP, and not what is safe already": {
			"    ports:\n      - 9000:9000\n      - 8000:8000/udp\n      - 127.0.0.2:8000:8000\n      - '[::1]:8000:8000'\n      - 80:8000/tcp\n",
			"    ports:\n      - 9000:9000\n      - 8000:8000/udp\n      - 127.0.0.2:8000:8000\n      - '[::1]:8000:8000'\n      - 127.0.0.1:80:8000/tcp\n"},
		"an address that is safe by its variable": {
			"    ports:\n      - ${SAFE}:8000:8000\n",
			"    ports:\n      - ${SAFE}:8000:8000\n"},
		"long form": {
			"    ports:\n      - target: 8000\n        published: 80 # p\n        mode: host\n",
			"    ports:\n      - host_ip: 127.0.0.1\n        target: 8000\n        published: 80 # p\n        mode: host\n"},
		"long form with an address": {
			"    ports:\n      - target: 8000\n        host_ip: '0.0.0.0'\n",
			"    ports:\n      - target: 8000\n        host_ip: '127.0.0.1'\n"},
		"long form in braces": {
			"    ports:\n      - {target: 8000, published: 80}\n",
			"    ports:\n      - {host_ip: 127.0.0.1, target: 8000, published: 80}\n"},
		"an anchor and a tag nobody uses": {
			"    ports:\n      - &p \"8000:8000\"\n      - !!str 81:8000\n",
			"    ports:\n      - &p \"127.0.0.1:8000:8000\"\n      - !!str 127.0.0.1:81:8000\n"},
		"letters beyond ASCII before it": {
			"    ports: [ \"80:80\", \"8000:8000\" ] # größer\n    labels: {ä: 'ü'}\n",
			"    ports: [ \"80:80\", \"127.0.0.1:8000:8000\" ] # größer\n    labels: {ä: 'ü'}\n"},
		"no ports at all": {"    tty: true\n", "    tty: true\n"},
	} {
		t.Run(name, func(t *testing.T) {
			lookup := vars(map[string]string{"SAFE": "127.0.0.1"})
			e, err := parse(t, web(row.before)).BindLoopback("web", "${PORT:-8000}", lookup)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(web(row.after), string(e.After)); d != "" {
				t.Error(d)
			}
			mustUndo(t, e)
		})
	}
}

func TestRemovePort(t *testing.T) {
	for name, row := range map[string]struct{ before, after string }{
		"the last entry takes the key with it": {
			"    ports:\n      - 8000:8000\n    tty: true\n",
			"    # ports:\n      # - 8000:8000\n    tty: true\n"},
		"another entry stays": {
			"    ports:\n      - 8000:8000 # a\n      # b\n      - 9000:9000\n",
			"    ports:\n      # - 8000:8000 # a\n      # b\n      - 9000:9000\n"},
		"a safe entry goes too": {
			"    ports:\n    - 127.0.0.1:8000:8000\n    tty: true\n",
			"    # ports:\n    # - 127.0.0.1:8000:8000\n    tty: true\n"},
		"long form": {
			"    ports:\n      - target: 8000\n        # why\n\n        published: 80\n      - 9000:9000\n",
			"    ports:\n      # - target: 8000\n      #   # why\n\n      #   published: 80\n      - 9000:9000\n"},
		"long form in braces": {
			"    ports:\n      - {target: 8000,\n         published: 80} # x\n      - 9000:9000\n",
			"    ports:\n      # - {target: 8000,\n      #    published: 80} # x\n      - 9000:9000\n"},
		"a list in brackets": {
			"    ports: [\"8000:8000\"] # public\n    tty: true\n",
			"    # ports: [\"8000:8000\"] # public\n    tty: true\n"},
		"first of several in brackets": {
			"    ports: [\"8000:8000\",  9000:9000, 9100]\n", "    ports: [9000:9000, 9100]\n"},
		"middle and last of several in brackets": {
			"    ports: [9100,\n      \"8000:8000\", 9200,  81:8000]\n", "    ports: [9100, 9200]\n"},
		"all of several lines in brackets": {
			"    ports: [\n      8000,\n    ]\n    tty: true\n", "    ports: []\n    tty: true\n"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := parse(t, web(row.before)).RemovePort("web", "8000", nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(web(row.after), string(e.After)); d != "" {
				t.Error(d)
			}
			mustUndo(t, e)
		})
	}
}

const sharedPorts = `x-app: &app
  image: app
  ports:
    - 8000:8000
    - "9000:9000"
services:
  web:
    <<: *app
    tty: true
  worker: {<<: *app}
  only:
    <<: *app
    ports:
      - 8000:8000
`

func TestPortsInheritedByAMergeAreHiddenByAListOfTheServicesOwn(t *testing.T) {
	c := parse(t, sharedPorts)
	entries, err := c.Ports("web")
	if err != nil || len(entries) != 2 || !entries[0].Inherited || entries[0].Line != 4 {
		t.Fatalf("got %+v, %v", entries, err)
	}
	for name, row := range map[string]struct {
		edit func() (Edit, error)
		want []string // lines added
	}{
		"bind": {func() (Edit, error) { return c.BindLoopback("web", "8000", nil) },
			[]string{"    ports:", `      - "127.0.0.1:8000:8000"`, `      - "9000:9000"`}},
		"remove": {func() (Edit, error) { return c.RemovePort("web", "8000", nil) },
			[]string{"    ports:", `      - "9000:9000"`}},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := row.edit()
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]LineChange{{Line: 8, New: row.want}}, e.Lines, cmpopts.EquateEmpty()); d != "" {
				t.Error(d)
			}
			mustUndo(t, e)
		})
	}
	e, err := c.BindLoopback("worker", "8000", nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := `  worker: {ports: ["127.0.0.1:8000:8000", "9000:9000"], <<: *app}`; !strings.Contains(string(e.After), want) {
		t.Errorf("no %q in\n%s", want, e.After)
	}
}

func TestRemovingTheLastPortNeverBringsInheritedPortsBack(t *testing.T) {
	e, err := parse(t, sharedPorts).RemovePort("only", "8000", nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "    ports: []\n      # - 8000:8000\n"; !strings.HasSuffix(string(e.After), want) {
		t.Errorf("got\n%s", e.After)
	}
	inherited := "x: &x {image: a, ports: [8000]}\nservices:\n  web:\n    <<: *x\n"
	e, err = parse(t, inherited).RemovePort("web", "8000", nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "  web:\n    ports: []\n    <<: *x\n"; !strings.HasSuffix(string(e.After), want) {
		t.Errorf("got\n%s", e.After)
	}
	alone := "services:\n  web:\n    ports:\n      - 8000\n"
	e, err = parse(t, alone).RemovePort("web", "8000", nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "services:\n  web:\n    ports: []\n      # - 8000\n"; string(e.After) != want {
		t.Errorf("got\n%s", e.After)
	}
}

func TestEditsThatCannotBeSafeAreRefused(t *testing.T) {
	bind := func(c *Compose) (Edit, error) {
		return c.BindLoopback("web", "8000", vars(map[string]string{"ALL": "80:8000", "IPS": "0.0.0.0:80"}))
	}
	remove := func(c *Compose) (Edit, error) { return c.RemovePort("web", "8000", nil) }
	for name, row := range map[string]struct {
		src   string
		edit  func(*Compose) (Edit, error)
		words string
		line  int
	}{
		"no such service":          {"services:\n  db: {image: x}\n", bind, `no service "web"`, 0},
		"empty service":            {"services:\n  web:\n", bind, "is empty", 2},
		"service is an alias":      {"x: &x {image: a}\nservices:\n  web: *x\n", bind, "is an alias of another mapping", 3},
		"service shared":           {"services:\n  web: &base\n    image: a\n    ports: [8000]\n  b: *base\n", bind, "&base (line 2) is used in another place", 2},
		"service merged twice":     {"services:\n  web: &base\n    image: a\n    ports: [8000]\n  b: {<<: *base}\n  c: {<<: *base}\n", bind, "&base (line 2) is used in 2 other places", 2},
		"list shared":              {web("    ports: &p\n      - 8000\n") + "  b:\n    ports: *p\n", bind, "&p (line 4)", 4},
		"list is an alias":         {"x: &p [8000]\n" + web("    ports: *p\n"), bind, "`ports:` is an alias", 5},
		"entry shared":             {web("    ports:\n      - &p 8000:8000\n") + "  b:\n    ports: [*p]\n", bind, "&p (line 5)", 5},
		"entry is an alias":        {"x: &p 8000:8000\n" + web("    ports:\n      - *p\n"), bind, "alias of a value elsewhere", 6},
		"entry a variable":         {web("    ports:\n      - ${ALL}\n"), bind, "whole port comes from a variable", 5},
		"entry a bare variable":    {web("    ports:\n      - $ALL\n"), bind, "whole port comes from a variable", 5},
		"variable of two parts":    {web("    ports:\n      - ${IPS}:8000\n"), bind, "holds several parts", 5},
		"missing variable":         {web("    ports:\n      - ${PORT:?set it}:8000\n"), bind, "required variable PORT", 5},
		"escaped":                  {web("    ports:\n      - \"8000\\x3a8000\"\n"), bind, "escapes or over several lines", 5},
		"several lines":            {web("    ports:\n      - \"8000:\\\n        8000\"\n"), bind, "escapes or over several lines", 5},
		"folded":                   {web("    ports:\n      - >-\n        8000:8000\n"), bind, "block scalar", 5},
		"literal":                  {web("    ports:\n      - |-\n        8000:8000\n"), bind, "block scalar", 5},
		"dash alone":               {web("    ports:\n      -\n        8000:8000\n"), bind, "dash of the port stands on a line of its own", 6},
		"dash alone, long form":    {web("    ports:\n      -\n        target: 8000\n"), bind, "dash of the port", 6},
		"merge in a port":          {"x: &x {target: 8000}\n" + web("    ports:\n      - <<: *x\n        published: 80\n"), bind, "merges another mapping", 6},
		"network_mode":             {web("    network_mode: host\n    ports: [8000]\n"), bind, "network_mode: host", 4},
		"network_mode inherited":   {"x: &x {network_mode: host}\n" + web("    <<: *x\n    ports: [8000]\n"), bind, "network_mode: host", 1},
		"tagged list":              {web("    ports: !override\n      - 8000:8000\n"), bind, "tagged !override", 4},
		"tagged entry":             {web("    ports:\n      - !reset 8000:8000\n"), bind, "tagged !reset", 5},
		"not a port":               {web("    ports:\n      - http:8000\n"), bind, "not one Docker understands", 5},
		"ports is not a list":      {web("    ports: 8000\n"), bind, "is not a list", 4},
		"a list within the list":   {web("    ports: [[8000]]\n"), bind, "neither text nor a mapping", 4},
		"comment in brackets":      {web("    ports: [\n      8000, # a\n      9000]\n"), remove, "comment inside", 5},
		"comment before a bracket": {web("    ports: [ # a\n      8000]\n"), remove, "comment inside", 4},
		"a range to remove":        {web("    ports:\n      - 8000-8001:8000-8001\n"), remove, "publishes other ports too", 5},
		"braces over lines":        {web("    ports:\n      - {target: 8000\n        }\n      - 9\n"), remove, "over several lines", 5},
		"key beside something":     {"services:\n  web: {image: a, ports: [{target: 8000}]}\n", remove, "written with escapes", 2},
		"inherited long form":      {"x: &x\n  ports:\n    - target: 8000\n" + web("    <<: *x\n"), bind, "inherited through `<<`", 3},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := row.edit(parse(t, row.src))
			mustRefuse(t, err, row.words, row.line)
			if len(e.After) > 0 {
				t.Error("a refused edit carries bytes")
			}
		})
	}
}

func TestTheWantedPortMustBeAPort(t *testing.T) {
	for _, target := range []string{"", "http", "0", "70000", "${PORT}"} {
		_, err := parse(t, web("    ports: [8000]\n")).BindLoopback("web", target, nil)
		mustRefuse(t, err, "is not a port number", 0)
	}
}

func TestComposeFilesThatAreNotReadAreRefused(t *testing.T) {
	for name, row := range map[string]struct {
		src, words string
		line       int
	}{
		"not UTF-8":           {"services:\n  web:\n    image: \xff\n", "not UTF-8", 3},
		"several documents":   {web("") + "---\nservices: {}\n", "several YAML documents", 4},
		"lone CR":             {"services:\n  web:\r    image: a\n", "unusual line break (U+000D)", 2},
		"next line":           {"services: # a\u0085\n  web: {}\n", "unusual line break (U+0085)", 1},
		"line separator":      {"services:\n  web: {image: 'a\u2028b'}\n", "unusual line break (U+2028)", 2},
		"paragraph separator": {"# \u2029\nservices: {}\n", "unusual line break (U+2029)", 1},
		"duplicate key":       {web("    image: b\n"), `"image" stands twice in one mapping, first on line 3`, 4},
		"version 1":           {"web:\n  image: a\n", "version 1 compose file", 1},
		"no services":         {"name: x\n", "no `services:`", 0},
		"services an alias":   {"x: &x {}\nservices: *x\n", "`services:` is an alias", 2},
		"services a list":     {"services: []\n", "is not a mapping", 1},
		"not a mapping":       {"- a\n", "not a compose file", 1},
		"empty":               {"# nothing\n", "is empty", 0},
		"not YAML":            {"services:\n  web: {\n", "not valid YAML", 0},
		"tab":                 {"services:\n\tweb: {}\n", "not valid YAML", 2},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseCompose([]byte(row.src))
			mustRefuse(t, err, row.words, row.line)
		})
	}
}
