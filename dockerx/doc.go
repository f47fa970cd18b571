// Package dockerx is the Port to a Docker host: networks, the connector's
// container, and the settings and published port of the app as it runs. It
// reads through the Engine's API and changes things through the operator's own
// Compose command, so that the containers are the same as if the operator had
// typed it.
//
// It never edits a file, knows nothing of Cloudflare, and takes no decision: an
// entry that no longer stands as it was shown, or whose effect would reach
// further than its own service, is refused before anything is touched.
package dockerx
