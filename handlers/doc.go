// Package handlers answers browsers: one file per page, plain forms that also
// work without scripts, one place that turns errors into answers, and the stream
// that keeps open pages up to date.
//
// It parses, asks the journey and renders. It must not know the engine, the
// store, Cloudflare or Docker, and it decides nothing about setups.
package handlers
