// Package app stands in for the Open Chat Studio image where the real one is
// too big or cannot be had: in tests and in the lab. It answers as the real app
// does to someone who is not signed in and signs nothing: the same status, Allow
// and security headers on every webhook, the same refusal of a wrong Host, the
// same redirect to HTTPS, all driven by the app's own environment.
//
// One program plays every service of the compose project, by the name that it
// is called under. It stores nothing and knows nothing of Culvert.
package app
