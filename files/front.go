package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/culvert/culvert/setup"
)

const frontHeader = "# Written by Culvert. Changes made here by hand are overwritten."

// frontText is the configuration of nginx. It resolves the app's name at every
// connection, because the app's address changes when it is made anew; it holds
// back neither what is asked nor what is answered, so that long polls and
// streams pass; and a name that is not listed gets 421, as it is not ours.
const frontText = frontHeader + `
# It speaks TLS for %[1]s and hands requests on to %[2]s.
# Mark: %[3]s
worker_processes 1;
pid /tmp/nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off;
  server_tokens off;
  client_body_temp_path /tmp/nginx-body;
  proxy_temp_path /tmp/nginx-proxy;
  fastcgi_temp_path /tmp/nginx-fastcgi;
  uwsgi_temp_path /tmp/nginx-uwsgi;
  scgi_temp_path /tmp/nginx-scgi;
  resolver 127.0.0.11 valid=5s ipv6=off;
  ssl_certificate %[4]s;
  ssl_certificate_key %[4]s;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:tls:1m;
  map $http_upgrade $connection_header {
    default upgrade;
    "" "";
  }
  server {
    listen 80 default_server;
    listen 443 ssl default_server;
    server_name _;
    keepalive_timeout 0;
    return 421;
  }
  server {
    listen 80;
    server_name %[1]s;
    return 308 https://$host$request_uri;
  }
  server {
    listen 443 ssl;
    server_name %[1]s;
    client_max_body_size 0;
    set $app %[2]s;
    location / {
      proxy_pass http://$app;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto https;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host "";
      proxy_set_header Forwarded "";
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_header;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}
`

// frontConfig writes the configuration of the front.
func frontConfig(c setup.FrontConfig, mark string) []byte {
	return fmt.Appendf(nil, frontText, strings.Join(c.Names, " "), c.Upstream, mark, setup.FrontMount+"/"+setup.ServedFile)
}

var (
	frontNames    = regexp.MustCompile(`(?m)^    listen 443 ssl;\n    server_name (.+);$`)
	frontUpstream = regexp.MustCompile(`(?m)^    set \$app (.+);$`)
	// Both are written into the configuration as they are.
	hostText     = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$`)
	upstreamText = regexp.MustCompile(`^[A-Za-z0-9_.-]+:[0-9]+$`)
)

// frontFile is the configuration of the front, which may not exist yet.
type frontFile struct {
	file target
	mark string
	now  *setup.FrontConfig // nil: absent
}

func openFront(path string) (*frontFile, error) {
	if _, err := os.Stat(filepath.Dir(path)); errors.Is(err, fs.ErrNotExist) {
		return &frontFile{file: target{path: path, real: path}}, nil
	}
	file, err := read(path)
	if err != nil || !file.exists {
		return &frontFile{file: file}, err
	}
	text := string(file.src)
	f := &frontFile{file: file, now: &setup.FrontConfig{Dir: filepath.Dir(path)}}
	if strings.HasPrefix(text, frontHeader+"\n") {
		f.mark, _ = setup.FindMark(headOf(text))
	}
	if m := frontNames.FindStringSubmatch(text); m != nil {
		f.now.Names = strings.Fields(m[1])
	}
	if m := frontUpstream.FindStringSubmatch(text); m != nil {
		f.now.Upstream = m[1]
	}
	if string(frontConfig(*f.now, f.mark)) != text {
		f.now.Upstream += byHand
	}
	return f, nil
}

func (f *Files) observeFront(w *setup.World, s setup.Stack) {
	path := setup.FrontConfig{Dir: s.FrontDir}.Path()
	front, err := openFront(path)
	switch {
	case err != nil:
		w.Miss(setup.KindFrontConfig, path, *asProblem(setup.CodeInvalid, path, err))
	case front.now != nil:
		w.Objects = append(w.Objects, setup.Object{Scope: path, ID: path, Mark: front.mark, State: *front.now})
	}
}

func (f *frontFile) state(setup.Entry) setup.State {
	if f.now == nil {
		return nil
	}
	return *f.now
}

func (f *frontFile) draft(_ context.Context, entries []setup.Entry) (draft, error) {
	e := entries[0]
	if f.file.exists && (f.mark == "" || f.mark != e.Mark) {
		return draft{}, refuse("%s was not written by this Culvert, so it is left alone. Move it away if nothing needs it.", f.file.path)
	}
	if e.To == nil {
		return draft{diff: titled(f.file, linesDiff(f.file.src, nil)), steps: []step{{file: f.file, remove: true}}}, nil
	}
	to, ok := e.To.(setup.FrontConfig)
	if !ok || to.Path() != f.file.path || !sane(to) {
		return draft{}, refuse("The configuration of the front cannot be written as asked: its path, a name or the address of the app is not one.")
	}
	text := frontConfig(to, e.Mark)
	fill := func(context.Context) ([]byte, error) {
		if err := os.MkdirAll(to.Dir, 0o700); err != nil {
			return nil, unwritable(to.Dir, err)
		}
		return text, nil
	}
	return draft{diff: titled(f.file, linesDiff(f.file.src, text)), steps: []step{{file: f.file, mode: 0o644, own: true, fill: fill}}}, nil
}

// sane refuses what would say more in nginx's language than a name.
func sane(c setup.FrontConfig) bool {
	for _, n := range c.Names {
		if !hostText.MatchString(n) {
			return false
		}
	}
	return len(c.Names) > 0 && upstreamText.MatchString(c.Upstream)
}
