package conformance

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/culvert/culvert/cloudflare/sim"
)

// rows is the table.
func rows() []row {
	return slices.Concat(tokenRows(), authRows(), envelopeRows(), clientRows(), tunnelRows(), configRows(),
		appRows(), policyRows(), groupRows(), serviceTokenRows(), tagRows(), organizationRows(), methodRows(), zoneRows(), recordRows(), settingRows(), rulesetRows(),
		vnetRows(), cidrRouteRows(), hostnameRouteRows(), subnetRows(), deviceSettingRows(), gatewayRows(),
		profileRows(), profileListRows(), deviceRows(), registrationRows(), loginRows(), fleetRows(), dexTestRows(), gatewayConfigRows(), auditRows(), alertRows(),
		unsureNetworkRows())
}

func TestRows(t *testing.T) {
	if *live {
		runLive(t)
		return
	}
	realEnvironment(t)
	for _, r := range rows() {
		t.Run(r.String(), func(t *testing.T) { r.simulated(t) })
	}
}

// realEnvironment sets what the official client and net/http would take from
// the environment, for rows to prove that they do not.
func realEnvironment(t *testing.T) {
	for name, value := range map[string]string{"CLOUDFLARE_BASE_URL": realAPI, "CLOUDFLARE_API_TOKEN": "real", "CLOUDFLARE_ACCOUNT_ID": "real",
		"CLOUDFLARE_ZONE_ID": "real", "CLOUDFLARE_API_KEY": "real", "CLOUDFLARE_EMAIL": "real@example.org",
		"HTTP_PROXY": "http://192.0.2.1:3128", "HTTPS_PROXY": "http://192.0.2.1:3128"} {
		t.Setenv(name, value)
	}
}

// simulated runs a row against a simulator of its own. The row must call its
// operation, reach nothing but loopback, and leave no trace.
func (r row) simulated(t *testing.T) {
	api, stop := simulator(r.options)
	defer stop()
	before := ""
	if r.class != simulated {
		before = r.left(t, api)
		api.cloud.ForgetCalls()
	}
	dialled := &recorder{}
	watched := api
	watched.http = &http.Client{Transport: &http.Transport{DialContext: dialled.dial, DisableKeepAlives: true}}
	for _, f := range r.on(watched).failures {
		t.Error(f)
	}
	r.judge(t, api.cloud.Calls(), dialled.addresses)
	if r.class == simulated {
		return
	}
	if after := r.left(t, api); after != before {
		t.Errorf("it leaves behind\n%s\nwhere there was\n%s", after, before)
	}
}

func (r row) left(t *testing.T, api target) string {
	t.Helper()
	there, err := left(api)
	if err != nil {
		t.Fatal(err)
	}
	return there
}

func (r row) judge(t *testing.T, calls []sim.Call, dialled []string) {
	if !slices.ContainsFunc(calls, r.makes) {
		t.Errorf("it never called %s", r.op)
	}
	for _, call := range calls {
		if r.class == read && call.Method != "GET" && call.Status < 300 {
			t.Errorf("it is said to read, and %s %s succeeded", call.Method, call.Path)
		}
	}
	if len(dialled) < len(calls) {
		t.Errorf("it made %d calls over %d connections that were watched", len(calls), len(dialled))
	}
	for _, addr := range dialled {
		if !strings.HasPrefix(addr, "127.0.0.1:") {
			t.Errorf("it dialled %s", addr)
		}
	}
}

// makes tells whether a call is one of the row's operation.
func (r row) makes(call sim.Call) bool {
	method, path, _ := strings.Cut(r.op, " ")
	pattern := regexp.MustCompile("^" + placeholder.ReplaceAllString(path, "[^/]+") + "$")
	return call.Method == method && pattern.MatchString(call.Path)
}

func runLive(t *testing.T) {
	api, err := realTarget()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows() {
		t.Run(r.String(), func(t *testing.T) {
			if !r.class.may(*disposable) {
				t.Skip("not on this account")
			}
			for _, f := range r.on(api).failures {
				t.Error(f)
			}
		})
	}
	found, err := sweep(api)
	if err != nil {
		t.Error(err)
	}
	for _, trace := range found {
		t.Errorf("left behind by a row, and removed now: %s", trace)
	}
}

func TestEveryOperationAndEveryRefusalHasARow(t *testing.T) {
	if *live {
		t.Skip("is about the simulator")
	}
	done, asserted := map[string]bool{}, map[int]bool{}
	for _, r := range rows() {
		api, stop := simulator(r.options)
		for _, code := range r.on(api).codes {
			asserted[code] = true
		}
		for _, call := range api.cloud.Calls() {
			if call.Status < 300 && call.Status != 0 && r.makes(call) {
				done[r.op] = true
			}
		}
		stop()
	}
	operations := sim.Operations()
	for _, op := range operations {
		if !done[op] {
			t.Errorf("no row has %s succeed", op)
		}
	}
	for _, r := range rows() {
		if !slices.Contains(operations, r.op) {
			t.Errorf("the row %q is of no operation of the simulator", r)
		}
	}
	for _, code := range answerable(t) {
		if !asserted[code] {
			t.Errorf("the simulator can answer with code %d, and no row has it", code)
		}
	}
}

func TestNoRowIsThereTwice(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rows() {
		if seen[r.String()] {
			t.Errorf("twice: %s", r)
		}
		seen[r.String()] = true
	}
}

// answerable are the codes that the simulator's source can answer with.
func answerable(t *testing.T) []int {
	files, err := filepath.Glob("../sim/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("the simulator's source: %v, %v", files, err)
	}
	var codes []int
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if code, is := codeIn(n); is && !slices.Contains(codes, code) {
				codes = append(codes, code)
			}
			return true
		})
	}
	slices.Sort(codes)
	return codes
}

// codeIn finds the code of refuse(status, code, ...), invalid(code, ...),
// badRule(code, ...) and problem{Code: code}.
func codeIn(n ast.Node) (code int, is bool) {
	switch n := n.(type) {
	case *ast.CallExpr:
		at, is := map[string]int{"invalid": 0, "badRule": 0, "refuse": 1}[identifier(n.Fun)]
		if is && at < len(n.Args) {
			return number(n.Args[at])
		}
	case *ast.CompositeLit:
		for _, field := range n.Elts {
			if kv, ok := field.(*ast.KeyValueExpr); ok && identifier(n.Type) == "problem" && identifier(kv.Key) == "Code" {
				return number(kv.Value)
			}
		}
	}
	return 0, false
}

func identifier(e ast.Expr) string {
	if id, ok := e.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

func number(e ast.Expr) (int, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.INT {
		return 0, false
	}
	n, err := strconv.Atoi(lit.Value)
	return n, err == nil
}
