package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/culvert/culvert/setup"
)

// sight is what the Ports showed last. Within a run only that is read again
// which a wave has written to, or everything when it was cleared: looking at an
// account takes time, and calls of a small budget.
type sight struct {
	worlds [3]*setup.World
	stale  []setup.Kind // kinds of the account to be read again
	seen   Seen
}

// all lists the Ports in the order in which a sight keeps them.
func (p Ports) all() [3]setup.Port { return [3]setup.Port{p.Cloud, p.Docker, p.Files} }

func (s *sight) clear() { *s = sight{seen: s.seen} }

// blank says whether nothing is known, so that the next look is at everything.
func (s *sight) blank() bool { return s.worlds == [3]*setup.World{} }

// changed forgets what may look different after a thing of a kind was written:
// its kind alone, where the account shows it by itself.
func (s *sight) changed(k setup.Kind) {
	switch {
	case k.Place() == setup.AtDocker:
		s.worlds[1] = nil
	case onHost(k):
		s.worlds[2] = nil
	case !apart(k):
		s.worlds[0] = nil
	default:
		s.again(k)
		if k == setup.KindTunnel { // it comes and goes with its rules
			s.again(setup.KindIngress)
		}
	}
}

// onHost says whether a kind stands on this host.
func onHost(k setup.Kind) bool {
	return slices.Contains([]setup.Place{setup.AtDocker, setup.AtFiles, setup.AtCert}, k.Place())
}

// again has a kind of the account be read once more.
func (s *sight) again(k setup.Kind) {
	if !slices.Contains(s.stale, k) {
		s.stale = append(s.stale, k)
	}
}

// apart says whether a kind can be read without the rest of the account.
func apart(k setup.Kind) bool {
	switch k {
	case setup.KindTunnel, setup.KindIngress, setup.KindApp, setup.KindPolicy, setup.KindLoginMethod, setup.KindDNSRecord, setup.KindEnrolment, setup.KindEnrolmentRule,
		setup.KindGatewayProxy, setup.KindICMPProxy, setup.KindDNSLocation, setup.KindRoute, setup.KindHostnameRoute,
		setup.KindSplitTunnel, setup.KindFallback, setup.KindShadow, setup.KindEdgeRule,
		setup.KindSkipRule, setup.KindBotFight, setup.KindSecurityLevel, setup.KindZonePause, setup.KindAlert:
		return true
	}
	return false
}

// observe reads what is not known, all Ports at the same time.
func (s *sight) observe(ctx context.Context, v setup.View, p Ports, clock Clock) (setup.World, error) {
	group, ctx := errgroup.WithContext(ctx)
	now := clock.Now() // what is seen is not older than that
	for i, port := range p.all() {
		narrow := v
		switch {
		case s.worlds[i] != nil && (i != 0 || len(s.stale) == 0):
			continue
		case s.worlds[i] != nil:
			narrow.Kinds = s.stale
		}
		group.Go(func() error {
			w, err := port.Observe(ctx, narrow)
			if err != nil {
				return err
			}
			if s.worlds[i] != nil {
				w = s.worlds[i].With(w, narrow.Kinds)
			} else {
				*[]*time.Time{&s.seen.Cloud, &s.seen.Docker, &s.seen.Files}[i] = now
			}
			s.worlds[i] = &w
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return setup.World{}, fmt.Errorf("looking at how things stand: %w", err)
	}
	s.stale = nil
	var all setup.World
	for _, w := range s.worlds {
		all.Add(*w)
	}
	return all, nil
}
