// Package journey is the way of one setup from the first look at a server to
// the proof that everything works: which steps there are, where each stands,
// what was typed so far, and what a person can ask for next. The pages and the
// command line are two faces of it.
//
// It knows the engine, the app profiles and the words in which a Docker host is
// described. It knows nothing of HTTP, HTML, SQL or of any API.
package journey
