package web

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// ChoosesWayIn says whether there is more than one way in to choose from.
func (v View) ChoosesWayIn() bool { return len(v.O.Modes) > 1 }

// mode is the way in as it was chosen so far.
func (v View) mode() setup.Mode {
	if v.O.Draft.Mode == "" {
		return setup.ModePublic
	}
	return v.O.Draft.Mode
}

// Question is one of those that recommend a way in.
type Question struct {
	Name, Text, Hint string
	Reply            setup.Reply
}

func (v View) questions() []Question {
	q := v.O.Draft.Questions
	return []Question{
		{"warp", "Does everybody of your team install WARP?", "WARP is Cloudflare’s program for laptops and phones. Guests and borrowed computers count too.", q.WARP},
		{"domain", "Do you have a domain at Cloudflare, or will you?", "Such as example.org. Messengers need one to reach your app; colleagues with WARP do not.", q.Domain},
		{"padlock", "Must the browser show a padlock?", "The app’s own pages need https to log in. With WARP and without a domain, each device has to be told to trust it.", q.Padlock},
	}
}

// recommendation is what the answers recommend; false: not all are given.
func (v View) recommendation() (setup.Recommendation, bool) {
	q := v.O.Draft.Questions
	return setup.Recommend(q), q.Answered()
}

// Way is one way for the team to come in, as the page draws it.
type Way struct {
	Mode        setup.Mode
	Title, Term string
	Says        string
	Asks        []Hop // who knows the name
	Carries     []Hop // which way the packets take
	Account     string
	Guide       []Differs
	On          bool
	Recommended bool
}

// Hop is one stop of a drawing: what it is, and what it does there.
type Hop struct{ What, Does string }

func (v View) waysIn() []Way {
	best, asked := v.recommendation()
	var ways []Way
	for _, w := range []Way{v.publicWay(), v.hostnameWay(), v.fallbackWay()} {
		if slices.Contains(v.O.Modes, w.Mode) {
			w.On, w.Recommended = w.Mode == v.mode(), asked && best.Mode == w.Mode
			ways = append(ways, w)
		}
	}
	return ways
}

func modeTitle(m setup.Mode) string {
	switch m {
	case setup.ModeHostname:
		return "With WARP, by name"
	case setup.ModeFallback:
		return "With WARP, by your own DNS"
	}
	return "Through the public address"
}

func (v View) publicWay() Way {
	return Way{
		Mode: setup.ModePublic, Title: modeTitle(setup.ModePublic), Term: "public",
		Says: "A browser and a code by e-mail. Nothing to install, and the padlock comes by itself.",
		Asks: []Hop{{"The browser", "asks for " + v.host()}, {"Public DNS", "Cloudflare answers with its own address"}},
		Carries: []Hop{
			{"The browser", "calls over the internet"}, {"Cloudflare", "asks for the code (lock)"},
			{"The tunnel", "by the rule for the name"}, {"The app", ""},
		},
		Account: "Nothing that counts for everybody in the account, but for the login by e-mail code.",
	}
}

func (v View) hostnameWay() Way {
	name := v.privateName()
	return Way{
		Mode: setup.ModeHostname, Title: modeTitle(setup.ModeHostname), Term: "hostname",
		Says: "The team’s pages are not on the internet. Cloudflare knows the name, and the connector finds the app by it.",
		Asks: []Hop{
			{"The device", "asks for " + name + " through WARP"},
			{"Gateway", "answers with an address of its own, made up for this name"},
			{"The connector", "asks Docker where " + name + " is"},
		},
		Carries: []Hop{
			{"The device", "sends what Gateway answered through WARP (split tunnel)"}, {"Cloudflare", "asks for a login (lock)"},
			{"The tunnel", "by the route for the name (hostname route)"}, {v.behind(), ""},
		},
		Account: "Counts for all devices: the Gateway proxy, one range in the split tunnels, and that nothing in Local Domain Fallback hides the name. " + whoMayAsk,
		Guide:   v.encrypted(),
	}
}

func (v View) fallbackWay() Way {
	name, ranges := v.privateName(), "one range"
	if v.O.Draft.Inside.Follow {
		ranges = "two ranges"
	}
	route := "by the route for this one address (CIDR route, /32)"
	if v.O.Draft.Inside.Whole {
		route = "by the route for the app’s whole network (CIDR route)"
	}
	return Way{
		Mode: setup.ModeFallback, Title: modeTitle(setup.ModeFallback), Term: "fallback",
		Says: "The guide’s way. The team’s pages are not on the internet; a small DNS server beside the app knows the name.",
		Asks: []Hop{
			{"The device", "asks for " + name + " past Gateway (Local Domain Fallback)"},
			{"The tunnel", "carries the question over UDP, so the connector must use QUIC"},
			{"Your DNS server", "answers with an address on this server (dnsmasq)"},
		},
		Carries: []Hop{
			{"The device", "sends that address through WARP (split tunnel)"}, {"Cloudflare", "asks for a login (lock)"},
			{"The tunnel", route}, {v.behind(), ""},
		},
		Account: "Counts for all devices: the Gateway proxy, " + ranges + " in the split tunnels, and one entry in Local Domain Fallback. " +
			"Questions for the name, and for everything below it, then pass by Gateway’s DNS policies and logs. " + whoMayAsk,
		Guide: append([]Differs{
			{"add a private hostname route beside the route by address.", "does not make one.",
				"devices ask your DNS server past Gateway, and only Gateway’s answers lead to a hostname route: it would never be used."},
			{"route the whole Docker network, such as 172.18.0.0/16.", "routes two single addresses, unless you choose the whole network below.",
				"the whole network holds your databases too, and every device of the account would reach them."},
			{"take 172.16.0.0/12 out of the split tunnels.", "takes out what it uses and no more.",
				"all the rest of it would go through Cloudflare from every device. What stays out goes to the network that a device is in."},
		}, v.encrypted()...),
	}
}

const whoMayAsk = "Whoever may add a device to the account can ask for the name; past the login gets only your team."

// encrypted is what the guide says of the encryption. Who chose no certificate is
// told there what comes of it.
func (v View) encrypted() []Differs {
	if v.O.Draft.Inside.Front == profile.NoFront {
		return nil
	}
	return []Differs{{"“Not secure” is no gap, because WARP encrypts from end to end.", "puts a certificate before the app.",
		"WARP encrypts as far as Cloudflare, which can read it, and the tunnel from there to this server; the last step, to the app, is http. And over plain http browsers keep no login to the app."}}
}

func (v View) privateName() string {
	if name := strings.TrimSpace(v.O.Draft.Inside.Name); name != "" {
		return name
	}
	return "the private name"
}

// behind is what answers at the private name.
func (v View) behind() string {
	if v.O.Draft.Inside.Front == profile.NoFront {
		return "The app, without TLS"
	}
	return "nginx with your certificate, then the app"
}

func (v View) privateNameField() Field {
	return Field{ID: "private-name", Name: "private-name", Label: "Private name", Value: v.O.Draft.Inside.Name, Errors: v.errorsAt("private.name"),
		Hint: "What your team types, such as ocs.your-org. Below your own domain, such as inside." + orExample(v.O.Draft.Zone) + ", it gets a certificate that every browser knows."}
}

func orExample(zone string) string {
	if zone == "" {
		return "example.org"
	}
	return zone
}

// Choice is one of several that exclude each other.
type Choice struct {
	Value, Label, Hint string
	On                 bool
}

func (v View) fronts() []Choice {
	chosen := v.O.Draft.Inside.Front
	choices := []Choice{
		{"", "As fits the name", "A certificate that browsers know for a name below your own domain, and one of your own authority otherwise. Each is explained below.", false},
		v.byACME(),
		{string(setup.FromInternal), "A certificate authority of your own", "Each device has to be told once to trust it.", false},
		{string(setup.FromOwner), "Your own certificate", "You put it into a folder and renew it.", false},
		{profile.NoFront, "No certificate", "The app is reached at its own port and the browser says “Not secure”. With the app’s production settings nobody can log in that way.", false},
	}
	for i := range choices {
		choices[i].On = choices[i].Value == chosen
	}
	return choices
}

// byACME is a certificate of the authority that this server uses.
func (v View) byACME() Choice {
	if v.O.Authority != "" {
		return Choice{string(setup.FromACME), "A certificate of " + v.O.Authority,
			"The ACME authority that this server was told to use, proven by a record of your domain, renewed by itself. Devices have to trust it. Choosing this accepts its terms.", false}
	}
	return Choice{string(setup.FromACME), "A certificate that browsers know",
		"From Let’s Encrypt, proven by a record of your domain, renewed by itself. Lists of such certificates are public, so the name is too. Choosing this accepts its terms: letsencrypt.org/repository.", false}
}

// networks are those in which the private name can lead to an app without a front.
func (v View) networks() []Choice {
	in := v.O.Draft.Inside
	follow, whole := in.Follow && !in.Whole, in.Whole
	return []Choice{
		{"", "A network of its own, with a fixed address (recommended)", "The app joins a small network of Culvert’s beside its own. For that a few lines are added to your compose file, and nothing restarts.", !follow && !whole},
		{"app", "The app’s own network, and Culvert follows its address", "Nothing in your compose file changes for it. Docker may give the app another address when it is made anew, and until Culvert has followed it, colleagues do not reach the app. " +
			"The old address may be that of another container then, such as a database: devices get there only behind the login. And they send the whole range of that network through WARP. " + v.appNow(), follow},
		{wholeNetwork, "The app’s own network, and the way leads to all of it (as the guide has it)", "As before, but behind the login your team then gets to whatever runs in that network, on every port: databases too, many of which ask for no password, and this server itself by the network’s own address. " +
			"What joins the network later is open to them as well. The other two open the app and nothing else, which is enough to use it. A route for this network that you made by hand is taken over once you agree. " + v.besideNow(), whole},
	}
}

// wholeNetwork is the choice of the app's own network with all that is in it.
const wholeNetwork = "whole"

// besideNow says what a route to the whole network would open.
func (v View) besideNow() string {
	if len(v.O.Beside) == 0 {
		return "What is in it is not known yet; it is shown before you agree."
	}
	return "In it now: " + setup.MembersText(v.O.Beside) + "."
}

// appNow says where a followed app is.
func (v View) appNow() string {
	if a := v.O.Answers; a != nil && a.Private != nil && a.Private.Follow && a.Private.Address != "" {
		return "The app is at " + a.Private.Address + " now."
	}
	return "Its address is shown in the plan before you agree."
}

// fixedThere is why the guide's fixed address in the app's own network is not
// offered.
func fixedThere() Differs {
	return Differs{"give fixed addresses in the app’s own network, such as 172.18.0.100.", "does not, and does not make that network anew.",
		"Docker refuses them where nobody set the network’s range, and setting it means taking the whole app down. A network of its own gives the same without a break."}
}

// insideFields are what hardly anybody has to change.
func (v View) insideFields() []Field {
	in := v.O.Draft.Inside
	return []Field{
		{ID: "private-subnet", Name: "private-subnet", Label: "Range of addresses", Value: in.Subnet, Errors: v.errorsAt("private.subnet"),
			Hint: "For a small Docker network of Culvert’s own. Empty: one is taken that is free here and in your account."},
		{ID: "private-vnet", Name: "private-vnet", Label: "Virtual network", Value: in.VNet, Hint: "Empty: the default one."},
		{ID: "private-comment", Name: "private-comment", Label: "Description of the routes", Value: in.Comment, Errors: v.errorsAt("private.comment"),
			Hint: "For the dashboard; at most 60 characters."},
	}
}

// insideTicks are switches of a private way.
func (v View) insideTicks() []Tick {
	in := v.O.Draft.Inside
	return []Tick{
		{"team-in-public", "The team may come in through the public address as well", "Behind the same login.", in.PublicTeam},
		{"icmp", "Pings as well", "Counts for everybody in the account (ICMP proxy).", in.ICMP},
		{"dns-location", "A DNS location, as the guide makes one", "Devices with WARP need none. One that is there already is left as it is.", in.Location},
		{"wildcard", "A certificate for every name beside this one", "The public list then shows *.your-domain and not the name (wildcard).", in.Wildcard},
	}
}

// predecessors are containers beside the app that were made by hand and do what
// a way in with WARP does instead, such as those of the guide.
func (v View) predecessors() []Choice {
	var all []Choice
	for _, s := range v.O.Candidate.ByHand() {
		project := v.O.Candidate.Project
		on := slices.Contains(v.O.Draft.Inside.Replaces, setup.Service{Project: project.Name, Service: s.Name})
		all = append(all, Choice{Value: project.Name + "/" + s.Name, Label: "Stop " + s.Name, On: on,
			Hint: "Image " + s.Image + ". Only once everything here works; its container, file and settings stay."})
	}
	return all
}

// handmadeField asks for the compose file that the guide has people write. The
// one of what runs beside the app is filled in.
func (v View) handmadeField() Field {
	f := Field{ID: "handmade", Name: "handmade", Label: "Compose file of what you made by hand", Value: v.Handmade, Errors: v.errorsAt("private.handmade"),
		Hint: "The guide calls it " + journey.GuideOverride + ". The private name in it is filled in here, and its containers are ticked to be stopped once everything works. The file and its variables stay as they are."}
	for _, s := range v.O.Candidate.ByHand() {
		if f.Value == "" && len(s.Files) == 1 && !slices.Contains(v.O.Draft.Stack.Files, s.Files[0]) {
			f.Value = s.Files[0]
		}
	}
	return f
}

// ReadNote says what a compose file that was made by hand told.
func ReadNote(h setup.Handmade, d journey.Draft) *Note {
	text := "Read from " + filepath.Base(h.File) + ", nothing saved yet: "
	if h.Name == "" {
		text += "it names no private name. Choose the way yourself."
	} else {
		text += "the private name " + h.Name + ", through your own DNS as the guide has it."
	}
	if h.Address != "" {
		text += " Its address " + h.Address + " is not used: Docker may give it to another container, so Culvert has a network of its own."
	}
	if len(d.Inside.Replaces) > 0 {
		text += " Its containers are stopped once everything here works."
	}
	if h.Tunnel != "" {
		text += " Its tunnel " + h.Tunnel + " stays in your account; Culvert makes its own."
	}
	return &Note{Text: text}
}

// Tick is something that is on or off.
type Tick struct {
	Name, Label, Hint string
	On                bool
}

// ForDevices is one change that counts for everybody in the account.
type ForDevices struct {
	ChangeRow
	Affects string
	Prior   []string
}

// forDevices lists what a plan changes for devices, with how far that reaches
// and what it is now.
func (v View) forDevices() []ForDevices {
	if v.O.Plan == nil {
		return nil
	}
	var rows []ForDevices
	for _, c := range v.O.Plan.Changes {
		if !c.ForDevices() {
			continue
		}
		row := ForDevices{ChangeRow: rowOf(c, v.O.Plan.Difference(c), v.host()), Affects: c.Affects(), Prior: setup.Describe(c.From)}
		if c.From == nil {
			row.Prior = []string{"not there"}
		}
		rows = append(rows, row)
	}
	return rows
}

// FixRow is a setting of the app that can be set right.
type FixRow struct {
	profile.Setting
	Now string
	On  bool
}

func (v View) fixes() []FixRow {
	var rows []FixRow
	for _, s := range v.O.Profile.Env.Report {
		if s.Value == "" {
			continue
		}
		row := FixRow{Setting: s, Now: "not set", On: slices.Contains(v.O.Draft.Fixes, s.Name)}
		if v.O.Before != nil {
			for _, line := range v.O.Before.Settings {
				if value, ok := strings.CutPrefix(line, s.Name+"="); ok {
					row.Now = value
				}
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// wayInFaults lists what is wrong on the page, in its order.
func (v View) wayInFaults() []FaultRow {
	var rows []FaultRow
	for _, a := range []struct{ field, id, label string }{
		{"private.handmade", "handmade", "Compose file"}, {"mode", "modes", "The way in"}, {"private.name", "private-name", "Private name"}, {"private.front", "fronts", "Certificate"}, {"private.network", "networks", "Network"}, {"private.route", "networks", "Network"},
		{"private.subnet", "private-subnet", "Range of addresses"}, {"private.profiles", "private-profiles", "Device profiles"},
		{"private.protocol", "modes", "The way in"},
		{"private.comment", "private-comment", "Description"}, {"settings", "fixes", "Settings of the app"}, {"site", "site", "The app’s own address"},
	} {
		for _, m := range v.errorsAt(a.field) {
			rows = append(rows, FaultRow{a.id, a.label, m})
		}
	}
	return rows
}

// WayInFrom lays a form over what was typed before.
func WayInFrom(d journey.Draft, get func(string) string, all func(string) []string) journey.Draft {
	reply := func(name string) setup.Reply {
		switch r := setup.Reply(get(name)); r {
		case setup.Yes, setup.No:
			return r
		}
		return setup.Unanswered
	}
	d.Questions = setup.Questions{WARP: reply("warp"), Domain: reply("domain"), Padlock: reply("padlock"), Guide: d.Questions.Guide}
	d.Mode = setup.Mode(get("mode"))
	d.Inside.Name, d.Inside.Front, d.Inside.Follow = strings.TrimSpace(get("private-name")), get("front"), get("network") == "app" || get("network") == wholeNetwork
	d.Inside.Whole = get("network") == wholeNetwork
	d.Inside.Subnet, d.Inside.VNet, d.Inside.Comment = strings.TrimSpace(get("private-subnet")), strings.TrimSpace(get("private-vnet")), strings.TrimSpace(get("private-comment"))
	d.Inside.Profiles = ProfilesFrom(d.Inside.Profiles, all)
	d.Inside.PublicTeam, d.Inside.ICMP = get("team-in-public") != "", get("icmp") != ""
	d.Inside.Location, d.Inside.Wildcard = get("dns-location") != "", get("wildcard") != ""
	d.Inside.Replaces = nil
	for _, entry := range all("replaces") {
		if project, service, ok := strings.Cut(entry, "/"); ok {
			d.Inside.Replaces = append(d.Inside.Replaces, setup.Service{Project: project, Service: service})
		}
	}
	d.Fixes, d.Site = all("fix"), get("site") != ""
	return d
}
