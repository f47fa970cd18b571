package profile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReviewFindsWhatTheAppNoLongerServes(t *testing.T) {
	p := openChatStudio(t)
	serves := map[string]bool{}
	for _, path := range p.Samples() {
		serves[path] = path != "/channels/twilio/incoming_message"
	}
	r := p.Review(Served{Serves: serves})
	var stale []string
	for _, s := range r.Stale {
		stale = append(stale, s.Door.ID+" "+s.Path.Path)
	}
	if diff := cmp.Diff([]string{"twilio /channels/twilio/incoming_message"}, stale); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReviewSaysNothingOfPathsThatWereNotAskedFor(t *testing.T) {
	if r := openChatStudio(t).Review(Served{}); len(r.Stale) > 0 {
		t.Errorf("stale: %v", r.Stale)
	}
}

func TestReviewProposesWhatProgramsMaySendToAndNobodyKnows(t *testing.T) {
	routes := []Route{
		{Path: "/channels/telegram/<uuid:c>", Sample: "/channels/telegram/00000000-0000-0000-0000-000000000000", Exempt: true},
		{Path: "/channels/signal/incoming_message", Sample: "/channels/signal/incoming_message", Exempt: true},
		{Path: "/channels/beep", Sample: "/channels/beep", Exempt: true, Methods: []string{"OPTIONS", "POST"}},
		{Path: "/feed", Sample: "/feed", Exempt: true, Methods: []string{"GET", "OPTIONS"}},
		{Path: "/a/<slug:team>/settings/", Sample: "/a/x/settings/"},
		{Path: "/odd/(?!x)", Exempt: true},
		{Path: "/o/token/", Sample: "/o/token/", Exempt: true},
	}
	var proposed []string
	for _, r := range openChatStudio(t).Review(Served{Routes: routes}).New {
		proposed = append(proposed, r.Path)
	}
	if diff := cmp.Diff([]string{"/channels/beep", "/channels/signal/incoming_message"}, proposed); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
