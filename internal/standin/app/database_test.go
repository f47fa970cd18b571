package app_test

import (
	"path/filepath"
	"testing"
)

// The scripts are those of the app's profile, in their shape.
func TestTheDatabaseKeepsTheAppsOwnAddress(t *testing.T) {
	const (
		read  = `from django.contrib.sites.models import Site; print(Site.objects.get_current().domain)`
		write = `Site.objects.filter(pk=Site.objects.get_current().pk).update(domain=sys.argv[1])`
		teams = `from django.apps import apps; print("\n".join(apps.get_model("teams", "Team").objects.values_list("slug", flat=True)))`
	)
	database := []string{"STANDIN_DATABASE", filepath.Join(t.TempDir(), "database"), "DJANGO_SETTINGS_MODULE", "config.settings_production", "DJANGO_ALLOWED_HOSTS", ""}
	for _, row := range []struct {
		argv []string
		code int
		says string
	}{
		{[]string{"python", "-c", read}, 0, "localhost:8000\n"},
		{[]string{"python", "-c", write, "chat.example.org"}, 0, ""},
		{[]string{"python", "-c", read}, 0, "chat.example.org\n"},
		{[]string{"python", "-c", teams}, 0, "demo\n"},
		{[]string{"python", "manage.py", "reregister_webhooks", "--team-slug", "demo"}, 0,
			"telegram https://chat.example.org/channels/telegram/0b9c1d3e-5f70-4a8b-9c2d-3e4f5a6b7c8d\n"},
		{[]string{"python", "manage.py", "reregister_webhooks", "--team-slug", "other"}, 1, "CommandError: there is no such team\n"},
	} {
		if code, said := finish(t, row.argv, database...); code != row.code || said != row.says {
			t.Errorf("%v: %d, %q", row.argv, code, said)
		}
	}
}
