package setup

import (
	"net/netip"
	"strings"
)

// PrivateDestination is an address in a private network that an Access
// application covers. In App.Destinations it stands as its String: one text for
// one meaning, so that two of them can be compared.
//
//	tcp://ocs.your-org:443          a hostname, matched by the name in the TLS greeting
//	tcp://172.30.250.2/32:443       an address
//	udp://172.30.0.0/16:1024-2048   a range of ports
//	tcp://172.30.250.2/32           every port
//	tcp://172.30.250.2/32:443@<id>  in one virtual network only
type PrivateDestination struct {
	Protocol string // tcp, udp; empty: both, written any://
	Hostname string // or
	Network  string // canonical CIDR
	Ports    string // 443, 1024-2048; empty: every port
	VNet     string // id; empty: every virtual network
}

func (d PrivateDestination) String() string {
	protocol := d.Protocol
	if protocol == "" {
		protocol = "any"
	}
	text := protocol + "://" + strings.ToLower(d.Hostname) + d.Network
	if d.Ports != "" {
		text += ":" + d.Ports
	}
	if d.VNet != "" {
		text += "@" + d.VNet
	}
	return text
}

// words says it for people.
func (d PrivateDestination) words() string {
	text := d.Hostname + d.Network
	switch {
	case d.Ports == "":
		text += ", every port"
	case strings.Contains(d.Ports, "-"):
		text += ", ports " + d.Ports
	default:
		text += ", port " + d.Ports
	}
	if d.Protocol != "" {
		text += ", " + strings.ToUpper(d.Protocol) + " only"
	}
	if d.VNet != "" {
		text += ", in one virtual network only"
	}
	return text
}

// ParsePrivate reads what String wrote; false: the text is a public destination.
func ParsePrivate(text string) (PrivateDestination, bool) {
	protocol, rest, found := strings.Cut(text, "://")
	if !found {
		return PrivateDestination{}, false
	}
	var d PrivateDestination
	if protocol != "any" {
		d.Protocol = protocol
	}
	rest, d.VNet, _ = strings.Cut(rest, "@")
	if at := strings.LastIndex(rest, ":"); at >= 0 && !strings.Contains(rest[at:], "/") {
		if _, err := netip.ParsePrefix(rest); err != nil { // else the colon is of an IPv6 address
			rest, d.Ports = rest[:at], rest[at+1:]
		}
	}
	if _, err := netip.ParsePrefix(rest); err == nil {
		d.Network = rest
	} else {
		d.Hostname = rest
	}
	return d, true
}

// covers says whether e is at a part of what d is at.
func (d PrivateDestination) covers(e PrivateDestination) bool {
	if d.Hostname != "" || e.Hostname != "" {
		return d.Hostname == e.Hostname
	}
	wide, errD := netip.ParsePrefix(d.Network)
	narrow, errE := netip.ParsePrefix(e.Network)
	return errD == nil && errE == nil && wide.Bits() <= narrow.Bits() && wide.Contains(narrow.Addr())
}

// host32 is the range that holds one IPv4 address; empty: the address is not known.
func host32(address string) string {
	if address == "" {
		return ""
	}
	return address + "/32"
}

// private says whether an application covers addresses of private networks only.
func (a App) private() bool {
	for _, d := range a.Destinations {
		if _, private := ParsePrivate(d); !private {
			return false
		}
	}
	return len(a.Destinations) > 0
}
