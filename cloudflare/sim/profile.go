package sim

import (
	"cmp"
	"encoding/json"
	"hash/fnv"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// profile is a set of settings that some devices of the account get. The API
// calls it a policy of devices.
type profile struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Match       string          `json:"match"`
	Precedence  float64         `json:"precedence"`
	Default     bool            `json:"default"`
	Settings    settings        `json:"settings"`
	Includes    bool            `json:"includes"` // Split lists what goes through WARP, not what stays out
	Split       []splitEntry    `json:"split"`
	Fallback    []fallbackEntry `json:"fallback"`
}

// splitEntry is an address range or a name of a split tunnel.
type splitEntry struct {
	Address     string `json:"address,omitempty"`
	Host        string `json:"host,omitempty"`
	Description string `json:"description,omitempty"`
}

// fallbackEntry says whom devices ask for a name and everything below it, past
// Gateway (Local Domain Fallback).
type fallbackEntry struct {
	Suffix      string   `json:"suffix"`
	Description string   `json:"description,omitempty"`
	Servers     []string `json:"dns_server,omitempty"`
}

// usualExclude is what stays out of WARP in a new profile, by Cloudflare's page
// on split tunnels.
func usualExclude() []splitEntry {
	list := []splitEntry{}
	for _, address := range []string{"10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16",
		"224.0.0.0/24", "240.0.0.0/4", "255.255.255.255/32", "fe80::/10", "fd00::/8", "ff01::/16", "ff02::/16", "ff03::/16", "ff04::/16", "ff05::/16"} {
		notes := map[string]string{"169.254.0.0/16": "DHCP Unspecified", "255.255.255.255/32": "DHCP Broadcast", "fe80::/10": "IPv6 Link Local"}
		list = append(list, splitEntry{Address: address, Description: notes[address]})
	}
	return list
}

// usualFallback is the list of a new profile, by the page on local domains.
func usualFallback() []fallbackEntry {
	list := []fallbackEntry{}
	for _, suffix := range []string{"corp", "domain", "home", "home.arpa", "host", "internal", "intranet", "invalid", "lan", "local",
		"localdomain", "localhost", "private", "test"} {
		list = append(list, fallbackEntry{Suffix: suffix})
	}
	return list
}

// profileDefaults are the writable fields beside those of profile itself.
func profileDefaults() map[string]string {
	return map[string]string{"allow_mode_switch": "false", "allow_updates": "false", "allowed_to_leave": "true", "auto_connect": "0",
		"captive_portal": "180", "disable_auto_fallback": "false", "dns_search_suffixes": "[]", "enabled": "true",
		"exclude_office_ips": "false", "global_acceleration": "", "lan_allow_minutes": "", "lan_allow_subnet_size": "",
		"register_interface_ip_with_dns": "true", "sccm_vpn_boundary_support": "false", "service_mode_v2": `{"mode":"warp"}`,
		"support_url": `""`, "switch_locked": "false", "tunnel_protocol": `"wireguard"`, "virtual_networks": ""}
}

func newProfile(id string) profile {
	whole, _ := settable([]byte("{}"), profileDefaults())
	return profile{ID: id, Settings: whole, Split: usualExclude(), Fallback: usualFallback()}
}

// addDefaultProfile gives an account the profile that it begins with.
func (a *account) addDefaultProfile(i *ids) {
	p := newProfile(i.uuid())
	p.Name, p.Default = "Default", true
	a.Profile = &p
}

// view is a profile as the API shows it. Of the two lists of split tunnels it
// has the one that is in use.
func (p *profile) view(gateway string) map[string]any {
	v := map[string]any{"default": p.Default, "gateway_unique_id": gateway, "fallback_domains": mixed(p.Fallback),
		"global_acceleration": nil, "virtual_networks": nil}
	for name, value := range p.Settings.or(profileDefaults()) {
		v[name] = value
	}
	if v["exclude"] = mixed(p.Split); p.Includes {
		v["include"] = v["exclude"]
		delete(v, "exclude")
	}
	if !p.Default {
		v["policy_id"], v["name"], v["description"], v["match"], v["precedence"] = p.ID, p.Name, p.Description, p.Match, p.Precedence
		v["target_tests"] = []string{}
	}
	return v
}

// mixed gives a list in an order that says nothing about the one in which it was
// written, as the API does not keep that.
func mixed[T any](list []T) []T {
	key := func(entry T) uint32 {
		text, err := json.Marshal(entry)
		if err != nil { // entries of texts cannot fail
			panic(err)
		}
		h := fnv.New32a()
		h.Write(text)
		return h.Sum32()
	}
	out := append([]T{}, list...)
	slices.SortStableFunc(out, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	return out
}

// maxNote is how long the description of an entry can be.
const maxNote = 100

// check refuses an entry that is not exactly one of an address and a name.
func (e splitEntry) check() error {
	switch {
	case (e.Address == "") == (e.Host == ""):
		return badProfile("an entry has either an address or a host")
	case len([]rune(e.Description)) > maxNote:
		return badProfile("description can have at most 100 characters")
	case e.Host != "" && !wholeName(strings.TrimPrefix(e.Host, "*.")):
		return badName(e.Host)
	case e.Address != "" && !e.prefix().IsValid():
		return badName(e.Address)
	}
	return nil
}

func wholeName(name string) bool { return validName(name) && !strings.Contains(name, "*") }

// badName is what people got for entries that are no names, addresses among them.
func badName(text string) error {
	return refuse(http.StatusBadRequest, 2049, text+" is an invalid domain name")
}

// prefix is the range of an entry, or none.
func (e splitEntry) prefix() netip.Prefix {
	if ip, err := netip.ParseAddr(e.Address); err == nil {
		return netip.PrefixFrom(ip, ip.BitLen())
	}
	p, err := netip.ParsePrefix(e.Address)
	if err != nil {
		return netip.Prefix{}
	}
	return p.Masked()
}

// stored is an entry as the API keeps it.
func (f fallbackEntry) stored() (fallbackEntry, error) {
	f.Suffix = strings.Trim(strings.ToLower(f.Suffix), ".")
	if !wholeName(f.Suffix) {
		return f, badName(f.Suffix)
	}
	if len([]rune(f.Description)) > maxNote {
		return f, badProfile("description can have at most 100 characters")
	}
	for _, server := range f.Servers {
		if _, err := netip.ParseAddr(server); err != nil {
			return f, badProfile("invalid dns_server: " + server)
		}
	}
	return f, nil
}
