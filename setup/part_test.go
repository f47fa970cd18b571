package setup

import "testing"

func TestADestinationTakesAPathAsCloudflareComparesIt(t *testing.T) {
	for _, row := range []struct {
		destination, path string
		takes             bool
	}{
		{"chat.example.org", "/anything", true},
		{"other.example.org", "/anything", false},
		{"chat.example.org/admin", "/admin", true},
		{"chat.example.org/admin", "/admin/login/", true},
		{"chat.example.org/admin", "/administer", false},
		{"chat.example.org/admin/*", "//admin//login/", true},
		{"chat.example.org/admin/*", "/accounts/../admin/?next=/", true},
		{"chat.example.org/accounts/*", "/accounts/../admin/", false},
		{"chat.example.org/admin/*", "/ADMIN/", false},
		{"chat.example.org/admin/*", "/admin%2Flogin/", false},
	} {
		if got := Takes(row.destination, "chat.example.org", row.path); got != row.takes {
			t.Errorf("%s takes %s: %v", row.destination, row.path, got)
		}
	}
}
