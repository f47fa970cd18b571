// Package watch keeps every setup that was agreed to under observation: it hears
// of events on the Docker host, looks at Cloudflare within a budget of calls,
// makes the checks on a schedule, and says what is wrong, since when, and what
// became of it.
//
// One goroutine, the heart, holds all that is known; what takes time runs beside
// it and reports back. What is wrong is package diagnosis's business, and what a
// plan is the engine's: this package decides when to look and when something
// that was seen counts. It knows nothing of pages, SQL, HTTP or of any API.
package watch
