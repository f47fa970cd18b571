package sim

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// device is a computer or a phone with Cloudflare's client (WARP) on it.
type device struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	System    string     `json:"system"`
	Version   string     `json:"version"` // of the system
	Client    string     `json:"client"`  // version of the client
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
	SeenAt    time.Time  `json:"seen_at"`
	DeletedAt *time.Time `json:"deleted_at"`
}

// registration is a person's enrolment of a device. A device that several people
// use has several.
type registration struct {
	ID        string     `json:"id"`
	DeviceID  string     `json:"device_id"`
	Email     string     `json:"email"`
	Groups    []string   `json:"groups,omitempty"`
	IDP       string     `json:"idp"` // the login method
	UserID    string     `json:"user_id"`
	Key       string     `json:"key"`
	IPv4      netip.Addr `json:"ipv4"`
	LoggedIn  time.Time  `json:"logged_in"` // when the person last did, in the client
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
	SeenAt    time.Time  `json:"seen_at"`
	RevokedAt *time.Time `json:"revoked_at"`
	DeletedAt *time.Time `json:"deleted_at"`

	// Sessions are those of Access applications that the person has in the client,
	// by application.
	Sessions map[string]string `json:"sessions,omitempty"`
}

// usualClient is the version of the client on devices.
const usualClient = "2026.6.822.0"

// Enrolment is who enrols which device.
type Enrolment struct {
	Email   string
	Groups  []string // that the login method tells of the person
	Name    string   // of the device
	System  string   // "windows", "mac", "linux", "ios", "android"; empty: linux
	Version string   // of the system
}

// active tells whether a registration lets its device in.
func (r *registration) active() bool { return r.RevokedAt == nil && r.DeletedAt == nil }

// subject is what the expressions of profiles are asked about.
func (r *registration) subject(d *device) subject {
	return subject{email: r.Email, groups: r.Groups, system: d.System, version: d.Version}
}

// profileOf is the profile that a device gets: the first custom one that
// matches, by precedence, or else the default one ("Device profiles").
func (a *account) profileOf(s subject) *profile {
	for _, p := range a.profiles() {
		if string(p.Settings["enabled"]) == "false" {
			continue
		}
		if is, err := parseMatch(p.Match); err == nil && is(s) { // checked when it was written
			return p
		}
	}
	return a.Profile
}

// freeAddress is one of the account's addresses for devices that none has.
func (a *account) freeAddress(i *ids) netip.Addr {
	s := a.defaultSubnet(subnetDevices, "v4")
	if s == nil {
		return netip.Addr{} // a snapshot edited by hand
	}
	taken := map[netip.Addr]bool{}
	for r := range a.Registrations.all() {
		taken[r.IPv4] = r.DeletedAt == nil
	}
	for {
		sum := i.next()
		if ip := addressIn(s.prefix(), binary.BigEndian.Uint32(sum[:4])); !taken[ip] {
			return ip
		}
	}
}

// addressIn is an IPv4 address of a range that a number chooses, never the first.
func addressIn(p netip.Prefix, number uint32) netip.Addr {
	size := uint32(1) << (32 - max(1, p.Bits()))
	base := p.Masked().Addr().As4()
	at := binary.BigEndian.Uint32(base[:]) + 1 + number%max(1, size-2)
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, at)))
}
