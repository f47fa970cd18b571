// Package sim is a Cloudflare account in memory: the v4 REST API, the edge
// that visitors meet, and the far end of the tunnels. It serves tests, the
// rehearsal and anyone who wants a Cloudflare to try a client against.
//
// It follows what Cloudflare documents and what others reported of it: the
// envelope, ids, paging, whole-object writes, error codes and texts. Where
// that was never established, Options.Unsure chooses between the answers.
//
// The package knows nothing of Culvert: neither its setups nor its plans. A
// request is answered only from the state that the API (or a seeding helper)
// put there, so that what a client proves here does not rest on what the
// client meant. Public DNS is answered from the same records (dns.go).
//
// The life of a visitor's request, one file each: host to record (resolve.go),
// path to Access application (pattern.go, doors.go), policies (policy.go),
// session (session.go, login.go), tunnel to connector (connections.go). The
// API: api.go is the way in, ops_*.go the operations.
package sim
