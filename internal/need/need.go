// Package need says what a test cannot do without.
package need

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Need skips a test that lacks something, with the reason, or fails it if the
// environment variable REQUIRE names it. A nil reason means that it is there.
func Need(t testing.TB, what string, why error) {
	t.Helper()
	if why == nil {
		return
	}
	if Required(what) {
		t.Fatalf("REQUIRE asks for %s: %v", what, why)
	}
	t.Skipf("needs %s: %v", what, why)
}

// Required says whether the environment variable REQUIRE, a list separated by
// commas, names something.
func Required(what string) bool {
	return slices.Contains(strings.Split(os.Getenv("REQUIRE"), ","), what)
}
