// Package files is the setup.Port over the operator's project folder: keys of
// an env file, a published port in a compose file, and the connector's own
// compose file with the token beside it.
//
// A change is worked out in full, checked by comparing what Compose makes of
// the project before and after, and then put in place in one step: the file is
// either as it was or as it was announced, with its owner and mode. What stood
// there before is kept, sealed, outside of the project.
//
// The package must not know Docker, Cloudflare's API or any app: it is handed
// the places to look at, and a function that gives a tunnel's token.
package files
