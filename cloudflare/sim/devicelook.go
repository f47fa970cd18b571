package sim

// look is a device as Cloudflare sees it at one moment. It is made and used
// under the lock, for reading.
type look struct {
	*Path
	cloud   *Cloud
	account *account // as far as changes arrived at the edge, and on the device
	reg     *registration
	profile *profile
}

// look begins a path: who the device is, and which settings it has.
func (d *Device) look(p *Path) (look, error) {
	_, r := d.find()
	a, ok := d.cloud.visible().Accounts.get(d.account)
	if r == nil || !ok || a.Org == nil {
		return look{}, p.end(AtDevice, ErrNotEnrolled, "the device is not enrolled in the team: Cloudflare takes nothing from it")
	}
	machine, ok := a.PhysicalDevices.get(r.DeviceID)
	if !ok {
		return look{}, p.end(AtDevice, ErrNotEnrolled, "the device was deleted: Cloudflare takes nothing from it")
	}
	p.say(AtDevice, "%s, of %s, is enrolled in %s", machine.Name, r.Email, a.Org.Name)
	l := look{p, d.cloud, a, r, a.profileOf(r.subject(machine))}
	p.Profile = l.profile.ID
	if l.profile.Default {
		p.say(AtProfile, "it has the default profile")
	} else {
		p.say(AtProfile, "it has the profile %s, because %s", l.profile.Name, l.profile.Match)
	}
	return l, nil
}

// asksGateway tells whether the client takes the device's DNS questions, by the
// mode of its profile ("WARP modes").
func (p *profile) asksGateway() bool { return p.mode() == "warp" || p.mode() == "1dot1" }

// takesPackets tells whether the client takes the device's packets.
func (p *profile) takesPackets() bool { return p.mode() == "warp" || p.mode() == "warp_tunnel_only" }

// vnet is the virtual network that the device is in.
func (l look) vnet() (*vnet, error) {
	own, err := l.profile.vnets()
	if err != nil || own == nil {
		return l.account.defaultVNet(), nil
	}
	return l.account.liveVNet(own.Default)
}

// switchedOn tells whether a switch of the account's settings is on.
func switchedOn(s settings, defaults map[string]string, name string) bool {
	return string(s.or(defaults)[name]) == "true"
}
