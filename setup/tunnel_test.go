package setup

import (
	"testing"
	"time"
)

func TestAConnectorIsOutdatedAfterAYear(t *testing.T) {
	now := time.Date(2026, 8, 20, 0, 0, 0, 0, time.UTC)
	for version, want := range map[string]bool{
		"2026.8.2": false, "2025.8.0": false, "2025.9.1": false, "2025.7.0": true, "2024.12.2": true,
		"": false, "dev": false, "stand-in": false, "2025": false,
	} {
		if got := Outdated(version, now); got != want {
			t.Errorf("%q: %v", version, got)
		}
	}
}
