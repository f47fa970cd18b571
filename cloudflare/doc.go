// Package cloudflare is the Port to a Cloudflare account: it reads what stands
// there as setup's states and makes one change at a time.
//
// cloudflare-go signs and sends the calls and names the fields of the plain
// objects. Three things are done here instead, because the SDK does them in a
// way that is not safe for us: it repeats writes whose answer was lost, it takes
// a 200 that says success:false for a success, and its client reads CLOUDFLARE_*
// from the environment behind the caller's back. Applications, policies and
// tunnel configurations are replaced whole by Cloudflare; they are edited in
// the JSON just read, so that fields which we do not know survive.
//
// One file per kind; api.go is the way to the wire, problem.go the only place
// that turns what Cloudflare says into a setup.Problem.
//
// The package must not know keys beyond what an entry carries, nor plans,
// profiles, the ledger or Docker. It decides nothing: an entry whose
// precondition fails is refused, never repaired.
package cloudflare
