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
