package handlers

import (
	"context"
	"fmt"
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/notify"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// Tellings says how people are told of problems.
type Tellings interface {
	Notifications(context.Context) (notify.State, error)
	// AddChannel keeps an address, and says what is wrong with it without
	// showing it.
	AddChannel(ctx context.Context, name string, address secret.Text, actor string) ([]setup.FieldError, error)
	RemoveChannel(ctx context.Context, id int64, actor string) error
	TestChannel(ctx context.Context, id int64) error
	SetHeartbeat(ctx context.Context, address secret.Text) ([]setup.FieldError, error)
	// SetAlert says whom Cloudflare mails when nothing is connected to the tunnel
	// of a setup; empty: nobody.
	SetAlert(ctx context.Context, id setup.SetupID, email, actor string) (setup.Run, []setup.FieldError, error)
}

// addChannel makes an address of what was typed and keeps it.
func (s *site) addChannel(w http.ResponseWriter, r *http.Request) error {
	address, bad := addressFrom(r.PostForm)
	if len(bad) == 0 {
		var err error
		if bad, err = s.Journey.AddChannel(r.Context(), r.PostForm.Get("name"), address, s.actor(r)); err != nil {
			return err
		}
	}
	if len(bad) > 0 {
		return s.showSettings(w, r, http.StatusUnprocessableEntity, func(v *web.SettingsView) {
			v.Tell = web.TellForm{Kind: r.PostForm.Get("kind"), Typed: plainFields(r.PostForm), Errors: bad}
		})
	}
	return s.move(w, r, s.frame.To(string(setupOf(r)), string(web.PageSettings)+"#telling"))
}

// plainFields is what may be shown again of what was typed.
func plainFields(form url.Values) map[string]string {
	typed := map[string]string{}
	for _, name := range []string{"name", "to", "from", "host", "user", "chats"} {
		typed[name] = form.Get(name)
	}
	return typed
}

// addressFrom gives the address of a channel in the form that shoutrrr reads.
// What is wrong never shows a secret.
func addressFrom(form url.Values) (secret.Text, []setup.FieldError) {
	get := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	switch get("kind") {
	case "email":
		return mailAddress(get)
	case "telegram":
		return telegramAddress(get)
	case "slack":
		if !strings.HasPrefix(get("address"), "https://hooks.slack.com/services/") {
			return secret.Text{}, []setup.FieldError{{Field: "address", Message: "This is not what Slack gives out. It begins with https://hooks.slack.com/services/."}}
		}
	case "webhook":
		if u, err := url.Parse(get("address")); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return secret.Text{}, []setup.FieldError{{Field: "address", Message: "This is no web address. It begins with https://."}}
		}
	}
	return secret.New(get("address")), nil
}

func mailAddress(get func(string) string) (secret.Text, []setup.FieldError) {
	var bad []setup.FieldError
	for _, field := range []string{"to", "from"} {
		list := strings.Split(get(field), ",")
		if field == "from" {
			list = []string{get(field)}
		}
		for _, one := range list {
			if a, err := mail.ParseAddress(strings.TrimSpace(one)); err != nil || a.Address != strings.TrimSpace(one) {
				bad = append(bad, setup.FieldError{Field: field, Message: fmt.Sprintf("%q is not an e-mail address. Type one such as ana@example.org.", strings.TrimSpace(one))})
			}
		}
	}
	host := get("host")
	if !mailHost.MatchString(host) {
		bad = append(bad, setup.FieldError{Field: "host", Message: "Type the name of the mail server, such as smtp.example.org, with a port if it is not 587."})
	}
	if !strings.Contains(host, ":") {
		host += ":587"
	}
	u := url.URL{Scheme: "smtp", Host: host, Path: "/",
		RawQuery: url.Values{"from": {get("from")}, "to": {strings.ReplaceAll(get("to"), " ", "")}}.Encode()}
	if user := get("user"); user != "" {
		u.User = url.UserPassword(user, get("password"))
	}
	return secret.New(u.String()), bad
}

var (
	mailHost      = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]{1,5})?$`)
	telegramToken = regexp.MustCompile(`^([0-9]+):([A-Za-z0-9_-]+)$`)
	telegramChat  = regexp.MustCompile(`^(-?[0-9]+|@[A-Za-z0-9_]+)$`)
)

func telegramAddress(get func(string) string) (secret.Text, []setup.FieldError) {
	var bad []setup.FieldError
	token := telegramToken.FindStringSubmatch(get("address"))
	if token == nil {
		bad = append(bad, setup.FieldError{Field: "address", Message: "This is no token of a bot. It has digits, a colon and letters, as @BotFather gives it."})
	}
	chats := strings.ReplaceAll(get("chats"), " ", "")
	for chat := range strings.SplitSeq(chats, ",") {
		if !telegramChat.MatchString(chat) {
			bad = append(bad, setup.FieldError{Field: "chats", Message: fmt.Sprintf("%q is no chat. Type its id, such as -1001234567890, or the @name of a channel.", chat)})
		}
	}
	if len(bad) > 0 {
		return secret.Text{}, bad
	}
	u := url.URL{Scheme: "telegram", User: url.UserPassword(token[1], token[2]), Host: "telegram", RawQuery: url.Values{"chats": {chats}}.Encode()}
	return secret.New(u.String()), nil
}

func channelOf(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(chi.URLParam(r, "channel"), 10, 64)
	if err != nil {
		return 0, journey.ErrNotFound
	}
	return id, nil
}

// testChannel sends a message now and says whether it was taken.
func (s *site) testChannel(w http.ResponseWriter, r *http.Request) error {
	id, err := channelOf(r)
	if err != nil {
		return err
	}
	if err := s.Journey.TestChannel(r.Context(), id); err != nil {
		return s.refused(w, r, err)
	}
	return s.said(w, r, "The service took the test. Look whether it arrives.")
}

func (s *site) removeChannel(w http.ResponseWriter, r *http.Request) error {
	id, err := channelOf(r)
	if err != nil {
		return err
	}
	if err := s.Journey.RemoveChannel(r.Context(), id, s.actor(r)); err != nil {
		return s.refused(w, r, err)
	}
	return s.move(w, r, s.frame.To(string(setupOf(r)), string(web.PageSettings)))
}

// setHeartbeat keeps where the sign of life goes. An empty field changes nothing,
// because what is kept is not shown in it.
func (s *site) setHeartbeat(w http.ResponseWriter, r *http.Request) error {
	typed := r.PostForm.Get("heartbeat")
	remove := r.PostForm.Get("remove") != ""
	bad := []setup.FieldError{{Field: "heartbeat", Message: "Paste the address that the service gave you."}}
	if remove || typed != "" {
		if remove {
			typed = ""
		}
		var err error
		if bad, err = s.Journey.SetHeartbeat(r.Context(), secret.New(typed)); err != nil {
			return err
		}
	}
	if len(bad) > 0 {
		return s.showSettings(w, r, http.StatusUnprocessableEntity, func(v *web.SettingsView) { v.BadHeartbeat = bad })
	}
	return s.move(w, r, s.frame.To(string(setupOf(r)), string(web.PageSettings)+"#life"))
}

// setAlert has Cloudflare mail somebody when the whole server is gone, or nobody.
func (s *site) setAlert(w http.ResponseWriter, r *http.Request) error {
	typed, remove := strings.TrimSpace(r.PostForm.Get("alert_email")), r.PostForm.Get("remove") != ""
	bad := []setup.FieldError{{Field: "alert_email", Message: "Type the address that Cloudflare is to mail, such as ana@example.org."}}
	if remove || typed != "" {
		email := typed
		if remove {
			email = ""
		}
		var err error
		if _, bad, err = s.Journey.SetAlert(r.Context(), setupOf(r), email, s.actor(r)); err != nil {
			return s.refused(w, r, err)
		}
	}
	if len(bad) > 0 {
		return s.showSettings(w, r, http.StatusUnprocessableEntity, func(v *web.SettingsView) { v.BadAlert, v.TypedAlert = bad, typed })
	}
	return s.move(w, r, s.frame.To(string(setupOf(r)), string(web.PageSettings)+"#gone"))
}
