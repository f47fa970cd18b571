package notify

import (
	"net/url"
	"slices"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"

	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// kinds are the services that may be told, by the scheme of their address. The
// library knows one more, which writes into a log.
var kinds = map[string]string{
	"smtp": "E-mail", "slack": "Slack", "telegram": "Telegram", "generic": "Webhook",
	"discord": "Discord", "teams": "Microsoft Teams", "googlechat": "Google Chat", "mattermost": "Mattermost",
	"rocketchat": "Rocket.Chat", "matrix": "Matrix", "zulip": "Zulip", "signal": "Signal", "lark": "Lark", "wecom": "WeCom",
	"ntfy": "ntfy", "gotify": "Gotify", "pushover": "Pushover", "pushbullet": "Pushbullet", "bark": "Bark", "join": "Join",
	"ifttt": "IFTTT", "opsgenie": "Opsgenie", "pagerduty": "PagerDuty", "notifiarr": "Notifiarr",
}

// badAddress never says what was typed: it may hold a secret.
func badAddress(text string) *setup.Problem {
	return &setup.Problem{Code: setup.CodeInvalid, Message: text}
}

// Read takes an address as people paste it and gives it as it is kept, with the
// kind of service in words. The problem never shows any of it.
func Read(typed secret.Text) (address secret.Text, kind string, problem *setup.Problem) {
	text := strings.TrimSpace(typed.Reveal())
	if text == "" {
		return secret.Text{}, "", badAddress("Paste the address of the service.")
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" {
		return secret.Text{}, "", badAddress("This is no address. It begins with https://, or with the name of the service, such as slack:// or smtp://.")
	}
	u = known(u)
	scheme, _, _ := strings.Cut(u.Scheme, "+")
	kind, ok := kinds[scheme]
	if !ok {
		return secret.Text{}, "", badAddress("Culvert knows no such service. It knows: " + strings.Join(kindNames(), ", ") + ".")
	}
	if _, err := new(router.ServiceRouter).Locate(u.String()); err != nil { // the error shows the address
		return secret.Text{}, "", badAddress("This is no complete address for " + kind + ". The documentation of shoutrrr (shoutrrr.nickfedor.com, Services) says how it is written.")
	}
	return secret.New(u.String()), kind, nil
}

func kindNames() []string {
	var names []string
	for _, name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// known turns addresses that services give out into the form that the library
// reads. Any other web address is a webhook, which is sent JSON.
func known(u *url.URL) *url.URL {
	if u.Scheme != "https" && u.Scheme != "http" {
		return u
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	switch {
	case u.Host == "hooks.slack.com" && len(parts) == 4 && parts[0] == "services":
		return &url.URL{Scheme: "slack", User: url.UserPassword("hook", strings.Join(parts[1:], "-")), Host: "webhook"}
	case (u.Host == "discord.com" || u.Host == "discordapp.com") && len(parts) == 4 && parts[1] == "webhooks":
		return &url.URL{Scheme: "discord", User: url.User(parts[3]), Host: parts[2]}
	}
	hook := *u
	hook.Scheme = "generic+" + u.Scheme
	q := hook.Query()
	if !q.Has("template") {
		q.Set("template", "json")
	}
	hook.RawQuery = q.Encode()
	return &hook
}
