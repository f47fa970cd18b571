package web

import (
	"slices"

	"github.com/culvert/culvert/setup"
)

// alertField asks for the address that Cloudflare mails when the server is gone.
func (v SettingsView) alertField() Field {
	f := Field{ID: "alert-email", Name: "alert_email", Label: "E-mail address", Value: v.S.Answers.AlertEmail,
		Hint: "One that you read when this server is down. Cloudflare sends the mail, not your mail server."}
	for _, e := range v.BadAlert {
		f.Value, f.Errors = v.TypedAlert, append(f.Errors, e.Message)
	}
	return f
}

func (v SettingsView) alertFaults() []FaultRow {
	var rows []FaultRow
	for _, e := range v.BadAlert {
		rows = append(rows, FaultRow{"alert-email", "E-mail address", e.Message})
	}
	return rows
}

// alertFate says whom Cloudflare mails: only what was seen in the account, and
// when.
func (v SettingsView) alertFate() (sign, tone, text string) {
	email, key := v.S.Answers.AlertEmail, v.S.Answers.AlertKey()
	about := func(f setup.Finding) bool { return f.Class == setup.ClassAlert || slices.Contains(f.Keys, key) }
	switch at := slices.IndexFunc(v.S.Condition.Findings, about); {
	case email == "":
		return "○", "quiet", "Cloudflare mails nobody."
	case v.S.Busy():
		return "·", "quiet", "A run is at work. Then this says whom Cloudflare mails."
	case at >= 0:
		f := v.S.Condition.Findings[at]
		sign, tone = severitySign(f.Severity)
		return sign, tone, f.Title + " The status page tells why, and how to put it right."
	case !v.S.Known || !v.S.Watching || v.S.Run != nil && v.S.Run.Ended.After(v.S.Seen.Cloud):
		return "○", "quiet", "Cloudflare was asked to mail " + email + ". Whether it does was not looked at since."
	}
	return "✔", "", "Cloudflare mails " + email + " when nothing is connected to the tunnel. Seen in the account on " + stamp(v.S.Seen.Cloud) + "."
}

// alertTokenLink leads to a token that may do that as well.
func (v SettingsView) alertTokenLink() string {
	return setup.TokenLink(setup.WithFurther(setup.PermissionsFor(v.S.Answers.Mode, v.S.Answers.Hostname, v.S.Answers.Zone), []setup.Permission{setup.AlertPermission()}))
}
