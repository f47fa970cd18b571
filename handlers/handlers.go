package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/culvert/culvert/auth"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/live"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// Journey is what the pages ask. Each part stands in the file of its page.
type Journey interface {
	Overviews
	Standings
	Server
	Answering
	WaysIn
	Tokens
	Acts
	TearDowns
	Histories
	Undos
	Doors
	Registrar
	Settings
	Tellings
	Logs
}

// Overviews says what there is to show.
type Overviews interface {
	Setups(context.Context) ([]journey.Summary, error)
	Overview(context.Context, setup.SetupID) (journey.Overview, error)
}

// Options are what the pages need.
type Options struct {
	// Base comes before every path: empty, or such as /practice. Requests come
	// with their full path.
	Base    string
	Journey Journey
	Hub     *live.Hub
	// Sessions adds the pages for signing in and out, at the root only, and the
	// check that ends streams; nil: everybody may use the pages.
	Sessions Sessions
	Actor    func(context.Context) string // nil: auth.Actor
	Profiles []profile.Profile            // for apps that are chosen by hand

	Rehearsal bool
	Breaking  Breaking // nil outside of the practice: then there is no such page
	Practice  string   // link to the practice; empty: not offered
	Leave     string   // link out of the practice; empty: there is nothing else
	Version   string

	Clock  func() time.Time // nil: time.Now
	Log    *slog.Logger     // nil: no log
	Timing Timing
}

type site struct {
	Options
	frame   web.Frame
	screens screens
}

// New makes the pages. They set the security headers and refuse forms from
// other web sites; who may come in is up to the caller.
func New(o Options) http.Handler {
	if o.Actor == nil {
		o.Actor = auth.Actor
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Timing = o.Timing.orDefault()
	s := &site{Options: o, frame: web.Frame{
		Base: o.Base, Practice: o.Practice, Leave: o.Leave, Rehearsal: o.Rehearsal,
		Version: o.Version, Assets: web.LoadAssets(),
	}}
	if o.Breaking != nil {
		s.frame.Break = s.frame.To("break")
	}
	if o.Sessions != nil {
		s.frame.SignOut = signOutPath
	}
	router := chi.NewRouter()
	router.Use(middleware.GetHead, auth.Headers, auth.CrossOrigin)
	router.NotFound(s.handle(s.nothing))
	router.MethodNotAllowed(s.handle(s.wrongMethod))
	if o.Base == "" {
		s.route(router)
	} else {
		router.Route(o.Base, s.route)
	}
	return router
}

func (s *site) route(r chi.Router) {
	r.Get("/", s.handle(s.front))
	r.Get("/look", s.handle(s.server))
	r.Post("/choose", s.handle(s.choose))
	r.Handle("/static/*", http.StripPrefix(s.Base+"/static", s.frame.Assets))
	if s.Sessions != nil && s.Base == "" {
		r.Get("/start/{token}", s.handle(s.start))
		r.Post("/start/{token}", s.handle(s.redeem))
		r.Get("/signed-out", s.handle(s.signedOut))
		r.Post(signOutPath, s.handle(s.signOut))
	}
	if s.Breaking != nil {
		r.Route("/break", s.routeBreaking)
	}
	r.Route("/{setup}", s.routeSetup)
}

func (s *site) routeSetup(r chi.Router) {
	r.Get("/", s.handle(s.goOn))
	r.Get("/status", s.handle(s.status))
	r.Get("/"+string(web.PageDay), s.handle(s.checks(web.PageDay)))
	r.Get("/"+string(web.PageMonth), s.handle(s.checks(web.PageMonth)))
	r.Get("/authority", s.handle(s.authority))
	r.Post("/again", s.handle(s.again))
	r.Post("/repair", s.handle(s.repair))
	r.Get("/webhooks", s.handle(s.webhooks))
	r.Post("/webhooks/review", s.handle(s.review))
	r.Get("/webhooks/change", s.handle(s.propose))
	r.Post("/webhooks/change", s.handle(s.change))
	r.Get("/webhooks/register", s.handle(s.registration))
	r.Post("/webhooks/register", s.handle(s.register))
	r.Get("/settings", s.handle(s.settings))
	r.Post("/settings/automatic", s.handle(s.saveAutomatic))
	r.Post("/settings/channels", s.handle(s.addChannel))
	r.Post("/settings/channels/{channel}/test", s.handle(s.testChannel))
	r.Post("/settings/channels/{channel}/remove", s.handle(s.removeChannel))
	r.Post("/settings/heartbeat", s.handle(s.setHeartbeat))
	r.Post("/settings/alert", s.handle(s.setAlert))
	r.Get("/logs", s.handle(s.logs))
	r.Get("/logs/{source}", s.handle(s.logs))
	r.With(auth.SameOrigin).Get("/logs/{source}/follow", s.handle(s.follow))
	r.Get("/look", s.handle(s.look))
	r.Post("/look", s.handle(s.lookAgain))
	r.Get("/answers", s.handle(s.answers))
	r.Post("/answers", s.handle(s.saveAnswers))
	r.Get("/way-in", s.handle(s.wayIn))
	r.Post("/way-in", s.handle(s.saveWayIn))
	r.Get("/way-in/profiles", s.handle(s.deviceProfiles))
	r.Get("/account", s.handle(s.account))
	r.Post("/account", s.handle(s.saveAccount))
	r.Post("/token", s.handle(s.saveToken))
	r.Post("/token/check", s.handle(s.checkToken))
	r.Post("/token/forget", s.handle(s.forgetToken))
	for _, p := range []journey.Stage{journey.StageBuild, journey.StageProve, journey.StageSwitch, journey.StageClose} {
		r.Get("/"+string(p), s.handle(s.stage(p)))
	}
	r.Get("/done", s.handle(s.done))
	r.Post("/steps/{step}/apply", s.handle(s.apply))
	r.Post("/accept", s.handle(s.accept))
	r.Post("/cancel", s.handle(s.cancel))
	r.Post("/verify", s.handle(s.verify))
	r.Post("/refresh", s.handle(s.refresh))
	r.Get("/history", s.handle(s.history))
	r.Get("/runs/{run}", s.handle(s.run))
	r.Get("/undo/{decision}", s.handle(s.undo))
	r.Post("/undo/{decision}", s.handle(s.revert))
	r.Get("/teardown", s.handle(s.teardown))
	r.Post("/teardown", s.handle(s.takeDown))
	r.With(auth.SameOrigin).Get("/events", s.handle(s.events))
}
