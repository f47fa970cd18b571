package sim

import (
	"encoding/json"
	"net/http"
	"strings"
)

// deny refuses somebody who logged in: on Access's page, with the application's
// own words if it has any, or at an address of its choice.
func (a *account) deny(app *app, why error) step {
	if to := app.text("custom_deny_url"); to != "" {
		return sendAway(to)
	}
	var rules []rule
	for _, p := range a.policiesOf(app) {
		rules = append(rules, p.rules()...)
	}
	message, unseen := app.text("custom_deny_message"), strings.Join(blind(rules), ", ")
	return func(w http.ResponseWriter, v *visit) {
		w.Header().Set("Cf-Access-Denied", "true")
		deniedPage.write(w, v, http.StatusForbidden, map[string]string{"Why": sentence(why), "Message": message, "Blind": unseen, "Ray": v.ray})
	}
}

// sentence is an error in the form in which pages have it.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// denyMachine refuses a program.
func denyMachine(app *app, why string) step {
	if to := app.text("custom_non_identity_deny_url"); to != "" {
		return sendAway(to)
	}
	return forbidden(why)
}

func sendAway(to string) step {
	return func(w http.ResponseWriter, v *visit) {
		w.Header().Set("Location", to)
		html(w, v, http.StatusFound, "302 Found", "")
	}
}

// text is a setting that is a text; empty if it is none.
func (a *app) text(setting string) string {
	var text string
	if json.Unmarshal(a.Settings[setting], &text) != nil {
		return ""
	}
	return text
}
