// Package engine runs the loop: observe, plan, apply, verify. It leases runs,
// carries out the changes of an approved plan in their order, proves the result
// and writes history. It knows Ports, a Store, a Prober and a clock by their
// interfaces only, and nothing of Cloudflare, Docker, HTTP or pages.
package engine
