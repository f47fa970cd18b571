package app

import (
	"net/http"
	"slices"
	"strings"
)

// route is a path of the app. Django's paths end as they are written: a slash
// is added to what misses one, never taken away.
type route struct {
	path  string // regular expression of the whole path
	allow string // methods as the Allow header lists them; empty: any
	json  bool   // a wrong method is answered in JSON
	view  view
}

type view func(*site, http.ResponseWriter, *http.Request)

// allowed: HEAD goes wherever GET does.
func (r route) allowed(method string) bool {
	methods := strings.Split(r.allow, ", ")
	return r.allow == "" || slices.Contains(methods, method) ||
		method == http.MethodHead && slices.Contains(methods, http.MethodGet)
}

const (
	uuid = `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`
	slug = `[-a-zA-Z0-9_]+`

	postOnly = "POST"
	reading  = "GET, HEAD, OPTIONS"
)

// routes is every path that matters from outside, the first that matches counts.
func routes() []route {
	return slices.Concat(channelRoutes(), apiRoutes(), pageRoutes())
}

func channelRoutes() []route {
	return []route{
		{path: `/channels/telegram/` + uuid, allow: postOnly, view: telegram},
		{path: `/channels/(twilio|whatsapp)/incoming_message`, allow: postOnly, view: twilio},
		{path: `/channels/whatsapp/meta/incoming_message`, allow: "GET, POST", view: meta},
		{path: `/channels/whatsapp/turn/` + uuid + `/incoming_message`, allow: postOnly, view: notFound},
		{path: `/channels/commcare_connect/incoming_message`, allow: postOnly, view: missingHMAC},
		{path: `/channels/sureadhere/[^/]+/incoming_message`, allow: postOnly, view: notFound},
		{path: `/channels/api/` + uuid + `(/v[0-9]+)?/incoming_message`, view: credentials},
		{path: `/channels/` + slug + `/chatbots/.+`, view: login},
		{path: `/slack/events`, allow: postOnly, view: slackEvents},
		{path: `/slack/oauth_redirect`, allow: "GET", view: broken},
		{path: `/anymail/[a-z_]+/(inbound|inbound_mime|tracking)/`, allow: "POST, HEAD, OPTIONS", view: anymail},
	}
}

func apiRoutes() []route {
	const chat = `/api/(v1/)?chat/`
	return []route{
		{path: chat + `start/`, allow: "POST, OPTIONS", json: true, view: chatStart},
		{path: chat + uuid + `/(message|upload)/`, allow: "POST, OPTIONS", json: true, view: noSession},
		{path: chat + uuid + `/(` + slug + `/)?poll/`, allow: "GET, HEAD, OPTIONS", json: true, view: noSession},
		{path: `/api/commcare_connect/generate_key`, allow: postOnly, view: missingToken},
		{path: `/api/commcare_connect/(callback|consent)`, allow: postOnly, view: missingHMAC},
		{path: `/api/(schema|docs|v[12]/schema|v[12]/docs)/`, allow: reading, view: text("openapi: 3.0.3\n")},
		{path: `/api/.+`, view: credentials},
		{path: `/o/token/`, allow: "POST, OPTIONS", view: answerJSON(http.StatusBadRequest, `{"error": "unsupported_grant_type"}`)},
		{path: `/o/(revoke_token|introspect)/`, allow: "POST, OPTIONS", view: answerJSON(http.StatusUnauthorized, `{"error": "invalid_client"}`)},
		{path: `/o/userinfo/`, view: credentials},
		{path: `/o/authorize/`, view: login},
		{path: `/\.well-known/(openid-configuration|jwks\.json)`, allow: reading, view: answerJSON(http.StatusOK, `{}`)},
	}
}

func pageRoutes() []route {
	return []route{
		{path: `/`, allow: reading, view: home},
		{path: `/robots\.txt`, allow: reading, view: text("User-agent: *\nDisallow: /\n")},
		{path: `/favicon\.ico`, view: favicon},
		{path: `/status/((celery|queue-[^/]+)/)?`, allow: reading, view: status},
		{path: `/accounts/login/`, view: signIn},
		{path: `/a/` + slug + `/(chatbots|experiments/e)/` + uuid + `/(start|s/.+|verify_token/.+)/`, view: notFound},
		{path: `/(admin|django-admin|users|teams|a)/(.+/)?`, view: login},
	}
}
