// Package profile knows apps: which paths they really serve to messaging
// platforms, which settings must name the public host, and how to prove both.
//
// A profile is data (YAML, embedded). This package reads it, finds its faults
// (Lint) and works it into what an operator chose (Resolve). It must not know
// Cloudflare's API, Docker or any file of the operator.
package profile
