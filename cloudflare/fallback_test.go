package cloudflare

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/setup"
)

func (w *world) domains(entries ...string) {
	w.Helper()
	list := []json.RawMessage{}
	for _, e := range entries {
		list = append(list, json.RawMessage(e))
	}
	w.stranger("PUT", "A/devices/policy/fallback_domains", list)
}

func (w *world) asks(from, to setup.Fallback, drop bool) setup.Entry {
	return setup.Entry{Key: w.key(setup.KindFallback, "default/"+to.Suffix), Verb: setup.Update, ID: "default/" + to.Suffix, From: from, To: to, Drop: drop}
}

func fallbackTo(servers ...string) setup.Fallback {
	return setup.Fallback{Profile: setup.DefaultProfile, Suffix: "ocs.your-org", Servers: servers}
}

func TestAnEntryOfSomebodyElseIsChangedAndPutBackToTheLetter(t *testing.T) {
	w := newWorld(t)
	w.domains(`{"suffix":"ocs.your-org","description":"by hand","dns_server":["10.0.0.53"]}`, `{"suffix":"lan"}`)
	before := w.list(setup.DefaultProfile, "fallback_domains")
	w.must(w.asks(fallbackTo("10.0.0.53"), fallbackTo("172.30.250.3"), false))
	mark := setup.Mark(install, w.key(setup.KindFallback, "default/ocs.your-org"))
	if o := w.one(setup.KindFallback, "default/ocs.your-org"); o.Mark != mark || !strings.Contains(string(o.Raw), `"by hand [`+mark+`]"`) {
		t.Errorf("changed to %s", o.Raw)
	}
	w.must(w.asks(fallbackTo("172.30.250.3"), fallbackTo("10.0.0.53"), true))
	if diff := cmp.Diff(before, w.list(setup.DefaultProfile, "fallback_domains")); diff != "" {
		t.Errorf("put back (-before +after):\n%s", diff)
	}
}

func TestAnEntryOfOursKeepsItsMarkWhenItsServerChanges(t *testing.T) {
	w := newWorld(t)
	before := w.list(setup.DefaultProfile, "fallback_domains")
	w.must(w.asks(fallbackTo(), fallbackTo("172.30.250.3"), false))
	w.must(w.asks(fallbackTo("172.30.250.3"), fallbackTo("172.30.250.4"), false))
	if o := w.one(setup.KindFallback, "default/ocs.your-org"); o.Mark == "" {
		t.Errorf("it lost its mark: %s", o.Raw)
	}
	w.must(w.asks(fallbackTo("172.30.250.4"), fallbackTo(), true))
	if diff := cmp.Diff(before, w.list(setup.DefaultProfile, "fallback_domains")); diff != "" {
		t.Errorf("taken out (-before +after):\n%s", diff)
	}
}

func TestAnEntryWithoutAServerIsSeenAsOne(t *testing.T) {
	w := newWorld(t)
	w.domains(`{"suffix":"ocs.your-org"}`)
	f := w.one(setup.KindFallback, "default/ocs.your-org").State.(setup.Fallback)
	if !f.Bare || len(f.Servers) != 0 {
		t.Errorf("got %+v", f)
	}
	w.must(w.asks(f, fallbackTo("172.30.250.3"), false))
	w.must(w.asks(fallbackTo("172.30.250.3"), f, true))
	if diff := cmp.Diff([]string{`{"suffix":"ocs.your-org"}`}, w.list(setup.DefaultProfile, "fallback_domains")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestADescriptionWithoutRoomForTheMarkIsRefused(t *testing.T) {
	w := newWorld(t)
	w.domains(`{"suffix":"ocs.your-org","description":"` + strings.Repeat("x", 90) + `","dns_server":["10.0.0.53"]}`)
	o := w.refuses(w.asks(fallbackTo("10.0.0.53"), fallbackTo("172.30.250.3"), false), setup.CodeRefused)
	if !strings.Contains(o.Err.Message, "too long by") {
		t.Errorf("says %q", o.Err.Message)
	}
}

func TestOnlyWhatTakesTheNameIsTakenOutAndComesBack(t *testing.T) {
	w := newWorld(t)
	w.domains(`{"suffix":"lan"}`, `{"suffix":"Your-Org","description":"office","dns_server":["10.0.0.1","10.0.0.2"]}`, `{"suffix":"our-org"}`)
	before := w.list(setup.DefaultProfile, "fallback_domains")
	o := w.one(setup.KindShadow, "default/ocs.your-org")
	from := o.State.(setup.Shadow)
	if len(from.Entries) != 1 || from.Entries[0].Description != "office" {
		t.Fatalf("seen as %+v", from)
	}
	to := from
	to.Entries = nil
	e := setup.Entry{Key: w.key(setup.KindShadow, "s"), Verb: setup.Update, ID: o.ID, From: from, To: to}
	w.must(e)
	if n := len(w.list(setup.DefaultProfile, "fallback_domains")); n != 2 {
		t.Errorf("%d entries are left", n)
	}
	e.From, e.To, e.Drop = to, from, true
	w.must(e)
	if diff := cmp.Diff(before, w.list(setup.DefaultProfile, "fallback_domains")); diff != "" {
		t.Errorf("put back (-before +after):\n%s", diff)
	}
}

func TestAnEntryAddedBesideDoesNotBarTheChange(t *testing.T) {
	w := newWorld(t)
	w.domains(`{"suffix":"lan"}`, `{"suffix":"office.lan","dns_server":["10.0.0.9"]}`)
	from := setup.Shadow{Profile: setup.DefaultProfile, Hostname: "ocs.lan", Entries: []setup.DomainEntry{{Suffix: "lan"}}}
	to := from
	to.Entries = nil
	w.must(setup.Entry{Key: w.key(setup.KindShadow, "s"), Verb: setup.Update, ID: "default/ocs.lan", From: from, To: to})
	if diff := cmp.Diff([]string{`{"suffix":"office.lan","dns_server":["10.0.0.9"]}`}, w.list(setup.DefaultProfile, "fallback_domains")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
