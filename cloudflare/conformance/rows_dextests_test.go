package conformance

import (
	"slices"

	sdk "github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"
)

const (
	dexTests    = A + "/dex/devices/dex_tests"
	oneDEXTest  = dexTests + "/{id}"
	dexResults  = A + "/dex/http-tests/{id}"
	aDEXTest    = `{"name":"{name}","interval":"0h30m0s","enabled":true,"data":{"host":"https://{host}","kind":"http","method":"GET"}}`
	resultsTime = "?from=2026-11-23T00:00:00Z&to=2026-11-23T02:00:00Z&interval=hour"
)

// schemaHTTP is a test of a host, under a name.
func schemaHTTP(name, host string) zero_trust.SchemaHTTPParam {
	return zero_trust.SchemaHTTPParam{Name: sdk.F(name), Enabled: sdk.F(true), Interval: sdk.F("0h30m0s"),
		Data: sdk.F(zero_trust.SchemaDataParam{Host: sdk.F(host), Kind: sdk.F(zero_trust.SchemaDataKindHTTP), Method: sdk.F(zero_trust.SchemaDataMethodGet)})}
}

// dexTest makes one, which {id} stands for from then on.
func (t *try) dexTest() *zero_trust.SchemaHTTP {
	made := must[*zero_trust.SchemaHTTP](t)(t.zt.Devices.DEXTests.New(t.ctx, zero_trust.DeviceDEXTestNewParams{AccountID: sdk.F(t.account), SchemaHTTP: schemaHTTP(t.name(), "https://"+t.host())}))
	t.vars["id"] = made.TestID
	t.made(oneDEXTest)
	return made
}

func someDEXTest(t *try) { t.dexTest() }

func dexTestRows() []row {
	return slices.Concat([]row{
		{op: "POST " + dexTests, what: "makes one", class: own, run: func(t *try) {
			made := t.dexTest()
			t.same("it", []any{made.Name, made.Interval, made.Enabled, made.Data.Host, made.Data.Kind, made.Targeted}, []any{t.name(), "0h30m0s", true, "https://" + t.host(), zero_trust.SchemaDataKindHTTP, false})
		}},
		{op: "GET " + dexTests, what: "lists it", class: own, run: func(t *try) {
			made := t.dexTest()
			list := must[*dexTestsPage](t)(t.zt.Devices.DEXTests.List(t.ctx, zero_trust.DeviceDEXTestListParams{AccountID: sdk.F(t.account), TestName: sdk.F(t.name()),
				Kind: sdk.F(zero_trust.DeviceDEXTestListParamsKindHTTP)}))
			t.holds("it is there alone", len(list.Result) == 1 && list.Result[0].TestID == made.TestID)
		}},
		{op: "GET " + oneDEXTest, what: "shows it", class: own, run: func(t *try) {
			made := t.dexTest()
			got := must[*zero_trust.SchemaHTTP](t)(t.zt.Devices.DEXTests.Get(t.ctx, made.TestID, zero_trust.DeviceDEXTestGetParams{AccountID: sdk.F(t.account)}))
			t.same("the name", got.Name, t.name())
		}},
		{op: "PUT " + oneDEXTest, what: "replaces the whole of it", class: own, run: func(t *try) {
			made := t.dexTest()
			got := must[*zero_trust.SchemaHTTP](t)(t.zt.Devices.DEXTests.Update(t.ctx, made.TestID, zero_trust.DeviceDEXTestUpdateParams{AccountID: sdk.F(t.account),
				SchemaHTTP: schemaHTTP(t.name()+"-2", "https://other."+t.host())}))
			t.same("it", []any{got.TestID, got.Name, got.Data.Host}, []any{made.TestID, t.name() + "-2", "https://other." + t.host()})
		}},
		{op: "DELETE " + oneDEXTest, what: "lists those that are left", class: own, run: func(t *try) {
			made := t.dexTest()
			left := must[*zero_trust.DeviceDEXTestDeleteResponse](t)(t.zt.Devices.DEXTests.Delete(t.ctx, made.TestID, zero_trust.DeviceDEXTestDeleteParams{AccountID: sdk.F(t.account)}))
			t.holds("it is not among them", !slices.ContainsFunc(left.DEXTests, func(s zero_trust.SchemaHTTP) bool { return s.TestID == made.TestID }))
		}},
		{op: "GET " + dexResults, what: "has none while no device tried it", class: own, run: func(t *try) {
			made := t.dexTest()
			got := must[*zero_trust.HTTPDetails](t)(t.zt.DEX.HTTPTests.Get(t.ctx, made.TestID, zero_trust.DEXHTTPTestGetParams{AccountID: sdk.F(t.account), From: sdk.F("2026-11-23T00:00:00Z"),
				To: sdk.F("2026-11-23T02:00:00Z"), Interval: sdk.F(zero_trust.DexhttpTestGetParamsIntervalHour)}))
			t.same("it", []any{got.Host, got.Name, len(got.HTTPStatsByColo)}, []any{"https://" + t.host(), t.name(), 0})
		}},
	}, rowsOf([]refusal{
		{"POST " + dexTests, own, "one without a host", nil, `{"name":"{name}","interval":"1h","enabled":true,"data":{"kind":"http"}}`, 400, 1004, "data.host", 0},
		{"POST " + dexTests, own, "a kind that there is not", nil, `{"name":"{name}","interval":"1h","enabled":true,"data":{"host":"x","kind":"ping"}}`, 400, 1004, "data.kind", 0},
		{"POST " + dexTests, own, "a time that is none", nil, `{"name":"{name}","interval":"often","enabled":true,"data":{"host":"x","kind":"http"}}`, 400, 1004, "interval", 0},
		{"POST " + dexTests, own, "another method", nil, `{"name":"{name}","interval":"1h","enabled":true,"data":{"host":"x","kind":"http","method":"POST"}}`, 400, 1004, "data.method", 0},
		{"POST " + dexTests, simulated, "more than ten", func(t *try) { t.many(10, "POST", dexTests, aDEXTest) }, aDEXTest, 400, 1004, "at most 10", 0},
		{"GET " + oneDEXTest, read, "an unknown one", nil, "", 404, 1003, "DEX test not found", 0},
		{"PUT " + oneDEXTest, read, "an unknown one", nil, aDEXTest, 404, 1003, "DEX test not found", 0},
		{"DELETE " + oneDEXTest, read, "an unknown one", nil, "", 404, 1003, "DEX test not found", 0},
		{"GET " + dexResults, read, "an unknown one", nil, resultsTime, 404, 1003, "DEX test not found", 0},
		{"GET " + dexResults, own, "a call without a time", someDEXTest, "", 400, 1004, "from, to and interval", 0},
	}))
}
