package web

import (
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
)

// Differs is one place where the guide says something else.
type Differs struct{ Guide, Culvert, Because string }

// StageText says what a stage does and why, in two sentences.
type StageText struct {
	Title string
	What  string
	Why   string
	Guide []Differs
}

func (v View) text() StageText {
	switch journey.Stage(v.At) {
	case journey.StageLook:
		return lookText()
	case journey.StageAnswers:
		return v.answersText()
	case journey.StageAccount:
		return v.accountText()
	case journey.StageBuild:
		return v.buildText()
	case journey.StageProve:
		return proveText()
	case journey.StageSwitch:
		return v.switchText()
	case journey.StageClose:
		return v.closeText()
	}
	return v.doneText()
}

func lookText() StageText {
	return StageText{
		Title: "What runs here",
		What:  "Culvert reads which app runs on this server and from where it can be reached today.",
		Why:   "Nothing is changed; what it finds is kept as “before”, to compare with later.",
		Guide: []Differs{{
			"copy the container’s address out of docker inspect, by hand.",
			"reads project, service, network and files from the labels that Docker keeps.",
			"the address changes whenever the container is made anew, and the labels name the file that was really used.",
		}},
	}
}

func (v View) answersText() StageText {
	t := StageText{
		Title: "Three questions",
		What:  "Three answers are enough; the rest is decided for you and can be unfolded.",
		Why:   "Answering changes nothing: you see every change before you agree to it, and you can come back here later.",
	}
	if !v.mode().Private() {
		t.Guide = []Differs{{
			"your team comes in with the WARP client, through a private name.",
			"lets it in through the public address, behind a login with a code by e-mail.",
			"it needs no program on anybody’s laptop, touches no setting of the whole account, and the browser shows a padlock.",
		}}
	}
	return t
}

func (v View) accountText() StageText {
	return StageText{
		Title: "Account and token",
		What:  "Culvert needs a Cloudflare account with Zero Trust (the Free plan is enough) and a token that may do exactly what this setup needs.",
		Why:   "With it Culvert makes, checks and repairs everything; the token is kept encrypted on this server and never shown again.",
		Guide: []Differs{{
			"click the tunnel together in the dashboard and copy its token into your env file.",
			"asks for a limited API token once, and hands the tunnel’s own token to the connector in a file of its own.",
			"what it made that way it can also check and put right later, and no secret ends up in your app’s settings.",
		}},
	}
}

func (v View) buildText() StageText {
	image := "a pinned newer version"
	if v.O.Answers != nil {
		image = v.O.Answers.Image
	}
	what, why := "the tunnel, the lock, the doors for webhooks, and the connector on this server.", "Your address goes on pointing where it points now, so bots keep working while this is done."
	if v.insideOnly() {
		what, why = "the tunnel, the locks, and the connector on this server.", "No device is told of it yet, so everything goes on as it is while this is done."
	}
	return StageText{
		Title: "Build beside",
		What:  "Everything new is built beside what runs today: " + what,
		Why:   why,
		Guide: []Differs{
			{
				"start the connector in step 4 and set the login up in step 6.",
				"makes the lock first and everything that lets callers in after it.",
				"between the two steps the app, with its admin pages, would stand open.",
			},
			{
				"add a Bypass policy with a path to one application, once for each platform.",
				"makes one application for each platform (a door), all with one Bypass policy.",
				"policies at Cloudflare have no path; only applications do.",
			},
			{
				"use cloudflare/cloudflared:2025.4.0.",
				"uses " + image + ".",
				"Cloudflare supports a version for about a year; this one is pinned too.",
			},
		},
	}
}

func proveText() StageText {
	return StageText{
		Title: "Prove",
		What:  "Culvert asks the app at its container and the connector at its status page whether they answer.",
		Why:   "Nobody is sent the new way before this is proven.",
		Guide: []Differs{{
			"look whether docker compose logs shows no errors.",
			"sends the requests that the platforms send, without a signature, and looks at who answers.",
			"a connector can be healthy and still not reach the app.",
		}},
	}
}

// switchInsideText is the switch for a way in with WARP.
func (v View) switchInsideText() StageText {
	webhooks := ", and points your public address to the tunnel for the webhooks"
	if v.insideOnly() {
		webhooks = ""
	}
	return StageText{
		Title: "Show your team’s devices the way",
		What:  "This tells the devices of your account where " + v.privateName() + " is" + webhooks + ". Some of it counts for everybody in the account; each change says for how many devices, and what it was before.",
		Why:   "The locks stand before any way leads in. Devices take new settings by themselves within ten minutes.",
		Guide: []Differs{{
			"switch WARP off and on again on each device after a change.",
			"asks nobody to do that.",
			"settings reach devices by themselves within about ten minutes (Cloudflare docs, WARP settings).",
		}},
	}
}

func (v View) switchText() StageText {
	if v.mode().Private() {
		return v.switchInsideText()
	}
	return StageText{
		Title: "Send " + v.host() + " through Cloudflare",
		What:  "This points your public address to the tunnel. From then on webhooks come through their doors, your team through the login, and nobody else.",
		Why:   "If something that must be locked answers without a login, Culvert takes the name away again by itself.",
		Guide: []Differs{{
			"add the public hostname to the tunnel, which also makes the DNS record.",
			"makes the record as the very last thing, and never overwrites one that is there.",
			"from the moment of the record on, everybody can come; what protects the app must stand before.",
		}},
	}
}

func (v View) closeText() StageText {
	if v.O.Draft.Port == setup.PortKeep {
		return StageText{
			Title: "The port stays as it is",
			What:  "You chose to leave the app’s published port as it is, so whoever knows its number gets past the lock.",
			Why:   "To close it after all, choose so under “Decided for you” on the page with the questions.",
		}
	}
	return StageText{
		Title: "Close the port",
		What:  "The app’s port on this server is open past the lock, for everybody who knows its number; a firewall such as ufw does not stop ports that Docker publishes.",
		Why:   "Closed, the tunnel is the only way in.",
		Guide: []Differs{{
			"take the ports lines out of the compose file.",
			"changes that one line so that the port answers on this server only, unless you chose otherwise.",
			"scripts and health checks on the server itself go on working, and nothing else in the file moves.",
		}},
	}
}

func (v View) doneText() StageText {
	what := "This is what the outside sees: each door answers, everything else is locked."
	if v.insideOnly() {
		what = "This is what this server sees of your team’s way in; nothing of the app is public."
	}
	return StageText{
		Title: "Done",
		What:  what,
		Why:   "A light without a recent proof goes out.",
	}
}

// applyLabel is what the button says that carries out a step.
func applyLabel(s setup.Step) string {
	switch s {
	case setup.StepBuild:
		return "Build it beside"
	case setup.StepSwitch:
		return "Switch"
	case setup.StepClose:
		return "Close the port"
	}
	return "Fix it"
}

// publicAnswer is what a person sees who opens the public address.
func (v View) publicAnswer() string {
	if v.O.Answers != nil && v.O.Answers.Mode.Private() && !v.O.Answers.PublicTeam {
		return "you are turned away, because your team comes in by the private name only."
	}
	return "you get the login."
}
