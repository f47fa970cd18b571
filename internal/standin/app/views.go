package app

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Everything here answers as if no channel, team or session existed, which is
// what an unsigned probe meets.

func notFound(_ *site, w http.ResponseWriter, _ *http.Request) {
	html(w, "", http.StatusNotFound, page("Page not found", "Sorry, nothing is here."))
}

// plain is a short text, which Django labels HTML.
func plain(w http.ResponseWriter, status int, body string) { html(w, "", status, body) }

func telegram(st *site, w http.ResponseWriter, r *http.Request) {
	if want := st.settings.TelegramSecret; want != "" && r.Header.Get("X-Telegram-Bot-Api-Secret-Token") != want {
		plain(w, http.StatusBadRequest, "Invalid request.")
		return
	}
	notFound(st, w, r)
}

func twilio(st *site, w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm() // what does not parse holds nothing
	has := func(key string) bool { return r.PostForm.Get(key) != "" }
	switch {
	case has("From") && has("To"):
		notFound(st, w, r) // the number is looked up before the signature
	case has("Body"):
		plain(w, http.StatusBadRequest, "Invalid payload.")
	default:
		plain(w, http.StatusOK, "")
	}
}

// meta answers 200 to whatever it can read: WhatsApp must not retry.
func meta(_ *site, w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		plain(w, http.StatusBadRequest, "Verification failed.")
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || !json.Valid(body) {
		plain(w, http.StatusBadRequest, "Invalid JSON.")
		return
	}
	plain(w, http.StatusOK, "")
}

func missingHMAC(_ *site, w http.ResponseWriter, _ *http.Request) {
	plain(w, http.StatusUnauthorized, "Missing HMAC signature or shared key")
}

func missingToken(_ *site, w http.ResponseWriter, _ *http.Request) {
	plain(w, http.StatusBadRequest, "Missing token or data")
}

// credentials looks at who asks before it looks at the method.
func credentials(_ *site, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("WWW-Authenticate", "Bearer")
	jsonAnswer(w, http.StatusUnauthorized, `{"detail":"Authentication credentials were not provided."}`)
}

func slackEvents(st *site, w http.ResponseWriter, r *http.Request) {
	if !st.settings.SlackKeys {
		broken(st, w, r)
		return
	}
	jsonAnswer(w, http.StatusUnauthorized, `{"error":"invalid request"}`)
}

func broken(_ *site, w http.ResponseWriter, _ *http.Request) {
	html(w, "", http.StatusInternalServerError, page("Server Error", "Something went wrong."))
}

func anymail(_ *site, w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		badRequest(w)
		return
	}
	plain(w, http.StatusOK, "")
}

func chatStart(_ *site, w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodOptions {
		jsonAnswer(w, http.StatusOK, `{"name":"Start Chat Session"}`)
		return
	}
	jsonAnswer(w, http.StatusBadRequest, `{"chatbot_id":["This field is required."]}`)
}

func noSession(_ *site, w http.ResponseWriter, _ *http.Request) {
	jsonAnswer(w, http.StatusForbidden, `{"detail":"You do not have permission to perform this action."}`)
}

func answerJSON(status int, body string) view {
	return func(_ *site, w http.ResponseWriter, _ *http.Request) { jsonAnswer(w, status, body) }
}

func text(body string) view {
	return func(_ *site, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, body)
	}
}

func home(_ *site, w http.ResponseWriter, _ *http.Request) {
	html(w, "", http.StatusOK, page("Open Chat Studio", `Build chatbots. <a href="/accounts/login/">Sign in</a>`))
}

func favicon(_ *site, w http.ResponseWriter, _ *http.Request) {
	html(w, "/static/images/favicons/favicon-96x96.png", http.StatusMovedPermanently, "")
}

// status hides itself from who has not the token, if there is one.
func status(st *site, w http.ResponseWriter, r *http.Request) {
	tokens := st.settings.HealthTokens
	if len(tokens) > 0 && !slices.Contains(tokens, r.URL.Query().Get("token")) {
		notFound(st, w, r)
		return
	}
	html(w, "", http.StatusOK, page("System status", "working"))
}

// login sends away who is not signed in, which is everyone. Django leaves the
// slashes of the way back as they are.
func login(_ *site, w http.ResponseWriter, r *http.Request) {
	back := strings.ReplaceAll(url.QueryEscape(r.URL.RequestURI()), "%2F", "/")
	html(w, "/accounts/login/?next="+back, http.StatusFound, "")
}
