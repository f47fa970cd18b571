package journey

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

const override = `services:
  cloudflared:
    image: cloudflare/cloudflared:2025.4.0
    command: tunnel --no-autoupdate run
    environment:
      - TUNNEL_TOKEN=${CLOUDFLARE_TUNNEL_TOKEN:?CLOUDFLARE_TUNNEL_TOKEN is required}
  dns:
    image: jpillora/dnsmasq
    command: --address=/${PRIVATE_HOSTNAME:-ocs.local}/${APP_IP:-172.18.0.7}
`

// besides puts the guide's file and variables beside the app.
func (w *walk) besides() (file, env string) {
	w.Helper()
	dir := w.overview().Draft.Stack.Dir
	file, env = filepath.Join(dir, GuideOverride), filepath.Join(dir, ".env.prod")
	token := base64.StdEncoding.EncodeToString([]byte(`{"a":"a","t":"8e1f9c1c-1111-4222-8333-944455556666","s":"c2VjcmV0"}`))
	before, err := os.ReadFile(env)
	if err != nil {
		w.Fatal(err)
	}
	for path, text := range map[string]string{file: override, env: string(before) + "\nCLOUDFLARE_TUNNEL_TOKEN=" + token + "\nPRIVATE_HOSTNAME=OCS.your-org\nAPP_IP=172.18.0.9\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			w.Fatal(err)
		}
	}
	return file, env
}

func TestWhatWasMadeByHandFillsTheDraft(t *testing.T) {
	w := newWalk(t, withEveryMode)
	w.choose()
	file, env := w.besides()
	before, err := os.ReadFile(env)
	if err != nil {
		t.Fatal(err)
	}
	stored := w.overview().Draft
	typed := Draft{Mode: setup.ModePublic, Inside: profile.Inside{Comment: "typed"}}
	draft, h, wrong, err := w.Handmade(t.Context(), w.id, typed, GuideOverride)
	if err != nil || len(wrong) > 0 {
		t.Fatal(wrong, err)
	}
	if draft.Mode != setup.ModeFallback || draft.Inside.Name != "ocs.your-org" || draft.Inside.Comment != "typed" || h.File != file || h.Address != "172.18.0.9" {
		t.Errorf("the draft is %+v, read was %+v", draft, h)
	}
	if len(draft.Inside.Replaces) > 0 {
		t.Errorf("containers that there are not would be stopped: %v", draft.Inside.Replaces)
	}
	if diff := cmp.Diff(stored, w.overview().Draft); diff != "" {
		t.Errorf("it was stored:\n%s", diff)
	}
	if after, err := os.ReadFile(env); err != nil || string(after) != string(before) {
		t.Errorf("the variables are not as they were: %v", err)
	}
}

func TestAFileThatCannotBeReadIsToldAtItsField(t *testing.T) {
	w := newWalk(t, withEveryMode)
	w.choose()
	w.besides()
	for file, want := range map[string]string{" ": "Type the name", "docker-compose.prod.yml": "neither cloudflared nor dnsmasq", "missing.yml": "missing.yml"} {
		_, _, wrong, err := w.Handmade(t.Context(), w.id, Draft{}, file)
		if err != nil || len(wrong) != 1 || wrong[0].Field != "private.handmade" || !strings.Contains(wrong[0].Message, want) {
			t.Errorf("%q: %v, %v", file, wrong, err)
		}
	}
}

func TestOnlyWhatRunsBesideTheAppIsReplaced(t *testing.T) {
	c := &Candidate{Project: found.Project{Name: "ocs", Services: []found.Service{
		{Name: "dns", Image: "jpillora/dnsmasq", Containers: 1, Source: found.Source{Files: []string{"/srv/o.yml"}, EnvFiles: []string{"/srv/.env.prod"}}},
		{Name: "web", Image: "app", Containers: 1},
	}}}
	made := c.made([]setup.Service{{Project: "ocs", Service: "dns"}, {Project: "ocs", Service: "cloudflared"}, {Project: "other", Service: "dns"}})
	if diff := cmp.Diff([]setup.Service{{Project: "ocs", Service: "dns"}}, made); diff != "" {
		t.Error(diff)
	}
	s := setup.Stack{EnvFile: "/srv/.env"}
	if got := c.startedWith("/srv/o.yml", s); !cmp.Equal(got, []string{"/srv/.env.prod"}) {
		t.Errorf("as it was started: %v", got)
	}
	if got := c.startedWith("/srv/else.yml", s); !cmp.Equal(got, []string{"/srv/.env"}) {
		t.Errorf("never started: %v", got)
	}
	if by := c.ByHand(); len(by) != 1 || by[0].Name != "dns" {
		t.Errorf("made by hand: %v", by)
	}
}
