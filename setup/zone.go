package setup

import "strings"

// Zone is a domain at Cloudflare.
type Zone struct {
	Name        string   `json:"name"`
	Status      string   `json:"status"` // active, pending, initializing, moved
	NameServers []string `json:"-"`
	Paused      bool     `json:"-"`
}

func (Zone) Kind() Kind                 { return KindZone }
func (z Zone) mapIDs(func(ID) ID) State { return z }
func (z Zone) occupies() []string       { return []string{"zone " + z.Name} }
func (z Zone) met(have State) bool      { return Same(z, have) }
func (z Zone) over(State) State         { return z }

// DNSRecord is one record of a zone. Ours is a proxied CNAME to the tunnel;
// records of others are read with their type and content.
type DNSRecord struct {
	Zone    ID     `json:"zone"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	Tunnel  ID     `json:"tunnel,omitzero"`   // set if the content is a tunnel
	Content string `json:"content,omitempty"` // set otherwise
	Proxied bool   `json:"proxied"`
}

func (DNSRecord) Kind() Kind { return KindDNSRecord }
func (d DNSRecord) mapIDs(f func(ID) ID) State {
	d.Zone = f(d.Zone)
	if d.Tunnel != (ID{}) {
		d.Tunnel = f(d.Tunnel)
	}
	return d
}

// occupies: beside an address or another name no CNAME can stand; records such
// as MX or TXT cannot stand beside a CNAME either.
func (d DNSRecord) occupies() []string { return []string{"name " + d.Name} }
func (d DNSRecord) met(have State) bool {
	return Same(d, have)
}
func (d DNSRecord) over(State) State { return d }

const tunnelDomain = ".cfargotunnel.com"

// TunnelContent is the content of a CNAME that points to a tunnel.
func TunnelContent(tunnelID string) string { return tunnelID + tunnelDomain }

// TunnelOf gives the tunnel that a CNAME's content points to.
func TunnelOf(content string) (string, bool) {
	return strings.CutSuffix(strings.TrimSuffix(strings.ToLower(content), "."), tunnelDomain)
}
