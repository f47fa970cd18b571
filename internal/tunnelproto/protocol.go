package tunnelproto

import (
	"cmp"
	"errors"
	"log/slog"
	"slices"
)

// Protocol is what a connection of a connector is carried by.
type Protocol string

// The protocols that cloudflared speaks.
const (
	HTTP2 Protocol = "http2"
	QUIC  Protocol = "quic"
	// Auto is for a Connector: QUIC, and HTTP/2 where QUIC does not get through.
	Auto Protocol = "auto"
)

// quicAttempts is how many dials over QUIC fail before Auto takes HTTP/2. It is
// cloudflared's first one and its --max-edge-addr-retries.
const quicAttempts = 1 + 8

// choice is the protocol of one connection, from dial to dial.
type choice struct {
	connector *Connector
	now       Protocol
	failed    int // dials over QUIC, in a row
}

func (c *Connector) choose() *choice {
	now := cmp.Or(c.Protocol, HTTP2)
	if now == Auto {
		now = QUIC
	}
	return &choice{connector: c, now: now}
}

// learn draws the conclusion from how a connection ended. There is no way back
// to QUIC but a new start, as with cloudflared; and a connector that has any
// connection over QUIC does not leave it.
func (p *choice) learn(err error, log *slog.Logger) {
	if !errors.Is(err, errQUICDial) {
		p.failed = 0
		return
	}
	p.failed++
	if p.connector.Protocol != Auto || p.failed < cmp.Or(p.connector.QUICAttempts, quicAttempts) || p.connector.speaks(QUIC) {
		return
	}
	log.Warn("If this log occurs persistently, and cloudflared is unable to connect to Cloudflare Network with `quic` protocol, " +
		"then most likely your machine/network is getting its egress UDP to port 7844 (or others) blocked or dropped.")
	log.Info("Switching to fallback protocol http2")
	p.now = HTTP2
}

// speaks tells whether any live connection is over p.
func (c *Connector) speaks(p Protocol) bool {
	return slices.ContainsFunc(c.Live(), func(l Live) bool { return l.Protocol == p })
}
