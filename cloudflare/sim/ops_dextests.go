package sim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
)

// dexTest is something that devices are to try regularly. The devices of the
// simulator try nothing, so that no test has results.
type dexTest struct {
	ID          string          `json:"test_id"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Interval    string          `json:"interval"` // such as 0h30m0s
	Enabled     bool            `json:"enabled"`
	Data        dexTarget       `json:"data"`
	Targeted    bool            `json:"targeted"`
	Profiles    []targetProfile `json:"target_policies"`
	Created     time.Time       `json:"created"`
	Updated     time.Time       `json:"updated"`
}

type dexTarget struct {
	Host   string `json:"host"`
	Kind   string `json:"kind"`
	Method string `json:"method,omitempty"`
}

// targetProfile is a profile whose devices are to try a test.
type targetProfile struct {
	ID      string `json:"id"`
	Default bool   `json:"default"`
	Name    string `json:"name"`
}

// maxDEXTests an account can have.
const maxDEXTests = 10

func dexTestRoutes() []route {
	base := "/accounts/{account}/dex"
	list, one := base+"/devices/dex_tests", base+"/devices/dex_tests/{id}"
	all := []route{
		{method: "GET", path: list, do: listDEXTests},
		{method: "POST", path: list, do: createDEXTest},
		{method: "GET", path: one, do: getDEXTest},
		{method: "PUT", path: one, do: putDEXTest},
		{method: "DELETE", path: one, do: deleteDEXTest},
		{method: "GET", path: base + "/http-tests/{id}", do: getDEXResults},
	}
	for i := range all {
		all[i].area = dexArea()
	}
	return all
}

// dexArea opens what is of the digital experience of devices.
func dexArea() area { return area{names: []string{"Cloudflare DEX"}, perhaps: "Zero Trust"} }

// badDEX has a code that was not established, as have the others here.
func badDEX(text string) error { return refuse(http.StatusBadRequest, 1004, text) }

var errNoDEXTest = refuse(http.StatusNotFound, 1003, "DEX test not found")

func listDEXTests(c *call) (answer, error) {
	var rows []*dexTest
	for t := range c.account.DEXTests.all() {
		if is := func(field, value string) bool { return !c.query.Has(field) || c.query.Get(field) == value }; is("kind", t.Data.Kind) && is("testName", t.Name) {
			rows = append(rows, t)
		}
	}
	return page(c.query, rows, paging{10, 1, 50}), nil
}

func createDEXTest(c *call) (answer, error) {
	if c.account.DEXTests.len() >= maxDEXTests {
		return answer{}, badDEX("an account can have at most 10 tests")
	}
	return c.saveDEXTest(dexTest{ID: c.cloud.ids.uuid(), Created: c.now})
}

func (c *call) dexTest() (*dexTest, error) {
	if t, ok := c.account.DEXTests.get(c.id); ok {
		return t, nil
	}
	return nil, errNoDEXTest
}

func getDEXTest(c *call) (answer, error) {
	t, err := c.dexTest()
	return answer{result: t}, err
}

// putDEXTest replaces the whole of it.
func putDEXTest(c *call) (answer, error) {
	t, err := c.dexTest()
	if err != nil {
		return answer{}, err
	}
	return c.saveDEXTest(dexTest{ID: t.ID, Created: t.Created})
}

func (c *call) saveDEXTest(t dexTest) (answer, error) {
	id, created := t.ID, t.Created
	if err := c.read(&t); err != nil {
		return answer{}, err
	}
	t.ID, t.Created, t.Updated, t.Profiles = id, created, c.now, orEmpty(t.Profiles)
	t.Data.Method = strings.ToUpper(t.Data.Method)
	every, err := time.ParseDuration(t.Interval)
	switch {
	case t.Name == "" || t.Data.Host == "":
		return answer{}, badDEX("name and data.host are required")
	case !slices.Contains([]string{"http", "traceroute"}, t.Data.Kind):
		return answer{}, badDEX("data.kind must be http or traceroute")
	case err != nil || every <= 0:
		return answer{}, badDEX("invalid interval")
	case t.Data.Kind == "http" && cmp.Or(t.Data.Method, "GET") != "GET":
		return answer{}, badDEX("data.method must be GET")
	}
	c.account.DEXTests.put(t.ID, &t)
	return answer{result: &t}, nil
}

// deleteDEXTest lists those that are left.
func deleteDEXTest(c *call) (answer, error) {
	if _, err := c.dexTest(); err != nil {
		return answer{}, err
	}
	c.account.DEXTests.drop(c.id)
	return answer{result: map[string]any{"dex_tests": orEmpty(slices.Collect(c.account.DEXTests.all()))}}, nil
}

// getDEXResults has none.
func getDEXResults(c *call) (answer, error) {
	t, err := c.dexTest()
	if err != nil || t.Data.Kind != "http" {
		return answer{}, errNoDEXTest
	}
	from, to := moment(c.query.Get("from")), moment(c.query.Get("to"))
	if interval := c.query.Get("interval"); from.IsZero() || to.IsZero() || !slices.Contains([]string{"minute", "hour"}, interval) {
		return answer{}, badDEX("from, to and interval are required")
	}
	return answer{result: map[string]any{"host": t.Data.Host, "httpStats": nil, "httpStatsByColo": []any{}, "interval": t.Interval, "kind": t.Data.Kind,
		"method": t.Data.Method, "name": t.Name, "target_policies": t.Profiles, "targeted": t.Targeted}}, nil
}
