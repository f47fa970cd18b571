package sim

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestFaultsAreReadFromALine(t *testing.T) {
	for line, want := range map[string]Fault{
		"POST /accounts/*/access/apps reset-after 10%":                      {Method: "POST", Path: "/accounts/*/access/apps", ResetAfterEffect: true, Chance: 0.1},
		"* /** latency 100ms..250ms":                                        {Delay: 100 * time.Millisecond, Jitter: 150 * time.Millisecond},
		"GET /zones/** latency 2s status 502 x1":                            {Method: "GET", Path: "/zones/**", Delay: 2 * time.Second, Status: 502, Times: 1},
		"PUT /accounts/*/cfd_tunnel/*/configurations meanwhile edit-policy": {Method: "PUT", Path: "/accounts/*/cfd_tunnel/*/configurations", Meanwhile: EditPolicy},
		"PATCH /zones/{zone}/dns_records/{record} rate-limit 30s":           {Method: "PATCH", Path: "/zones/{zone}/dns_records/{record}", RetryAfter: 30 * time.Second},
		"DELETE /accounts/**  success-false  x2  2.5%":                      {Method: "DELETE", Path: "/accounts/**", SuccessFalse: true, Times: 2, Chance: 0.025},
		"* /user/tokens/verify reset-before":                                {Path: "/user/tokens/verify", ResetBefore: true},
	} {
		got, err := ParseFault(line)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s gives %v (-want +got):\n%s", line, err, diff)
		}
	}
}

func TestABadFaultIsToldByItsWrongPart(t *testing.T) {
	for line, want := range map[string]string{
		"":                                     "write a method, a path and what goes wrong",
		"POST /zones":                          "write a method, a path and what goes wrong",
		"POST zones reset-after":               `the path "zones" does not begin with /`,
		"POST /zonez reset-after":              `no operation has the path "/zonez"`,
		"POST /**/zones reset-after":           `in the path "/**/zones" only the last step can be **`,
		"GET /zones/nohexid status 500":        `no operation has the path "/zones/nohexid"`,
		"PATCH /zones reset-after":             `"PATCH" is no method of /zones: it has GET, POST`,
		"get /zones reset-after":               `"get" is no method of /zones`,
		"POST /zones explode":                  `"explode" is nothing that can go wrong: latency, meanwhile, rate-limit`,
		"POST /zones 10%":                      "it does not say what goes wrong",
		"POST /zones reset-after 0%":           `"0%" is no chance`,
		"POST /zones reset-after 101%":         `"101%" is no chance`,
		"POST /zones reset-after NaN%":         `"NaN%" is no chance`,
		"POST /zones reset-after x0":           `"x0" is no number of times`,
		"POST /zones reset-after status 5":     `status: "5" is no status of a failure`,
		"POST /zones reset-after reset-before": `"reset-before" comes too late: a call is answered in one way`,
		"POST /zones rate-limit":               `rate-limit: "" is no number of seconds`,
		"POST /zones rate-limit 100ms":         `rate-limit: "100ms" is no number of seconds`,
		"POST /zones latency":                  `latency: "" is no time`,
		"POST /zones latency 0s":               `latency: "0s" is no time`,
		"POST /zones latency 2s..1s":           `latency: "2s..1s" goes backwards`,
		"POST /zones meanwhile eve":            `meanwhile: nobody is called "eve": touch-ingress, edit-policy`,
	} {
		_, err := ParseFault(line)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `fault "`+line+`"`) {
			t.Errorf("%q gives\n %v, want it to say\n %s", line, err, want)
		}
	}
}

func TestAFaultIsWrittenAsItIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		operation := rapid.SampledFrom(Operations()).Draw(t, "operation")
		method, path, _ := strings.Cut(operation, " ")
		want := Fault{Method: method, Path: path, Meanwhile: rapid.SampledFrom(append(Writers(), "")).Draw(t, "writer"),
			Delay: time.Duration(rapid.IntRange(0, 3000).Draw(t, "delay")) * time.Millisecond,
			Times: rapid.IntRange(0, 9).Draw(t, "times"), Chance: float64(rapid.IntRange(0, 100).Draw(t, "chance")) / 100}
		if want.Delay > 0 {
			want.Jitter = time.Duration(rapid.IntRange(0, 3000).Draw(t, "jitter")) * time.Millisecond
		}
		switch rapid.IntRange(0, 4).Draw(t, "answer") {
		case 0:
			want.ResetBefore = true
		case 1:
			want.ResetAfterEffect = true
		case 2:
			want.SuccessFalse = true
		case 3:
			want.RetryAfter = time.Duration(rapid.IntRange(1, 400).Draw(t, "wait")) * time.Second
		case 4:
			want.Status = rapid.IntRange(400, 599).Draw(t, "status")
		}
		if got, err := ParseFault(want.String()); err != nil || !cmp.Equal(want, got) {
			t.Fatalf("%s is read as %+v (%v), want %+v", want, got, err, want)
		}
	})
}
