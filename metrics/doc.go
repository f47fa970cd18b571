// Package metrics shows what the watcher knows in the format of Prometheus. It
// reads what is kept and looks at nothing itself: a scrape costs no call to
// Cloudflare and no check. It shows ids only, never a host name, an address or
// what a check was answered.
package metrics
