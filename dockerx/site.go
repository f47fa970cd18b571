package dockerx

import (
	"context"
	"time"

	"github.com/culvert/culvert/setup"
)

// siteID is the id of an app's own record of its address.
const siteID = "site"

// observeSite asks the app which address it takes for its own.
func (h *Host) observeSite(ctx context.Context, w *setup.World, s setup.Stack) {
	scope := scopeOf(s.Project, s.Service)
	h.mu.Lock()
	h.sites[scope] = *s.Site
	h.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, 2*h.answer) // the app may take its time, the engine not
	defer cancel()
	domain, err := h.lastSite(ctx, s.Project, s.Service, *s.Site)
	if err != nil {
		w.Miss(setup.KindSite, scope, *h.problem(ctx, "asking "+scope+" for its address", err))
		return
	}
	w.Objects = append(w.Objects, setup.Object{Scope: scope, ID: siteID, State: setup.Site{Project: s.Project, Service: s.Service, Domain: domain}})
}

// siteCounts is how long an app's answer counts while its container runs on:
// asking starts a program in there, which is much for every look.
const siteCounts = time.Minute

// siteSaid is which address an app last said that it takes for its own.
type siteSaid struct {
	container, domain string
	at                time.Time
}

func (s siteSaid) counts(container string, now time.Time) bool {
	return s.container == container && now.Sub(s.at) < siteCounts
}

// lastSite gives the address that the app takes for its own, as it said it last.
func (h *Host) lastSite(ctx context.Context, project, service string, site setup.SiteCommand) (string, error) {
	up, err := h.runningBoxes(ctx, project, service)
	if err != nil {
		return "", err
	}
	scope := scopeOf(project, service)
	h.mu.Lock()
	said := h.said[scope]
	h.mu.Unlock()
	if said.counts(up[0].ID, h.clock()) {
		return said.domain, nil
	}
	return h.askSite(ctx, up[0], scope, service, site)
}

// readSite asks the app which address it takes for its own.
func (h *Host) readSite(ctx context.Context, project, service string, site setup.SiteCommand) (string, error) {
	up, err := h.runningBoxes(ctx, project, service)
	if err != nil {
		return "", err
	}
	return h.askSite(ctx, up[0], scopeOf(project, service), service, site)
}

// askSite asks it in its container, and keeps what it says.
func (h *Host) askSite(ctx context.Context, b box, scope, service string, site setup.SiteCommand) (string, error) {
	said := siteSaid{container: b.ID, at: h.clock()}
	out, err := h.within(ctx, b, site.Read)
	if err == nil {
		if said.domain = site.Domain(out); said.domain == "" {
			err = refuse("%s did not say which address it takes for its own.", service)
		}
	}
	if err != nil {
		said = siteSaid{}
	}
	h.mu.Lock()
	h.said[scope] = said
	h.mu.Unlock()
	return said.domain, err
}

func (h *Host) doSite(ctx context.Context, project, service string, e setup.Entry) ([]setup.Outcome, error) {
	one := []setup.Entry{e}
	scope := scopeOf(project, service)
	h.mu.Lock()
	site, known := h.sites[scope]
	h.mu.Unlock()
	to, ok := e.To.(setup.Site)
	if !known || !ok {
		return all(one, refuse("How %s keeps its own address is not known. Look again, then go on.", scope)), nil
	}
	now, err := h.readSite(ctx, project, service, site)
	if err != nil {
		return all(one, h.problem(ctx, "asking "+scope+" for its address", err)), nil
	}
	stands := setup.Site{Project: project, Service: service, Domain: now}
	if !setup.Same(e.From, stands) {
		return []setup.Outcome{{ID: siteID, State: stands, Err: changed("The address that " + service + " takes for its own")}}, nil
	}
	command, sound := site.Writing(to.Domain)
	if !sound {
		return all(one, refuse("%q is no domain, so %s was not told to take it for its own.", to.Domain, service)), nil
	}
	var failed *setup.Problem
	if _, err := h.Beside(ctx, project, service, command); err != nil {
		failed = h.problem(ctx, "changing the address that "+scope+" takes for its own", err)
	}
	ctx, cancel := lastLook(ctx)
	defer cancel()
	if stands.Domain, err = h.readSite(ctx, project, service, site); err != nil {
		return nil, h.problem(ctx, "asking "+scope+" for its address", err)
	}
	if failed == nil && !took(e, stands) {
		failed = refuse("%s was told its new address, but it still says %s.", service, stands.Domain)
	}
	return []setup.Outcome{{ID: siteID, State: stands, Err: failed}}, nil
}
