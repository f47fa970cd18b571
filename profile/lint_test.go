package profile

import (
	"strings"
	"testing"
)

// Each row breaks one thing of a profile that is otherwise right.
func TestLintFindsEachFault(t *testing.T) {
	door := func(p *Profile, id string) *Door {
		for i := range p.Doors {
			if p.Doors[i].ID == id {
				return &p.Doors[i]
			}
		}
		panic("no door " + id)
	}
	rows := map[string]struct {
		broken func(*Profile)
		says   string
	}{
		"no service":               {func(p *Profile) { p.Service = "" }, "service"},
		"a port that is none":      {func(p *Profile) { p.Port.Default = 0 }, "port"},
		"a list without the host":  {func(p *Profile) { p.Env.Lists[0].Item = "x" }, "{host}"},
		"a door twice":             {func(p *Profile) { p.Doors = append(p.Doors, p.Doors[0]) }, "twice"},
		"a door without a reason":  {func(p *Profile) { door(p, "slack").Why = "" }, "why"},
		"no control":               {func(p *Profile) { p.Controls = nil }, "nothing is locked"},
		"a destination too many":   {func(p *Profile) { d := door(p, "api-clients"); d.Destinations = append(d.Destinations, "/api/x") }, "6 destinations"},
		"a destination nobody has": {func(p *Profile) { d := door(p, "slack"); d.Destinations = append(d.Destinations, "/slack/x") }, "no path that the app serves"},
		"a destination with two wildcards": {
			func(p *Profile) { door(p, "telegram").Destinations[0] = "/channels/tele*gram*/" }, "two wildcards"},
		"a wildcard that misses the path itself": {
			func(p *Profile) { door(p, "slack").Destinations[0] = "/slack/events/*" }, "no destination covers /slack/events"},
		"an ingress path open at the end": {
			func(p *Profile) { door(p, "slack").Ingress[0] = "^/slack/events" }, "anchored"},
		"an ingress path open at the beginning": {
			func(p *Profile) { door(p, "slack").Ingress[0] = "/slack/events$" }, "anchored"},
		"an ingress path whose end is a dollar sign": {
			func(p *Profile) { door(p, "slack").Ingress[0] = `^/slack/events\$` }, "anchored"},
		"an ingress path with flags": {
			func(p *Profile) { door(p, "slack").Ingress[0] = "^/(?i)slack/events$" }, "anchored"},
		"an ingress path with a loose alternative": {
			func(p *Profile) { door(p, "slack").Ingress[0] = "^/slack/events|/slack/x$" }, "brackets"},
		"an ingress path that is no expression": {
			func(p *Profile) { door(p, "slack").Ingress[0] = "^/slack/(events$" }, "ingress path"},
		"an ingress path elsewhere": {
			func(p *Profile) { d := door(p, "slack"); d.Ingress = append(d.Ingress, "^/static/x$") }, "wider than every destination"},
		"a missing ingress path": {
			func(p *Profile) { door(p, "twilio").Ingress = door(p, "twilio").Ingress[:1] }, "no ingress path matches"},
		"a probe beside its door": {
			func(p *Profile) { door(p, "telegram").Probes[0].Path = "/channels/telegramm/1" }, "its own door"},
		"a destination without a probe": {
			func(p *Profile) { door(p, "twilio").Probes = door(p, "twilio").Probes[:1] }, "no probe goes through"},
		"a metadata probe that expects": {
			func(p *Profile) { door(p, "slack").Probes[1].Status = 200 }, "Access only"},
		"405 without the method": {
			func(p *Profile) { door(p, "slack").Probes[0].Allow = "" }, "which method"},
		"two doors on one path": {
			func(p *Profile) { door(p, "whatsapp").Destinations[0] = "/channels/whatsapp/*" }, "also opened by door whatsapp"},
		"a control that a door opens": {
			func(p *Profile) { p.Controls[1].Path = "/static/admin/" }, "control admin: /static/admin/ is opened by door static"},
		"a sibling below an exact path": {
			func(p *Profile) { door(p, "slack").Siblings = []string{"/slack/events/more"} }, "sibling of door slack"},
		"a door as wide as must never be": {
			func(p *Profile) { door(p, "telegram").Destinations[0] = "/channels/*" }, "A team's own pages"},
		"a guide row praised for nothing": {
			func(p *Profile) { p.Guide[0].Verdict = VerdictRight }, "is wrong for door whatsapp"},
		"a guide row of an unknown door": {
			func(p *Profile) { p.Guide[0].Door = "nosuch" }, "no door"},
		"a guide row without its source": {
			func(p *Profile) { p.Guide[0].Source = "" }, "source"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			p := openChatStudio(t)
			row.broken(&p)
			var said []string
			for _, fault := range Lint(p) {
				said = append(said, fault.Error())
			}
			if !strings.Contains(strings.Join(said, "\n"), row.says) {
				t.Errorf("nothing says %q in:\n%s", row.says, strings.Join(said, "\n"))
			}
		})
	}
}
