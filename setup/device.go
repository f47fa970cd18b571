package setup

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// DefaultProfile is the device profile that every account has. Others go by
// their id.
const DefaultProfile = "default"

// DeviceProfile is the set of settings that some devices of the account get
// (device profile). It is only read: that its devices run WARP in a mode that
// carries private traffic is for its owner to decide.
//
// An Object's ID is "default" or the profile's id, and so is State.ID.
type DeviceProfile struct {
	ID string `json:"id"`
	// Carries: the devices send traffic through WARP (service mode "warp"), not
	// DNS queries alone, and the profile is enabled.
	Carries bool `json:"carries"`

	Name    string `json:"-"`
	Match   string `json:"-"` // which devices get it, as Cloudflare writes it; empty: all others
	Include bool   `json:"-"` // its split tunnels list what goes through WARP, not what stays out
	Devices int    `json:"-"` // that have it now; -1: not known
	// Precedence: a device gets the first profile that matches, the least first.
	Precedence float64 `json:"-"`
}

// DeviceProfilesIn are those of an account that a look at it showed, in the
// order in which a device is asked whether it matches, and so with the default
// one at the end. None: nobody has looked.
func DeviceProfilesIn(w World, account string) ([]DeviceProfile, *Problem) {
	if problem, missed := w.Unread[ReadScope{Kind: KindDeviceProfile, Scope: account}]; missed {
		return nil, &problem
	}
	var all []DeviceProfile
	for _, o := range w.Objects {
		if p, ok := o.State.(DeviceProfile); ok && o.Scope == account {
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b DeviceProfile) int { return cmp.Compare(a.rank(), b.rank()) })
	return all, nil
}

func (p DeviceProfile) rank() float64 {
	if p.ID == DefaultProfile {
		return math.Inf(1)
	}
	return p.Precedence
}

// NameOfProfile is what a device profile is called; empty if that is not known,
// or would not tell it from another one. The default one needs no name.
func NameOfProfile(all []DeviceProfile, id string) string {
	name := ""
	for _, p := range all {
		if p.ID == id && id != DefaultProfile {
			name = p.Name
		}
	}
	if slices.ContainsFunc(all, func(p DeviceProfile) bool { return p.ID != id && p.Name == name }) {
		return ""
	}
	return name
}

// HowMany counts the devices that have the profile, in words.
func (p DeviceProfile) HowMany() string {
	switch p.Devices {
	case -1:
		return "an unknown number of devices"
	case 1:
		return "1 device"
	}
	return fmt.Sprintf("%d devices", p.Devices)
}

func (DeviceProfile) Kind() Kind                 { return KindDeviceProfile }
func (p DeviceProfile) mapIDs(func(ID) ID) State { return p }
func (p DeviceProfile) occupies() []string       { return []string{"profile " + p.ID} }
func (p DeviceProfile) met(have State) bool      { return Same(p, have) }
func (p DeviceProfile) over(State) State         { return p }

// ResolvedRange stands in SplitTunnel.Network and View.Networks for the range
// from which Gateway gives the first addresses of hostname routes. It differs
// between accounts, so Ports read it: GET zerotrust/subnets with the subnet
// type initial_resolved_ip (IPv4).
const ResolvedRange = "initial-resolved"

// SplitTunnel says whether devices of a profile send a range through WARP. What
// is wanted is always Through. It is an answer, not an entry: where the profile
// lists what stays out, Through means that no entry covers any of the range;
// where it lists what goes through (include mode), that one entry covers it.
//
// A Port shows one object for every View.Profiles × View.Networks, with the ID
// "<profile>/<network>" as the View writes both. All changes of one list share a
// footprint and so come in one call; the Port reads the list right before it
// writes, takes each entry's From as its precondition, changes the list by the
// arithmetic of package cidr, writes it whole and reads it back. Entries that
// are not concerned keep every byte and their order.
//
//   - toward Through: cidr.Open, in the mode that the profile is in.
//   - back to not Through: cidr.Close.
//
// A list that was read as empty in exclude mode, and one that cannot be
// understood, is refused (CodeRefused) and never written.
type SplitTunnel struct {
	Profile string `json:"profile"`
	Network string `json:"network"` // canonical, such as 172.30.250.0/28, or ResolvedRange
	Through bool   `json:"through"`

	Include bool `json:"-"` // the profile lists what goes through
	// Covering are the entries that decide it, as they are written: those that
	// keep the range out, or the one that lets it through.
	Covering []string `json:"-"`
	// Inside are entries that keep out a part of the range or all of it and no
	// more. Culvert never takes those away: somebody meant exactly these
	// addresses.
	Inside []string `json:"-"`
	Range  string   `json:"-"` // what ResolvedRange is in this account
}

func (SplitTunnel) Kind() Kind                 { return KindSplitTunnel }
func (s SplitTunnel) mapIDs(func(ID) ID) State { return s }
func (s SplitTunnel) occupies() []string       { return []string{"range " + s.Profile + "/" + s.Network} }
func (s SplitTunnel) met(have State) bool      { return Same(s, have) }
func (s SplitTunnel) over(State) State         { return s }

// Fallback says which DNS servers devices of a profile ask for a private name
// and everything below it, past Gateway (Local Domain Fallback). No servers and
// not Bare: the profile has no entry for exactly this name. Mode fallback wants
// our server there; mode hostname wants no entry, because it needs Gateway's
// answer.
//
// A Port shows one object for every View.Profiles × View.Names, with the ID
// "<profile>/<name>". The list is shared with Shadow: one footprint, one call,
// read again right before the write and after it. An entry that is made gets the
// Mark in its description (100 characters, WithMark); one of somebody else that
// is changed keeps its description with the Mark behind it, and loses the Mark
// when its servers are put back. Where the description has no room for the Mark
// the change is refused. Object.Mark is the mark in the description. Toward no
// entry the entry is taken out, whosever it is.
type Fallback struct {
	Profile string   `json:"profile"`
	Suffix  string   `json:"suffix"` // in small letters, no dot at an end
	Servers []string `json:"servers,omitempty"`
	// Bare: there is an entry and it names no server, so devices ask whichever
	// their own network has.
	Bare bool `json:"bare,omitempty"`
}

func (Fallback) Kind() Kind                 { return KindFallback }
func (f Fallback) mapIDs(func(ID) ID) State { return f }
func (f Fallback) occupies() []string       { return []string{"suffix " + f.Profile + "/" + f.Suffix} }
func (f Fallback) over(State) State         { return f }
func (f Fallback) met(have State) bool {
	h, ok := have.(Fallback)
	return ok && h.Bare == f.Bare && slices.Equal(slices.Sorted(slices.Values(h.Servers)), slices.Sorted(slices.Values(f.Servers)))
}

// DomainEntry is one entry of a Local Domain Fallback list, to the letter.
type DomainEntry struct {
	Suffix      string   `json:"suffix"`
	Description string   `json:"description,omitempty"`
	Servers     []string `json:"servers,omitempty"`
}

// Shadow lists the Local Domain Fallback entries of others that keep devices of
// a profile from asking Gateway for a private name: those whose suffix is a
// domain above it. The entry for exactly the name is no part of it: that is what
// Fallback says. Hostname routes need Gateway's answer, so none is wanted.
// Cloudflare's own defaults (internal, lan, …) are such entries.
//
// A Port shows one object for every View.Profiles × View.Names, with the ID
// "<profile>/<name>"; entries sorted by suffix, as Cloudflare keeps no order. An
// entry with a mark of Culvert in its description is not part of Entries but of
// Marked. Entries that are in From and not in To are taken out of the list, those in To and not in
// From are put at its end, to the letter; the precondition is that each entry of
// From still stands. No other entry is touched.
type Shadow struct {
	Profile  string        `json:"profile"`
	Hostname string        `json:"hostname"`
	Entries  []DomainEntry `json:"entries,omitempty"`

	Marked []DomainEntry `json:"-"` // made by a Culvert, this one or another
}

func (Shadow) Kind() Kind                 { return KindShadow }
func (s Shadow) mapIDs(func(ID) ID) State { return s }
func (s Shadow) occupies() []string       { return []string{"shadow " + s.Profile + "/" + s.Hostname} }
func (s Shadow) met(have State) bool      { return Same(s, have) }
func (s Shadow) over(State) State         { return s }

// profileName is what the device profile that a key is about is called.
func (p *planner) profileName(k Key) string {
	id := ProfileOf(k)
	if id == "" || id == DefaultProfile {
		return ""
	}
	all, _ := DeviceProfilesIn(p.world, k.Scope)
	return NameOfProfile(all, id)
}

// devices counts the devices that a change concerns: those of one profile, or
// all that the account has. -1: not known.
func (p *planner) devices(c Change) int {
	profile, total := ProfileOf(c.Key), -1
	for _, o := range p.world.Objects {
		d, ok := o.State.(DeviceProfile)
		if !ok || o.Scope != c.Key.Scope || profile != "" && d.ID != profile {
			continue
		}
		if d.Devices < 0 {
			return -1
		}
		total = max(total, 0) + d.Devices
	}
	return total
}
