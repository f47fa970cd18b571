package tunnelproto

import (
	"fmt"
	"log/slog"
	"net/netip"
	"time"
)

// Registration is what a connector says of itself when it comes up. It prints
// without the secret.
type Registration struct {
	AccountTag, TunnelID string
	Secret               []byte
	ConnIndex            uint8
	// ClientID is one connector process (a UUID); all its connections carry it.
	ClientID        string
	Version, Arch   string
	Features        []string
	ReplaceExisting bool
	Compression     uint8 // 0 to 3; a relic
	Attempts        uint8 // failed ones before this
	LocalIP         netip.Addr
}

func (r Registration) String() string {
	return fmt.Sprintf("connection %d of connector %s to tunnel %s", r.ConnIndex, r.ClientID, r.TunnelID)
}

// GoString keeps the secret out of %#v.
func (r Registration) GoString() string { return r.String() }

// LogValue keeps the secret out of logs.
func (r Registration) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Details is the edge's answer to a registration that it accepts.
type Details struct {
	ConnectionID    string // UUID
	Location        string // the data centre, "sjc07"
	RemotelyManaged bool
}

// RegisterError is the edge's answer to a registration that it refuses. Any
// other error of Edge.Authenticate is answered like one without Retry.
type RegisterError struct {
	Cause      string
	Retry      bool
	RetryAfter time.Duration
}

func (e *RegisterError) Error() string { return "registration refused: " + e.Cause }
