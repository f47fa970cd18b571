// Package conformance is a table of what Cloudflare's API does: a row for every
// operation, and one for every refusal, driven with the official Go client and,
// for what that hides (envelope, headers, error chains, order), over plain HTTP.
//
// The rows are tests. As they stand they run against the simulator, served over
// loopback, and a row fails that did not make the call it is named after:
//
//	go test ./cloudflare/conformance
//
// The same rows can be pointed at the real API, to learn whether the simulator
// is true. Who does so says which account and zone to use:
//
//	CLOUDFLARE_API_TOKEN=... CLOUDFLARE_ACCOUNT_ID=... CLOUDFLARE_ZONE_ID=... \
//	    go test -count=1 -v -timeout 60m ./cloudflare/conformance -run TestRows -live
//
// Then only those rows run that read, and those that write what they made
// themselves, under names that begin with culvert-conformance-, and remove it
// again even where they fail half-way. Rows that change what belongs to the
// whole account or zone run with -disposable-account besides. Rows that need a
// state that cannot be had there (a limit exceeded, a zone delegated, another
// answer where several are known) stay with the simulator.
package conformance
