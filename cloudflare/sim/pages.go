package sim

import (
	"html/template"
	"net/http"
	"strings"
)

// pageTemplate is a page for people.
type pageTemplate struct{ *template.Template }

func newPage(name, text string) pageTemplate {
	return pageTemplate{template.Must(template.New(name).Parse(text))}
}

func (p pageTemplate) write(w http.ResponseWriter, v *visit, status int, data any) {
	var text strings.Builder
	if err := p.Execute(&text, data); err != nil {
		panic(err) // the template and its data are fixed
	}
	stamp(w, v)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if v.Method != http.MethodHead {
		w.Write([]byte(text.String())) // a client that went away is its own affair
	}
}

// challengePage solves itself where scripts run.
var challengePage = newPage("challenge", `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Just a moment...</title></head>
<body><h1>{{.Host}}</h1><h2>Performing security verification</h2>
<noscript>Enable JavaScript and cookies to continue</noscript>
<form id="challenge-form" method="post" action="{{.Solve}}"><input type="hidden" name="to" value="{{.To}}"></form>
<script>document.getElementById("challenge-form").submit()</script>
<footer>Ray ID: {{.Ray}} &middot; Performance and Security by Cloudflare</footer></body></html>
`)

var blockPage = newPage("block", `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Attention Required! | Cloudflare</title></head>
<body><div id="cf-error-details"><h1>Sorry, you have been blocked</h1><h2>You are unable to access {{.Host}}</h2>
<p>This website is using a security service to protect itself from online attacks. The action you just performed triggered the security solution.</p>
<footer>Cloudflare Ray ID: {{.Ray}}</footer></div></body></html>
`)

var loginPage = newPage("login", `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign in ・ Cloudflare Access</title></head>
<body><h1>Sign in to {{.App}}</h1>
{{if .Ways}}<form method="post"><p>Get a login code emailed to you</p>
<label>E-mail <input type="email" name="email" autocomplete="email" required autofocus></label> <button>Send me a code</button></form>
{{else}}<p>This application has no login method by e-mail.</p>
{{end}}<p><small>Simulated Cloudflare Access.</small></p></body></html>
`)

var codePage = newPage("code", `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign in ・ Cloudflare Access</title></head>
<body><h1>Sign in to {{.App}}</h1>
<form method="post"><p>A code has been emailed to {{.Email}}.</p>
<input type="hidden" name="email" value="{{.Email}}"><input type="hidden" name="nonce" value="{{.Nonce}}">
<label>Code <input name="code" inputmode="numeric" autocomplete="one-time-code" required autofocus></label> <button>Sign in</button></form>
<p><small>Simulated Cloudflare Access, which sends no mail.
{{if .Code}}The code is <output id="simulated-code">{{.Code}}</output>.
{{else}}Cloudflare would not have sent one: no policy of {{.App}} lets this address in. Any code leads to the refusal.{{end}}</small></p></body></html>
`)

var deniedPage = newPage("denied", `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Forbidden ・ Cloudflare Access</title></head>
<body><h1>{{.Why}}</h1>
{{with .Message}}<p>{{.}}</p>
{{end}}<p><a href="/cdn-cgi/access/logout">Sign in with another account</a></p>
<p><small>Simulated Cloudflare Access. Ray ID: {{.Ray}}
{{with .Blind}}Nobody matches these selectors here, because the simulator does not have them: {{.}}.{{end}}</small></p></body></html>
`)

var logoutPage = newPage("logout", `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Signed out ・ Cloudflare Access</title></head>
<body><h1>You have been signed out.</h1><p><small>Simulated Cloudflare Access.</small></p></body></html>
`)
