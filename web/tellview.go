package web

import (
	"fmt"
	"slices"
	"strings"

	"github.com/culvert/culvert/notify"
	"github.com/culvert/culvert/setup"
)

// TellForm is what was typed to be told on one more channel. Secrets are not in
// it: they have to be typed again.
type TellForm struct {
	Kind   string
	Typed  map[string]string
	Errors []setup.FieldError
}

// TellKind is one sort of channel with the fields that its form has.
type TellKind struct {
	ID     string
	Label  string
	Hint   string
	Fields []Field
	Open   bool
}

// tellKinds are the forms, the usual ones first.
func (v SettingsView) tellKinds() []TellKind {
	field := func(kind, name, label, hint string) Field { return v.tellField(kind, name, label, hint) }
	hidden := func(f Field) Field {
		f.Secret, f.Value = true, ""
		return f
	}
	kinds := []TellKind{
		{ID: "email", Label: "E-mail", Hint: "Through the mail server that your organisation sends with.", Fields: []Field{
			field("email", "to", "To", "One address, or several with commas between them."),
			field("email", "from", "From", "An address that the mail server may send from."),
			field("email", "host", "Mail server", "Its name, such as smtp.example.org. With a port if it is not 587: smtp.example.org:465."),
			field("email", "user", "User", "Empty if the server asks for none."),
			hidden(field("email", "password", "Password", "It is encrypted where it is kept, and never shown again.")),
		}},
		{ID: "slack", Label: "Slack", Hint: "In Slack: Apps, Incoming Webhooks, Add; choose the channel.", Fields: []Field{
			hidden(field("slack", "address", "Webhook URL", "It begins with https://hooks.slack.com/services/.")),
		}},
		{ID: "telegram", Label: "Telegram", Hint: "Make a bot with @BotFather; not the bot that your app uses.", Fields: []Field{
			hidden(field("telegram", "address", "Token of the bot", "As @BotFather gives it: 123456789:AA….")),
			field("telegram", "chats", "Chats", "The id of a chat or the @name of a channel; several with commas. Write to the bot first, so that it may write to you."),
		}},
		{ID: "webhook", Label: "Webhook", Hint: "Any web address. It is sent title and message as JSON.", Fields: []Field{
			hidden(field("webhook", "address", "Address", "It begins with https://.")),
		}},
		{ID: "other", Label: "Another service", Hint: "Discord, Matrix, ntfy, Gotify, Pushover and others, by an address as shoutrrr writes it (shoutrrr.nickfedor.com, Services).", Fields: []Field{
			hidden(field("other", "address", "Address", "Such as ntfy://ntfy.sh/topic.")),
		}},
	}
	for i, k := range kinds {
		kinds[i].Fields = append(k.Fields, field(k.ID, "name", "Name", "For this list. Empty: "+k.Label+"."))
		kinds[i].Open = v.Tell.Kind == k.ID
	}
	return kinds
}

func (v SettingsView) tellField(kind, name, label, hint string) Field {
	f := Field{ID: kind + "-" + name, Name: name, Label: label, Hint: hint}
	if v.Tell.Kind != kind {
		return f
	}
	f.Value = v.Tell.Typed[name]
	for _, e := range v.Tell.Errors {
		if e.Field == name {
			f.Errors = append(f.Errors, e.Message)
		}
	}
	return f
}

func (k TellKind) faults() []FaultRow {
	var rows []FaultRow
	for _, f := range k.Fields {
		for _, m := range f.Errors {
			rows = append(rows, FaultRow{f.ID, f.Label, m})
		}
	}
	return rows
}

// channelFate says what became of the messages of a channel.
func (v SettingsView) channelFate(c notify.ChannelState) (sign, tone, text string) {
	switch {
	case c.Waiting > 0:
		return "✘", "bad", fmt.Sprintf("%s cannot be sent. %s", plural(c.Waiting, "message", "messages"), c.Problem)
	case !c.Sent.IsZero():
		return "✔", "good", "The last message was taken on " + stamp(c.Sent) + "."
	}
	return "○", "quiet", "No message was sent lately. Send a test to see whether it arrives."
}

func (v SettingsView) heartbeatField() Field {
	f := Field{ID: "heartbeat", Name: "heartbeat", Label: "Address that is asked", Secret: true,
		Hint: "As the service gives it, such as https://hc-ping.com/ and a long number. It is asked every minute while all is well, and with /fail behind it while something is broken."}
	for _, e := range v.BadHeartbeat {
		f.Errors = append(f.Errors, e.Message)
	}
	return f
}

// heartbeatFate says what became of the last sign of life.
func (v SettingsView) heartbeatFate() string {
	h := v.Told.Heartbeat
	var parts []string
	switch {
	case !h.Set:
		return "There is none."
	case h.Problem != "":
		parts = append(parts, "The newest was not taken: "+h.Problem)
	case h.Sent.IsZero():
		parts = append(parts, "It is set. Nothing was sent since Culvert was started.")
	}
	if !h.Sent.IsZero() {
		said := "that all is well"
		if h.Failed {
			said = "that something is broken"
		}
		parts = append(parts, "The last one that was taken said "+said+", on "+stamp(h.Sent)+".")
	}
	return strings.Join(parts, " ")
}

// openTell says whether one of the forms was filled in wrongly.
func openTell(kinds []TellKind) bool {
	return slices.ContainsFunc(kinds, func(k TellKind) bool { return k.Open })
}
