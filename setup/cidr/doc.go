// Package cidr is the arithmetic of split tunnel lists: which ranges of
// addresses a device sends through WARP, and how a list is changed so that one
// range more or less is, and nothing else.
//
// It is pure. It knows no Cloudflare; it takes a list as it was read and gives
// the list to write.
package cidr
