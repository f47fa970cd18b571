package lab_test

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/culvert/culvert/internal/need"
	"github.com/culvert/culvert/internal/standin/app/apptest"
	"github.com/culvert/culvert/lab"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

func startDjango(t *testing.T) *lab.Lab {
	t.Helper()
	need.Need(t, "django", lab.DjangoPossible())
	l := start(t)
	if err := l.ImportDjango(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestDjangoAnswersAsTheStandInDoes(t *testing.T) {
	l := startDjango(t)
	apptest.Run(t, func(t *testing.T, env ...string) apptest.App { return runDjango(t, l, env) })
}

// runDjango runs the web service alone, with an environment.
func runDjango(t *testing.T, l *lab.Lab, pairs []string) apptest.App {
	t.Helper()
	set := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		set[pairs[i]] = pairs[i+1]
	}
	conf := &container.Config{Image: lab.AppImage, Cmd: strings.Fields("gunicorn --bind 0.0.0.0:8000 --workers 1 --threads 8 --no-control-socket config.wsgi:application")}
	for name, value := range set {
		conf.Env = append(conf.Env, name+"="+value)
	}
	created, err := l.API().ContainerCreate(t.Context(), client.ContainerCreateOptions{Config: conf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := l.API().ContainerRemove(context.Background(), created.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true}); err != nil {
			t.Error(err)
		}
	})
	if _, err := l.API().ContainerStart(t.Context(), created.ID, client.ContainerStartOptions{}); err != nil {
		t.Fatal(err)
	}
	address := answers(t, l, created.ID)
	fill(t, l, created.ID, lab.People{Users: []lab.Person{{Email: apptest.Email, Password: apptest.Password}}})
	return apptest.App{Address: address, Do: to(l, address).Do}
}

// addressOf is the address in its only network of a container that runs.
func addressOf(t *testing.T, l *lab.Lab, name string) string {
	t.Helper()
	got, err := l.API().ContainerInspect(t.Context(), name, client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !got.Container.State.Running {
		t.Fatalf("%s ended with %d", name, got.Container.State.ExitCode)
	}
	for _, n := range got.Container.NetworkSettings.Networks {
		return n.IPAddress.String()
	}
	t.Fatalf("%s is in no network", name)
	return ""
}

// answers waits until a container serves the app, and gives its address.
func answers(t *testing.T, l *lab.Lab, name string) (address string) {
	t.Helper()
	eventually(t, "Django listens", func() bool {
		address = addressOf(t, l, name)
		c, err := l.Dial(t.Context(), "tcp", address+":8000")
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return address
}

// to is a client that asks one container, whatever the host.
func to(l *lab.Lab, address string) *http.Client {
	c := l.HTTP()
	c.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return l.Dial(ctx, network, address+":8000")
	}}
	return c
}

func fill(t *testing.T, l *lab.Lab, name string, p lab.People) {
	t.Helper()
	if err := l.Fill(t.Context(), name, p); err != nil {
		t.Fatal(err)
	}
}

const (
	member   = "member@example.com"
	guest    = "guest@example.com"
	boss     = "boss@example.com"
	password = "made-up-pa55word"
	telegram = "0b5e7d3c-0000-4000-8000-000000000002"
	web      = lab.ProjectName + "-web-1"
)

func TestAStockProjectOfDjangoLetsPeopleInAndKeepsThem(t *testing.T) {
	l := startDjango(t)
	p := newProject(t, l)
	answers(t, l, web)
	fill(t, l, web, lab.People{
		Users: []lab.Person{{Email: member, Password: password}, {Email: guest, Password: password}, {Email: boss, Password: password, Staff: true}},
		Teams: []lab.Team{{Slug: "red", Members: []string{member}, Channels: [][2]string{{"telegram", telegram}, {"twilio", "+15550100"}}}},
	})
	whoSeesWhat(t, l)
	noWayInOverPlainHTTP(t, l)
	webhooksAreToldTheSitesDomain(t, l)
	theAppLearnsItsAddress(t, l, p)
	addressesCanBeReadOut(t, l)
	databasesListen(t, l)
	p.compose(t, "-f", lab.ProjectFile, "up", "-d", "--no-deps", "--force-recreate", "web")
	answers(t, l, web)
	if got := signedIn(t, l, member).get("/a/red/"); got != "200 Team red" {
		t.Errorf("after a recreation the team page is %s", got)
	}
}

func signedIn(t *testing.T, l *lab.Lab, email string) visitor {
	t.Helper()
	v := newVisitor(t, l, "https")
	if got := v.signIn(email, password); got != "302 to /" {
		t.Fatalf("%s is not let in: %s", email, got)
	}
	return v
}

func whoSeesWhat(t *testing.T, l *lab.Lab) {
	nobody := newVisitor(t, l, "https")
	if got := nobody.signIn(member, "wrong"); got != "200 Sign In" {
		t.Errorf("a wrong password: %s", got)
	}
	for _, row := range []struct {
		who        visitor
		path, want string
	}{
		{nobody, "/a/red/", "302 to /accounts/login/?next=/a/red/"},
		{nobody, "/django-admin/", "302 to /django-admin/login/?next=/django-admin/"},
		{signedIn(t, l, member), "/a/red/", "200 Team red"},
		{signedIn(t, l, member), "/admin/", "302 to /accounts/login/?next=/admin/"},
		{signedIn(t, l, guest), "/a/red/", "404 Page not found"},
		{signedIn(t, l, boss), "/a/red/", "200 Team red"},
		{signedIn(t, l, boss), "/admin/", "200 Admin"},
		{signedIn(t, l, boss), "/django-admin/", "200 Site administration | Django site admin"},
	} {
		if got := row.who.get(row.path); got != row.want {
			t.Errorf("%s: %s, want %s", row.path, got, row.want)
		}
	}
	if got := nobody.send(http.MethodPost, "/channels/telegram/"+telegram, nil); got != "200 " {
		t.Errorf("a channel that exists: %s", got)
	}
}

// noWayInOverPlainHTTP is what the guide's last step meets: a redirect to where
// nothing speaks TLS.
func noWayInOverPlainHTTP(t *testing.T, l *lab.Lab) {
	plain := newVisitor(t, l, "http")
	if got := plain.signIn(member, password); got != "301 without a form" {
		t.Errorf("over plain http: %s", got)
	}
	if got := plain.get("/a/red/"); got != "301 to https://old.example/a/red/" {
		t.Errorf("over plain http: %s", got)
	}
}

func webhooksAreToldTheSitesDomain(t *testing.T, l *lab.Lab) {
	register := func(domain string) {
		t.Helper()
		out, err := l.Exec(t.Context(), web, "", "python", "manage.py", "reregister_webhooks", "--team-slug", "red")
		want := "telegram https://" + domain + "/channels/telegram/" + telegram + "\ntwilio https://" + domain + "/channels/twilio/incoming_message\n"
		if err != nil || out != want {
			t.Errorf("it prints %q, %v", out, err)
		}
	}
	register("localhost:8000") // as the app is born
	const change = "from django.contrib.sites.models import Site; Site.objects.filter(id=1).update(domain='new.example')"
	if _, err := l.Exec(t.Context(), web, "", "python", "manage.py", "shell", "-c", change); err != nil {
		t.Fatal(err)
	}
	register("new.example")
	if _, err := l.Exec(t.Context(), web, "", "python", "manage.py", "reregister_webhooks", "--team-slug", "blue"); err == nil || !strings.Contains(err.Error(), "There is no team blue") {
		t.Errorf("another team: %v", err)
	}
}

// theAppLearnsItsAddress by the commands of the profile, which run in the app's
// own container: so its answer counts for a while, but never before a change.
func theAppLearnsItsAddress(t *testing.T, l *lab.Lab, p *project) {
	profiles, err := profile.Load()
	if err != nil {
		t.Fatal(err)
	}
	ocs, _ := profiles.Get("open-chat-studio")
	p.stack.Site = &setup.SiteCommand{Read: ocs.Site.Read, Write: ocs.Site.Write}
	site := func(domain string) setup.Site {
		return setup.Site{Project: p.stack.Project, Service: p.stack.Service, Domain: domain}
	}
	says := func(when, domain string) {
		t.Helper()
		w, err := p.host.Observe(t.Context(), setup.View{Stacks: []setup.Stack{p.stack}, Kinds: []setup.Kind{setup.KindSite}})
		if err != nil || !slices.ContainsFunc(w.Objects, func(o setup.Object) bool { return setup.Same(o.State, site(domain)) }) {
			t.Errorf("%s: %+v, unread %v, %v; want %s", when, w.Objects, w.Unread, err, domain)
		}
	}
	learns := func(from, to string) *setup.Problem {
		t.Helper()
		key := setup.Key{Kind: setup.KindSite, Scope: p.stack.Project + "/" + p.stack.Service, Name: "site"}
		out, err := p.host.Do(t.Context(), setup.Call{Entries: []setup.Entry{{Key: key, Verb: setup.Update, ID: "site", From: site(from), To: site(to)}}})
		if err != nil || len(out) != 1 {
			t.Fatalf("%v, %v", out, err)
		}
		return out[0].Err
	}
	says("as it stands", "new.example")
	const change = "from django.contrib.sites.models import Site; Site.objects.filter(id=1).update(domain='by-hand.example')"
	if _, err := l.Exec(t.Context(), web, "", "python", "manage.py", "shell", "-c", change); err != nil {
		t.Fatal(err)
	}
	says("right after somebody changed it", "new.example")
	if bad := learns("new.example", "chat.example"); bad == nil || bad.Code != setup.CodeChanged {
		t.Errorf("over a change by hand: %v", bad)
	}
	says("once it was asked anew", "by-hand.example")
	if bad := learns("by-hand.example", "chat.example"); bad != nil {
		t.Errorf("it was not told: %v", bad)
	}
	says("once it was told", "chat.example")
	teams, err := p.host.Beside(t.Context(), p.stack.Project, p.stack.Service, ocs.Site.Register.Teams)
	if err != nil || string(teams) != "red\n" {
		t.Errorf("its teams are %q, %v", teams, err)
	}
}

// walk prints the URL configuration, as a program that asks the app would.
const walk = `
import django
django.setup()
from django.urls import URLResolver, get_resolver
def walk(patterns, before):
    for p in patterns:
        if isinstance(p, URLResolver):
            walk(p.url_patterns, before + str(p.pattern))
        else:
            print(before + str(p.pattern))
walk(get_resolver().url_patterns, "/")
`

func addressesCanBeReadOut(t *testing.T, l *lab.Lab) {
	out, err := l.Exec(t.Context(), web, "", "python3", "-c", walk)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/channels/telegram/<uuid:channel>\n", "/slack/events\n", "/api/v1/chat/start/\n", "/a/<slug:team>/chatbots/\n", "/accounts/login/\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not among the addresses", want)
		}
	}
}

// databasesListen: whoever must not reach them has something to try.
func databasesListen(t *testing.T, l *lab.Lab) {
	for service, port := range map[string]string{"db": "5432", "redis": "6379"} {
		c, err := l.Dial(t.Context(), "tcp", addressOf(t, l, lab.ProjectName+"-"+service+"-1")+":"+port)
		if err != nil {
			t.Errorf("%s: %v", service, err)
			continue
		}
		_ = c.Close()
	}
}
