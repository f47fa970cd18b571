package handlers_test

import (
	"context"
	"slices"
	"testing"

	"github.com/culvert/culvert/handlers"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// breaking is a practice in which two things can be broken.
type breaking struct {
	wrong map[string]bool
	asked []string
	err   error
	mails []web.SentMail
}

func (b *breaking) Breakages() []web.Breakage {
	return []web.Breakage{
		{ID: "door-deleted", Name: "Delete a door", Does: "The application of one platform is gone.", Sees: "That platform gets a login page.",
			Mend: "Make the application again.", Broken: b.wrong["door-deleted"]},
		{ID: "app-stopped", Name: "Stop the app", Does: "The container web is stopped.", Sees: "Nobody gets an answer.",
			Mend: "Start it: docker compose up -d.", Broken: b.wrong["app-stopped"]},
	}
}

func (b *breaking) Mails() []web.SentMail { return b.mails }

func (b *breaking) turn(verb, id string, wrong bool) error {
	b.asked = append(b.asked, verb+" "+id)
	if b.err == nil {
		b.wrong[id] = wrong
	}
	return b.err
}

func (b *breaking) Break(_ context.Context, id string) error { return b.turn("break", id, true) }
func (b *breaking) Mend(_ context.Context, id string) error  { return b.turn("mend", id, false) }

// broken is a practice with one setup that is finished and one that is not.
func broken(testing.TB) *fake {
	return &fake{setups: []journey.Summary{
		{Setup: ocs, At: journey.StageDone, Status: journey.Done, Stands: journey.Brief{Finished: true}},
		{Setup: "second", At: journey.StageBuild, Status: journey.Ready},
	}}
}

func openBreaking(t *testing.T) (*pages, *breaking) {
	t.Helper()
	b := &breaking{wrong: map[string]bool{}}
	return open(t, broken(t), func(o *handlers.Options) {
		o.Base, o.Rehearsal, o.Practice, o.Leave, o.Breaking = "/practice", true, "", "/", b
	}), b
}

func TestThePracticeBreaksAndMendsWithoutScripts(t *testing.T) {
	p, b := openBreaking(t)
	a := p.get("/practice/").status(200)
	a.says(".practice a[href='/practice/break']", "Break something")
	a = p.get("/practice/break").status(200)
	a.says("#break-door-deleted", "Delete a door", "is gone", "gets a login page", "Break it")
	a.says("main a[href='/practice/"+string(ocs)+"/status']", "Watch the status")
	a.lacks("main a[href='/practice/second/status'], .badge")
	for _, verb := range []string{"break", "mend"} {
		action, form := p.get("/practice/break").form("#break-door-deleted form")
		if to := p.post(action, form).status(303).Header.Get("Location"); to != "/practice/break#break-door-deleted" {
			t.Errorf("it leads to %s", to)
		}
		if got := b.asked[len(b.asked)-1]; got != verb+" door-deleted" {
			t.Errorf("asked to %s", got)
		}
		if verb == "break" {
			p.get("/practice/break").says("#break-door-deleted", "you broke this", "Watch the status", "Put it back")
		}
	}
	p.get("/practice/break").says("#break-door-deleted", "Break it")
}

func TestBreakingAnswersWhereTheButtonStands(t *testing.T) {
	p, _ := openBreaking(t)
	a := p.post("/practice/break/app-stopped", nil, htmx...).status(200)
	a.says("#break-app-stopped .note", "It is broken now")
	a.says("#break-app-stopped button", "Put it back")
	a.lacks("#break-door-deleted, h1")
	a = p.post("/practice/break/app-stopped/mend", nil, htmx...).status(200)
	a.says("#break-app-stopped .note", "It is put back")
	a.says("#break-app-stopped button", "Break it")
}

func TestWhatCannotBeBrokenIsToldAndStaysAsItIs(t *testing.T) {
	p, b := openBreaking(t)
	for _, path := range []string{"/practice/break/the-bank", "/practice/break/the-bank/mend"} {
		p.post(path, nil).status(404)
	}
	if b.asked != nil {
		t.Errorf("asked to %v", b.asked)
	}
	b.err = &setup.Problem{Code: setup.CodeConflict, Message: "It stays as it is: there is nothing of it to break yet."}
	for _, header := range [][]string{nil, htmx} {
		a := p.post("/practice/break/app-stopped", nil, header...).status(409)
		a.says("#break-app-stopped .note.bad", "nothing of it to break yet")
		a.says("#break-app-stopped button", "Break it")
	}
	p.fake.setups = nil
	p.get("/practice/break").says("main .note", "Nothing is set up in this practice yet")
}

func TestOutsideThePracticeNothingCanBeBroken(t *testing.T) {
	f := broken(t)
	f.overview = sceneDone(t)
	p := open(t, f)
	p.get("/").status(200).lacks("a[href$='/break']")
	p.get("/break").status(404)
	for _, path := range []string{"/break", "/break/door-deleted", "/break/door-deleted/mend"} {
		if a := p.post(path, nil); !slices.Contains([]int{404, 405}, a.StatusCode) {
			t.Errorf("%s answers %d", path, a.StatusCode)
		}
	}
}

func TestThePracticeShowsTheMailThatCloudflareSends(t *testing.T) {
	p, b := openBreaking(t)
	if n := p.get("/practice/break").doc.Find("#mails").Length(); n > 0 {
		t.Error("it shows mail although there is none")
	}
	b.mails = []web.SentMail{{At: now, To: "ana@example.org", Subject: "Nothing is connected", Text: "The status changed from degraded to down."}}
	p.get("/practice/break").says("#mails", "ana@example.org", "Nothing is connected", "to down")
}
