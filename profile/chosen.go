package profile

import "github.com/culvert/culvert/setup"

// InsideOf gives the choices that lead to the private part of answers.
func InsideOf(a setup.Answers) Inside {
	p := a.Private
	if p == nil {
		return Inside{}
	}
	in := Inside{
		Name: p.Name, Front: NoFront, Follow: p.Follow, Whole: p.Whole, Subnet: p.Subnet, Profiles: p.Profiles, VNet: p.VNet, ICMP: p.ICMP, Location: p.Location,
		Comment: p.Comment, Protocol: p.Protocol, PublicTeam: a.PublicTeam, Replaces: p.Replaces,
	}
	if p.DNSImage != DefaultDNSImage {
		in.DNSImage = p.DNSImage
	}
	if f := p.Front; f != nil {
		in.Front, in.Wildcard = string(f.Source), f.Wildcard
		if f.Image != DefaultFrontImage {
			in.FrontImage = f.Image
		}
	}
	return in
}

// FixesOf gives the settings that answers set right.
func FixesOf(a setup.Answers) []string {
	var names []string
	for _, i := range a.Settings {
		if i.Whole {
			names = append(names, i.Name)
		}
	}
	return names
}
