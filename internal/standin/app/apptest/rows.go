package apptest

// someone is the id of nobody.
const someone = "0b5e7d3c-0000-4000-8000-000000000001"

// row is a request without a signature or a login, and its answer.
type row struct {
	request string // method, path, and a body if there is one
	status  int
	allow   string
	kind    string
	says    string
}

func rows() []row {
	const html, jsonType = "text/html; charset=utf-8", "application/json"
	return []row{
		{"GET /channels/telegram/" + someone, 405, "POST", html, ""},
		{"HEAD /channels/telegram/" + someone, 405, "POST", html, ""},
		{"POST /channels/telegram/" + someone + " {}", 404, "", html, "Page not found"},
		{"POST /channels/telegram/123:bot-token {}", 404, "", html, ""},
		{"GET /channels/telegram/" + someone + "/", 404, "", html, ""},
		{"GET /channels/twilio/incoming_message", 405, "POST", html, ""},
		{"POST /channels/twilio/incoming_message {}", 200, "", html, ""},
		{"POST /channels/twilio/incoming_message Body=hi", 400, "", html, "Invalid payload."},
		{"POST /channels/twilio/incoming_message Body=hi&From=1&To=2", 404, "", html, ""},
		{"GET /channels/whatsapp/incoming_message", 405, "POST", html, ""},
		{"POST /channels/whatsapp/incoming_message Body=hi", 400, "", html, "Invalid payload."},
		{"GET /channels/whatsapp/meta/incoming_message", 400, "", html, "Verification failed."},
		{"PUT /channels/whatsapp/meta/incoming_message", 405, "GET, POST", html, ""},
		{"POST /channels/whatsapp/meta/incoming_message {}", 200, "", html, ""},
		{"POST /channels/whatsapp/meta/incoming_message {", 400, "", html, "Invalid JSON."},
		{"GET /channels/whatsapp/turn/" + someone + "/incoming_message", 405, "POST", html, ""},
		{"POST /channels/whatsapp/turn/" + someone + "/incoming_message {}", 404, "", html, ""},
		{"GET /channels/commcare_connect/incoming_message", 405, "POST", html, ""},
		{"POST /channels/commcare_connect/incoming_message {}", 401, "", html, "Missing HMAC signature or shared key"},
		{"GET /channels/sureadhere/42/incoming_message", 405, "POST", html, ""},
		{"POST /channels/sureadhere/42/incoming_message {}", 404, "", html, ""},
		{"GET /channels/api/" + someone + "/incoming_message", 401, "", jsonType, "Authentication credentials"},
		{"POST /channels/api/" + someone + "/v2/incoming_message {}", 401, "", jsonType, "Authentication credentials"},
		{"GET /channels/team/chatbots/1/channels/2/", 302, "", html, ""},
		{"GET /channels/facebook/incoming_message", 404, "", html, ""},
		{"GET /slack/events", 405, "POST", html, ""},
		{"POST /slack/events {}", 401, "", jsonType, `{"error":"invalid request"}`},
		{"POST /slack/events/ {}", 404, "", html, ""},
		{"GET /slack/oauth_redirect", 500, "", html, ""},
		{"GET /slack/oauth/x", 404, "", html, ""},
		{"GET /api/chat/start/", 405, "POST, OPTIONS", jsonType, `Method \"GET\" not allowed.`},
		{"POST /api/chat/start/ {}", 400, "", jsonType, "required"},
		{"POST /api/v1/chat/start/ {}", 400, "", jsonType, "required"},
		{"POST /api/chat/" + someone + "/message/ {}", 403, "", jsonType, "permission"},
		{"GET /api/chat/" + someone + "/poll/", 403, "", jsonType, "permission"},
		{"GET /api/chat/" + someone + "/task-1/poll/", 403, "", jsonType, "permission"},
		{"POST /api/commcare_connect/generate_key {}", 400, "", html, "Missing token or data"},
		{"POST /api/commcare_connect/callback {}", 401, "", html, "Missing HMAC"},
		{"GET /api/commcare_connect/consent", 405, "POST", html, ""},
		{"POST /api/openai/" + someone + "/chat/completions {}", 401, "", jsonType, "Authentication"},
		{"GET /api/v2/sessions/", 401, "", jsonType, "Authentication"},
		{"HEAD /anymail/mailgun/inbound/", 200, "", html, ""},
		{"GET /anymail/mailgun/inbound/", 405, "POST, HEAD, OPTIONS", html, ""},
		{"POST /anymail/mailgun/inbound_mime/ x=1", 400, "", html, "bad request"},
		{"POST /anymail/amazon_ses/inbound/ {}", 400, "", html, "bad request"},
		{"GET /anymail/mailgun/inbound", 301, "", html, ""},
		{"GET /.well-known/openid-configuration", 200, "", jsonType, ""},
		{"POST /o/token/ x=1", 400, "", jsonType, "error"},
		{"GET /", 200, "", html, "Open Chat Studio"},
		{"HEAD /", 200, "", html, ""},
		{"GET /accounts/login/", 200, "", html, "csrfmiddlewaretoken"},
		{"GET /accounts/login", 301, "", html, ""},
		{"GET /admin/", 302, "", html, ""},
		{"GET /admin/users/", 302, "", html, ""},
		{"GET /django-admin/", 302, "", html, ""},
		{"GET /a/team/chatbots/", 302, "", html, ""},
		{"GET /a/team/chatbots/" + someone + "/start/", 404, "", html, ""},
		{"GET /robots.txt", 200, "", "text/plain", "User-agent"},
		{"GET /favicon.ico", 301, "", html, ""},
		{"GET /status/", 200, "", html, "working"},
		{"GET /status/celery/", 200, "", html, "working"},
		{"GET /status", 301, "", html, ""},
		{"GET /static/css/site.css", 200, "", `text/css; charset="utf-8"`, ""},
		{"GET /static/", 404, "", html, ""},
		{"POST /static/css/site.css x", 404, "", html, ""},
		{"GET /media/x.png", 404, "", html, ""},
		{"POST /nowhere {}", 404, "", html, ""},
	}
}
