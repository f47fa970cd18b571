// Package apptest holds what the app answers from outside, as far as something
// depends on it: paths, hosts, redirects, headers, signing in. The stand-in and
// the lab's Django project both run it, so that neither can drift from the other.
package apptest
