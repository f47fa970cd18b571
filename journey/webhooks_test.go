package journey

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/profile"
)

func (w *walk) webhooks() Webhooks {
	w.Helper()
	all, err := w.Webhooks(w.Context(), w.id)
	if err != nil {
		w.Fatal(err)
	}
	return all
}

func ids(doors []profile.Door) []string {
	var all []string
	for _, d := range doors {
		all = append(all, d.ID)
	}
	return all
}

func TestWhatIsAnsweredIsShownUntilItIsDecided(t *testing.T) {
	t.Parallel()
	w := ready(t)
	all := w.webhooks()
	if all.Decided || len(all.Open) != 7 || slices.Contains(ids(all.Closed), "slack") || !slices.Contains(ids(all.Closed), "widget") {
		t.Errorf("open are %v, closed %v, decided: %v", ids(all.Open), ids(all.Closed), all.Decided)
	}
	w.change(Edit{Verb: EditAdd, Own: payments})
	if all := w.webhooks(); len(all.Own) != 1 {
		t.Errorf("own paths are %v", all.Own)
	}
	w.apply("remove")
	w.change(Edit{Verb: EditClose, Door: "slack"})
	w.change(Edit{Verb: EditClose, Own: payments})
	all = w.webhooks()
	if !all.Decided || slices.Contains(ids(all.Open), "slack") || !slices.Contains(ids(all.Closed), "slack") || !all.Own[0].Closed {
		t.Errorf("open are %v, own %v", ids(all.Open), all.Own)
	}
}

// filled is a host whose services run with values for some keys.
type filled struct {
	Host
	keys []string
}

func (f filled) Look(ctx context.Context) ([]found.Project, error) {
	projects, err := f.Host.Look(ctx)
	for _, p := range projects {
		for i := range p.Services {
			p.Services[i].Filled = append(p.Services[i].Filled, f.keys...)
		}
	}
	return projects, err
}

func TestASecretWithoutAValueIsNamedByItsKeyAlone(t *testing.T) {
	t.Parallel()
	w := newWalk(t, func(o *Options) { o.Host = filled{o.Host, []string{"SLACK_SIGNING_SECRET"}} })
	w.choose()
	want := map[string][]string{"telegram": {"TELEGRAM_SECRET_TOKEN"}, "email-mailgun": {"ANYMAIL_WEBHOOK_SECRET"}, "email-ses": {"ANYMAIL_WEBHOOK_SECRET"}}
	if got := w.webhooks().Unset; !reflect.DeepEqual(got, want) {
		t.Errorf("without a value are %v", got)
	}
	w.docker.SetRunning("web", false)
	w.clock.pass(2 * planAge)
	if got := w.webhooks().Unset; got != nil {
		t.Errorf("of an app that does not run %v is told", got)
	}
}
