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
// what the zone's owner put before everything (shield.go, challenge.go, the
// rules' expressions in expr*.go), path to Access application (pattern.go,
// doors.go), the ways past it (access.go): policies and their selectors
// (policy.go, selectors.go), programs (servicetoken.go), sessions (session.go,
// login.go, pin.go); then tunnel to connector (connections.go). Where changes
// take time to get there, the edge looks at what arrived (propagation.go). The
// API: api.go is the way in, ops_*.go the operations.
//
// The way of what a person's device sends, told step by step as a Path (path.go):
// who may enrol it (enrol.go), which settings it has (devicelook.go), who answers
// a name (devicedns.go, firsts.go), what its client sends to Cloudflare
// (devicesplit.go), which application asks (deviceaccess.go), which tunnel carries
// it (devicedial.go), and how a browser uses the device (deviceproxy.go).
//
// What goes wrong: faults.go, written as text in faulttext.go; who writes at the
// same time: writers.go, hand.go; what is broken: breakages.go, mend.go; all of it
// while the Cloud runs: control.go, devicecontrol.go.
package sim
