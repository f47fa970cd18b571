package profile

import (
	"strings"
	"testing"
)

func TestThatNobodyCanLogInByPlainHTTPIsSaidBeforehand(t *testing.T) {
	catalog, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	p, ok := catalog.Get("open-chat-studio")
	if !ok {
		t.Fatal("there is no such profile")
	}
	const module = "DJANGO_SETTINGS_MODULE"
	for what, row := range map[string]struct {
		running map[string]string
		fixes   []string
		says    string
	}{
		"settings for production":         {map[string]string{module: "config.settings_production"}, nil, "Nobody will be able to log in at http://ocs.lan:8000/: the app runs with config.settings_production"},
		"the ordinary settings":           {map[string]string{module: "config.settings"}, nil, ""},
		"none named, so the ordinary":     {map[string]string{}, nil, ""},
		"some of the operator's own":      {map[string]string{module: "ours.settings"}, nil, "cannot be told: DJANGO_SETTINGS_MODULE is ours.settings."},
		"an app that is not there":        {nil, nil, "cannot be told: what DJANGO_SETTINGS_MODULE the app runs with is not known."},
		"set right by Culvert":            {map[string]string{module: "config.settings"}, []string{module}, "Nobody will be able to log in"},
		"set right while it is not there": {nil, []string{module}, "Nobody will be able to log in"},
	} {
		got := p.NoPlainLogin("http://ocs.lan:8000/", row.running, row.fixes)
		if (got == "") != (row.says == "") || !strings.Contains(got, row.says) {
			t.Errorf("%s: it says %q, want %q", what, got, row.says)
		}
	}
	if got := (Profile{}).NoPlainLogin("http://ocs.lan:8000/", nil, nil); got != "" {
		t.Errorf("of an app that asks for nothing it says %q", got)
	}
}
