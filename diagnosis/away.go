package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// This file holds the rules for what cannot be seen. Not seen is not well.

func unreadAt(places ...setup.Place) func(setup.Barrier) bool {
	return func(b setup.Barrier) bool {
		return b.Why == setup.WhyUnread && slices.Contains(places, b.Key.Kind.Place())
	}
}

// dockerAway: the engine does not answer, so nothing of the host is known.
func (x *examination) dockerAway() {
	if x.Facts.Problem == nil {
		return
	}
	x.tell(report{
		class: setup.ClassDockerAway, severity: setup.SeverityUnknown,
		title:  "Docker does not answer.",
		effect: "Whether the app and the connector run as they should is not known. What comes through Cloudflare is still asked from outside.",
		cause:  x.Facts.Problem.Message,
		ifNot:  "Changes on this server go unseen, and nothing here can be repaired.",
		advice: "Start the Docker engine, or let Culvert use its socket; this page goes on by itself.",

		barriers: x.takeBarriers(unreadAt(setup.AtDocker)),
		evidence: x.takeFailing(either(
			func(v setup.Evidence) bool { return v.Check.Beside() && v.By == setup.ByNobody },
			func(v setup.Evidence) bool { return v.Check.Port() && v.By == setup.ByNobody },
			func(v setup.Evidence) bool { return v.Check.ID == setup.UDPCheck && v.By == setup.ByNobody },
		)),
	})
}

// ofCode is for barriers before what could not be read for one of some reasons.
func ofCode(codes ...setup.Code) func(setup.Barrier) bool {
	return func(b setup.Barrier) bool {
		return unreadAt(setup.AtAccount, setup.AtZone)(b) && b.Cause != nil && slices.Contains(codes, b.Cause.Code)
	}
}

// cloudAway: Cloudflare's API tells nothing of the account, for a reason that
// concerns all of it.
func (x *examination) cloudAway() {
	if x.noNetwork() {
		return
	}
	if refused := x.takeBarriers(ofCode(setup.CodeUnauthorized, setup.CodeNoToken)); len(refused) > 0 {
		title := "Cloudflare refuses the API token."
		if refused[0].Cause.Code == setup.CodeNoToken {
			title = "Culvert has no API token."
		}
		x.tell(report{
			class: setup.ClassTokenRefused, severity: setup.SeverityUnknown,
			title:  title,
			effect: "Nothing in Cloudflare can be watched or repaired. What was set up goes on working.",
			cause:  refused[0].Cause.Message,
			ifNot:  "What is changed in Cloudflare goes unseen until a check from outside fails.",
			advice: "Make a new token and store it at the step Account.", barriers: refused,
		})
	}
	x.tokenElsewhere()
	x.permissions()
	if away := x.takeBarriers(ofCode(setup.CodeUnavailable, setup.CodeRateLimited)); len(away) > 0 {
		x.tell(report{
			class: setup.ClassCloudAway, severity: setup.SeverityUnknown,
			title:  "Cloudflare's API does not answer.",
			effect: "How things stand in Cloudflare is not known. What comes through it is still asked from outside.",
			cause:  away[0].Cause.Message,
			ifNot:  "Nothing: it is asked again by itself.",
			advice: "Wait. If it lasts, www.cloudflarestatus.com tells whether Cloudflare knows of it.", barriers: away,
		})
	}
}

// tokenElsewhere: the token works, and is for another account or domain. That it
// lacks every permission here would be true, and lead astray.
func (x *examination) tokenElsewhere() {
	barriers := x.takeBarriers(ofCode(setup.CodeElsewhere))
	if len(barriers) == 0 {
		return
	}
	r := report{
		class: setup.ClassPermission, name: "elsewhere", severity: setup.SeverityUnknown, barriers: barriers,
		title:  "The API token belongs to another account.",
		effect: "What was set up in this account can neither be watched nor repaired. It goes on working.",
		cause:  barriers[0].Cause.Message,
		ifNot:  "What is changed there goes unseen until a check from outside fails.",
		advice: "Make a token for this account and give it at the step Account.",
	}
	if !slices.ContainsFunc(barriers, unreadAt(setup.AtAccount)) {
		r.title = fmt.Sprintf("The API token is for other domains than %s.", x.Answers.Zone)
		r.advice = "Open the token in the dashboard, choose this domain under Zone Resources, and check it again at the step Account."
	}
	x.tell(r)
}

// permissions tells each permission that the token lacks.
func (x *examination) permissions() {
	for {
		denied, _ := split(x.barriers, ofCode(setup.CodeDenied))
		if len(denied) == 0 {
			return
		}
		name := denied[0].Cause.Permission
		same := x.takeBarriers(func(b setup.Barrier) bool {
			return ofCode(setup.CodeDenied)(b) && b.Cause.Permission == name
		})
		title := "The API token lacks the permission " + name + "."
		if name == "" {
			title = "The API token lacks a permission."
		}
		x.tell(report{
			class: setup.ClassPermission, name: slug(name), severity: setup.SeverityUnknown, title: title,
			effect: "A part of what was set up can neither be watched nor repaired. It goes on working.",
			cause:  same[0].Cause.Message,
			ifNot:  "What is changed there goes unseen until a check from outside fails.",
			advice: "Open the token in the dashboard, add the row, and check it again at the step Account.", barriers: same,
		})
	}
}

// noNetwork says whether neither the API nor the public name can be reached
// from here: then it is this server that is cut off.
func (x *examination) noNetwork() bool {
	asked, reached := 0, false
	for _, c := range x.Answers.Checks {
		if v, ok := x.fresh(c); ok {
			asked++
			reached = reached || v.OK || v.By != setup.ByNobody
		}
	}
	unread := slices.ContainsFunc(x.barriers, ofCode(setup.CodeUnavailable))
	return unread && asked > 0 && !reached
}

func (x *examination) offline() {
	if !x.noNetwork() {
		return
	}
	x.tell(report{
		class: setup.ClassOffline, severity: setup.SeverityBroken,
		title:  "This server does not reach the internet.",
		effect: "No messages arrive and nobody gets in while the connector is cut off. From here nothing else can be told.",
		cause:  "Neither Cloudflare's API nor the public name answers from here.",
		ifNot:  "It goes on by itself once the network is back.",
		advice: "Look at this server's network and DNS.",

		barriers: x.takeBarriers(unreadAt(setup.AtAccount, setup.AtZone)),
		evidence: x.takeFailing(either(outsideBy(setup.ByNobody), besideConnector)),
	})
}

// unreadables: what could not be read for any other reason, each reason once.
// What belongs to the app's container is left to the rule about that.
func (x *examination) unreadables() {
	for {
		unread, _ := split(x.barriers, x.otherwiseUnread)
		if len(unread) == 0 {
			return
		}
		why := reason(unread[0])
		same := x.takeBarriers(func(b setup.Barrier) bool { return x.otherwiseUnread(b) && reason(b) == why })
		x.tell(report{
			class: setup.ClassUnread, name: slug(string(same[0].Key.Kind)), severity: setup.SeverityUnknown,
			title:  "It is not known how this stands: " + setup.Name(same[0].Key, nil) + ".",
			effect: "It can neither be watched nor repaired.", cause: why,
			ifNot: "What is changed there goes unseen until a check fails.", barriers: same,
		})
	}
}

// reason is why something could not be read.
func reason(b setup.Barrier) string {
	if b.Cause != nil {
		return b.Cause.Message
	}
	return b.Detail
}

func (x *examination) otherwiseUnread(b setup.Barrier) bool {
	return b.Why == setup.WhyUnread && !ofTheApp(b) && b.Key.Kind != setup.KindConnector
}

// ofTheApp is for what is read from the app's container.
func ofTheApp(b setup.Barrier) bool {
	return b.Why == setup.WhyUnread && (b.Key.Kind == setup.KindSetting || b.Key.Kind == setup.KindPublished)
}

// slug makes a part of an id.
func slug(text string) string {
	fields := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	return strings.Join(fields, "-")
}
