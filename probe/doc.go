// Package probe asks an app from outside and says who answered: the app, the
// lock in front of it, Cloudflare's edge, the tunnel, or nobody.
//
// Its evidence is the only thing that a light may stand for. So it believes no
// status code alone, sends paths exactly as written, follows no redirect, and
// calls what it does not recognise unknown. It must not know Cloudflare's API,
// Docker, or what a setup wants beyond its checks.
package probe
