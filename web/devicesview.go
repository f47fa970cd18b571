package web

import (
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// UnlistedID is the element that says why there is no list of device profiles.
const UnlistedID = "profiles-unlisted"

// ProfileRow is a device profile to choose.
type ProfileRow struct {
	ID, Name string
	Says     []string // whom it is for, and what becomes of their traffic
	On       bool
}

// listsProfiles says whether the device profiles of the account are known well
// enough to choose from.
func (v View) listsProfiles() bool {
	return v.AskedDevices && v.Unlisted == nil || v.O.Devices.Recent(v.Now)
}

// listsLater says whether the page asks for them by itself, once.
func (v View) listsLater() bool { return !v.listsProfiles() && !v.AskedDevices && v.canAskDevices() }

func (v View) canAskDevices() bool { return v.O.Token.Held && v.O.Draft.Account != "" }

// listsWhen: at once where they are in sight, and otherwise when they come into
// it, so that whoever needs none costs no call.
func (v View) listsWhen() string {
	if v.insideOpen() {
		return "load"
	}
	return "intersect once"
}

// insideOpen says whether what is for the ways with WARP is unfolded.
func (v View) insideOpen() bool { return v.mode().Private() || len(v.wayInFaults()) > 0 }

func (v View) whyUnlisted() string {
	switch {
	case !v.O.Token.Held:
		return "When Culvert has an API token (step Account), the device profiles of your account can be chosen here. Until then, the default one is taken, or those whose ids you type."
	case v.O.Draft.Account == "":
		return "When the account is chosen (step Account), its device profiles can be chosen here. Until then, the default one is taken, or those whose ids you type."
	case v.Unlisted != nil:
		return "The device profiles of your account could not be read: " + v.Unlisted.Message
	}
	return "The device profiles of your account are not read yet."
}

// profilesField is for ids, where nothing is known to choose from.
func (v View) profilesField() Field {
	return Field{ID: "private-profiles", Name: "private-profiles", Label: "Device profiles", Value: strings.Join(v.O.Draft.Inside.Profiles, ", "),
		Errors: v.errorsAt("private.profiles"), Hint: "Ids of the profiles that your team’s devices have, with commas between them. Empty: the default one."}
}

// deviceProfiles are those of the account, and behind them what was chosen and
// is not there.
func (v View) deviceProfiles() []ProfileRow {
	chosen := v.O.Draft.Inside.Profiles
	var rows []ProfileRow
	for _, p := range v.O.Devices.Profiles {
		on := slices.Contains(chosen, p.ID) || len(chosen) == 0 && p.ID == setup.DefaultProfile
		rows = append(rows, ProfileRow{ID: p.ID, Name: profileTitle(p), Says: profileSays(p), On: on})
	}
	for _, id := range chosen {
		if !slices.ContainsFunc(rows, func(r ProfileRow) bool { return r.ID == id }) {
			rows = append(rows, ProfileRow{ID: id, Name: id, Says: []string{"Not in the account any more, so nothing can be set up for it. Untick it."}, On: true})
		}
	}
	return rows
}

func profileTitle(p setup.DeviceProfile) string {
	switch {
	case p.ID == setup.DefaultProfile:
		return "The default profile"
	case p.Name == "":
		return p.ID
	}
	return p.Name
}

// profileSays is what tells a profile from the others.
func profileSays(p setup.DeviceProfile) []string {
	whom := "All other devices"
	switch {
	case p.ID == setup.DefaultProfile:
	case p.Match == "":
		whom = "Which devices get it is not known"
	default:
		whom = "Devices for which this holds: " + p.Match
	}
	lists := "Lists what stays out of WARP (exclude)."
	if p.Include {
		lists = "Lists what goes through WARP (include)."
	}
	says := []string{whom + ". " + upperFirst(haveItNow(p)), lists}
	if p.Carries {
		says[1] += " WARP carries their traffic."
		return says
	}
	return append(says, "WARP carries no traffic of these devices: the service mode is another than Gateway with WARP, or the profile is switched off. They cannot come in this way before that is changed in the dashboard.")
}

func haveItNow(p setup.DeviceProfile) string {
	switch p.Devices {
	case -1:
		return "how many have it now is not known."
	case 0:
		return "no device has it now."
	case 1:
		return "1 device has it now."
	}
	return p.HowMany() + " have it now."
}

// ProfilesFrom are the device profiles that a form chose: ticked, or typed as
// ids. What was chosen before keeps its place, and as long as nothing but the
// default one is chosen, nothing is.
func ProfilesFrom(before []string, all func(string) []string) []string {
	now := all("device-profile")
	for _, typed := range all("private-profiles") {
		now = append(now, strings.FieldsFunc(typed, func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	var chosen []string
	for _, id := range append(slices.Clone(before), now...) {
		if slices.Contains(now, id) && !slices.Contains(chosen, id) {
			chosen = append(chosen, id)
		}
	}
	if len(before) == 0 && slices.Equal(chosen, []string{setup.DefaultProfile}) {
		return nil
	}
	return chosen
}
